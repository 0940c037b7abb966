"""Put shapes into lines of writing, and the lines into reading order."""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.shapes import Shape
from mlp_cli.images.threshold import median

Floats = npt.NDArray[np.float64]

WIDEST_GAP = 4.0
"""heights of a shape: the next of its line is nearer"""
STEEPEST = 0.2
"""rows per column that a line may rise or fall: 11 degrees"""
MOST_OFF_LINE = 0.5
"""heights: two neighbours of a line are less apart, measured across the line"""
LEAST_LINKS = 3
"""of neighbours: with fewer, writing is taken to be level"""


def lines_of(shapes: list[Shape]) -> list[list[int]]:
    """Return the shapes' numbers line by line from the top, each line from the left.

    Every shape is linked to its next neighbour at the right. The median direction of the links is
    that of the writing. Chains of links at one height are a line.
    """
    if not shapes:
        return []
    x, y = np.array([shape.middle for shape in shapes]).T
    height = np.array([shape.box.height for shape in shapes], np.float64)
    # A flat or a tiny shape takes the others' height, so that it finds its neighbours.
    height = np.maximum(height, 0.6 * median(height))
    slope = _slope(x, y, height)
    level = y - slope * x
    following = _following(x, level, height, 0.0)
    chains = _chains(following)
    lines = _merged(chains, x, level, height)
    lines.sort(key=lambda line: float(median(level[line])))
    return [sorted(line, key=lambda k: (x[k], y[k])) for line in lines]


def _following(x: Floats, y: Floats, height: Floats, steepest: float) -> list[int | None]:
    """Return the next neighbour at the right of each shape, or None."""
    following: list[int | None] = []
    for k in range(x.size):
        right, down = x - x[k], np.abs(y - y[k])
        both = np.maximum(height, height[k])
        off = np.maximum(down - steepest * right, 0)
        near = (right > 0) & (right < WIDEST_GAP * both) & (off < MOST_OFF_LINE * both)
        near[k] = False
        if not near.any():
            following.append(None)
            continue
        distance = np.where(near, right + 2 * down, np.inf)
        following.append(int(distance.argmin()))
    return following


def _slope(x: Floats, y: Floats, height: Floats) -> float:
    """Return how many rows writing falls per column."""
    links = [(k, n) for k, n in enumerate(_following(x, y, height, STEEPEST)) if n is not None]
    if len(links) < LEAST_LINKS:
        return 0.0
    first, second = np.array(links).T
    # A link over two neighbours is less disturbed by their uneven heights than one over one.
    onward = dict(links)
    ends = np.array([onward.get(n, n) for n in second])
    slopes = (y[ends] - y[first]) / (x[ends] - x[first])
    slope = float(median(slopes))
    return slope if abs(slope) <= STEEPEST else 0.0


def _chains(following: list[int | None]) -> list[list[int]]:
    """Return the shapes' numbers, those together that links connect."""
    root = list(range(len(following)))

    def top(k: int) -> int:
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    for k, n in enumerate(following):
        if n is not None:
            root[top(k)] = top(n)
    chains: dict[int, list[int]] = {}
    for k in range(len(following)):
        chains.setdefault(top(k), []).append(k)
    return list(chains.values())


def _merged(chains: list[list[int]], x: Floats, level: Floats, height: Floats) -> list[list[int]]:
    """Return the chains, those as one line that are at one height, however far apart."""
    lines: list[list[int]] = []
    for chain in sorted(chains, key=len, reverse=True):
        at, tall = median(level[chain]), median(height[chain])
        for line in lines:
            apart = abs(median(level[line]) - at)
            overlap = min(x[line].max(), x[chain].max()) - max(x[line].min(), x[chain].min())
            beside = overlap < 0.5 * tall
            if apart < 0.5 * MOST_OFF_LINE * (tall + median(height[line])) and beside:
                line += chain
                break
        else:
            lines.append(list(chain))
    return lines
