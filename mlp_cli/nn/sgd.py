"""Train by stochastic gradient descent over mini-batches, one result per epoch."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import DivergedError
from mlp_cli.nn.costs import quadratic
from mlp_cli.nn.encoding import one_hot, pixels_to_x
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, Images, Labels


@dataclass(frozen=True)
class EpochResult:
    """What one epoch gave."""

    epoch: int
    """1 for the first"""
    eta: float
    """the learning rate it used"""
    cost: float
    """mean cost per training example, each taken just before the update that learnt from it"""
    validation_correct: int | None
    """validation images read right after the epoch; None without a validation set"""
    validation_accuracy: float | None
    """the same as a share, 0..1"""
    seconds: float
    """time of training alone, validation not counted"""


def sgd(
    network: Network,
    images: Images,
    labels: Labels,
    *,
    epochs: int,
    eta: float,
    batch_size: int,
    rng: np.random.Generator,
    validation: tuple[Images, Labels] | None = None,
) -> Iterator[EpochResult]:
    """Train the network in place and yield a result after every epoch.

    Each epoch visits every example once, in a fresh order drawn from `rng` (the indices are
    shuffled, the data stays where it is).

    images: (n, rows, columns), grey levels 0..255.  labels: (n,), below n_L.
    validation: images and labels that are only looked at, after every epoch.
    Raises DivergedError, naming the epoch, where a parameter is no longer a finite number.
    """
    for epoch in range(1, epochs + 1):
        started = time.perf_counter()
        order = rng.permutation(len(images))
        cost = train_epoch(network, images, labels, order, eta=eta, batch_size=batch_size)
        seconds = time.perf_counter() - started
        if not network.is_finite():
            raise DivergedError(
                f"Epoch {epoch}: with eta {eta:g} the parameters are no longer finite numbers.\n"
                "Try again with a smaller eta."
            )
        correct = accuracy = None
        if validation is not None:
            correct = count_correct(network, *validation)
            accuracy = correct / len(validation[0])
        yield EpochResult(
            epoch=epoch,
            eta=eta,
            cost=cost / len(images),
            validation_correct=correct,
            validation_accuracy=accuracy,
            seconds=seconds,
        )


# An overflow is found by the check after the epoch, which says more than a warning would.
@np.errstate(over="ignore", invalid="ignore")
def train_epoch(
    network: Network,
    images: Images,
    labels: Labels,
    order: npt.NDArray[np.intp],
    *,
    eta: float,
    batch_size: int,
) -> float:
    """Learn from every example once, in this order, and return the sum of their costs.

    The examples come `batch_size` at a time. The last mini-batch may be smaller; its own length
    is its m, and no example is dropped.
    """
    cost = 0.0
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        x = pixels_to_x(images[batch], network.dtype)
        y = one_hot(labels[batch], network.sizes[-1], network.dtype)
        cost += train_batch(network, x, y, eta)
    return cost


def train_batch(network: Network, x: Floats, y: Floats, eta: float) -> float:
    """Learn from one mini-batch, in place, and return its cost, summed, from before the update.

    W^l -= (eta / m) dW^l,   b^l -= (eta / m) db^l

    x: (m, n_1).  y: (m, n_L), one-hot.  With m = 1 this is one turn of the notes' Train.
    """
    activations = network.feedforward(x)
    network.descend(network.backpropagate(activations, y), step=eta / len(x))
    return quadratic(activations[-1], y)


def count_correct(network: Network, images: Images, labels: Labels) -> int:
    """Return how many images the network reads right: arg max of A^L equal to the label."""
    return int(np.count_nonzero(network.outputs(images).argmax(axis=1) == labels))
