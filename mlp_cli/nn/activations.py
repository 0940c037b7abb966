"""Activation functions, each with its derivative written through the activation itself.

Every function takes `out`, an array for the result, which may be its own argument: so the engines
allocate nothing. Without `out` the result is a new array.
"""

from typing import NamedTuple, Protocol

import numpy as np

from mlp_cli.nn.names import ActivationName
from mlp_cli.nn.types import Floats

# A ufunc takes a NumPy scalar array in half the time that it takes a Python number. These values
# are exact in float32, so float64 arrays lose nothing.
_HALF = np.array(0.5, np.float32)
_ONE = np.array(1, np.float32)
_ZERO = np.array(0, np.float32)


def sigmoid(z: Floats, out: Floats | None = None) -> Floats:
    """Return sigma(z) = 1 / (1 + e^-z), elementwise, in [0, 1].

    Computed as (1 + tanh(z / 2)) / 2, which is the same function: e^-z overflows for z < -88 in
    float32, while tanh is finite everywhere.
    """
    a = np.multiply(z, _HALF, out)
    np.tanh(a, a)
    np.add(a, _ONE, a)
    return np.multiply(a, _HALF, a)


def sigmoid_derivative(a: Floats, out: Floats | None = None) -> Floats:
    """Return sigma'(z) = a (1 - a) = a - a^2 from a = sigma(z)."""
    square = np.square(a, out)
    return np.subtract(a, square, square)


def tanh(z: Floats, out: Floats | None = None) -> Floats:
    """Return the hyperbolic tangent of z, elementwise, in [-1, 1]."""
    return np.tanh(z, out)


def tanh_derivative(a: Floats, out: Floats | None = None) -> Floats:
    """Return tanh'(z) = 1 - a^2 from a = tanh(z)."""
    square = np.square(a, out)
    return np.subtract(_ONE, square, square)


def relu(z: Floats, out: Floats | None = None) -> Floats:
    """Return max(z, 0), elementwise: the rectified linear unit."""
    return np.maximum(z, _ZERO, out=out)


def relu_derivative(a: Floats, out: Floats | None = None) -> Floats:
    """Return 1 where a = max(z, 0) is above 0, else 0. At z = 0, where there is none, it is 0."""
    slope: Floats = np.greater(a, _ZERO, np.empty_like(a) if out is None else out)
    return slope


def softmax(z: Floats, out: Floats | None = None) -> Floats:
    """Return e^z_i / sum_k e^z_k along every row: the fractions add up to 1. For the output layer.

    z: (m, n_L). The largest z of each row is subtracted first. This cancels in the fraction, and
    no e^z overflows, as it would for z > 88 in float32.
    """
    a: Floats = np.subtract(z, z.max(axis=1, keepdims=True), out)
    np.exp(a, a)
    np.divide(a, a.sum(axis=1, keepdims=True), a)
    return a


class Elementwise(Protocol):
    """A function of an array that can write its result to another array, or to the same one."""

    def __call__(self, values: Floats, /, out: Floats | None = None) -> Floats:
        """Return the function's values, in `out` if it is given."""


class Activation(NamedTuple):
    """An activation function of hidden layers."""

    function: Elementwise
    """a = sigma(z)"""
    derivative: Elementwise
    """sigma'(z), from a"""
    symbol: str
    """how formulas write it"""
    slope: str
    """the formula of its derivative, through a"""
    flat: float
    """the mean sigma' at or below which a unit hardly learns"""


ACTIVATIONS: dict[ActivationName, Activation] = {
    "sigmoid": Activation(sigmoid, sigmoid_derivative, "σ", "a (1 - a)", flat=0.01),
    "tanh": Activation(tanh, tanh_derivative, "tanh", "1 - a a", flat=0.04),
    "relu": Activation(relu, relu_derivative, "relu", "1 where a > 0, else 0", flat=0.0),
}
