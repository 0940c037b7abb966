"""Clear a picture: the ink of what is written, without paper, frames, rules and specks."""

import numpy as np

from mlp_cli.errors import PictureError
from mlp_cli.images.components import Parts, find_parts
from mlp_cli.images.digit import MIN_CONTRAST
from mlp_cli.images.ground import find_ink
from mlp_cli.images.lines import remove_lines
from mlp_cli.images.several.rules import without_enclosures, without_rules
from mlp_cli.images.several.shapes import Page, Shape
from mlp_cli.images.threshold import find_levels
from mlp_cli.images.types import Grey, IndexArray

LEAST_EXTENT = 1 / 100
"""fraction of the picture's longer side: a smaller part is a speck"""
LEAST_PIXELS = 5
"""of a part's longer side"""
TOWERING = 2.2
"""a shape so many times as high as any other is the only digit"""


def clear(grey: Grey) -> Page:
    """Return the ink of a picture without the lines of its paper, frames and rules.

    grey: 0..255.  Raises PictureError for a blank picture.
    """
    if np.ptp(grey) < MIN_CONTRAST:
        raise _blank()
    ink = find_ink(grey)
    levels = find_levels(ink)
    if levels is None:
        raise _blank()
    ink, levels = remove_lines(ink, levels)
    mask = ink > levels.growth
    mask = without_rules(mask, usual_height(find_parts(mask)))
    mask = without_enclosures(mask)
    return Page(ink, levels, mask)


def seeded(page: Page) -> tuple[Parts, IndexArray]:
    """Return the parts of a page, and the numbers of those that are ink and no specks."""
    parts = find_parts(page.mask)
    least = max(LEAST_EXTENT * max(page.mask.shape), 3)
    strong = parts.sum(page.ink > page.levels.seed) > 0
    return parts, np.flatnonzero(strong & (parts.extent >= least))


def usual_height(parts: Parts) -> float:
    """Return the height of a digit: the weighted median over the parts, tall ones counting more.

    Half of the sum of all heights lies in parts that are taller, half in lower ones.
    """
    rows, columns = parts.shape
    count = (parts.extent >= max(LEAST_PIXELS, LEAST_EXTENT * max(rows, columns))).nonzero()[0]
    # Frames are no digits: little ink in a large box.
    fill = parts.area[count] / np.maximum(parts.height[count] * parts.width[count], 1)
    long = parts.extent[count] > 0.5 * max(rows, columns)
    kept = count[(fill > 0.06) & ~long]
    count = kept if kept.size else count
    if not count.size:
        return float(rows)
    heights = np.sort(parts.height[count]).astype(np.float64)
    middle = np.searchsorted(np.cumsum(heights), heights.sum() / 2)
    return float(heights[middle])


def digit_height(shapes: list[Shape]) -> float:
    """Return the height of the digits among the parts of a page.

    It is the median, tall shapes counting more, or that of a shape that towers over all others:
    these are then marks beside the only digit.
    """
    heights = np.sort([float(shape.box.height) for shape in shapes])
    if len(heights) > 1 and heights[-1] > TOWERING * heights[-2]:
        return float(heights[-1])
    return float(heights[np.searchsorted(np.cumsum(heights), heights.sum() / 2)])


def _blank() -> PictureError:
    return PictureError("blank: nothing stands out from the background, expected a digit.")
