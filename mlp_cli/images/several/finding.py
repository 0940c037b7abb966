"""Find the digits of a picture, from grey levels to digits in reading order."""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.components import find_parts
from mlp_cli.images.digit import Digit, find_digit
from mlp_cli.images.placing import has_mnist_form
from mlp_cli.images.several.certainty import mean_outputs
from mlp_cli.images.several.clearing import clear, seeded, usual_height
from mlp_cli.images.several.joining import find_fragments, join_stacked
from mlp_cli.images.several.layout import lines_of
from mlp_cli.images.several.marks import is_mark
from mlp_cli.images.several.shapes import Candidate, Page, Shape, normalised, union
from mlp_cli.images.several.splitting import split
from mlp_cli.images.several.types import Box, DigitsFound, Outputs, PlacedDigit, ReadImages
from mlp_cli.images.types import Grey

SURE = 0.9
"""mean output: a shape that the network reads so well is not cut"""
WIDE = 0.95
"""heights: a wider shape may be two digits, however well it is read"""
NARROW = 0.45
"""heights: a narrower shape is not cut"""
MOST_PIECES = 4000
"""that are read of a picture"""
DOUBTFUL = 0.6
"""mean output: what is read less well may be no digit"""


def find_digits(grey: Grey, shape: tuple[int, ...], read: ReadImages) -> DigitsFound:
    """Return every digit of a picture, with what `read` puts out for it.

    grey: 0..255, of any size.  shape: rows and columns of a digit's image.
    Raises PictureError for a blank picture.
    """
    grey = np.asarray(grey, np.float32)
    if any(has_mnist_form(levels, shape) for levels in (grey, 255 - grey)):
        return _alone(grey, shape, read)
    page = clear(grey)
    parts, numbers = seeded(page)
    if not numbers.size:
        return _alone(grey, shape, read)
    height = usual_height(parts)
    from mlp_cli.images.several.shapes import shapes_of

    shapes = join_stacked(shapes_of(parts, numbers), height)
    reader = Reader(page, shape, read)
    shapes = _with_fragments(shapes, height, reader)
    shapes = _split(shapes, height, reader)
    kept = [s for s in shapes if not is_mark(s, height)]
    if not kept:
        return DigitsFound((), ("no digit is found",))
    warnings = []
    candidates, outputs, means = reader.read(kept)
    digits = []
    for number, line in enumerate(lines_of(kept), 1):
        for k in line:
            doubts = []
            if means[k].max() < DOUBTFUL:
                doubts.append("it may be no digit")
            digit = Digit(candidates[k].image, tuple(doubts))
            digits.append(PlacedDigit(digit, kept[k].box, number, outputs[k]))
    return DigitsFound(tuple(digits), tuple(warnings))


def _alone(grey: Grey, shape: tuple[int, ...], read: ReadImages) -> DigitsFound:
    digit = find_digit(grey, shape)
    rows, columns = grey.shape
    box = Box(0, 0, columns, rows)
    return DigitsFound((PlacedDigit(digit, box, 1, read(digit.image[None])[0]),))


class Reader:
    """The network, as it reads the shapes of a page."""

    def __init__(self, page: Page, shape: tuple[int, ...], read: ReadImages):
        self.page, self.shape, self.network = page, shape, read
        self._known: dict[int, tuple[Shape, Candidate, Outputs, Outputs]] = {}

    def read(self, shapes: list[Shape]) -> tuple[list[Candidate], Outputs, Outputs]:
        """Return the shapes in MNIST's form, the outputs for them, and the means over wobbles."""
        new = [shape for shape in shapes if id(shape) not in self._known]
        if new:
            candidates = [
                normalised(self.page, shape, self.shape)
                or Candidate(np.zeros(self.shape, np.uint8), True)
                for shape in new
            ]
            images = np.stack([candidate.image for candidate in candidates])
            for each in zip(new, candidates, *mean_outputs(images, self.network), strict=True):
                self._known[id(each[0])] = each
        known = [self._known[id(shape)] for shape in shapes]
        return (
            [each[1] for each in known],
            np.stack([each[2] for each in known]),
            np.stack([each[3] for each in known]),
        )

    def certainty(self, shapes: list[Shape]) -> npt.NDArray[np.float64]:
        """Return how certain the network is of each shape: its largest mean output."""
        return self.read(shapes)[2].max(axis=1).astype(np.float64) if shapes else np.zeros(0)


def _with_fragments(shapes: list[Shape], height: float, reader: Reader) -> list[Shape]:
    fragments = find_fragments(shapes, height)
    if not fragments:
        return shapes
    hosts = [shapes[each.host] for each in fragments]
    joined = [union([shapes[each.number], shapes[each.host]]) for each in fragments]
    before, after = reader.certainty(hosts), reader.certainty(joined)
    gone: set[int] = set()
    result = list(shapes)
    for each, old, new in zip(fragments, before, after, strict=True):
        if new >= old - 0.02:
            result[each.host] = union([result[each.host], shapes[each.number]])
            gone.add(each.number)
    return [shape for k, shape in enumerate(result) if k not in gone]


def _split(shapes: list[Shape], height: float, reader: Reader) -> list[Shape]:
    tall = [s for s in shapes if s.box.height >= 0.5 * height]
    sure = dict(zip(map(id, tall), reader.certainty(tall), strict=True))
    work = []
    room = MOST_PIECES
    # The narrow ones first: a pair is split more often correctly than a long chain.
    for s in sorted(tall, key=lambda s: s.box.width):
        local = min(max(s.box.height, 0.85 * height), 1.25 * height)
        wide = s.box.width / local
        if wide < NARROW or (wide < WIDE and sure[id(s)] >= SURE) or room < 0:
            continue
        splitting = split(reader.page, s, local, reader.shape)
        room -= len(splitting.pieces)
        work.append(splitting)
    if not work:
        return shapes
    images = np.stack([piece.image for splitting in work for piece in splitting.pieces])
    certainty = mean_outputs(images, reader.network)[1].max(axis=1)
    ends = np.cumsum([len(splitting.pieces) for splitting in work])
    replaced = {
        id(splitting.shape): splitting.chosen(own)
        for splitting, own in zip(work, np.split(certainty, ends[:-1]), strict=True)
    }
    return [piece for s in shapes for piece in replaced.get(id(s), [s])]
