"""The digit in a picture, step by step from grey levels to MNIST's form."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import PictureError
from mlp_cli.images.components import Choice, choose_digit
from mlp_cli.images.ground import find_ink
from mlp_cli.images.lines import remove_lines
from mlp_cli.images.placing import has_mnist_form, place
from mlp_cli.images.strokes import Strokes, set_stroke_width
from mlp_cli.images.threshold import Levels, find_levels
from mlp_cli.images.types import Grey, Ink, Mask

MIN_CONTRAST = 16.0
"""grey levels between the lightest and the darkest pixel of a picture that holds something"""
MIN_EXTENT = 1 / 64
"""of the picture's longer side: what is smaller is a speck, not a digit"""
FAINT = 0.12
"""of the possible contrast: weaker ink is worth a warning"""
COARSE = 12
"""pixels: the longer side of a digit that has lost its details"""
CLUTTERED = 0.5
"""of the ink: where the digit has less, the picture shows something else too"""


@dataclass(frozen=True)
class Digit:
    """What a picture was read as."""

    image: npt.NDArray[np.uint8]
    """in MNIST's form: (rows, columns), light on dark"""
    warnings: tuple[str, ...] = ()
    """what makes the reading doubtful"""


def normalise(grey: Grey, shape: tuple[int, ...] = (28, 28)) -> npt.NDArray[np.uint8]:
    """Return the digit of a picture in MNIST's form: (rows, columns), grey levels 0..255.

    Raises PictureError for a blank picture.
    """
    return find_digit(grey, shape).image


def find_digit(grey: Grey, shape: tuple[int, ...] = (28, 28)) -> Digit:
    """Return the digit of a picture in MNIST's form, with what makes it doubtful.

    A picture in this form already, light on black or black on white, is left as it is.

    grey: 0..255, of any size.  Raises PictureError for a blank picture.
    """
    grey = np.asarray(grey, np.float32)
    for levels_up in (grey, 255 - grey):
        if has_mnist_form(levels_up, shape):
            return Digit(levels_up.round().astype(np.uint8))
    if np.ptp(grey) < MIN_CONTRAST:
        raise _blank()
    ink = find_ink(grey)
    levels = find_levels(ink)
    if levels is None:
        raise _blank()
    ink, levels = remove_lines(ink, levels)
    choice = choose_digit(ink, ink > levels.growth, ink > levels.seed)
    if choice is None or choice.extent < MIN_EXTENT * max(grey.shape):
        raise _blank()
    strokes = set_stroke_width(cut(ink, choice, levels), shape)
    if strokes is None:
        raise _blank()
    return Digit(place(strokes.ink, strokes.scale, shape), _doubts(choice, levels, strokes))


def cut(ink: Ink, choice: Choice, levels: Levels) -> Ink:
    """Return the digit's box, one pixel wider for its soft edge: 0..1, 1 the level of its ink."""
    rows = slice(max(0, choice.top - 1), choice.bottom + 1)
    columns = slice(max(0, choice.left - 1), choice.right + 1)
    soft = widen(choice.mask[rows, columns])
    strength: Ink = (ink[rows, columns] / np.float32(levels.ink)).clip(0, 1) * soft
    return strength


def widen(mask: Mask) -> Mask:
    """Return a mask with the pixels to the left and right, above and below its own."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    return wide


def _blank() -> PictureError:
    return PictureError("blank, nothing stands out from its ground; expected a digit.")


def _doubts(choice: Choice, levels: Levels, strokes: Strokes) -> tuple[str, ...]:
    """Return what a reader of the answer should know of the picture."""
    doubts = []
    if choice.others:
        doubts.append(f"{choice.others + 1} digits side by side; only one is read")
    elif choice.share < CLUTTERED:
        doubts.append("much that is not the digit; it may be a picture of something else")
    if choice.at_border:
        doubts.append("the digit touches the picture's edge and may be cut off")
    if strokes.solid:
        doubts.append("no strokes but a solid shape; it may be a picture of something else")
    if levels.ink < FAINT:
        doubts.append("very faint ink")
    if choice.extent < COARSE:
        doubts.append(f"the digit is only {choice.extent} pixels large")
    return tuple(doubts)
