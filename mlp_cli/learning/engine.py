"""The engines: what takes a network through an epoch. They share one protocol and one test."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from mlp_cli.errors import OptionError
from mlp_cli.learning.compiled import CompiledEngine, variants
from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.groups import GroupedEngine, grouping_pays
from mlp_cli.learning.learner import NumpyEngine
from mlp_cli.learning.names import EngineName
from mlp_cli.learning.plain import PlainEngine
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, Images, Indices, Labels


class Engine(Protocol):
    """Trains a network, in place, and keeps from epoch to epoch what its update rule remembers."""

    network: Network
    velocities: list[Floats]
    """V^l of momentum, each of the shape of (W^l | b^l), l = 2..L; empty without momentum"""

    def learn(self, images: Images, labels: Labels, order: Indices, eta: float) -> float:
        """Learn from every example once, in this order, and return the sum of their costs.

        The examples come in mini-batches of the engine's size m. The last mini-batch may be
        smaller: its own length is its m, and no example is dropped. Each cost is taken from the
        activations that are learned from, just before the example's update:

            W^l -= V^l,   V^l = mu V^l + (eta / m) dW^l + (eta lambda / n) W^l
            b^l -= V^l,   V^l = mu V^l + (eta / m) db^l

        n: the number of examples in `order`.  mu: momentum, 0 without it.  lambda: l2, 0 without.

        images: (n, rows, columns) or (n, pixels), grey levels 0..255.  labels: (n,), below n_L.
        order: indices of images.
        """


def choose(sizes: Sequence[int], batch_size: int) -> EngineName:
    """Return the engine that is fastest for a network of these sizes: what `--engine auto` means.

    BORDERS
    """
    return "compiled" if variants() else "numpy"


def check_engine(name: EngineName) -> None:
    """Raise OptionError where an engine that was asked for is not there."""
    if name == "compiled" and not variants():
        raise OptionError(
            "--engine compiled: mlp was installed without it, because there was no C compiler. "
            "Choose --engine numpy, or install a C compiler and then mlp again."
        )


def make_engine(
    name: EngineName,
    network: Network,
    batch_size: int,
    *,
    momentum: float = 0.0,
    l2: float = 0.0,
    dropout: Dropout | None = None,
) -> Engine:
    """Return the engine of this name for a network.

    momentum: mu, 0 <= mu < 1.  l2: lambda, 0 or above.
    """
    if name == "plain":
        return PlainEngine(network, batch_size, momentum=momentum, l2=l2, dropout=dropout)
    if name == "compiled":
        return CompiledEngine(network, batch_size, momentum=momentum, l2=l2, dropout=dropout)
    if not (momentum or l2) and grouping_pays(network.sizes[1], batch_size):
        return GroupedEngine(network, batch_size, dropout=dropout)
    return NumpyEngine(network, batch_size, momentum=momentum, l2=l2, dropout=dropout)
