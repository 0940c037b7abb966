"""Measure the width of a digit's strokes, and change it to that of MNIST's."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from mlp_cli.images.types import Ink, Mask
from mlp_cli.images.windows import odd, window_maximum

WORKING_SIDE = 80
"""pixels of the longer side of the digit's box while its strokes are changed"""
DIGIT_FRACTION = 20 / 28
"""the longer side of the digit's box, as a fraction of the image's side"""
STROKE_FRACTION = 2.5 / 28
"""the mean width of MNIST's strokes as a fraction of the image's side, measured by `stroke_width`
on 1,000 images"""
SOLID_WIDTH = 0.4
"""fraction of the box: a wider shape is a blot or a picture, not a stroke, and keeps its width"""
MOST_EDGE_DISTANCE = 20
"""pixels: a blot's distances to the edge are longer, and are not measured"""
LEAST_STRENGTH = np.float32(0.35)
"""fraction of the ink's level: fainter strokes are not brought to full strength"""
COMPARED_REACH = WORKING_SIDE / 16
"""pixels in each direction with which a pixel's strength is compared"""

Distances = npt.NDArray[np.float32]
"""pixels: (rows, columns)"""


@dataclass(frozen=True)
class Strokes:
    """A digit drawn large, whose strokes will have MNIST's width once it is scaled."""

    ink: Ink
    """0..1"""
    scale: float
    """image pixels per pixel here: the digit's box gets the size it has in MNIST"""
    solid: bool
    """the shape has no strokes, and its width was left unchanged"""


def set_stroke_width(ink: Ink, shape: tuple[int, ...]) -> Strokes | None:
    """Return the digit with strokes that will have MNIST's width in an image of this shape.

    The middle line of a stroke of width w fills a box of B - w. Scaled by s, and with the new
    width t around the middle line, it has to fill the box D that MNIST's digits have:

        s (B - w) + t = D

    So s follows from w, and strokes grow or shrink by t / s - w, half of it on either side.

    ink: the digit's box, 0..1, with or without a margin.  Returns None where no ink is left.
    """
    mask = _box_of(enlarge(ink))
    if mask is None:
        return None
    inside = distance_to(~np.pad(mask, 1), MOST_EDGE_DISTANCE)[1:-1, 1:-1] - 0.5
    width = max(1.0, stroke_width(inside, mask))
    solid = width > SOLID_WIDTH * max(mask.shape)
    target = STROKE_FRACTION * min(shape)
    if solid:
        scale = min(DIGIT_FRACTION * n / b for n, b in zip(shape, mask.shape, strict=True))
        return Strokes(mask.astype(np.float32), scale, solid)
    scale = min(
        (DIGIT_FRACTION * n - target) / max(b - width, 1)
        for n, b in zip(shape, mask.shape, strict=True)
    )
    wanted = target / scale
    if wanted > width:
        return Strokes(thicken(mask, (wanted - width) / 2), scale, solid)
    return Strokes(thin(inside, mask, wanted / width, odd(width)), scale, solid)


def enlarge(ink: Ink) -> Ink:
    """Return a digit with a longer side of WORKING_SIDE, and faint strokes at full strength.

    Every pixel is divided by the strongest one around it; above one half, it is ink.
    """
    factor = WORKING_SIDE / max(ink.shape)
    rows, columns = (max(1, round(n * factor)) for n in ink.shape)
    how = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX
    large = np.asarray(Image.fromarray(ink).resize((columns, rows), how))
    strongest = window_maximum(large, odd(2 * COMPARED_REACH))
    strength: Ink = large / np.maximum(strongest, LEAST_STRENGTH)
    return strength


def stroke_width(inside: Distances, mask: Mask) -> float:
    """Return the mean width of strokes, in pixels.

    Across a stroke of width w the distance to its edge rises from 0 to w / 2 and falls again, so
    its mean is w / 4.

    inside: the distance of every pixel of the mask to the edge.
    """
    return 4 * float(inside[mask].mean())


def thicken(mask: Mask, by: float) -> Ink:
    """Return the mask grown by this many pixels on all sides, with a soft edge of one pixel."""
    reach = math.ceil(by) + 1
    wide = np.pad(mask, reach)
    grown: Ink = (np.float32(by + 1) - distance_to(wide, reach)).clip(0, 1)
    return grown


def thin(inside: Distances, mask: Mask, fraction: float, side: int) -> Ink:
    """Return the mask with every stroke narrowed to this fraction of its own width.

    Thin strokes lose little, so that none breaks: a pixel stays where its distance to the edge is
    at least 1 - fraction of the distance on the middle line.
    """
    middle = window_maximum(np.where(mask, inside, 0), side)
    left: Ink = (inside - np.float32(1 - fraction) * middle + np.float32(0.5)).clip(0, 1) * mask
    return left


def distance_to(mask: Mask, reach: int) -> Distances:
    """Return the distance of every pixel to the nearest pixel of a mask, at most `reach` + 1.

    Its square is the least of d^2 + k^2 over the pixels k away in the same row, where d is such a
    pixel's distance within its column.
    Source: P. Felzenszwalb and D. Huttenlocher, Theory of Computing 8 (2012), 415-428, eq. 1.
    """
    farthest = np.float32((reach + 1) ** 2)
    squares = np.where(mask, np.float32(0), farthest)
    for _ in range(2):
        # First along columns, then along rows: each pass transposes.
        lines = np.ascontiguousarray(squares.T)
        length = lines.shape[1]
        wide = np.full((len(lines), length + 2 * reach), farthest, np.float32)
        wide[:, reach : reach + length] = squares.T
        further = np.empty_like(lines)
        # No pixel further away than the largest distance so far can lower any.
        for k in range(1, min(reach + 1, length, math.ceil(math.sqrt(lines.max())))):
            for start in (reach - k, reach + k):
                np.add(wide[:, start : start + length], np.float32(k * k), out=further)
                np.minimum(lines, further, out=lines)
        squares = lines
    return np.sqrt(squares)


def _box_of(strength: Ink) -> Mask | None:
    """Return the ink pixels of a digit drawn large, cut to their box; None without ink."""
    mask = strength > 0.5
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
