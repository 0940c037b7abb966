"""Split touching digits: all pieces between two cuts, and the best way through them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from mlp_cli.images.placing import place
from mlp_cli.images.several.contacts import WORKING_HEIGHT, cutting_cost
from mlp_cli.images.several.cuts import between, find_cuts
from mlp_cli.images.several.shapes import Page, Shape, piece_of, strength_of
from mlp_cli.images.several.types import ReadImages
from mlp_cli.images.several.wholes import Window, halved, window_of
from mlp_cli.images.strokes import (
    DIGIT_FRACTION,
    STROKE_FRACTION,
    distance_to,
    stroke_width,
    thicken,
    thin,
)
from mlp_cli.images.types import Ink, Mask
from mlp_cli.images.windows import odd

NARROWEST, WIDEST, LOWEST = 0.1, 1.3, 0.45
"""heights: the size of a piece that may be a digit"""


class CutPiece(NamedTuple):
    """What lies between two cuts of a shape."""

    start: int
    end: int
    """the numbers of the cuts; 0 is the shape's left end"""
    image: npt.NDArray[np.uint8]
    """in MNIST's form, but for small differences in the width of strokes"""
    window: Window
    """for the network that knows whole digits"""


@dataclass(frozen=True)
class Splitting:
    """A shape, and the pieces that it may be split into."""

    shape: Shape
    cuts: npt.NDArray[np.int64]
    """(cuts, rows): the first column at the right of each cut"""
    factor: float
    """rows of the cuts for each of the shape"""
    pieces: list[CutPiece]

    def is_all(self, piece: CutPiece) -> bool:
        """Return whether a piece is the whole shape."""
        return piece.end - piece.start == len(self.cuts) + 1

    def best(self, score: npt.NDArray[np.floating]) -> list[Shape]:
        """Return the pieces from left to right, as shapes, whose scores have the largest sum.

        They lead from the first to the last cut: one piece or several.

        score: of each piece, the logarithm of a probability.
        """
        last = len(self.cuts) + 1
        total = np.full(last + 1, -np.inf)
        total[0] = 0
        through = [-1] * (last + 1)
        for k in sorted(range(len(self.pieces)), key=lambda k: self.pieces[k].end):
            piece = self.pieces[k]
            if total[piece.start] + score[k] > total[piece.end]:
                total[piece.end], through[piece.end] = total[piece.start] + score[k], k
        shapes: list[Shape] = []
        at = last
        while at > 0 and through[at] >= 0:
            piece = self.pieces[through[at]]
            shapes.append(self._cut_out(piece))
            at = piece.start
        return shapes[::-1] if at == 0 else [self.shape]

    def _cut_out(self, piece: CutPiece) -> Shape:
        """Return a piece in the pixels of the picture."""
        if self.is_all(piece):
            return self.shape
        box = self.shape.box
        rows = ((np.arange(box.height) + 0.5) * self.factor).astype(np.int64)
        rows = rows.clip(0, self.cuts.shape[1] - 1)
        columns = (np.arange(box.width) + 0.5) * self.factor
        inside = between(self.cuts[:, rows], piece.start, piece.end, columns)
        return piece_of(self.shape, inside) or self.shape


def split(
    page: Page,
    shape: Shape,
    height: float,
    image_shape: tuple[int, ...],
    contacts: ReadImages,
) -> Splitting:
    """Return the ways to split a shape.

    Its strokes get MNIST's width once, as of digits of this height; pieces are only placed.

    height: of a digit, in pixels.  contacts: the network that knows where digits touch.
    """
    factor = WORKING_HEIGHT / height
    mask = working_mask(page, shape, factor)
    columns = mask.shape[1]
    cuts = find_cuts(cutting_cost(mask, contacts), WORKING_HEIGHT)
    ink, margin = _with_usual_strokes(mask)
    edges = np.arange(-margin, columns + margin)
    count = len(cuts)
    shape_ink = halved(ink)
    # The margin above and below belongs to the first and the last row.
    paths = np.pad(cuts, ((0, 0), (margin, margin)), mode="edge")
    pieces = []
    for start in range(count + 1):
        for end in range(start + 1, count + 2):
            piece = ink * between(paths, start, end, edges)
            is_whole = end - start == count + 1
            image = _image_of(piece, is_whole, image_shape)
            if image is not None:
                window = window_of(halved(piece), shape_ink)
                pieces.append(CutPiece(start, end, image, window))
            elif not is_whole and _width(piece > 0.5) > WIDEST * WORKING_HEIGHT:
                break
    return Splitting(shape, cuts, factor, pieces)


def working_mask(page: Page, shape: Shape, factor: float) -> Mask:
    """Return a shape's ink in another size.  factor: new pixels for each of the picture."""
    rows, columns = (max(1, round(n * factor)) for n in shape.mask.shape)
    how = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX
    strength = Image.fromarray(strength_of(page, shape, 0))
    mask: Mask = np.asarray(strength.resize((columns, rows), how)) > 0.5
    return mask


def _image_of(
    ink: Ink, is_whole: bool, image_shape: tuple[int, ...]
) -> npt.NDArray[np.uint8] | None:
    """Return the image of a piece with this ink, or None where it cannot be a digit by its size."""
    mask = ink > 0.5
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    height, width = (bottom - top) / WORKING_HEIGHT, (right - left) / WORKING_HEIGHT
    if not is_whole and not (height >= LOWEST and NARROWEST <= width <= WIDEST):
        return None
    scale = min(
        DIGIT_FRACTION * n / side
        for n, side in zip(image_shape, (bottom - top, right - left), strict=True)
    )
    return place(ink[top:bottom, left:right], scale, image_shape)


def _width(mask: Mask) -> int:
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[-1] + 1 - columns[0]) if columns.size else 0


def _with_usual_strokes(mask: Mask) -> tuple[Ink, int]:
    """Return the mask with strokes as wide as in MNIST, and the margin added around it."""
    reach = WORKING_HEIGHT // 4
    inside = distance_to(~np.pad(mask, 1), reach)[1:-1, 1:-1] - 0.5
    width = max(1.0, stroke_width(inside, mask)) if mask.any() else 1.0
    wanted = STROKE_FRACTION / DIGIT_FRACTION * WORKING_HEIGHT
    if wanted > width:
        ink = thicken(mask, (wanted - width) / 2)
        return ink, (ink.shape[0] - mask.shape[0]) // 2
    return thin(inside, mask, wanted / width, odd(width)), 0
