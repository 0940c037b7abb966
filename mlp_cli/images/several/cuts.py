"""Find where touching digits may be cut: ways from top to bottom, along their contacts."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.contacts import Costs
from mlp_cli.images.types import Mask

CUT_STEP = 0.05
"""heights between the places where a cut is searched"""
LEAST_APART = 0.06
"""heights between two cuts"""
STEP_COST, ROW_COST = 0.03, 0.01
"""of a step to the side, and of each row: a pixel that is surely no contact costs 1"""
AWAY_COST = 0.6
"""in each row, of being one height away from the cut's place"""
MOST_CUTS = 8
"""for each height of a shape's width"""


def find_cuts(costs: Costs, height: float) -> npt.NDArray[np.int64]:
    """Return the cheapest cuts of a shape, from the left: (cuts, rows).

    A cut leads from top to bottom, and may step to the side by one column in each row. It is the
    first column at its right. Its cost is that of the pixels on its way; around every place along
    the shape the cheapest is found by dynamic programming.

    costs: of each pixel of the shape, (rows, columns), 0 for those that are no ink.
    height: of a digit, in rows.
    """
    rows, columns = costs.shape
    step = max(1.0, height * CUT_STEP)
    places = np.arange(2 * step, columns - step, step)
    if not places.size or columns < 3:
        return np.zeros((0, rows), np.int64)
    # (places, columns)
    away = np.abs(np.arange(columns) - places[:, None]) / height * AWAY_COST + ROW_COST
    cost = np.zeros((places.size, columns))
    came = np.zeros((rows, places.size, columns), np.int8)
    for row in range(rows):
        best = cost.copy()
        for move, to, of in ((-1, np.s_[:, 1:], np.s_[:, :-1]), (1, np.s_[:, :-1], np.s_[:, 1:])):
            stepped = cost[of] + STEP_COST
            better = stepped < best[to]
            best[to] = np.where(better, stepped, best[to])
            came[row][to] = np.where(better, np.int8(move), came[row][to])
        cost = best + costs[row] + away
    at = cost.argmin(axis=1)
    paths = np.zeros((places.size, rows), np.int64)
    number = np.arange(places.size)
    for row in range(rows - 1, -1, -1):
        paths[:, row] = at
        at = at + came[row, number, at]
    chosen = _cheapest(paths, cost.min(axis=1), LEAST_APART * height)
    chosen = chosen[: 4 + round(MOST_CUTS * columns / height)]
    chosen.sort(key=lambda k: float(paths[k].mean()))
    return paths[chosen]


def between(cuts: npt.NDArray[np.int64], start: int, end: int, columns: npt.NDArray[Any]) -> Mask:
    """Return which places are between two cuts, (rows, columns).

    start, end: the numbers of the cuts; 0 is the left end, and the number after the last one the
    right end.  columns: of the places, on the scale of the cuts.
    """
    inside = np.ones((cuts.shape[1], columns.size), np.bool_)
    if start > 0:
        inside &= columns >= cuts[start - 1][:, None]
    if end <= len(cuts):
        inside &= columns < cuts[end - 1][:, None]
    return inside


def _cheapest(
    paths: npt.NDArray[np.int64], cost: npt.NDArray[np.float64], apart: float
) -> list[int]:
    """Return the numbers of the paths, the cheapest first, none close to a cheaper one."""
    chosen: list[int] = []
    for k in np.argsort(cost, kind="stable"):
        if not chosen or np.abs(paths[chosen] - paths[k]).mean(axis=1).min() >= apart:
            chosen.append(int(k))
    return chosen
