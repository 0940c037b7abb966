"""Split touching digits: of all pieces between two cuts, choose those that are read best."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from mlp_cli.images.placing import place
from mlp_cli.images.several.cuts import Cuts, find_cuts
from mlp_cli.images.several.shapes import Page, Shape, strength_of, trimmed
from mlp_cli.images.strokes import (
    DIGIT_FRACTION,
    STROKE_FRACTION,
    distance_to,
    stroke_width,
    thicken,
    thin,
)
from mlp_cli.images.types import Ink
from mlp_cli.images.windows import odd

WORKING_HEIGHT = 40
"""rows of a digit while its cuts are searched and its pieces are compared"""
NARROWEST, WIDEST, LOWEST = 0.1, 1.3, 0.45
"""heights: the size of a piece that may be a digit"""
INK_PENALTY = 0.9
"""of a cut, for the square of the heights of ink that it goes through, in units of a logarithm of
certainty"""
WIDE, WIDE_PENALTY = 0.9, 0.9
LOW, LOW_PENALTY = 0.8, 1.7
"""heights, and the penalty of each height that a piece is wider or lower"""


class CutPiece(NamedTuple):
    """What lies between two cuts of a shape."""

    start: int
    end: int
    """the numbers of the cuts; 0 is the shape's left end"""
    width: float
    height: float
    """heights of a digit"""
    image: npt.NDArray[np.uint8]
    """in MNIST's form, but for small differences in the width of strokes"""


@dataclass(frozen=True)
class Splitting:
    """A shape, and the pieces that it may be split into."""

    shape: Shape
    cuts: Cuts
    factor: float
    """rows of the cuts for each of the shape"""
    pieces: list[CutPiece]

    def chosen(
        self, certainty: npt.NDArray[np.floating], of_whole: float, against: float
    ) -> list[Shape]:
        """Return the pieces from left to right that the network is most certain of, as shapes.

        It is the way from the first to the last cut with the largest sum of the logarithms of
        certainty, less penalties: one piece or several.

        certainty: 0..1, of each piece.  of_whole: that of the shape itself, more exactly.
        against: the penalty of every piece but the whole.
        """
        last = len(self.cuts.ink) + 1
        total = np.full(last + 1, -np.inf)
        total[0] = 0
        through = [-1] * (last + 1)
        for k in sorted(range(len(self.pieces)), key=lambda k: self.pieces[k].end):
            piece = self.pieces[k]
            is_whole = piece.end - piece.start == last
            sure = of_whole if is_whole else certainty[k]
            score = total[piece.start] + np.log(max(sure, 1e-3)) - self._penalty(piece)
            score -= 0 if is_whole else against
            if score > total[piece.end]:
                total[piece.end], through[piece.end] = score, k
        shapes: list[Shape] = []
        at = last
        while at > 0 and through[at] >= 0:
            piece = self.pieces[through[at]]
            shapes.append(self._cut_out(piece))
            at = piece.start
        return shapes[::-1] if at == 0 else [self.shape]

    def _penalty(self, piece: CutPiece) -> float:
        last = len(self.cuts.ink) + 1
        penalty = WIDE_PENALTY * max(0.0, piece.width - WIDE)
        if piece.end - piece.start < last:
            ends = [n for n in (piece.start, piece.end) if 0 < n < last]
            penalty += INK_PENALTY * float((self.cuts.ink[np.array(ends) - 1] ** 2).sum()) / 2
            penalty += LOW_PENALTY * max(0.0, LOW - piece.height)
        return float(penalty)

    def _cut_out(self, piece: CutPiece) -> Shape:
        """Return a piece in the pixels of the picture."""
        last = len(self.cuts.ink) + 1
        if piece.end - piece.start == last:
            return self.shape
        box, mask = self.shape.box, self.shape.mask
        rows = ((np.arange(box.height) + 0.5) * self.factor).astype(np.int64)
        rows = rows.clip(0, self.cuts.columns.shape[1] - 1)
        columns = (np.arange(box.width) + 0.5) * self.factor
        between = np.ones_like(mask)
        if piece.start > 0:
            between &= columns >= self.cuts.columns[piece.start - 1][rows][:, None]
        if piece.end < last:
            between &= columns < self.cuts.columns[piece.end - 1][rows][:, None]
        return trimmed(mask & between, box.left, box.top) or self.shape


def split(page: Page, shape: Shape, height: float, image_shape: tuple[int, ...]) -> Splitting:
    """Return the ways to split a shape.

    Its strokes get MNIST's width once, as of digits of this height; pieces are only placed.

    height: of a digit, in pixels.
    """
    factor = WORKING_HEIGHT / height
    rows, columns = (max(1, round(n * factor)) for n in shape.mask.shape)
    strength = strength_of(page, shape, 0)
    how = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX
    mask = np.asarray(Image.fromarray(strength).resize((columns, rows), how)) > 0.5
    cuts = find_cuts(mask, WORKING_HEIGHT)
    ink, margin = _with_usual_strokes(mask)
    edges = np.arange(-margin, columns + margin)
    count = len(cuts.ink)
    # The margin above and below belongs to the first and the last row.
    paths = np.pad(cuts.columns, ((0, 0), (margin, margin)), mode="edge") if count else cuts.columns
    pieces = []
    for start in range(count + 1):
        for end in range(start + 1, count + 2):
            between = np.ones(ink.shape, np.bool_)
            if start:
                between &= edges >= paths[start - 1][:, None]
            if end <= count:
                between &= edges < paths[end - 1][:, None]
            is_whole = end - start == count + 1
            piece = _piece(ink * between, start, end, is_whole, image_shape)
            if piece is not None:
                pieces.append(piece)
            elif not is_whole and _width(between & (ink > 0.5)) > WIDEST * WORKING_HEIGHT:
                break
    return Splitting(shape, cuts, factor, pieces)


def _piece(
    ink: Ink, start: int, end: int, is_whole: bool, image_shape: tuple[int, ...]
) -> CutPiece | None:
    """Return a piece with this ink, or None where it cannot be a digit by its size."""
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
    image = place(ink[top:bottom, left:right], scale, image_shape)
    return CutPiece(start, end, width, height, image)


def _width(mask: npt.NDArray[np.bool_]) -> int:
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[-1] + 1 - columns[0]) if columns.size else 0


def _with_usual_strokes(mask: npt.NDArray[np.bool_]) -> tuple[Ink, int]:
    """Return the mask with strokes as wide as in MNIST, and the margin added around it."""
    reach = WORKING_HEIGHT // 4
    inside = distance_to(~np.pad(mask, 1), reach)[1:-1, 1:-1] - 0.5
    width = max(1.0, stroke_width(inside, mask)) if mask.any() else 1.0
    wanted = STROKE_FRACTION / DIGIT_FRACTION * WORKING_HEIGHT
    if wanted > width:
        ink = thicken(mask, (wanted - width) / 2)
        return ink, (ink.shape[0] - mask.shape[0]) // 2
    return thin(inside, mask, wanted / width, odd(width)), 0
