"""Activations, each with its derivative written through the activation itself."""

import numpy as np

from mlp_cli.nn.types import Floats


def sigmoid(z: Floats) -> Floats:
    """Return sigma(z) = 1 / (1 + e^-z), elementwise, in [0, 1].

    Computed as (1 + tanh(z / 2)) / 2, the same function, because e^-z overflows for z < -88
    in float32 while tanh is defined and finite everywhere.
    """
    a: Floats = 0.5 * (1 + np.tanh(0.5 * z))
    return a


def sigmoid_derivative(a: Floats) -> Floats:
    """Return sigma'(z) = a (1 - a) from the activation a = sigma(z)  (the notes, before Train)."""
    return a * (1 - a)
