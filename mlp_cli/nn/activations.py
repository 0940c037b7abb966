"""Activations, each with its derivative written through the activation itself.

Every function takes `out`, an array to write the result to, which may be its own argument: the
training loop allocates nothing. Without it the result is a new array.
"""

from typing import NamedTuple, Protocol

import numpy as np

from mlp_cli.nn.names import ActivationName
from mlp_cli.nn.types import Floats

# A ufunc takes a NumPy number of no dimension in half the time that it takes a Python one. The
# values are exact in float32, so float64 arrays lose nothing by them.
_HALF = np.array(0.5, np.float32)
_ONE = np.array(1, np.float32)
_ZERO = np.array(0, np.float32)


def sigmoid(z: Floats, out: Floats | None = None) -> Floats:
    """Return sigma(z) = 1 / (1 + e^-z), elementwise, in [0, 1].

    Computed as (1 + tanh(z / 2)) / 2, the same function, because e^-z overflows for z < -88
    in float32 while tanh is defined and finite everywhere.
    """
    a = np.multiply(z, _HALF, out)
    np.tanh(a, a)
    np.add(a, _ONE, a)
    return np.multiply(a, _HALF, a)


def sigmoid_derivative(a: Floats, out: Floats | None = None) -> Floats:
    """Return sigma'(z) = a (1 - a) = a - a^2 from a = sigma(z)  (the notes, before Train)."""
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
    """Return 1 where a = max(z, 0) is above 0, else 0; at z = 0, where there is none, 0."""
    slope: Floats = np.greater(a, _ZERO, np.empty_like(a) if out is None else out)
    return slope


def softmax(z: Floats, out: Floats | None = None) -> Floats:
    """Return e^z_i / sum_k e^z_k along every row: shares of 1, for the output layer.

    z: (m, n_L). The largest z of each row is subtracted first, which changes nothing but the
    size of the numbers: e^z alone overflows for z > 88 in float32.
    """
    a: Floats = np.subtract(z, z.max(axis=1, keepdims=True), out)
    np.exp(a, a)
    np.divide(a, a.sum(axis=1, keepdims=True), a)
    return a


class Elementwise(Protocol):
    """A function of an array that can write its result to another, or to the same."""

    def __call__(self, values: Floats, /, out: Floats | None = None) -> Floats:
        """Return the function's values, in `out` if there is one."""


class Activation(NamedTuple):
    """An activation function of hidden layers."""

    function: Elementwise
    """a = sigma(z)"""
    derivative: Elementwise
    """sigma'(z), from a"""


ACTIVATIONS: dict[ActivationName, Activation] = {
    "sigmoid": Activation(sigmoid, sigmoid_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "relu": Activation(relu, relu_derivative),
}
