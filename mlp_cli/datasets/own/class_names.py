"""Which label a class has, and which name a label: a number is its own label."""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from mlp_cli.datasets.files import unreadable
from mlp_cli.datasets.own.material import MOST_LABEL
from mlp_cli.datasets.source import DIGIT_NAMES
from mlp_cli.errors import DataError
from mlp_cli.system.characters import one_line
from mlp_cli.system.files import open_regular

NAMES_FILE = "classes.txt"
"""the names of labels 0, 1, ..., one a line"""
MOST_NAMES_BYTES = 1 << 16
LONGEST_CLASS = 80
"""characters: a name stands on one line of a table"""
MAPPING_LINE = re.compile(r"(\d{1,3})((?:\s+\d{1,6}){1,4})")
"""of EMNIST's mapping: a label, and the codes of its characters"""


def read_names(path: Path) -> tuple[str, ...]:
    """Return the names of classes in a file of one name a line, in UTF-8.

    Raises DataError where it cannot be read, or where a name is missing or stands there twice.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MOST_NAMES_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error, "a name of a class in each line") from error
    if len(data) > MOST_NAMES_BYTES:
        raise DataError(f"{path}: more than {MOST_NAMES_BYTES:,} bytes, expected names of classes.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not in UTF-8, expected names of classes. Save it so.") from error
    names = tuple(line.strip() for line in text.rstrip().split("\n"))
    for number, name in enumerate(names, start=1):
        if not name or name in names[: number - 1]:
            found = "empty" if not name else f"{one_line(name)!r} for the second time"
            raise DataError(f"{path}: line {number}: {found}, expected the name of a class.")
    return names


def read_mapping(path: Path) -> dict[int, str]:
    """Return the names of labels that a mapping of EMNIST has: their characters, as in `Aa`.

    Raises DataError where it cannot be read, or is no such mapping.
    """
    names: dict[int, str] = {}
    for number, line in enumerate(read_names(path), start=1):
        found = MAPPING_LINE.fullmatch(line)
        name = "".join(map(chr, map(int, found[2].split()))) if found else ""
        if found is None or not name.isprintable() or int(found[1]) > MOST_LABEL:
            raise DataError(
                f"{path}: line {number}: {one_line(line[:40])!r}, "
                "expected a label and the codes of its characters, as in `1 65 97`."
            )
        names[int(found[1])] = name
    return names


def name_labels(highest: int, known: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of labels 0, 1, ...: those that are known, or else the numbers.

    Where all are digits, they are the ten digits.
    highest: the highest label.
    """
    if known:
        return tuple(known)
    return DIGIT_NAMES if highest < len(DIGIT_NAMES) else tuple(map(str, range(highest + 1)))


class Classes(NamedTuple):
    """The classes of a source that has names for them."""

    labels: dict[str, int]
    """by the name that the source has"""
    names: tuple[str, ...]
    """of labels 0, 1, ..."""


def number_names(found: Collection[str], known: Sequence[str] = ()) -> Classes:
    """Return the label of each class.

    A class whose name is known has its place among the known ones. Otherwise a number is its own
    label: a folder of the digits 3 and 7 has labels 3 and 7, as MNIST has them. Names that are not
    all numbers are counted from 0, sorted, their digits as numbers.

    found: the classes that there are.  known: the names of labels 0, 1, ...; empty: none are.
    Raises DataError, without a name, where a class is not known, or where they are too many.
    """
    places = {_as_printed(name): label for label, name in enumerate(known)}
    if known and all(_as_printed(name) in places for name in found):
        return Classes({name: places[_as_printed(name)] for name in found}, tuple(known))
    labels = {name: int(name) for name in found if is_label(name)}
    if known:
        beyond = [name for name in found if labels.get(name, len(known)) >= len(known)]
        if beyond:
            raise DataError(
                f"{one_line(min(beyond))}: not among the {len(known)} names of {NAMES_FILE}."
            )
    elif len(labels) < len(found):
        ordered = sorted(found, key=natural)
        if len(ordered) > MOST_LABEL + 1:
            raise DataError(f"{len(ordered):,} classes, expected {MOST_LABEL + 1} at most.")
        return Classes({name: label for label, name in enumerate(ordered)}, _printed(ordered))
    if len(set(labels.values())) < len(labels):
        twice = sorted(name for name in labels if str(labels[name]) != name)
        raise DataError(f"{twice[0]}: the same number as another class, expected one of them.")
    return Classes(labels, name_labels(max(labels.values(), default=0), known))


def _printed(names: Sequence[str]) -> tuple[str, ...]:
    """Return names as they stand in a file. Raises DataError for two that would be the same."""
    printed = [_as_printed(name) for name in names]
    for number, name in enumerate(printed):
        if not name or len(name) > LONGEST_CLASS or name in printed[:number]:
            raise DataError(
                f"a class called {name[:LONGEST_CLASS]!r}, expected a name of its own of 1 to "
                f"{LONGEST_CLASS} characters for each. Rename the folder."
            )
    return tuple(printed)


def _as_printed(name: str) -> str:
    """Return a name on one line, a letter with an accent as one character.

    macOS writes it as two, other systems do not.
    """
    return one_line(normalize("NFC", name.strip()))


def is_label(name: str) -> bool:
    """Return whether the name of a class is a number that can be its label."""
    return name.isascii() and name.isdecimal() and len(name) < 10 and int(name) <= MOST_LABEL


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Return a key that sorts texts with their digits as numbers, before letters: 2, 10, a."""
    parts = re.split(r"([0-9]+)", name)  # at odd places, digits
    return [
        (False, int(part), "") if place % 2 else (True, 0, part)
        for place, part in enumerate(parts)
        if part
    ]


def known_names(folder: Path) -> tuple[str, ...]:
    """Return the names in the classes.txt of a folder; none where there is no such file."""
    path = folder / NAMES_FILE
    return read_names(path) if os.path.lexists(path) else ()
