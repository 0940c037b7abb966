"""The width of a digit's strokes: measured, and brought to what it is in MNIST."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from mlp_cli.images.types import Ink, Mask
from mlp_cli.images.windows import odd, window_maximum

BOX = 80
"""pixels of the longer side of the digit's box while its strokes are worked on"""
DIGIT_SHARE = 20 / 28
"""of the image's side that the digit's box fills"""
STROKE_SHARE = 2.5 / 28
"""of the image's side: the mean width of strokes in MNIST, measured as here on 1,000 images"""
SOLID = 0.4
"""of the box: what is wider is no stroke but a blot or a picture, and keeps its width"""
DEEPEST = 20
"""pixels: a distance to the edge beyond this is that of a blot"""
FAINTEST = np.float32(0.35)
"""of the ink's level: fainter strokes than this stay fainter"""
REACH = BOX / 16
"""pixels around each that its brightness is compared with"""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Strokes:
    """A digit drawn large, its strokes as wide as MNIST's will be."""

    ink: Ink
    """0..1"""
    scale: float
    """image pixels per pixel here that make the digit's box the size it has in MNIST"""
    solid: bool
    """there are no strokes to speak of, and the width was left alone"""


def set_stroke_width(ink: Ink, shape: tuple[int, ...]) -> Strokes | None:
    """Return the digit with strokes that will be MNIST's in an image of this shape.

    A stroke of width w has its middle line in a box of B - w. Scaled by s, with the new width
    t laid around the middle line, it is to fill the box D that digits have:

        s (B - w) + t = D

    So s follows from w, and strokes grow or shrink by t / s - w, half of it at either side.

    ink: the digit's box, 0..1, with a margin or not.  Returns None where no ink is left.
    """
    mask = _box_of(enlarge(ink))
    if mask is None:
        return None
    inside = distance_to(~np.pad(mask, 1), DEEPEST)[1:-1, 1:-1] - 0.5
    width = max(1.0, stroke_width(inside, mask))
    solid = width > SOLID * max(mask.shape)
    target = STROKE_SHARE * min(shape)
    if solid:
        scale = min(DIGIT_SHARE * n / b for n, b in zip(shape, mask.shape, strict=True))
        return Strokes(mask.astype(np.float32), scale, solid)
    scale = min(
        (DIGIT_SHARE * n - target) / max(b - width, 1)
        for n, b in zip(shape, mask.shape, strict=True)
    )
    wanted = target / scale
    if wanted > width:
        return Strokes(thicken(mask, (wanted - width) / 2), scale, solid)
    return Strokes(thin(inside, mask, wanted / width, odd(width)), scale, solid)


def enlarge(ink: Ink) -> Ink:
    """Return a digit scaled so that its longer side is BOX, faint strokes brought to full strength.

    Every pixel is compared with the strongest around it; above a half of that, it is ink.
    """
    factor = BOX / max(ink.shape)
    rows, columns = (max(1, round(n * factor)) for n in ink.shape)
    how = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX
    large = np.asarray(Image.fromarray(ink).resize((columns, rows), how))
    strongest = window_maximum(large, odd(2 * REACH))
    strength: Ink = large / np.maximum(strongest, FAINTEST)
    return strength


def stroke_width(inside: Floats, mask: Mask) -> float:
    """Return the mean width of strokes, in pixels.

    Across a stroke of width w the distance to its edge rises from 0 to w / 2 and falls again:
    its mean is w / 4.

    inside: of every pixel of the mask, the distance to the edge.
    """
    return 4 * float(inside[mask].mean())


def thicken(mask: Mask, by: float) -> Ink:
    """Return the mask grown by this many pixels on all sides, with an edge one pixel soft."""
    reach = math.ceil(by) + 1
    wide = np.pad(mask, reach)
    grown: Ink = (np.float32(by + 1) - distance_to(wide, reach)).clip(0, 1)
    return grown


def thin(inside: Floats, mask: Mask, share: float, side: int) -> Ink:
    """Return the mask with every stroke narrowed to this share of its own width.

    Where strokes are thin little is taken away, so that none breaks: what stays is nearer to
    the middle line than `share`, the distance to the edge being largest there.
    """
    middle = window_maximum(np.where(mask, inside, 0), side)
    left: Ink = (inside - np.float32(1 - share) * middle + np.float32(0.5)).clip(0, 1) * mask
    return left


def distance_to(mask: Mask, reach: int) -> Floats:
    """Return the distance of every pixel to the nearest of a mask, `reach` + 1 at most.

    The square of it is the least of d^2 + k^2 over pixels k away in the row, d being the
    distance within their column.
    Source: P. Felzenszwalb and D. Huttenlocher, Theory of Computing 8 (2012), 415-428, eq. 1.
    """
    farthest = np.float32((reach + 1) ** 2)
    squares = np.where(mask, np.float32(0), farthest)
    for _ in range(2):
        # Columns first, and turned back by the second turn.
        lines = np.ascontiguousarray(squares.T)
        length = lines.shape[1]
        wide = np.full((len(lines), length + 2 * reach), farthest, np.float32)
        wide[:, reach : reach + length] = squares.T
        further = np.empty_like(lines)
        # From further away than all distances found so far, none gets less.
        for k in range(1, min(reach + 1, length, math.ceil(math.sqrt(lines.max())))):
            for start in (reach - k, reach + k):
                np.add(wide[:, start : start + length], np.float32(k * k), out=further)
                np.minimum(lines, further, out=lines)
        squares = lines
    return np.sqrt(squares)


def _box_of(strength: Ink) -> Mask | None:
    """Return what is ink of a digit drawn large, its box without a margin."""
    mask = strength > 0.5
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
