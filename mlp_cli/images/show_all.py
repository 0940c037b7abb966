"""Draw the digits of a picture as lines of text: each in its place, in a box, with its name."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from mlp_cli.images.several import Box, PlacedDigit
from mlp_cli.images.show import LIGHT_LEVEL, draw_image

TALLEST = 9
"""lines of text that a digit of middling height takes at most"""
LEAST_CELLS = 3, 2
"""lines and characters: where a digit of middling size takes less, its name alone is shown"""
LEAST_RISE = 1.5
"""lines of text: a line of names that rises less stands level"""
MOST_STRETCH = 3
"""lines of text for one, where names alone would else stand in the line of their neighbours"""
MARGIN = 2
"""characters to the left and right of all digits, and lines above and below"""
FRAMES = tuple("┌─┐│└┘"), tuple("+-+|++")
"""the corners and sides of a box, for a terminal that has them and for one of ASCII alone"""


class Raster(NamedTuple):
    """How pixels of a picture become characters."""

    left: int
    top: int
    """where the first digits begin: pixels"""
    across: float
    """pixels for each character"""
    down: float
    """pixels for each line: twice as many, as characters are twice as high as wide"""

    def place(self, box: Box) -> Box:
        """Return the characters that a box takes: one at least in each direction."""
        left = MARGIN + int((box.left - self.left) / self.across)
        top = MARGIN + int((box.top - self.top) / self.down)
        right = MARGIN + round((box.right - self.left) / self.across)
        bottom = MARGIN + round((box.bottom - self.top) / self.down)
        return Box(left, top, max(left + 1, right), max(top + 1, bottom))


def draw_page(digits: Sequence[PlacedDigit], names: Sequence[str], width: int, blocks: bool) -> str:
    """Return the part of a picture that has digits, at most `width` characters wide.

    Each digit is drawn as it is read, without its ground, in a box with its name. Where they are
    too small for that, there are the names alone.

    names: of each digit, in ASCII.  blocks: whether the terminal has more than ASCII.
    """
    if not digits:
        return ""
    boxes = [digit.box for digit in digits]
    raster = _fit(boxes, width)
    places = [raster.place(box) for box in boxes]
    least_lines, least_characters = LEAST_CELLS
    if (
        np.median([place.bottom - place.top for place in places]) < least_lines
        or np.median([place.right - place.left for place in places]) < least_characters
    ):
        return _text(_names_alone(digits, names, raster))
    shape = (
        max(place.bottom for place in places) + MARGIN,
        max(place.right for place in places) + MARGIN,
    )
    seen = np.zeros((2 * shape[0], shape[1]), np.uint8)
    for digit, place in zip(digits, places, strict=True):
        part = seen[2 * place.top : 2 * place.bottom, place.left : place.right]
        np.maximum(part, _stretch(digit.digit.image, part.shape), out=part)
    lines = [list(line) for line in draw_image(seen, blocks)]
    for place in places:
        _frame(lines, place, FRAMES[not blocks])
    for place, name in zip(places, names, strict=True):
        _write(lines[place.top - 1], place.left, name[: max(1, place.right - place.left)])
    return _text(lines)


def _fit(boxes: Sequence[Box], width: int) -> Raster:
    """Return the scale at which all boxes fit into this width, and into as many lines."""
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    wide = max(box.right for box in boxes) - left
    high = max(box.bottom for box in boxes) - top
    room = max(1, width - 2 * MARGIN)
    middling = float(np.median([box.bottom - box.top for box in boxes]))
    across = max(wide / room, high / (2 * room), middling / (2 * TALLEST))
    return Raster(left, top, across, 2 * across)


def _stretch(image: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return the digit of an image, cut to its ink and brought to this shape."""
    high, wide = shape
    rows, columns = np.nonzero(image > LIGHT_LEVEL)
    if not rows.size:
        return np.zeros(shape, np.uint8)
    cut = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    stretched = Image.fromarray(cut).resize((wide, high), Image.Resampling.BOX)
    return np.asarray(stretched)


def _frame(lines: list[list[str]], place: Box, characters: tuple[str, ...]) -> None:
    """Draw a box around a place, where nothing is drawn yet."""
    upper_left, across, upper_right, down, lower_left, lower_right = characters
    left, right, above, below = place.left - 1, place.right, place.top - 1, place.bottom
    edges = {(above, left): upper_left, (above, right): upper_right}
    edges |= {(below, left): lower_left, (below, right): lower_right}
    edges |= {
        (line, column): across for line in (above, below) for column in range(left + 1, right)
    }
    edges |= {(line, column): down for line in range(above + 1, below) for column in (left, right)}
    for (line, column), character in edges.items():
        if line < len(lines) and column < len(lines[line]) and lines[line][column] == " ":
            lines[line][column] = character


def _names_alone(
    digits: Sequence[PlacedDigit], names: Sequence[str], raster: Raster
) -> list[list[str]]:
    """Return lines with the beginning of each name in the middle of its place.

    The names of a line of writing stand in a straight line, apart from the lines above and below.
    A name whose place is taken stands to the right of it.
    """
    groups = [
        np.array([k for k, digit in enumerate(digits) if digit.line == number])
        for number in sorted({digit.line for digit in digits})
    ]
    middles = np.array([(d.box.left + d.box.right, d.box.top + d.box.bottom) for d in digits]) / 2
    pitches = np.diff([middles[group, 1].mean() for group in groups])
    down = min([raster.down, *pitches[pitches > raster.down / MOST_STRETCH]])
    places = []
    for group in groups:
        x, y = middles[group].T
        rise = np.cov(x, y)[0, 1] / x.var(ddof=1) * (x - x.mean()) if np.ptp(x) else 0 * x
        level = np.full(len(x), y.mean())
        straight = level + rise if np.ptp(rise) >= LEAST_RISE * down else level
        places += [
            (k, int((across - raster.left) / raster.across), round((high - raster.top) / down))
            for k, across, high in zip(group, x, straight, strict=True)
        ]
    first = min(line for _, _, line in places)
    rows = max(line for _, _, line in places) - first + 1
    lines: list[list[str]] = [[] for _ in range(rows)]
    for k, column, number in places:
        line = lines[number - first]
        column = max(column, len(line))
        line += [" "] * (column - len(line)) + [names[k][:1]]
    return lines


def _write(line: list[str], column: int, text: str) -> None:
    for number, character in enumerate(text, start=column):
        if number < len(line):
            line[number] = character


def _text(lines: list[list[str]]) -> str:
    """Return lines as text, without the empty ones at the beginning and the end."""
    joined = ["".join(line).rstrip() for line in lines]
    inked = [number for number, line in enumerate(joined) if line]
    return "\n".join(joined[inked[0] : inked[-1] + 1]) if inked else ""
