"""All digits of a picture as `mlp predict --all` prints them: text, drawing, JSON, doubts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from mlp_cli.commands.shared.picture_names import open_named
from mlp_cli.commands.shared.readers import Readers
from mlp_cli.commands.shared.readings import Reading, Unread, said_by_bundled
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.errors import PictureError

if TYPE_CHECKING:
    from mlp_cli.images import Picture
    from mlp_cli.images.several import Box, PageNetworks, PlacedDigit

MOST_DOUBTS = 6
"""notes about the digits of one picture; JSON has all doubts"""
MOST_PLACES = 6
"""digits that a note names"""


class Place(NamedTuple):
    """Where a digit stands in a page, both counted from 1."""

    line: int
    position: int


@dataclass(frozen=True)
class PageReading:
    """One picture, and what the networks read in it, digit by digit in reading order."""

    name: str
    picture: "Picture"
    placed: "tuple[PlacedDigit, ...]"
    readings: tuple[Reading, ...]
    """of each digit"""
    doubts: tuple[str, ...]
    """about the picture, rather than one digit of it"""

    def text(self, classes: ClassNames) -> str:
        """Return `31415 (0.97)`, with the output of the digit that is read least surely.

        Each of several lines of writing has a line and an output of its own.
        """
        if not self.readings:
            return "no digit"
        lines = self._lines()
        if len(lines) == 1:
            return _line(lines[0], classes)
        below = "".join(f"\n    {_line(line, classes)}" for line in lines)
        return f"{len(lines)} lines ({_least(self.readings):.2f}){below}"

    def drawing(self, classes: ClassNames, width: int, blocks: bool) -> str:
        """Return the digits in their places, with boxes and names, as lines of text."""
        from mlp_cli.images.show_all import draw_page

        return draw_page(self.placed, self._labels(classes), width, blocks)

    def labelled_boxes(self, classes: ClassNames) -> "list[tuple[Box, str]]":
        """Return every digit's box in the picture as it was read, and its name in ASCII."""
        labels = self._labels(classes)
        return [(placed.box, label) for placed, label in zip(self.placed, labels, strict=True)]

    def document(self, readers: Readers) -> dict[str, Any]:
        """Return the reading as JSON has it. Boxes are in pixels of the file, upright."""
        return {
            "image": self.name,
            "text": "\n".join(_joined(line, readers.classes) for line in self._lines()),
            "digits": [
                {
                    "box": list(self.picture.in_file(placed.box)),
                    "line": placed.line,
                    **reading.of_digit(readers),
                }
                for placed, reading in zip(self.placed, self.readings, strict=True)
            ],
            "warnings": list(self.doubts),
        }

    def warnings(self, classes: ClassNames) -> list[str]:
        """Return the reasons to doubt the reading; one that several digits share, once."""
        places: dict[str, list[Place]] = {}
        otherwise: dict[Place, str] = {}
        for number, line in enumerate(self._lines(), start=1):
            for position, reading in enumerate(line, start=1):
                place = Place(number, position)
                for doubt in reading.doubts(classes):
                    places.setdefault(doubt, []).append(place)
                if read := reading.by_bundled(classes):
                    otherwise[place] = read
        doubts = list(self.doubts)
        shared = sorted(places.items(), key=lambda item: -len(item[1]))
        doubts += [f"{self._where(found)}: {doubt}" for doubt, found in shared[:MOST_DOUBTS]]
        if more := sum(len(found) for _, found in shared[MOST_DOUBTS:]):
            doubts.append(f"{more:,} more doubts about single digits; --json has them all")
        if otherwise:
            some = ", ".join(list(otherwise.values())[:MOST_PLACES])
            rest = ", ..." if len(otherwise) > MOST_PLACES else ""
            doubts.append(f"{self._where(list(otherwise))}: {said_by_bundled(some + rest)}")
        return doubts

    def _where(self, places: list[Place]) -> str:
        """Return where digits are: `digit 3`, or `digits 2, 4 of line 1; digit 1 of line 5`."""
        if len(places) == len(self.readings) > 1:
            return f"all {len(places):,} digits"
        more = len(places) - MOST_PLACES
        parts = []
        for line, found in groupby(places[:MOST_PLACES], key=lambda place: place.line):
            positions = [str(place.position) for place in found]
            digits = f"digit{'s' if len(positions) > 1 else ''} {', '.join(positions)}"
            parts.append(digits if self.placed[-1].line == 1 else f"{digits} of line {line}")
        return "; ".join(parts) + (f" and {more:,} more" if more > 0 else "")

    def _lines(self) -> list[list[Reading]]:
        pairs = zip(self.placed, self.readings, strict=True)
        return [
            [reading for _, reading in line]
            for _, line in groupby(pairs, key=lambda pair: pair[0].line)
        ]

    def _labels(self, classes: ClassNames) -> list[str]:
        """Return each digit's name in ASCII: the number of a class whose name is not."""
        labels = []
        for reading in self.readings:
            name = classes.class_name(reading.ranked[0])
            labels.append(name if name.isascii() else str(reading.ranked[0]))
        return labels


def read_pages(names: Iterable[str], readers: Readers) -> Iterator[PageReading | Unread]:
    """Yield what was read in each picture, or why it could not be read."""
    networks = page_networks() if readers.read_digits else None
    for name in names:
        try:
            yield _read_page(name, readers, networks)
        except PictureError as error:
            yield Unread(name, str(error))


def page_networks() -> "PageNetworks":
    """Return the networks that come with the program, and know digits on a page."""
    from mlp_cli.images.several import PageNetworks
    from mlp_cli.runs import bundled
    from mlp_cli.runs.reading import load_checkpoint

    paths = bundled.CONTACTS_PATH, bundled.WHOLES_PATH, bundled.DIGITS_PATH
    return PageNetworks(*(load_checkpoint(path).outputs for path in paths))


def _read_page(name: str, readers: Readers, networks: "PageNetworks | None") -> PageReading:
    import numpy as np

    from mlp_cli.images.several import find_digits

    picture, committee = open_named(name), readers.committee
    found = find_digits(picture.grey, readers.shape, committee.outputs, networks)
    doubts = (*picture.remarks, *found.warnings)
    if not found.digits:
        return PageReading(name, picture, (), (), doubts)
    images = np.stack([placed.digit.image for placed in found.digits])
    # One network alone has said already what it puts out.
    members = [[placed.outputs for placed in found.digits]]
    if not committee.is_one:
        members = [list(outputs) for outputs in committee.member_outputs(images)]
    others = readers.beside(images) if readers.beside else [None] * len(images)
    readings = tuple(
        Reading(name, placed.digit, placed.outputs, tuple(outputs), beside)
        for placed, beside, *outputs in zip(found.digits, others, *members, strict=True)
    )
    return PageReading(name, picture, found.digits, readings, doubts)


def _line(readings: list[Reading], classes: ClassNames) -> str:
    return f"{_joined(readings, classes)} ({_least(readings):.2f})"


def _joined(readings: list[Reading], classes: ClassNames) -> str:
    """Return the names of what is read; names of several letters with spaces between."""
    names = [classes.class_name(reading.ranked[0]) for reading in readings]
    return ("" if all(len(name) == 1 for name in names) else " ").join(names)


def _least(readings: Iterable[Reading]) -> float:
    """Return the output of the answer that is least sure; nan where one is not a number."""
    import numpy as np

    return float(np.min([reading.outputs[reading.ranked[0]] for reading in readings]))
