"""A shape is what may be one digit: a part of the picture's ink, or several, or a piece of one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.images.components import Parts
from mlp_cli.images.digit import widen
from mlp_cli.images.placing import place
from mlp_cli.images.several.types import Box
from mlp_cli.images.strokes import set_stroke_width
from mlp_cli.images.threshold import Levels
from mlp_cli.images.types import IndexArray, Ink, Mask


@dataclass(frozen=True)
class Page:
    """A picture without the lines of its paper."""

    ink: Ink
    levels: Levels
    mask: Mask
    """the pixels that are ink"""


@dataclass(frozen=True)
class Shape:
    """What may be one digit."""

    box: Box
    mask: Mask
    """its pixels, (box.height, box.width)"""
    whole: "Shape | None" = None
    """the shape that it was cut from, where it is a piece"""

    @property
    def is_cut(self) -> bool:
        """Whether it is a piece of a larger shape."""
        return self.whole is not None

    @property
    def middle(self) -> tuple[float, float]:
        """The column and the row of the middle of its box."""
        return (self.box.left + self.box.right) / 2, (self.box.top + self.box.bottom) / 2

    @property
    def area(self) -> int:
        """The number of its pixels."""
        return int(np.count_nonzero(self.mask))


@dataclass(frozen=True)
class Candidate:
    """A shape in MNIST's form."""

    image: npt.NDArray[np.uint8]
    solid: bool
    """it has no strokes"""


def shapes_of(parts: Parts, numbers: IndexArray) -> list[Shape]:
    """Return each of these parts as a shape."""
    owner = np.full(parts.shape, -1, np.int32)
    owner.ravel()[parts.pixels] = parts.owner
    shapes = []
    for k in numbers:
        box = Box(*(int(side[k]) for side in (parts.left, parts.top, parts.right, parts.bottom)))
        mask = owner[box.top : box.bottom, box.left : box.right] == k
        shapes.append(Shape(box, mask))
    return shapes


def union(shapes: list[Shape]) -> Shape:
    """Return these shapes as one."""
    if len(shapes) == 1:
        return shapes[0]
    box = Box(
        min(shape.box.left for shape in shapes),
        min(shape.box.top for shape in shapes),
        max(shape.box.right for shape in shapes),
        max(shape.box.bottom for shape in shapes),
    )
    mask = np.zeros((box.height, box.width), np.bool_)
    for shape in shapes:
        rows = slice(shape.box.top - box.top, shape.box.bottom - box.top)
        columns = slice(shape.box.left - box.left, shape.box.right - box.left)
        mask[rows, columns] |= shape.mask
    return Shape(box, mask)


def piece_of(whole: Shape, inside: Mask) -> Shape | None:
    """Return the piece of a shape within a mask of its box, or None where no ink is."""
    mask = whole.mask & inside
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    inner = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    left, top = whole.box.left, whole.box.top
    ends = (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
    return Shape(Box(*map(int, ends)), mask[inner], whole)


def normalised(page: Page, shape: Shape, image_shape: tuple[int, ...]) -> Candidate:
    """Return a shape in MNIST's form, by the steps of a digit that is alone in its picture.

    A shape without ink, such as the lost end of a stroke, is black.
    """
    strokes = set_stroke_width(strength_of(page, shape), image_shape)
    if strokes is None:
        return Candidate(np.zeros(image_shape, np.uint8), solid=True)
    return Candidate(place(strokes.ink, strokes.scale, image_shape), strokes.solid)


def strength_of(page: Page, shape: Shape, margin: int = 1) -> Ink:
    """Return a shape's ink, 0..1, in its box and a margin of 0 or 1 pixels.

    Its soft edge counts where no other ink is.
    """
    box = shape.box
    top, left = max(0, box.top - margin), max(0, box.left - margin)
    inner = np.s_[top : box.bottom + margin, left : box.right + margin]
    ink = page.ink[inner]
    mask = np.zeros(ink.shape, np.bool_)
    rows = slice(box.top - top, box.bottom - top)
    mask[rows, box.left - left : box.right - left] = shape.mask
    soft = widen(mask) & ~(page.mask[inner] & ~mask)
    strength: Ink = (ink / np.float32(page.levels.ink)).clip(0, 1) * soft
    return strength
