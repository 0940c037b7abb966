"""Cost functions, each with its derivatives and with the output activation it is made for.

a and y are (m, n_L), one example per row. The derivation's formula for one example holds row by
row, and the cost of a mini-batch is the sum over its rows.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from mlp_cli.nn.activations import Elementwise, sigmoid, sigmoid_derivative, softmax
from mlp_cli.nn.encoding import one_hot
from mlp_cli.nn.names import CostName
from mlp_cli.nn.types import Floats, Labels


def quadratic(a: Floats, y: Floats) -> float:
    """Return C = 1/2 |y - a|^2, summed over the examples."""
    return 0.5 * float(np.sum((y - a) ** 2, dtype=np.float64))


def quadratic_d_a(a: Floats, y: Floats) -> Floats:
    """Return dC/da = a - y: Fact 1."""
    return a - y


def quadratic_d_z(a: Floats, y: Floats, out: Floats | None = None) -> Floats:
    """Return dC/dz = (a - y) sigma'(z) for sigmoid outputs: Facts 1 and 2."""
    slope = sigmoid_derivative(a, out)
    return np.multiply(a - y, slope, slope)


def cross_entropy(a: Floats, y: Floats) -> float:
    """Return C = -sum of y ln a + (1 - y) ln(1 - a), summed over the examples.

    An output that rounding has made 0 or 1 counts as the nearest number that is neither.
    """
    a = np.clip(a, np.finfo(a.dtype).tiny, 1 - np.finfo(a.dtype).epsneg)
    return -float(np.sum(y * np.log(a) + (1 - y) * np.log1p(-a), dtype=np.float64))


def cross_entropy_d_a(a: Floats, y: Floats) -> Floats:
    """Return dC/da = (a - y) / (a (1 - a)): Fact 1 of this cost."""
    return (a - y) / np.maximum(sigmoid_derivative(a), np.finfo(a.dtype).tiny)


def log_likelihood(a: Floats, y: Floats) -> float:
    """Return C = -sum of y ln a, summed over the examples: minus the log of the correct output.

    An output that rounding has made 0 counts as the smallest number above it.
    """
    a = np.maximum(a, np.finfo(a.dtype).tiny)
    return -float(np.sum(y * np.log(a), dtype=np.float64))


def log_likelihood_d_a(a: Floats, y: Floats) -> Floats:
    """Return dC/da = -y / a: Fact 1 of this cost."""
    return -y / np.maximum(a, np.finfo(a.dtype).tiny)


def difference_d_z(a: Floats, y: Floats, out: Floats | None = None) -> Floats:
    """Return dC/dz = a - y: Facts 1 and 2 where the cost is made for its output activation.

    Cross-entropy with the sigmoid: a (1 - a) of Fact 2 cancels the denominator of Fact 1.
    Log-likelihood with softmax, da_k/dz_i = a_k ([k = i] - a_i):
    dC/dz_i = -sum_k y_k / a_k  a_k ([k = i] - a_i) = a_i - y_i, because the y_k add up to 1.
    """
    return np.subtract(a, y, out)


class OutputDerivative(Protocol):
    """Facts 1 and 2 together: dC/dz of the output layer."""

    def __call__(self, a: Floats, y: Floats, /, out: Floats | None = None) -> Floats:
        """Return dC/dz, in `out` if it is given."""


class Cost(NamedTuple):
    """A cost function C, and the activation of the output layer that it is used with."""

    output: Elementwise
    """a^L from z^L"""
    value: Callable[[Floats, Floats], float]
    """C(a, y), summed over the examples"""
    d_a: Callable[[Floats, Floats], Floats]
    """dC/da, Fact 1"""
    d_z: OutputDerivative
    """dC/dz, Facts 1 and 2"""


COSTS: dict[CostName, Cost] = {
    "quadratic": Cost(sigmoid, quadratic, quadratic_d_a, quadratic_d_z),
    "cross-entropy": Cost(sigmoid, cross_entropy, cross_entropy_d_a, difference_d_z),
    "log-likelihood": Cost(softmax, log_likelihood, log_likelihood_d_a, difference_d_z),
}


def mean_cost(outputs: Floats, labels: Labels, cost: CostName) -> float:
    """Return the mean cost per example of these output activations.

    outputs: (n, n_L).  labels: (n,), below n_L.
    """
    y = one_hot(labels, outputs.shape[1], outputs.dtype)
    return COSTS[cost].value(outputs, y) / len(labels)
