"""Find the digit in a picture, step by step from grey levels to MNIST's form."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import DataError, PictureError, ShapeError
from mlp_cli.images.components import ChosenParts, Parts, choose_digit, find_parts
from mlp_cli.images.enclosures import find_enclosures, inside_of, touches_frame
from mlp_cli.images.ground import find_ink
from mlp_cli.images.lines import above_mesh, remove_lines, thickened
from mlp_cli.images.placing import has_mnist_form, place
from mlp_cli.images.strokes import Strokes, set_stroke_width
from mlp_cli.images.threshold import Levels, find_levels
from mlp_cli.images.types import Grey, Ink, Mask

MIN_CONTRAST = 16.0
"""grey levels between the lightest and the darkest pixel; a picture with less is blank"""
MIN_EXTENT = 1 / 64
"""fraction of the picture's longer side: a smaller part is a speck, not a digit"""
FAINT_INK = 0.12
"""fraction of the possible contrast: weaker ink deserves a warning"""
COARSE_EXTENT = 12
"""pixels: a digit whose longer side is shorter has lost its details"""
MOST_NESTED = 4
"""frames and cards in each other that are opened"""
LEAST_OF_INK = 0.5
"""fraction of the ink: where the digit has less, the picture shows something else too"""

AT_EDGE = "at the picture's edge, perhaps cut off"


@dataclass(frozen=True)
class Digit:
    """The digit that was found in a picture."""

    image: npt.NDArray[np.uint8]
    """(rows, columns), light on dark, in MNIST's form"""
    warnings: tuple[str, ...] = ()
    """reasons to doubt the reading"""

    def doubted(self, *doubts: str) -> "Digit":
        """Return the digit with further reasons to doubt the reading."""
        return replace(self, warnings=(*self.warnings, *doubts))


def normalise(grey: Grey, shape: tuple[int, ...] = (28, 28)) -> npt.NDArray[np.uint8]:
    """Return the digit of a picture in MNIST's form: (rows, columns), grey levels 0..255.

    grey: 0..255, of any size.  shape: rows and columns of the result.
    Raises PictureError for a blank picture; ShapeError or DataError for what is no picture.
    """
    return find_digit(_check_grey(grey), shape).image


def _check_grey(grey: npt.ArrayLike) -> Grey:
    """Return grey levels from outside as an array. Raises ShapeError or DataError for others."""
    array = np.asarray(grey)
    if array.ndim != 2 or not array.size:
        raise ShapeError(f"grey: shape {array.shape}, expected (rows, columns).")
    if array.dtype.kind not in "uif":
        raise DataError(f"grey: {array.dtype}, expected numbers from 0 to 255.")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):  # not a number is neither
        raise DataError(f"grey: from {low:.6g} to {high:.6g}, expected grey levels from 0 to 255.")
    if array.dtype.kind == "f" and 0 < high <= 1:
        raise DataError("grey: floats up to 1, expected grey levels from 0 to 255: 255 * grey")
    return array.astype(np.float32, copy=False)


def find_digit(grey: Grey, shape: tuple[int, ...] = (28, 28)) -> Digit:
    """Return the digit of a picture in MNIST's form, with reasons to doubt it.

    A picture that has this form already, light on black or black on white, is left unchanged.

    grey: 0..255, of any size.  Raises PictureError for a blank picture.
    """
    grey = np.asarray(grey, np.float32)
    for levels_up in (grey, 255 - grey):
        if has_mnist_form(levels_up, shape):
            return Digit(levels_up.round().astype(np.uint8))
    if np.ptp(grey) < MIN_CONTRAST:
        raise blank()
    found = _look(grey)
    if found is None:
        raise blank()
    for _ in range(MOST_NESTED):
        deeper = _go_inside(grey, found)
        if deeper is None:
            break
        grey, found = deeper
    choice, levels = found.choice, found.levels
    strokes = set_stroke_width(cut(found.ink, choice, levels), shape)
    if strokes is None:
        raise blank()
    return Digit(place(strokes.ink, strokes.scale, shape), _doubts(found, strokes))


@dataclass(frozen=True)
class _Found:
    """What is found in a picture, or inside a frame or card of it."""

    ink: Ink
    levels: Levels
    parts: Parts
    seeds: Mask
    choice: ChosenParts


def _look(grey: Grey, kept: Mask | None = None) -> _Found | None:
    """Return what is found in a picture, or None where it is blank.

    kept: where the picture is more than the edge of its paper.
    """
    ink = find_ink(grey)
    if kept is not None:
        ink = np.where(kept, ink, np.float32(0))
    levels = find_levels(ink)
    if levels is None:
        return None
    ink, levels = remove_lines(ink, levels)
    parts, seeds = find_parts(ink > levels.growth), ink > levels.seed
    choice = choose_digit(ink, parts, seeds)
    if choice and choice.at_border and (pen := above_mesh(ink, levels, parts, choice.main)):
        mesh = levels, parts, seeds, choice
        levels, parts, seeds = pen, find_parts(ink > pen.growth), ink > pen.seed
        choice = choose_digit(ink, parts, seeds)
        if choice is None or choice.at_border:
            levels, parts, seeds, choice = mesh
    if choice is None or choice.extent < MIN_EXTENT * max(grey.shape):
        return None
    return _Found(ink, levels, parts, seeds, choice)


def _go_inside(grey: Grey, found: _Found) -> tuple[Grey, _Found] | None:
    """Return the inside of what encloses the digit, or None where nothing does."""
    parts, main = found.parts, found.choice.main
    for enclosure in find_enclosures(parts, found.seeds):
        rows, columns = enclosure.box
        holds = rows.start <= parts.top[main] and parts.bottom[main] <= rows.stop
        holds &= columns.start <= parts.left[main] and parts.right[main] <= columns.stop
        if enclosure.number != main and not holds:
            continue
        inside, kept = inside_of(grey, enclosure)
        if min(inside.shape) >= COARSE_EXTENT and np.ptp(inside) >= MIN_CONTRAST:
            deeper = _look(inside, kept)
            if deeper is not None:
                return inside, deeper
    return None


def cut(ink: Ink, choice: ChosenParts, levels: Levels) -> Ink:
    """Return the digit's box, one pixel wider for its soft edge: 0..1, 1 at the ink's level."""
    rows = slice(max(0, choice.top - 1), choice.bottom + 1)
    columns = slice(max(0, choice.left - 1), choice.right + 1)
    soft = widen(choice.mask[rows, columns])
    strength: Ink = (ink[rows, columns] / np.float32(levels.ink)).clip(0, 1) * soft
    return strength


def widen(mask: Mask) -> Mask:
    """Return a mask with the neighbours of its pixels added: left, right, above and below."""
    wide = thickened(mask)
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    return wide


def blank() -> PictureError:
    """Return the error of a picture that shows nothing."""
    return PictureError("blank: nothing stands out from the background, expected a digit.")


def _doubts(found: _Found, strokes: Strokes) -> tuple[str, ...]:
    """Return the reasons to doubt a reading, each as a clause."""
    doubts, choice, levels = [], found.choice, found.levels
    if choice.others:
        doubts.append(f"{choice.others + 1} digits; only one is read; mlp predict --all reads all")
    elif choice.fraction < LEAST_OF_INK:
        doubts.append("most of the ink is not the digit; it may be a picture of something else")
    if choice.at_border:
        doubts.append(AT_EDGE)
    if touches_frame(found.parts, choice.main):
        doubts.append("the digit may touch a frame around it")
    if strokes.solid:
        doubts.append("a solid shape without strokes; it may be a picture of something else")
    if levels.ink < FAINT_INK:
        doubts.append("very faint ink")
    if choice.extent < COARSE_EXTENT:
        doubts.append(f"the digit is only {choice.extent} pixels large")
    return tuple(doubts)
