"""Central differences of the cost: slopes that are measured, not derived.

Nothing here uses a derivative or the passes of training. The cost is evaluated a little to either
side of a value, by a feedforward that starts at the value's layer. So a mistake in a Fact, in an
activation's derivative or in the cost shows as a difference.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mlp_cli.nn.activations import ACTIVATIONS, sigmoid
from mlp_cli.nn.names import CostName
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats

STEP_SIZES = (1e-3, 1e-4)
"""h, and the smaller h that is used where C bends too much. The error of the differences grows with
h^4, that of rounding with 1 / h; in float64 they meet near the first, at 1e-12 of C itself"""
MAX_BEND = 1e-4
"""fraction of a slope by which D(h) may differ from D(h/2): its square indicates the error left"""
MIN_DISTANCE = 1e-6
"""distance of an output from 0 or 1 below which a step of a thousandth of it is lost in rounding"""
OFFSETS = np.array([1, -1, 0.5, -0.5])[:, None]
"""the four points at which the cost is evaluated, in steps"""
MAX_NUMBERS = 1_000_000
"""numbers in an array of perturbed layers: as many entries as fit are perturbed at once"""

Entries = npt.NDArray[np.intp]
"""Entries of a vector, (k, 1), or of a matrix, (k, 2): one index, or row and column, per line."""

Slopes = tuple[Floats, npt.NDArray[np.bool_]]
"""The central differences of k entries, and which of them are void."""

Points = Callable[[Entries, Floats], Floats]
"""From k entries and the steps to take, (4, 1), to the weighted inputs there: (4, k, n)."""


class CentralDifferences:
    """The cost of one example as a function of any activation, weighted input or parameter.

    network: float64.  x: (1, n_1).  y: (1, n_L).  floor: smaller slopes do not matter.
    max_numbers: limits the entries that are perturbed at once, and changes no result.

    For each entry v, D(h) = (C(v + h) - C(v - h)) / 2h is taken at h and at h / 2, and
    extrapolated to h = 0 by (4 D(h/2) - D(h)) / 3.

    A central difference is void, that is, it says nothing about the derivative, where a unit of
    relu, which has a corner at 0, changes the sign of its z between the points, however close they
    are; and with respect to an output at the end of the range of the cost's logarithm.
    """

    def __init__(
        self, network: Network, x: Floats, y: Floats, floor: float, max_numbers: int = MAX_NUMBERS
    ) -> None:
        self._weights, self._biases = network.weights, network.biases
        self._L, self._cost, self._y = len(network.sizes), network.cost, y[0]
        self._sigma = ACTIVATIONS[network.activation].function
        self._has_corner = network.activation == "relu"
        self._at_once = max(max_numbers // (len(OFFSETS) * max(network.sizes)), 1)
        self._floor = floor
        self._a = [a[0] for a in network.feedforward(x)]

    def wrt_activations(self, l: int, entries: Entries) -> Slopes:
        """Return the slopes of C with respect to these entries of a^l, l = 2..L."""
        if l == self._L:
            return self._wrt_outputs(entries)
        a, W, b = self._a[l - 1], self._weights[l - 1], self._biases[l - 1]
        return self._measure(
            l + 1, lambda part, steps: _product(_move(a, part, steps), W) + b, entries
        )

    def wrt_weighted_inputs(self, l: int, entries: Entries) -> Slopes:
        """Return the slopes of C with respect to these entries of z^l."""
        a, W, b = self._a[l - 2], self._weights[l - 2], self._biases[l - 2]
        z = W @ a + b
        return self._measure(l, lambda part, steps: _move(z, part, steps), entries)

    def wrt_biases(self, l: int, entries: Entries) -> Slopes:
        """Return the slopes of C with respect to these entries of b^l."""
        a, W, b = self._a[l - 2], self._weights[l - 2], self._biases[l - 2]
        W_a = W @ a
        return self._measure(l, lambda part, steps: W_a + _move(b, part, steps), entries)

    def wrt_weights(self, l: int, entries: Entries) -> Slopes:
        """Return the slopes of C with respect to these entries of W^l."""
        a, W, b = self._a[l - 2], self._weights[l - 2], self._biases[l - 2]
        z_here = W @ a + b

        def points(part: Entries, steps: Floats) -> Floats:
            (i, j), k = part.T, np.arange(len(part))
            rows = np.repeat(W[i][None], len(steps), 0)
            rows[:, k, j] += steps
            z = np.tile(z_here, (len(steps), len(part), 1))
            z[:, k, i] = rows @ a + b[i]
            return z

        return self._measure(l, points, entries)

    def _measure(self, l: int, points: Points, entries: Entries) -> Slopes:
        """Return the slopes that the weighted inputs of layer l at these points give."""
        slopes, is_void = np.empty(len(entries)), np.empty(len(entries), np.bool_)
        todo = np.arange(len(entries))
        for h in STEP_SIZES:
            unsure = []
            for start in range(0, len(todo), self._at_once):
                part = todo[start : start + self._at_once]
                costs, is_void[part] = self._costs(l, points(entries[part], h * OFFSETS))
                slopes[part], bends = extrapolate(costs, h)
                limit = MAX_BEND * np.maximum(np.abs(slopes[part]), self._floor)
                unsure.append(part[is_void[part] | (bends > limit)])
            todo = np.concatenate([todo[:0], *unsure])
        return slopes, is_void

    def _costs(self, l: int, z: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Return C, (4, k), for z^l, (4, k, n_l), and whether a corner lies between the points.

        This is the feedforward from layer l on.
        """
        is_cornered = np.zeros(z.shape[1], np.bool_)
        for W, b in zip(self._weights[l - 1 :], self._biases[l - 1 :], strict=True):
            if self._has_corner:
                is_active = z > 0
                is_cornered |= (is_active.any(axis=0) & ~is_active.all(axis=0)).any(axis=-1)
            z = _product(self._sigma(z), W) + b
        return cost_of_weighted_inputs(z, self._y, self._cost), is_cornered

    def _wrt_outputs(self, entries: Entries) -> Slopes:
        """Return the slopes with respect to outputs a^L: of the one term of C that each is in."""
        i = entries[:, 0]
        a, y = self._a[-1][i], self._y[i]
        distance = np.ones(len(i))  # from a logarithm's end, which the steps must not reach
        if self._cost != "quadratic":
            above = np.where(y > 0, a, 1)
            below = np.where(y < 1, 1 - a, 1) if self._cost == "cross-entropy" else 1
            distance = np.minimum(above, below)
        is_void = distance <= 0
        if self._cost == "cross-entropy":
            # 1 - a has few digits left near 0; and where a is y, Fact 1 divides 0 by 0.
            is_void = (distance < MIN_DISTANCE) | (distance == 1)
        h = STEP_SIZES[0] * np.where(is_void, 1, distance)
        with np.errstate(invalid="ignore"):
            terms = terms_of_outputs(a + h * OFFSETS, y, self._cost)
        return extrapolate(terms, h)[0], is_void


def _move(vector: Floats, entries: Entries, steps: Floats) -> Floats:
    """Return a copy of a vector for each step of each entry, with that entry moved: (4, k, n)."""
    copies = np.tile(vector, (len(steps), len(entries), 1))
    copies[:, np.arange(len(entries)), entries[:, 0]] += steps
    return copies


def _product(a: Floats, W: Floats) -> Floats:
    """Return W a for every point of every entry, (4, k, n), as one product of two matrices."""
    points, entries, n = a.shape
    z: Floats = (a.reshape(-1, n) @ W.T).reshape(points, entries, -1)
    return z


def extrapolate(costs: Floats, h: Floats | float) -> tuple[Floats, Floats]:
    """Return (4 D(h/2) - D(h)) / 3, and |D(h/2) - D(h)|, which measures how much C bends.

    costs: at v + h, v - h, v + h/2 and v - h/2: (4, k).
    """
    wide = (costs[0] - costs[1]) / (2 * h)
    narrow = (costs[2] - costs[3]) / h
    return (4 * narrow - wide) / 3, np.abs(narrow - wide)


def terms_of_outputs(a: Floats, y: Floats, cost: CostName) -> Floats:
    """Return the terms whose sum over all outputs is C(a^L), each by the cost's definition.

    Unlike in `costs` an output may lie beyond 0 or 1, as a + h does for an a near 1.

    a: (..., n), some outputs.  y: (n,), what they should be, within 0..1.
    """
    if cost == "quadratic":
        squares: Floats = (y - a) ** 2 / 2
        return squares
    # ln a counts only where y is not 0, and ln(1 - a) where it is not 1: a factor of 0 would not
    # keep out a logarithm that is infinite.
    terms: Floats = -y * np.log(np.where(y > 0, a, 1))
    if cost == "cross-entropy":
        terms -= (1 - y) * np.log(np.where(y < 1, 1 - a, 1))
    return terms


def cost_of_weighted_inputs(z: Floats, y: Floats, cost: CostName) -> Floats:
    """Return C(a^L(z^L)), example by example, exactly even where outputs round to 0 or 1.

    With s = 1 where y is 0, s = -1 where it is 1, |y - a| = sigma(s z), since
    1 - sigma(z) = sigma(-z); and sigma(u) = e^-ln(1 + e^-u). So

        quadratic        1/2 sum of sigma(s z)^2, and of (y - sigma(z))^2 for any other y
        cross-entropy    sum of y ln(1 + e^-z) + (1 - y) ln(1 + e^z)
        log-likelihood   ln of the sum of e^(z - y . z), since the y add up to 1

    z: (..., n_L).  y: (n_L,), as `explain_example` takes it.
    """
    if cost == "log-likelihood":
        likelihood: Floats = np.logaddexp.reduce(z - (z @ y)[..., None], axis=-1)
        return likelihood
    if cost == "quadratic":
        distance = np.exp(-np.logaddexp(0, np.where(y == 1, z, -z)))
        is_between = (y != 0) & (y != 1)
        distance[..., is_between] = y[is_between] - sigmoid(z[..., is_between])
        halves: Floats = (distance**2).sum(axis=-1) / 2
        return halves
    wrong_below = np.where(y > 0, y * np.logaddexp(0, -z), 0)
    wrong_above = np.where(y < 1, (1 - y) * np.logaddexp(0, z), 0)
    entropies: Floats = (wrong_below + wrong_above).sum(axis=-1)
    return entropies
