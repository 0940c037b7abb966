"""Know by its shape what is no digit: dots, dashes, rules and plus signs."""

import numpy as np

from mlp_cli.images.several.shapes import Shape

LOW = 0.45
"""heights of a digit: a lower shape is a mark"""
FLAT = 2.2
"""a shape so many times as wide as it is high is a dash"""


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
        ends = np.concatenate([ink[:quarter], ink[-quarter:]])
        widths = ends.sum(axis=1)
        inked = ends.any(axis=1)
        if inked.mean() < 0.9 or widths[inked].max() > 0.4 * across:
            return False
        middles = [
            np.flatnonzero(part.any(axis=0)).mean() / across
            for part in (ink[:quarter], ink[-quarter:])
        ]
        if not all(0.25 < middle < 0.75 for middle in middles):
            return False
    return True
