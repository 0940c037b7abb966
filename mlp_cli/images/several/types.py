"""The digits of a picture, and the network that reads them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.images.digit import Digit

Outputs = npt.NDArray[np.floating]
ReadImages = Callable[[npt.NDArray[np.uint8]], Outputs]
"""what a network, or a committee, puts out for images (n, rows, columns): (n, classes)"""


class PageNetworks(NamedTuple):
    """Three networks that know what is on a page, whichever network reads its digits."""

    contacts: ReadImages
    """whether digits touch at a pixel (contacts.py)"""
    wholes: ReadImages
    """whether a piece is a whole digit (wholes.py)"""
    digits: ReadImages
    """whether a shape is a digit at all (likeness.py)"""


class Box(NamedTuple):
    """The part of a picture that a digit takes: pixels of the picture as it was read, upright."""

    left: int
    top: int
    right: int
    """excluded"""
    bottom: int
    """excluded"""

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.bottom - self.top


@dataclass(frozen=True)
class PlacedDigit:
    """One digit among others in a picture."""

    digit: Digit
    """its image in MNIST's form, and reasons to doubt it"""
    box: Box
    line: int
    """the line of writing that it stands in, counted from 1 at the top"""
    outputs: Outputs
    """(classes,)"""


@dataclass(frozen=True)
class DigitsFound:
    """Every digit of a picture, in reading order: lines from the top, each from the left."""

    digits: tuple[PlacedDigit, ...]
    """empty where the picture has marks, but no digit"""
    warnings: tuple[str, ...] = ()
    """reasons to doubt the picture, rather than one digit of it"""
