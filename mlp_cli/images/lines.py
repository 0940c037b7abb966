"""Ruled and squared paper: straight lines from border to border, found and taken out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.images.threshold import Levels, median, otsu_threshold
from mlp_cli.images.types import Ink, Mask

SMALL = 64
"""pixels: in a picture with a shorter side a line and a stroke cannot be told apart"""
TILTS = np.linspace(-0.08, 0.08, 17)
"""how many rows a line may rise per column: up to 4.6 degrees"""
COVERAGE = 0.7
"""of a line's columns, the share that shows it"""
SAMPLES = 64
"""columns at which lines are looked for"""
FAINTER = 1.3
"""ink this much stronger than the lines is told from them by a threshold"""
LEFT_OVER = 0.003
"""of the picture: less ink than this beside the lines means that a line was the digit"""


@dataclass(frozen=True)
class Line:
    """A line across the picture, or down it where `upright`."""

    band: Mask
    """its pixels, in a picture turned so that the line runs across"""
    upright: bool


def remove_lines(ink: Ink, levels: Levels) -> tuple[Ink, Levels]:
    """Return the ink and its levels, so that the lines of the paper are not ink any more.

    Lines fainter than the pen stay under raised thresholds, halfway between the two. Lines as
    dark as the pen, where there are two at least, are cut out of the ink except where a stroke
    crosses them. What has only lines is left as it is: one of them may be a 1.
    """
    lines = find_lines(ink, levels.growth)
    if not lines:
        return ink, levels
    # The middle one of the lines: one of them may lie along a stroke.
    level = float(median(np.array([median(turned(ink, x.upright)[x.band]) for x in lines])))
    rising = ink[ink > level / 2]
    above = rising[rising > otsu_threshold(rising)]
    if above.size > ink.size / 1000 and median(above) > FAINTER * level:
        pen = float(median(above))
        return ink, Levels.of(levels.noise, pen, least=(level + pen) / 2)
    if len(lines) >= 2:
        rest = cut_out(ink, lines, levels.growth)
        if (rest > levels.seed).mean() > LEFT_OVER:
            return rest, levels
    return ink, levels


def find_lines(ink: Ink, threshold: float) -> list[Line]:
    """Return the lines of a picture, across and down."""
    if min(ink.shape) < SMALL:
        return []
    return [
        Line(band, upright)
        for upright in (False, True)
        for band in _across(turned(ink, upright) > threshold)
    ]


def turned(ink: Ink, upright: bool) -> Ink:
    """Return a picture in which lines that were upright run across: rows become columns."""
    return ink.T if upright else ink


def cut_out(ink: Ink, lines: list[Line], threshold: float) -> Ink:
    """Return the ink without the lines, but with the strokes that cross them.

    A stroke that crosses a line makes a longer column of ink than the line by itself does.
    """
    lengths = [column_lengths(turned(ink, line.upright) > threshold) for line in lines]
    widths = [median(n[line.band]) for n, line in zip(lengths, lines, strict=True)]
    width = median(np.array(widths))
    rest = ink.copy()
    for n, line in zip(lengths, lines, strict=True):
        turned(rest, line.upright)[line.band & (n <= 1.5 * width + 1)] = 0
    return rest


def column_lengths(mask: Mask) -> npt.NDArray[np.int32]:
    """Return for every pixel of a mask how long the stretch of its column is that holds it."""
    above, below = _run(mask), _run(mask[::-1])[::-1]
    lengths: npt.NDArray[np.int32] = (above + below - 1) * mask
    return lengths


def _run(mask: Mask) -> npt.NDArray[np.int32]:
    """Return how many pixels of the mask end at each, counted from above."""
    counts = np.zeros(mask.shape, np.int32)
    counts[0] = mask[0]
    for row in range(1, len(mask)):
        counts[row] = (counts[row - 1] + 1) * mask[row]
    return counts


def _across(mask: Mask) -> list[Mask]:
    """Return the bands of the lines that run across a mask, all with the tilt most lines have.

    A line is at row r + tilt * (column - middle) for every column, and shows at COVERAGE of
    the columns looked at, one row of tolerance granted.
    """
    rows, columns = mask.shape
    edge = max(2, columns // 20)
    if not (mask[:, :edge].any() and mask[:, -edge:].any()):
        return []
    sampled = np.arange(0, columns, max(1, columns // SAMPLES))
    thick = mask[:, sampled].copy()
    thick[1:] |= mask[:-1, sampled]
    thick[:-1] |= mask[1:, sampled]
    covered = [_coverage(thick, tilt * (sampled - columns / 2)) for tilt in TILTS]
    best = int(np.argmax([np.maximum(share - COVERAGE, 0).sum() for share in covered]))
    steps = np.diff(np.pad(covered[best] > COVERAGE, 1).astype(np.int8))
    bands = []
    slope = TILTS[best] * (np.arange(columns) - columns / 2)
    for first, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        middle = ((first + end - 1) / 2 + slope).round()
        band = np.abs(np.arange(rows)[:, None] - middle) <= (end - 1 - first) / 2 + 1
        bands.append(band & mask)
    return [band for band in bands if band.any()]


def _coverage(thick: Mask, slope: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the share of columns that show a line through each row of the middle column.

    A line that leaves the picture before half of its columns counts as none.
    """
    place = np.arange(len(thick))[:, None] + slope.round().astype(int)
    inside = (place >= 0) & (place < len(thick))
    shown = thick[place.clip(0, len(thick) - 1), np.arange(len(slope))] & inside
    share = shown.sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    return np.where(inside.mean(axis=1) > 0.5, share, 0)
