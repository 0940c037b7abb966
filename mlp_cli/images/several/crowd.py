"""The shapes of a page together, and which of them are like digits, or unlike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.marks import slenderness
from mlp_cli.images.several.shapes import Candidate, Shape
from mlp_cli.images.types import Mask

UNSURE = 0.6
"""mean output: what is read less well may be no digit"""
SURE = 0.9
"""mean output: nearly all digits are read so well, unless they are cut"""
STRANGE, STRANGE_PIECE = 0.5, 0.3
"""likeness: a shape, or one that was cut, with less is bad company"""
LIKELY = 0.7
"""likeness: a shape with more is good company"""
BLOT_FILL, BLOT_ASPECT = 0.62, 2.5
"""a shape that fills more of its box, and is not so many times longer than wide, is a blot"""
BAR = 0.4
"""width of a straight shape, in lengths: a slimmer one may be anything"""


@dataclass(frozen=True)
class Crowd:
    """The shapes of a page that are read as digits, and what is known of each."""

    shapes: Sequence[Shape]
    certainty: npt.NDArray[np.floating]
    """of the network that reads: its largest mean output"""
    likeness: npt.NDArray[np.floating]
    """the probability that it is a digit"""
    solid: Mask
    """it has no strokes"""
    slender: npt.NDArray[np.floating]
    """width of the straight band that it lies in, over its length"""

    @classmethod
    def of(
        cls,
        shapes: Sequence[Shape],
        candidates: Sequence[Candidate],
        certainty: npt.NDArray[np.floating],
        likeness: npt.NDArray[np.floating],
    ) -> "Crowd":
        """Return what is known of shapes that are these candidates in MNIST's form."""
        pairs = zip(candidates, shapes, strict=True)
        return cls(
            shapes,
            certainty,
            likeness,
            solid=np.array([each.solid or is_blot(shape) for each, shape in pairs], np.bool_),
            slender=np.array([slenderness(shape.mask) for shape in shapes]),
        )

    @property
    def bars(self) -> Mask:
        """Which shapes are straight lines: they may be anything."""
        return self.slender < BAR

    @property
    def is_cut(self) -> Mask:
        """Which shapes are pieces of larger ones."""
        return np.array([shape.is_cut for shape in self.shapes], np.bool_)

    @property
    def strange(self) -> Mask:
        """Which shapes are bad company."""
        least = np.where(self.is_cut, STRANGE_PIECE, STRANGE)
        return (self.likeness < least) | (self.certainty < UNSURE) | self.solid

    @property
    def good(self) -> Mask:
        """Which shapes are good company."""
        sure = (self.likeness >= LIKELY) & (self.certainty >= SURE)
        return sure & ~self.solid & ~self.bars


def is_blot(shape: Shape) -> bool:
    """Return whether a shape fills its box as no digit does, but for a 1."""
    long, short = max(shape.mask.shape), min(shape.mask.shape)
    return shape.area > BLOT_FILL * shape.mask.size and long < BLOT_ASPECT * short
