"""Costs, each with its derivative with respect to the output activations."""

import numpy as np

from mlp_cli.nn.encoding import one_hot
from mlp_cli.nn.types import Floats, Labels


def quadratic(a: Floats, y: Floats) -> float:
    """Return C = 1/2 |y - a|^2, summed over the rows of a mini-batch.

    a: (m, n_L) output activations.  y: (m, n_L), one-hot.
    """
    return 0.5 * float(np.sum((y - a) ** 2, dtype=np.float64))


def quadratic_derivative(a: Floats, y: Floats) -> Floats:
    """Return dC/da = a - y, row by row: Fact 1."""
    return a - y


def mean_cost(outputs: Floats, labels: Labels) -> float:
    """Return the mean cost per example of these output activations.

    outputs: (n, n_L).  labels: (n,), below n_L.
    """
    return quadratic(outputs, one_hot(labels, outputs.shape[1], outputs.dtype)) / len(labels)
