"""Find every digit in a picture, in reading order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.images.digit import Digit, find_digit
from mlp_cli.images.types import Grey

Outputs = npt.NDArray[np.floating]
ReadImages = Callable[[npt.NDArray[np.uint8]], Outputs]
"""what a network, or a committee, puts out for images (n, rows, columns): (n, classes)"""


class Box(NamedTuple):
    """The part of a picture that a digit takes: pixels of the picture as it was read, upright."""

    left: int
    top: int
    right: int
    """excluded"""
    bottom: int
    """excluded"""


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
    warnings: tuple[str, ...] = ()
    """reasons to doubt the picture, rather than one digit of it"""


def find_digits(grey: Grey, shape: tuple[int, ...], read: ReadImages) -> DigitsFound:
    """Return every digit of a picture, with what `read` puts out for it.

    grey: 0..255, of any size.  shape: rows and columns of a digit's image.
    Raises PictureError for a blank picture.
    """
    digit = find_digit(grey, shape)
    rows, columns = grey.shape
    box = Box(0, 0, columns, rows)
    return DigitsFound((PlacedDigit(digit, box, 1, read(digit.image[None])[0]),))
