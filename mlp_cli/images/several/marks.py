"""Know by its shape what is no digit: dots, dashes, rules and plus signs."""

import numpy as np

from mlp_cli.images.digit import widen
from mlp_cli.images.several.shapes import Shape
from mlp_cli.images.threshold import median
from mlp_cli.images.types import Mask

LOW = 0.45
"""heights of a digit: a lower shape is a mark"""
FLAT = 2.2
"""a shape so many times as wide as it is high is a dash"""

THIN_BAR, STRAIGHT_BAR = 0.3, 0.1
"""fractions of a plus sign's side: the width of a bar, and how far its ends are out of line"""

SLENDER, FINE, LEAST_RESTS = 0.2, 0.5, 3
"""straight shapes, as wide as less than the first fraction of their length and the second of the
pen, are rests of the paper's lines where there are so many; one alone may be a thin 1"""


def without_rests_of_lines(shapes: list[Shape]) -> list[Shape]:
    """Return the shapes without straight ones that are far finer than the pen of the others."""
    slender = np.array([slenderness(shape.mask) < SLENDER for shape in shapes], np.bool_)
    widths = np.array([pen_width(shape.mask) for shape in shapes])
    if slender.all():
        return shapes
    fine = slender & (widths < FINE * median(widths[~slender]))
    if np.count_nonzero(fine) < LEAST_RESTS:
        return shapes
    return [shape for shape, is_fine in zip(shapes, fine, strict=True) if not is_fine]


def pen_width(mask: Mask) -> float:
    """Return about how wide the lines of a mask are: its area over half of its edge, in pixels."""
    inner = ~widen(~np.pad(mask, 1))[1:-1, 1:-1]
    edge = int(np.count_nonzero(mask & ~inner))
    return 2.0 * int(np.count_nonzero(mask)) / max(edge, 1)


def slenderness(mask: Mask) -> float:
    """Return the width of the straight band that the pixels of a mask lie in, over its length."""
    rows, columns = np.nonzero(mask)
    if rows.size < 3:
        return 1.0
    spread = np.linalg.eigvalsh(np.cov(np.stack([rows, columns]).astype(np.float64)))
    # A band of length l and width w has the variances l^2 / 12 and w^2 / 12.
    width, length = np.sqrt(np.maximum(spread, 1 / 12))
    return float(width / length)


def is_mark(shape: Shape, height: float) -> bool:
    """Return whether a shape is a point, a dash or a plus, beside digits of this height."""
    box = shape.box
    if box.height < LOW * height or box.width > FLAT * box.height * max(1, box.height / height):
        return True
    return is_plus(shape)


def is_plus(shape: Shape) -> bool:
    """Return whether a shape is an upright bar and a level one that cross near their middles."""
    box, mask = shape.box, shape.mask
    if not 0.6 < box.width / box.height < 1.6 or min(box.width, box.height) < 6:
        return False
    for ink, across in ((mask, box.width), (mask.T, box.height)):
        quarter = max(1, len(ink) // 4)
        ends = [np.flatnonzero(end.any(axis=0)) for end in (ink[:quarter], ink[-quarter:])]
        if any(not end.size or end[-1] + 1 - end[0] > THIN_BAR * across for end in ends):
            return False
        middles = [float(end.mean()) / across for end in ends]
        if abs(middles[0] - middles[1]) > STRAIGHT_BAR or not 0.3 < sum(middles) / 2 < 0.7:
            return False
    return True
