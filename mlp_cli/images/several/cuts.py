"""Find where touching digits may be cut: ways from top to bottom through little ink."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.images.types import Mask

CUT_STEP = 0.05
"""heights between the places where a cut is searched"""
LEAST_APART = 0.08
"""heights between two cuts"""
MOST_INK = 0.7
"""heights: a cut through more ink is none"""
STEP_COST, EMPTY_COST = 0.15, 0.01
"""pixels of ink that are as bad as a step to the side, or as one more row"""
AWAY_COST = 3.0
"""pixels of ink in each row that are as bad as to be one height away from the cut's place"""
MOST_CUTS = 6
"""for each height of a shape's width"""


@dataclass(frozen=True)
class Cuts:
    """The places where a shape may be cut, from the left."""

    columns: npt.NDArray[np.int64]
    """(cuts, rows): the first column at the right of each cut"""
    ink: npt.NDArray[np.float64]
    """(cuts,): heights of ink that each cut goes through"""


def find_cuts(mask: Mask, height: float) -> Cuts:
    """Return the cheapest cuts of a mask from top to bottom.

    A cut may step to the side by one column in each row. Its cost is the ink on its way; around
    every place along the shape the cheapest is found by dynamic programming.

    height: of a digit, in rows.
    """
    rows, columns = mask.shape
    step = max(1.0, height * CUT_STEP)
    places = np.arange(2 * step, columns - step, step)
    if not places.size or columns < 3:
        return Cuts(np.zeros((0, rows), np.int64), np.zeros(0))
    # (places, columns)
    away = np.abs(np.arange(columns) - places[:, None]) / height * AWAY_COST + EMPTY_COST
    cost = np.zeros((places.size, columns))
    came = np.zeros((rows, places.size, columns), np.int8)
    for row in range(rows):
        best = cost.copy()
        for move, to, of in ((-1, np.s_[:, 1:], np.s_[:, :-1]), (1, np.s_[:, :-1], np.s_[:, 1:])):
            stepped = cost[of] + STEP_COST
            better = stepped < best[to]
            best[to] = np.where(better, stepped, best[to])
            came[row][to] = np.where(better, np.int8(move), came[row][to])
        cost = best + mask[row] + away
    at = cost.argmin(axis=1)
    paths = np.zeros((places.size, rows), np.int64)
    number = np.arange(places.size)
    for row in range(rows - 1, -1, -1):
        paths[:, row] = at
        at = at + came[row, number, at]
    ink = mask[np.arange(rows), paths].sum(axis=1) / height
    chosen = _cheapest(paths, ink, cost.min(axis=1), LEAST_APART * height)
    chosen = chosen[: 4 + round(MOST_CUTS * columns / height)]
    chosen.sort(key=lambda k: float(paths[k].mean()))
    return Cuts(paths[chosen], ink[chosen])


def _cheapest(
    paths: npt.NDArray[np.int64],
    ink: npt.NDArray[np.float64],
    cost: npt.NDArray[np.float64],
    apart: float,
) -> list[int]:
    """Return the numbers of the paths, the cheapest first, none close to a cheaper one."""
    chosen: list[int] = []
    for k in np.argsort(cost, kind="stable"):
        if ink[k] <= MOST_INK and not (
            chosen and np.abs(paths[chosen] - paths[k]).mean(axis=1).min() < apart
        ):
            chosen.append(int(k))
    return chosen
