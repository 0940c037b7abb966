"""Know by its shape what is no digit: dots, dashes, rules and plus signs."""

import numpy as np

from mlp_cli.images.several.shapes import Shape

LOW = 0.45
"""heights of a digit: a lower shape is a mark"""
FLAT = 2.2
"""a shape so many times as wide as it is high is a dash"""

THIN_BAR, STRAIGHT_BAR = 0.3, 0.1
"""fractions of a plus sign's side: the width of a bar, and how far apart its ends are to the side"""


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
