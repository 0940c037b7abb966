"""Split touching digits: find cuts through little ink, and the pieces that the network reads best."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.shapes import Shape, trimmed
from mlp_cli.images.types import Mask

WORKING_HEIGHT = 40
"""rows in which cuts are searched"""
CUT_STEP = 0.05
"""heights between the places where a cut is searched"""
LEAST_APART = 0.08
"""heights between two cuts"""
MOST_INK = 0.7
"""heights: a cut through more ink is none"""
STEP_COST, AWAY_COST, EMPTY_COST = 0.15, 3.0, 0.01
"""of a cut, in pixels of ink: a step to the side, each height away from its place, each row"""
NARROWEST, WIDEST, LOWEST = 0.05, 1.3, 0.45
"""heights: the size of a piece that may be a digit"""
CUT_PENALTY, INK_PENALTY = 0.13, 1.5
"""of a cut, and of each height of ink that it goes through, in units of a logarithm of certainty"""
WIDE, WIDE_PENALTY = 0.9, 1.2
LOW, LOW_PENALTY = 0.8, 0.8
NARROW, NARROW_PENALTY = 0.35, 1.0
"""heights, and the penalty of each height that a piece is wider, lower or narrower"""


class Piece(NamedTuple):
    """What lies between two cuts of a shape."""

    start: int
    end: int
    """the numbers of the cuts; 0 is the shape's left end"""
    shape: Shape


@dataclass(frozen=True)
class Cuts:
    """The places where a shape may be cut."""

    columns: npt.NDArray[np.int64]
    """(cuts, rows): the first column at the right of each cut"""
    ink: npt.NDArray[np.float64]
    """(cuts,): heights of ink that each cut goes through"""


def find_cuts(mask: Mask, height: float) -> Cuts:
    """Return the cheapest cuts from top to bottom, from the left.

    A cut may step to the side by one column in each row. Its cost is the ink on its way; around
    every place along the shape the cheapest is found by dynamic programming.

    height: of a digit, in pixels.
    """
    step = max(1, round(height / WORKING_HEIGHT))
    small = mask[::step, ::step]
    rows, columns = small.shape
    unit = height / step
    places = np.arange(unit * CUT_STEP * 2, columns - unit * CUT_STEP, max(1.0, unit * CUT_STEP))
    if not places.size or columns < 3:
        return Cuts(np.zeros((0, len(mask)), np.int64), np.zeros(0))
    away = np.abs(np.arange(columns) - places[:, None]) / unit * (AWAY_COST / WORKING_HEIGHT)
    cost = np.zeros((places.size, columns))
    came = np.zeros((rows, places.size, columns), np.int8)
    for row in range(rows):
        wide = np.pad(cost, ((0, 0), (1, 1)), constant_values=np.inf)
        options = np.stack([wide[:, 1:-1], wide[:, :-2] + STEP_COST, wide[:, 2:] + STEP_COST])
        best = options.argmin(axis=0)
        came[row] = np.array([0, -1, 1], np.int8)[best]
        cost = np.take_along_axis(options, best[None], 0)[0]
        cost += small[row] + EMPTY_COST + away * unit
    paths = np.zeros((places.size, rows), np.int64)
    number = np.arange(places.size)
    at = cost.argmin(axis=1)
    for row in range(rows - 1, -1, -1):
        paths[:, row] = at
        at = (at + came[row, number, at]).clip(0, columns - 1)
    ink = small[np.arange(rows), paths].sum(axis=1) / unit
    chosen: list[int] = []
    for k in np.argsort(cost.min(axis=1), kind="stable"):
        if ink[k] > MOST_INK:
            continue
        if all(np.abs(paths[k] - paths[n]).mean() >= LEAST_APART * unit for n in chosen):
            chosen.append(int(k))
    most = 4 + round(6 * columns / unit)
    chosen = sorted(chosen[:most], key=lambda k: float(paths[k].mean()))
    full = np.repeat(paths[chosen] * step, step, axis=1)[:, : len(mask)]
    return Cuts(full, ink[chosen])


def pieces_of(shape: Shape, cuts: Cuts, height: float) -> list[Piece]:
    """Return all pieces of a shape between two cuts, or a cut and an end, that may be a digit."""
    columns = np.arange(shape.box.width)
    ends = np.full((1, shape.box.height), shape.box.width)
    borders = np.concatenate([np.zeros_like(ends), cuts.columns, ends])
    pieces = []
    for start in range(len(borders) - 1):
        for end in range(start + 1, len(borders)):
            if start == 0 and end == len(borders) - 1:
                pieces.append(Piece(start, end, shape))
                continue
            between = (columns >= borders[start][:, None]) & (columns < borders[end][:, None])
            piece = trimmed(shape.mask & between, shape.box.left, shape.box.top)
            if piece is None or piece.box.height < LOWEST * height:
                continue
            if NARROWEST * height <= piece.box.width <= WIDEST * height:
                pieces.append(Piece(start, end, piece))
    return pieces


def best_pieces(
    pieces: list[Piece], certainty: npt.NDArray[np.float64], cuts: Cuts, height: float
) -> list[int]:
    """Return the numbers of the pieces, from the left, that the network is most certain of.

    certainty: for each piece, 0..1.
    """
    count = len(cuts.ink) + 2
    total = np.full(count, -np.inf)
    total[0] = 0
    last: list[int] = [-1] * count
    for k in sorted(range(len(pieces)), key=lambda k: pieces[k].end):
        start, end, shape = pieces[k]
        width, tall = shape.box.width / height, shape.box.height / height
        penalty = WIDE_PENALTY * max(0.0, width - WIDE)
        if end - start < count - 1:
            ink = sum(cuts.ink[n - 1] for n in (start, end) if 0 < n < count - 1)
            penalty += (CUT_PENALTY + INK_PENALTY * ink) / 2
            penalty += LOW_PENALTY * max(0.0, LOW - tall)
            penalty += NARROW_PENALTY * max(0.0, NARROW - width / tall)
        score = total[start] + np.log(max(certainty[k], 1e-3)) - penalty
        if score > total[end]:
            total[end], last[end] = score, k
    chosen: list[int] = []
    at = count - 1
    while at > 0:
        chosen.append(last[at])
        at = pieces[last[at]].start
    return chosen[::-1]
