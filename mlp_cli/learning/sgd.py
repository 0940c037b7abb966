"""Train by stochastic gradient descent over mini-batches, one result per epoch."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mlp_cli.errors import DivergedError
from mlp_cli.learning.engine import Engine, choose_for, make_engine
from mlp_cli.learning.progress import EpochProgress, count_correct
from mlp_cli.learning.schedules import Schedule
from mlp_cli.nn.checks import check_images, check_labels, to_grey_levels
from mlp_cli.nn.costs import mean_cost
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import ImagesOrX, Indices, Labels


@dataclass(frozen=True)
class EpochResult:
    """The figures of one epoch."""

    epoch: int
    """1 for the first"""
    eta: float
    """the learning rate of this epoch"""
    cost: float
    """mean cost per training example, each taken just before the update that learns from it"""
    validation_correct: int | None
    """validation images that are read correctly after the epoch; None without a validation set"""
    validation_accuracy: float | None
    """the same as a fraction, 0..1"""
    seconds: float
    """the time of training alone, without validation"""
    validation_cost: float | None = None
    """mean cost per validation image after the epoch; None without a validation set, or where it
    is no finite number"""
    training_accuracy: float | None = None
    """the fraction of training examples that were predicted correctly, 0..1, each just before the
    update that learns from it; with dropout by the units that were left"""


class Validation(NamedTuple):
    """A network on the validation images."""

    correct: int
    """images that are read correctly: arg max of A^L is the label"""
    cost: float
    """mean, per image"""


def sgd(
    network: Network,
    images: ImagesOrX,
    labels: Labels,
    *,
    epochs: int,
    eta: float,
    batch_size: int,
    rng: "np.random.Generator",
    validation: tuple[ImagesOrX, Labels] | None = None,
) -> Iterator[EpochResult]:
    """Train the network in place and yield a result after every epoch.

    This is the plain recipe, with a constant learning rate; `train_epochs` has every option.

    images: (n, rows, columns) or (n, pixels), grey levels of type uint8; or floats, which are x
    from 0 to 1 as they are.  labels: (n,), whole numbers below n_L.
    validation: images and labels that the network reads after every epoch, and never learns from.
    Raises ShapeError or DataError for other arrays; DivergedError, naming the epoch, where a
    parameter is no longer a finite number.
    """
    images, labels = _check_examples(network, images, labels)
    if validation is not None:
        validation = _check_examples(network, *validation, of="validation ")
    engine = make_engine(choose_for(images, network.sizes, batch_size), network, batch_size)
    schedule = Schedule(eta, epochs)
    return train_epochs(engine, images, labels, schedule, rng, validation)


def _check_examples(
    network: Network, images: ImagesOrX, labels: Labels, of: str = ""
) -> tuple[ImagesOrX, Labels]:
    """Return images and labels as the engines take them. Raises ShapeError or DataError."""
    images = check_images(images, network.sizes[0], name=f"{of}images")
    labels = check_labels(
        labels, len(images), network.sizes[-1], name=f"{of}labels", images=f"{of}images"
    )
    grey = to_grey_levels(images)
    return np.ascontiguousarray(images if grey is None else grey), labels


def train_epochs(
    engine: Engine,
    images: ImagesOrX | Callable[[int], ImagesOrX],
    labels: Labels,
    schedule: Schedule,
    rng: "np.random.Generator",
    validation: tuple[ImagesOrX, Labels] | None = None,
    *,
    examples: Indices | None = None,
    accuracies: Sequence[float | None] = (),
) -> Iterator[EpochResult]:
    """Train the engine's network, epoch after epoch, and yield a result after each.

    The arguments are those of `train_blocks`, which also reports how far an epoch is.
    """
    for each in train_blocks(
        engine,
        images,
        labels,
        schedule,
        rng,
        validation,
        examples=examples,
        accuracies=accuracies,
    ):
        if isinstance(each, EpochResult):
            yield each


def train_blocks(
    engine: Engine,
    images: ImagesOrX | Callable[[int], ImagesOrX],
    labels: Labels,
    schedule: Schedule,
    rng: "np.random.Generator",
    validation: tuple[ImagesOrX, Labels] | None = None,
    *,
    examples: Indices | None = None,
    accuracies: Sequence[float | None] = (),
) -> Iterator[EpochProgress | EpochResult]:
    """Train the engine's network, and yield after every block of examples and after every epoch.

    Each epoch visits every example once, in a new order drawn from `rng`. Indices are shuffled;
    the data stay where they are.

    images: (n, rows, columns), grey levels 0..255; or a function that returns those of an epoch.
    labels: (n,), below n_L.
    validation: images and labels that the network reads after every epoch, and never learns from.
    examples: the indices of those to learn from; None: all.
    accuracies: the validation accuracies of the epochs so far.
    Raises DivergedError, naming the epoch, where a parameter is no longer a finite number.
    """
    seen, size = list(accuracies), len(labels) if examples is None else len(examples)
    for epoch in range(len(seen) + 1, schedule.epochs + 1):
        eta = schedule.rate(seen)
        started = time.perf_counter()
        order = rng.permutation(size)
        if examples is not None:
            order = examples[order]
        epoch_images = images(epoch) if callable(images) else images
        seconds, cost, right = time.perf_counter() - started, 0.0, 0
        blocks = engine.blocks(epoch_images, labels, order, eta)
        while True:
            started = time.perf_counter()
            block = next(blocks, None)
            seconds += time.perf_counter() - started
            if block is None:
                break
            cost, right = cost + block.cost, right + block.correct
            yield EpochProgress(epoch, block.examples)
        if not engine.network.is_finite():
            raise DivergedError(
                f"Epoch {epoch}: with eta {eta:g} the parameters are no longer finite numbers.\n"
                "Try again with a smaller --eta."
            )
        correct = accuracy = validation_cost = None
        if validation is not None:
            correct, validation_cost = validate(engine.network, *validation)
            accuracy = correct / len(validation[0])
        seen.append(accuracy)
        yield EpochResult(
            epoch=epoch,
            eta=eta,
            cost=cost / size,
            validation_correct=correct,
            validation_accuracy=accuracy,
            seconds=seconds,
            validation_cost=validation_cost if math.isfinite(validation_cost or 0.0) else None,
            training_accuracy=right / size,
        )


def validate(network: Network, images: ImagesOrX, labels: Labels) -> Validation:
    """Return how many images the network reads correctly, and its mean cost on them.

    The outputs are computed once for both. The cost of 10,000 images takes 0.1 to 0.3 ms more.
    """
    outputs = network.outputs(images)
    return Validation(count_correct(outputs, labels), mean_cost(outputs, labels, network.cost))
