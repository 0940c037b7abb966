"""Clear a picture: the ink of what is written, without paper, frames, rules and specks."""

import numpy as np

from mlp_cli.images.components import Parts, find_parts
from mlp_cli.images.digit import MIN_CONTRAST, blank
from mlp_cli.images.ground import find_ink
from mlp_cli.images.lines import remove_lines
from mlp_cli.images.several.rules import (
    MOST_ENCLOSURES,
    TALL_INSIDE,
    without_circles,
    without_enclosures,
    without_rules,
)
from mlp_cli.images.several.shapes import Page, Shape
from mlp_cli.images.threshold import Levels, find_levels, median
from mlp_cli.images.types import Grey, IndexArray, Ink, Mask

LEAST_EXTENT = 1 / 100
"""fraction of the picture's longer side: a smaller part is a speck"""
LEAST_PIXELS = 5
"""of a part's longer side"""
MOST_FAINT = 0.8
"""of the ink above the threshold: with more that is fainter, there are lines on the paper"""
ABOVE_FAINT = 0.4
"""fraction of the way from faint ink to the pen's at which its threshold is then"""
TOWERING = 2.2
"""a shape so many times as high as any other is the only digit"""


def clear(grey: Grey) -> Page:
    """Return the ink of a picture without the lines of its paper, frames and rules.

    grey: 0..255.  Raises PictureError for a blank picture.
    """
    if np.ptp(grey) < MIN_CONTRAST:
        raise blank()
    ink = find_ink(grey)
    levels = find_levels(ink)
    if levels is None:
        raise blank()
    ink, levels = remove_lines(ink, levels)
    levels = _above_faint_lines(ink, levels)
    mask = ink > levels.growth
    mask = without_enclosures(mask)
    height = usual_height(find_parts(mask))
    mask = without_rules(without_circles(mask, height), height)
    mask = without_enclosures(mask)
    return Page(ink, levels, mask)


def _above_faint_lines(ink: Ink, levels: Levels) -> Levels:
    """Return levels above what is faint, where there is nearly as much of it as of the pen's ink.

    It is the squares of the paper, where the light or the blur breaks their lines.
    """
    faint = ink[(ink > levels.growth) & (ink <= levels.seed)]
    if faint.size <= MOST_FAINT * np.count_nonzero(ink > levels.seed):
        return levels
    level = float(median(faint))
    least = level + ABOVE_FAINT * (levels.ink - level)
    return Levels.of(levels.noise, levels.ink, least=least)


def seeded(page: Page) -> tuple[Parts, IndexArray]:
    """Return the parts of a page, and the numbers of those that are ink and no specks."""
    parts = find_parts(page.mask)
    least = max(LEAST_EXTENT * max(page.mask.shape), 3)
    strong = parts.sum(page.ink > page.levels.seed) > 0
    return parts, np.flatnonzero(strong & (parts.extent >= least))


def usual_height(parts: Parts) -> float:
    """Return the height of a digit: the median over the ink of all parts.

    Half of the ink lies in parts that are taller, half in lower ones. Frames, which have others
    within their boxes, and rules do not count.
    """
    rows, columns = parts.shape
    least = max(LEAST_PIXELS, LEAST_EXTENT * max(rows, columns))
    count = np.flatnonzero(parts.extent >= least)
    kept = count[~_is_frame(parts, count) & (parts.extent[count] < 0.5 * max(rows, columns))]
    count = kept if kept.size else count
    if not count.size:
        return float(rows)
    order = count[np.argsort(parts.height[count], kind="stable")]
    ink = np.cumsum(parts.area[order])
    return float(parts.height[order[np.searchsorted(ink, ink[-1] / 2)]])


def _is_frame(parts: Parts, numbers: IndexArray) -> Mask:
    """Return which of these parts have another one of a digit's size within their box."""
    frames = np.zeros(numbers.size, np.bool_)
    large = numbers[np.argsort(-parts.height[numbers])][:MOST_ENCLOSURES]
    for k in large:
        tall = parts.height[numbers] > TALL_INSIDE * parts.height[k]
        frames[numbers == k] = (parts.within(k, numbers) & tall).any()
    return frames


def digit_height(shapes: list[Shape]) -> float:
    """Return the height of the digits among the parts of a page.

    It is the median, tall shapes counting more, or that of a shape that towers over all others:
    these are then marks beside the only digit.
    """
    heights = np.sort([float(shape.box.height) for shape in shapes])
    if len(heights) > 1 and heights[-1] > TOWERING * heights[-2]:
        return float(heights[-1])
    return float(heights[np.searchsorted(np.cumsum(heights), heights.sum() / 2)])
