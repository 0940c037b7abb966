"""Find the straight lines of ruled and squared paper, from border to border, and remove them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlp_cli.images.components import Parts
from mlp_cli.images.threshold import Levels, median, otsu_threshold
from mlp_cli.images.types import IndexArray, Ink, Mask

LEAST_SIDE_FOR_LINES = 64
"""pixels: in a picture with a shorter side, a line and a stroke cannot be told apart"""
TILTS = np.linspace(-0.08, 0.08, 17)
"""rows that a line may rise per column: up to 4.6 degrees"""
LINE_COVERAGE = 0.7
"""the fraction of a line's columns that show it"""
SAMPLED_COLUMNS = 64
"""the number of columns in which lines are searched"""
PEN_TO_LINE = 1.3
"""a threshold separates the pen from the lines where its ink is this many times stronger"""
MOST_LINE = 1 / 20
"""fraction of the picture: something wider is a card or a table's edge"""
LEAST_REST = 0.003
"""fraction of the picture: with less ink beside the lines, a line was the digit"""


@dataclass(frozen=True)
class PaperLine:
    """A line of the paper: across the picture, or down it where `upright`."""

    row: IndexArray
    column: IndexArray
    """the line's pixels, in a picture turned so that the line runs across"""
    upright: bool

    def of(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the line's pixels of a picture."""
        return turned(picture, self.upright)[self.row, self.column]


def remove_lines(ink: Ink, levels: Levels) -> tuple[Ink, Levels]:
    """Return the ink and its levels such that the lines of the paper no longer count as ink.

    Where the lines are fainter than the pen, the thresholds rise to halfway between the two.
    Where at least two lines are as dark as the pen, they are cut out of the ink, except where a
    stroke crosses them. A picture that has only lines is left unchanged: one may be a 1.
    """
    lines = find_lines(ink, levels.growth)
    if not lines:
        return ink, levels
    # The median over the lines: one of them may lie along a stroke.
    level = float(median(np.array([median(line.of(ink)) for line in lines])))
    rising = ink[ink > level / 2]
    above = rising[rising > otsu_threshold(rising)]
    if above.size > ink.size / 1000 and median(above) > PEN_TO_LINE * level:
        pen = float(median(above))
        return ink, Levels.of(levels.noise, pen, least=(level + pen) / 2)
    if len(lines) >= 2:
        rest = cut_out(ink, lines, levels.growth)
        if rest is not None and (rest > levels.seed).mean() > LEAST_REST:
            return rest, levels
    return ink, levels


def above_mesh(ink: Ink, levels: Levels, parts: Parts, number: int) -> Levels | None:
    """Return the levels of a pen on squares at any angle, or None where there are none.

    A mesh of lines joins all that is written to one part, which goes from border to border both
    ways and leaves most of the picture free. It is fainter than the pen.
    """
    rows, columns = parts.shape
    spans = parts.height[number] > 0.95 * rows and parts.width[number] > 0.95 * columns
    if not spans or parts.area[number] > 0.5 * rows * columns:
        return None
    values = ink.ravel()[parts.pixels[parts.owner == number]]
    threshold = otsu_threshold(values)
    if min(rows, columns) < LEAST_SIDE_FOR_LINES or not (values > threshold).any():
        return None
    line = float(median(values[values <= threshold]))
    pen = float(median(values[values > threshold]))
    if pen < PEN_TO_LINE * line:
        return None
    return Levels.of(levels.noise, pen, least=(line + pen) / 2)


def find_lines(ink: Ink, threshold: float) -> list[PaperLine]:
    """Return the lines of a picture, across and down."""
    if min(ink.shape) < LEAST_SIDE_FOR_LINES:
        return []
    return [
        PaperLine(row, column, upright)
        for upright in (False, True)
        for row, column in _across(turned(ink, upright) > threshold)
    ]


def turned(picture: npt.NDArray[Any], upright: bool) -> npt.NDArray[Any]:
    """Return the picture turned so that upright lines run across: rows become columns."""
    return picture.T if upright else picture


def thickened(mask: Mask) -> Mask:
    """Return a mask with the pixels above and below its own added."""
    thick = mask.copy()
    thick[1:] |= mask[:-1]
    thick[:-1] |= mask[1:]
    return thick


def cut_out(ink: Ink, lines: list[PaperLine], threshold: float) -> Ink | None:
    """Return the ink without the lines, but with the strokes that cross them.

    Where a stroke crosses a line, the column of ink is longer than the line is wide. What is wide
    is no line, but a card or a table's edge: None is returned.
    """
    # Of the whole picture once for each direction: there may be hundreds of lines.
    across, down = (column_lengths(turned(ink, upright) > threshold) for upright in (False, True))
    lengths = [(down if line.upright else across)[line.row, line.column] for line in lines]
    width = median(np.array([median(each) for each in lengths]))
    if width > max(5, MOST_LINE * min(ink.shape)):
        return None
    rest = ink.copy()
    for each, line in zip(lengths, lines, strict=True):
        alone = each <= 1.5 * width + 1
        turned(rest, line.upright)[line.row[alone], line.column[alone]] = 0
    return rest


def column_lengths(mask: Mask) -> npt.NDArray[np.int32]:
    """Return, for every pixel of a mask, the length of the unbroken column that it is in."""
    above, below = _run(mask), _run(mask[::-1])[::-1]
    lengths: npt.NDArray[np.int32] = (above + below - 1) * mask
    return lengths


def _run(mask: Mask) -> npt.NDArray[np.int32]:
    """Return, for every pixel, the length of the unbroken column that ends at it from above."""
    counts = np.zeros(mask.shape, np.int32)
    counts[0] = mask[0]
    for row in range(1, len(mask)):
        counts[row] = (counts[row - 1] + 1) * mask[row]
    return counts


def _across(mask: Mask) -> list[tuple[IndexArray, IndexArray]]:
    """Return the pixels of the lines that run across a mask, all with the most common tilt.

    They are rows and columns: of hundreds of lines, masks of the whole picture would be too large.
    A line is at row r + tilt * (column - middle) for every column, and shows in LINE_COVERAGE of
    the sampled columns, within one row.
    """
    rows, columns = mask.shape
    edge = max(2, columns // 20)
    if not (mask[:, :edge].any() and mask[:, -edge:].any()):
        return []
    sampled = np.arange(0, columns, max(1, columns // SAMPLED_COLUMNS))
    thick = thickened(mask[:, sampled])
    covered = [_coverage(thick, tilt * (sampled - columns / 2)) for tilt in TILTS]
    best = int(np.argmax([np.maximum(shown - LINE_COVERAGE, 0).sum() for shown in covered]))
    steps = np.diff(np.pad(covered[best] > LINE_COVERAGE, 1).astype(np.int8))
    bands = []
    slope = TILTS[best] * (np.arange(columns) - columns / 2)
    for first, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        middle = ((first + end - 1) / 2 + slope).round()
        band = np.abs(np.arange(rows)[:, None] - middle) <= (end - 1 - first) / 2 + 1
        bands.append(np.nonzero(band & mask))
    return [(row, column) for row, column in bands if row.size]


def _coverage(thick: Mask, slope: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the fraction of columns that show a line through each row of the middle column.

    A line that is inside the picture for half of its columns or fewer gets 0.
    """
    place = np.arange(len(thick))[:, None] + slope.round().astype(int)
    inside = (place >= 0) & (place < len(thick))
    shown = thick[place.clip(0, len(thick) - 1), np.arange(len(slope))] & inside
    fraction = shown.sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    return np.where(inside.mean(axis=1) > 0.5, fraction, 0)
