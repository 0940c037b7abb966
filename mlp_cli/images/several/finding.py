"""Find the digits of a picture, from grey levels to digits in reading order."""

import numpy as np

from mlp_cli.images.digit import Digit, find_digit
from mlp_cli.images.several.clearing import clear, digit_height, seeded
from mlp_cli.images.several.crowd import Crowd
from mlp_cli.images.several.doubting import NO_DIGIT, doubts_of
from mlp_cli.images.several.joining import find_fragments, join_stacked
from mlp_cli.images.several.layout import lines_of
from mlp_cli.images.several.likeness import SHAPE, are_unlike, mean_likeness
from mlp_cli.images.several.marks import is_mark, without_rests_of_lines
from mlp_cli.images.several.reader import Reader
from mlp_cli.images.several.shapes import Shape, normalised, shapes_of, union
from mlp_cli.images.several.touching import split_touching
from mlp_cli.images.several.types import (
    Box,
    DigitsFound,
    PageNetworks,
    PlacedDigit,
    ReadImages,
)
from mlp_cli.images.several.words import in_words
from mlp_cli.images.types import Grey

ONE_DIGIT_SIDE = 40
"""pixels: a picture whose longer side is shorter has room for one digit"""
SAME = 0.6
"""fraction of the ink that two images of one digit share"""


def find_digits(
    grey: Grey, shape: tuple[int, ...], read: ReadImages, networks: PageNetworks | None = None
) -> DigitsFound:
    """Return every digit of a picture, with what `read` puts out for it.

    grey: 0..255, of any size.  shape: rows and columns of a digit's image.
    networks: by which touching digits are cut, and what is no digit is known; without them none are
    cut, and what is read well is a digit.
    Raises PictureError for a blank picture.
    """
    grey = np.asarray(grey, np.float32)
    if max(grey.shape) < ONE_DIGIT_SIDE:
        return _alone(grey, shape, read, networks)
    page = clear(grey)
    parts, numbers = seeded(page)
    if not numbers.size:
        return _alone(grey, shape, read, networks, NO_DIGIT)
    shapes = shapes_of(parts, numbers)
    height = digit_height(shapes)
    reader = Reader(page, shape, read)
    shapes = join_stacked(shapes, height)
    shapes = _with_fragments(shapes, height, reader)
    if networks is not None:
        shapes = split_touching(shapes, height, reader, networks)
    kept = without_rests_of_lines([each for each in shapes if not is_mark(each, height)])
    if not kept:
        return _alone(grey, shape, read, networks, NO_DIGIT)
    candidates, outputs, _ = reader.read(kept)
    crowd = _crowd_of(kept, reader, networks)
    lines = lines_of(kept)
    doubts = doubts_of(crowd, lines, page)
    warnings: tuple[str, ...] = ()
    if len(kept) < len(shapes):
        count = len(shapes) - len(kept)
        warnings = (f"{count} mark{'s' * (count > 1)} left out, such as points, signs and rules",)
    if networks is not None:
        word = in_words(crowd, lines)
        lines = [left for line in lines if (left := [k for k in line if not word[k]])]
        if count := int(np.count_nonzero(word)):
            warnings += (f"{count} shapes left out that are no digits, such as letters of words",)
    digits = [
        PlacedDigit(Digit(candidates[k].image, doubts[k]), kept[k].box, number, outputs[k])
        for number, line in enumerate(lines, 1)
        for k in line
    ]
    if len(digits) == 1:
        digits = [_as_alone(grey, digits[0].digit, digits[0].box, read)]
    return DigitsFound(tuple(digits), warnings)


def _alone(
    grey: Grey,
    shape: tuple[int, ...],
    read: ReadImages,
    networks: PageNetworks | None,
    doubt: str = "",
) -> DigitsFound:
    """Return the one digit of a picture, found by the reader of single digits."""
    digit = find_digit(grey, shape)
    if networks is not None:
        seen = digit if shape == SHAPE else find_digit(grey, SHAPE)
        if are_unlike(seen.image[None], networks.digits)[0]:
            doubt = NO_DIGIT
    if doubt:
        digit = digit.doubted(doubt)
    box = Box(0, 0, grey.shape[1], grey.shape[0])
    return DigitsFound((PlacedDigit(digit, box, 1, read(digit.image[None])[0]),))


def _as_alone(grey: Grey, found: Digit, box: Box, read: ReadImages) -> PlacedDigit:
    """Return the only digit of a picture, as the reader of single digits has it.

    So the answer is the same.  Where that reader finds something else, the digit stays as it is.
    """
    digit = find_digit(grey, found.image.shape)
    one, other = (each.image.astype(np.float64) for each in (digit, found))
    if 2 * np.minimum(one, other).sum() < SAME * (one.sum() + other.sum()):
        digit = found
    else:
        digit = digit.doubted(*(each for each in found.warnings if each not in digit.warnings))
    return PlacedDigit(digit, box, 1, read(digit.image[None])[0])


def _crowd_of(shapes: list[Shape], reader: Reader, networks: PageNetworks | None) -> Crowd:
    """Return these shapes together; without networks, what is read well is like a digit."""
    candidates, _, means = reader.read(shapes)
    certainty = means.max(axis=1)
    if networks is None:
        return Crowd.of(shapes, candidates, certainty, certainty)
    if reader.shape == SHAPE:
        images = np.stack([candidate.image for candidate in candidates])
    else:
        images = np.stack([normalised(reader.page, shape, SHAPE).image for shape in shapes])
    return Crowd.of(shapes, candidates, certainty, mean_likeness(images, networks.digits))


def _with_fragments(shapes: list[Shape], height: float, reader: Reader) -> list[Shape]:
    """Return the shapes, the low ones joined to tall ones that the network then reads as well."""
    fragments = find_fragments(shapes, height)
    hosts = [shapes[each.host] for each in fragments]
    joined = [union([shapes[each.number], shapes[each.host]]) for each in fragments]
    before, after = np.split(reader.certainty([*hosts, *joined]), 2)
    result, gone = list(shapes), set()
    for each, old, new in zip(fragments, before, after, strict=True):
        if new >= old - 0.02:
            result[each.host] = union([result[each.host], shapes[each.number]])
            gone.add(each.number)
    return [shape for k, shape in enumerate(result) if k not in gone]
