"""The derivation's Feedforward, Backpropagate and Train, line by line: an oracle for the tests.

One example at a time, column vectors, float64, the logistic function as its definition, and
nothing from the package. Where the package is fast or batched, this is only plain.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


def sigma(z: Vector) -> Vector:
    return 1 / (1 + np.exp(-z))


def feedforward(x: Vector, W: list[Matrix], b: list[Vector]) -> list[Vector]:
    """The list A of activations; A[0] is the input."""
    A = [x]
    for W_l, b_l in zip(W, b, strict=True):
        A.append(sigma(W_l @ A[-1] + b_l))
    return A


def backpropagate(
    y: int, A: list[Vector], W: list[Matrix], b: list[Vector], eta: float
) -> tuple[list[Matrix], list[Vector]]:
    """Update W and b in place, and return the changes (Delta W, Delta b), layer 2 first."""
    y_vector = np.zeros(len(A[-1]))
    y_vector[y] = 1.0
    a = A[-1]
    d_a = a - y_vector
    d_z = d_a * (a * (1 - a))
    changes_W, changes_b = [], []
    for l in range(len(A), 1, -1):  # layer l of the derivation is A[l - 1], W[l - 2], b[l - 2]
        a_previous = A[l - 2]
        change_b = -eta * d_z
        change_W = -eta * np.outer(d_z, a_previous)
        d_a = W[l - 2].T @ d_z
        d_z = d_a * (a_previous * (1 - a_previous))
        b[l - 2] += change_b
        W[l - 2] += change_W
        changes_W.insert(0, change_W)
        changes_b.insert(0, change_b)
    return changes_W, changes_b


def train(
    examples: Iterable[tuple[Vector, int]], W: list[Matrix], b: list[Vector], eta: float
) -> None:
    for x, y in examples:
        A = feedforward(x, W, b)
        backpropagate(y, A, W, b, eta)
