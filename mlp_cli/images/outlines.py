"""Measure the outline of a shape: how much it fills of simple shapes around it."""

from dataclasses import dataclass

import numpy as np

from mlp_cli.images.types import Mask

DIRECTIONS = np.pi * np.arange(32) / 32
"""angles at which a shape is measured"""


@dataclass(frozen=True)
class Outline:
    """The shape of a mask: how much of simple shapes around it it fills."""

    hull: float
    """pixels of its convex hull"""
    convex: float
    """the fraction of the hull that it fills"""
    rectangle: float
    """the fraction that it fills of the smallest rectangle around it, at any angle"""
    width: float
    """the shorter side of that rectangle"""

    @classmethod
    def of(cls, mask: Mask) -> "Outline":
        """Return the outline of a mask that is not empty."""
        rows = np.flatnonzero(mask.any(axis=1))
        first = mask[rows].argmax(axis=1)
        last = mask.shape[1] - mask[rows, ::-1].argmax(axis=1)
        # The corners of the pixels at the ends of each row.
        y = np.concatenate([rows, rows, rows + 1, rows + 1]).astype(float)
        x = np.concatenate([first, last, first, last]).astype(float)
        along = np.outer(np.cos(DIRECTIONS), x) + np.outer(np.sin(DIRECTIONS), y)
        ends = np.concatenate([along.argmax(axis=1), along.argmin(axis=1)])
        hx, hy = x[ends], y[ends]
        hull = abs(float(hx @ np.roll(hy, -1) - hy @ np.roll(hx, -1))) / 2
        span = np.ptp(along, axis=1)
        across = np.roll(span, -span.size // 2)
        best = int((span * across).argmin())
        area = float(np.count_nonzero(mask))
        return cls(
            hull,
            area / max(hull, 1.0),
            area / float(span[best] * across[best]),
            float(min(span[best], across[best])),
        )
