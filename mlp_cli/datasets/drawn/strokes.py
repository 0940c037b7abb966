"""How people write the ten digits: a table of strokes, several styles each, and their curves."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]

POINTS_A_STYLE = 72
"""points along all the curves of one style"""


@dataclass(frozen=True)
class Style:
    """One way to write a digit."""

    digit: int
    name: str
    frequency: float
    """how often the digit is written so, relative to its other styles"""
    strokes: str
    """points `x,y` on a smooth curve, in percent of the digit's height, y downwards; `!` marks a
    corner, `|` lifts the pen"""


STYLES = (
    Style(0, "closed", 5, "38,0 10,14 0,50 12,86 38,100 66,85 76,50 65,13 40,0"),
    Style(0, "overlapping", 3, "24,6 4,30 2,68 22,97 52,95 72,66 69,28 46,3 20,8 12,20"),
    Style(0, "from right", 3, "70,18 50,0 18,8 0,44 8,86 36,100 66,84 76,46 60,10 38,8"),
    Style(0, "open", 2, "36,0 10,16 0,54 14,92 42,100 68,80 74,44 66,16 56,8"),
    Style(0, "hooked", 1, "30,6 8,24 0,55 12,90 40,100 67,82 73,48 64,14 42,3 28,14 40,26"),
    Style(0, "like a bowl", 0.4, "6,6 0,50 14,92 40,100 66,86 76,46 66,4"),
    Style(0, "slashed", 0.2, "38,0 10,14 0,50 12,86 38,100 66,85 76,50 65,13 40,0 | 64,2 14,98"),
    Style(1, "plain", 9, "14,0 7,50 0,100"),
    Style(1, "upright", 4, "10,0 10,50 10,100"),
    Style(1, "with serif", 1, "0,18 20,0! 20,50 20,100"),
    Style(1, "with serif and foot", 0.6, "4,20 26,0! 26,50 26,100 | 0,100 54,99"),
    Style(1, "with foot", 0.2, "26,0 26,50 26,100 | 2,99 52,100"),
    Style(2, "angular", 3, "8,24 22,4 46,0 62,18 52,48 24,78 0,100! 36,98 74,99"),
    Style(2, "with loop", 3, "14,20 32,1 56,4 62,28 44,62 18,94 4,94 8,80 30,84 54,96 80,92"),
    Style(2, "with wide loop", 3, "16,24 36,1 60,6 64,32 46,68 18,97 0,88 10,72 36,78 60,94 86,88"),
    Style(2, "round loop", 2, "14,14 36,0 58,12 58,42 40,80 14,99 0,84 14,66 38,74 62,98 82,96"),
    Style(2, "hooked", 2, "22,32 10,18 28,0 56,4 62,28 42,60 2,98! 34,92 74,100"),
    Style(2, "round", 2, "10,16 34,0 60,12 58,40 30,68 6,90 14,98 42,96 76,94"),
    Style(2, "flat", 1, "6,6 34,1 60,4! 32,50 2,97! 34,97 72,96"),
    Style(2, "with falling tail", 2, "12,22 28,2 52,2 62,24 44,58 10,86 2,76 20,68 44,80 70,100"),
    Style(2, "low", 2, "6,30 26,6 52,0 62,18 54,46 34,72 2,84! 40,84 96,80"),
    Style(2, "like a swan", 1, "10,20 28,0 54,6 54,34 40,62 24,84! 40,84 58,96 80,90"),
    Style(2, "round-headed", 2, "10,34 14,8 36,0 60,14 56,44 30,72 6,96 2,80 22,72 46,88 74,98"),
    Style(3, "round", 5, "4,14 26,0 52,8 54,30 24,46! 54,54 62,78 38,100 0,90"),
    Style(3, "flat top", 2, "4,3 30,1 56,2! 26,42! 54,52 62,76 38,100 0,92"),
    Style(3, "with loop", 2, "4,12 28,0 54,10 48,36 26,48 20,42 30,42 56,56 60,82 34,100 0,86"),
    Style(3, "flowing", 2, "2,8 30,0 54,14 44,38 32,47! 52,56 56,82 32,100 2,96"),
    Style(3, "deep", 1, "2,18 22,1 48,4 56,22 44,40 10,50! 46,52 62,72 48,96 18,99 0,82"),
    Style(3, "leaning", 3, "14,12 36,0 62,6 60,26 30,44! 50,52 54,74 30,96 0,98"),
    Style(3, "wide", 1, "2,10 34,0 66,8 60,30 28,42! 64,50 78,72 50,96 0,100"),
    Style(3, "small-headed", 2, "16,14 30,0 46,8 42,32 22,44! 56,52 68,76 42,100 0,90"),
    Style(4, "open", 5, "12,0 4,28 0,54! 34,54 68,48 | 58,2 54,50 48,100"),
    Style(4, "open, round", 4, "10,2 2,30 10,54 36,52 60,38 | 62,0 54,50 48,100"),
    Style(4, "closed", 2, "50,0! 26,30 0,62! 36,62 72,60 | 50,0 50,50 48,100"),
    Style(4, "in one stroke", 1, "8,4 2,40 16,60 42,46 68,0! 54,52 38,100"),
    Style(4, "closed, round", 0.5, "52,6 26,28 2,52 14,60 44,54 60,44 | 56,4 50,52 44,100"),
    Style(4, "short", 2, "14,0 8,24 2,48! 34,50 62,46 | 54,24 50,60 46,100"),
    Style(4, "wide", 1, "20,0 10,30 0,60! 44,58 92,50 | 66,16 58,58 50,100"),
    Style(5, "with roof", 4, "16,10 14,28 12,46! 42,36 62,56 54,86 28,100 0,92 | 20,3 46,4 74,0"),
    Style(5, "in one stroke", 4, "70,2 44,4 20,6! 12,42! 42,38 60,58 50,88 24,100 0,92"),
    Style(5, "like an S", 2, "68,4 36,2 14,18 24,40 50,54 54,80 32,99 2,92"),
    Style(5, "slim", 2, "76,0 48,4 26,8! 12,44 34,48 46,66 36,92 16,100 0,94"),
    Style(5, "round back", 2, "66,4 34,6 14,26 16,46 42,42 60,60 48,90 20,98 2,84"),
    Style(5, "wide", 2, "70,2 40,2 14,4! 10,40! 50,36 78,58 64,90 30,100 0,88"),
    Style(5, "low", 1, "96,0 64,6 36,12! 24,46 48,48 58,68 40,92 16,98 0,84"),
    Style(5, "bellied", 0.5, "66,2 40,3 16,6! 10,44! 40,36 62,58 50,92 20,98 4,80 20,62"),
    Style(6, "round", 4, "52,0 24,20 4,54 6,86 30,100 54,86 54,64 34,56 8,76"),
    Style(6, "straight", 3, "36,0 18,28 4,62 8,92 32,100 54,84 48,62 24,62 6,80"),
    Style(6, "curled", 2, "40,0 14,30 0,68 14,98 40,96 54,76 42,58 20,68 18,90"),
    Style(6, "open", 1, "46,2 20,24 2,58 8,92 34,100 56,84 48,66 32,68"),
    Style(6, "upright", 2, "10,0 4,34 2,70 14,98 42,98 58,78 48,58 24,60 6,82"),
    Style(6, "broad", 2, "44,0 16,14 0,50 8,88 42,100 76,84 74,58 48,48 14,66"),
    Style(7, "plain", 4, "0,6 30,5 62,2! 42,48 26,100"),
    Style(7, "with serif", 2, "2,22 4,5! 32,5 60,3! 42,48 30,100"),
    Style(7, "bent", 3, "0,10 28,4 58,4! 48,34 40,66 40,100"),
    Style(7, "round", 3, "0,16 16,4 44,2 56,16 44,50 30,100"),
    Style(7, "crossed", 2, "0,6 30,5 60,2! 42,46 24,100 | 10,52 34,50 60,48"),
    Style(7, "crossed, with serif", 1, "2,20 4,4! 32,5 60,3! 44,46 30,100 | 14,54 36,50 62,50"),
    Style(7, "broad", 1, "0,10 40,4 80,2! 56,44 48,100"),
    Style(7, "square", 1.5, "0,36 4,6! 30,4 58,3! 56,50 50,100"),
    Style(7, "waved", 1.5, "0,30 8,8 22,12 36,16 60,2! 38,52 26,100"),
    Style(8, "from right", 5, "56,12 34,0 10,12 20,38 46,58 52,86 26,100 2,86 16,58 44,38 56,14"),
    Style(8, "open", 3, "48,8 24,2 8,20 24,42 46,64 44,92 20,100 2,84 18,58 46,34 64,4"),
    Style(8, "two rings", 2, "30,0 8,22 28,48 54,26 32,0 | 28,46 2,74 28,100 58,76 32,46"),
    Style(
        8, "from the left", 2, "12,18 30,0 54,10 46,36 18,60 6,86 32,100 54,84 42,58 16,36 12,14"
    ),
    Style(8, "top-heavy", 2, "60,10 36,0 4,10 6,32 34,48 48,72 38,98 18,96 14,76 36,50 62,28 58,8"),
    Style(8, "slim", 2, "52,4 36,2 24,18 32,42 34,72 16,100 0,92 8,70 30,46 50,22 52,6"),
    Style(9, "straight", 4, "50,8 26,2 4,28 18,48 42,34 54,6! 50,50 48,100"),
    Style(9, "curved", 2, "50,6 24,0 2,24 18,46 44,34 54,8! 54,46 42,84 10,98"),
    Style(9, "leaning", 4, "52,6 30,2 6,28 14,46 38,36 54,8! 40,54 22,100"),
    Style(9, "open", 1, "44,6 20,6 4,28 16,46 40,38 56,6! 50,52 46,100"),
    Style(9, "in one line", 4, "52,28 54,8 34,0 10,18 8,40 28,44 50,22 54,10 50,50 38,100"),
    Style(9, "from the stem", 3, "56,24 40,2 12,10 2,34 20,48 46,32 56,12 54,50 48,100"),
    Style(9, "big-headed", 3, "62,14 40,0 10,14 0,40 22,54 52,40 64,14! 54,58 42,100"),
    Style(9, "swinging", 1, "54,6 30,0 8,18 14,40 36,36 56,10! 50,44 40,76 50,100"),
)


class Curves(NamedTuple):
    """All styles as arrays: row s is STYLES[s]."""

    controls: Float32Array
    """(styles, K, 2), x and y in digit heights; unused rows are 0"""
    basis: Float32Array
    """(styles, POINTS_A_STYLE, K): basis @ controls are points along the curves"""
    joined: npt.NDArray[np.bool_]
    """(styles, POINTS_A_STYLE - 1): whether the pen draws from one point to the next"""


def trace() -> Curves:
    """Return the curves through every style's points, sampled evenly along them."""
    parsed = [_parse(style.strokes) for style in STYLES]
    most = max(len(points) for points, _ in parsed)
    controls = np.zeros((len(STYLES), most, 2), np.float32)
    basis = np.zeros((len(STYLES), POINTS_A_STYLE, most), np.float32)
    joined = np.zeros((len(STYLES), POINTS_A_STYLE - 1), np.bool_)
    for s, (points, strokes) in enumerate(parsed):
        controls[s, : len(points)] = points
        fine = [np.vstack([_spline(run, most) for run in runs]) for runs in strokes]
        paths = [matrix @ controls[s] for matrix in fine]
        along = [np.append(0, np.hypot(*np.diff(path, axis=0).T).cumsum()) for path in paths]
        counts = _apportion(np.array([lengths[-1] for lengths in along]))
        start = 0
        for matrix, lengths, count in zip(fine, along, counts, strict=True):
            even = np.linspace(0, lengths[-1], count)
            rows = np.searchsorted(lengths, even).clip(0, len(lengths) - 1)
            basis[s, start : start + count] = matrix[rows]
            joined[s, start : start + count - 1] = True
            start += count
    return Curves(controls, basis, joined)


def _parse(strokes: str) -> tuple[npt.NDArray[np.float64], list[list[list[int]]]]:
    """Return a style's points, and for each stroke its runs from corner to corner, as indices."""
    points: list[list[float]] = []
    runs: list[list[list[int]]] = []
    for stroke in strokes.split("|"):
        runs.append([[]])
        for word in stroke.split():
            runs[-1][-1].append(len(points))
            if word.endswith("!"):
                runs[-1].append([len(points)])
            points.append([float(number) / 100 for number in word.rstrip("!").split(",")])
    return np.array(points), [[run for run in stroke if len(run) > 1] for stroke in runs]


def _spline(run: list[int], most: int, steps: int = 24) -> npt.NDArray[np.float64]:
    """Return the matrix from controls to points on the Catmull-Rom spline through a run.

    p(t) = sum of c_j N_j(t), with tangents (c_{j+1} - c_{j-1}) / 2, one-sided at the ends.
    """
    t = np.linspace(0, 1, steps)
    weights = {
        "from": 2 * t**3 - 3 * t**2 + 1,
        "to": 3 * t**2 - 2 * t**3,
        "out": t**3 - 2 * t**2 + t,
        "in": t**3 - t**2,
    }
    pieces = []
    for i in range(len(run) - 1):
        piece = np.zeros((steps, most))
        piece[:, run[i]] += weights["from"]
        piece[:, run[i + 1]] += weights["to"]
        for tangent, at in (("out", i), ("in", i + 1)):
            before, after = max(at - 1, 0), min(at + 1, len(run) - 1)
            scaled = weights[tangent] / (after - before)
            piece[:, run[after]] += scaled
            piece[:, run[before]] -= scaled
        pieces.append(piece)
    return np.vstack(pieces)


def _apportion(lengths: npt.NDArray[np.float64]) -> list[int]:
    """Return the number of points for each stroke, in proportion to its length, at least two."""
    counts = np.maximum(2, np.floor(POINTS_A_STYLE * lengths / lengths.sum()).astype(int))
    counts[lengths.argmax()] += POINTS_A_STYLE - counts.sum()
    return [int(count) for count in counts]
