"""The health of a network that learns: signs of trouble that the accuracy does not show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.encoding import pixels_to_x
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, ImagesOrX, Indices, Labels

SAMPLE = 1000
"""images that are examined, which takes a few milliseconds"""
SPREAD_SEED = 0
"""the same images are examined after every epoch"""
MIN_EXAMPLES = 10
"""examples of a class that are needed before it means something that none is predicted as it"""
NEAR_CHANCE = 0.05
"""how far above the accuracy of always predicting the most common class is still near chance; at
most half the way to 1"""


@dataclass(frozen=True)
class Health:
    """Signs of trouble, as some images show them."""

    silent_classes: list[int]
    """classes that are never predicted, although there are images of them"""
    saturated: float
    """fraction of the hidden units, 0..1, whose mean sigma' is near 0: they hardly learn"""
    is_near_chance: bool
    """whether the network is hardly better than always predicting the most common class"""

    @property
    def is_saturated(self) -> bool:
        """Whether more than half of the hidden units are saturated."""
        return self.saturated > 0.5


def spread(count: int) -> Indices:
    """Return the ascending indices of SAMPLE examples from all over `count`; of all, if fewer.

    The first of a set may be of one class, and so may every tenth. So one is drawn from each of
    SAMPLE parts of about the same size.
    """
    if count <= SAMPLE:
        return np.arange(count)
    ends = np.arange(SAMPLE + 1) * count // SAMPLE
    return np.random.default_rng(SPREAD_SEED).integers(ends[:-1], ends[1:])


# As in `Network.outputs`: finite weights may be so large that z is infinite or nan.
@np.errstate(over="ignore", invalid="ignore")
def examine(network: Network, images: ImagesOrX, labels: Labels) -> Health:
    """Return the health of a network, as some of these images show it.

    images: (n, rows, columns).  labels: (n,), below n_L.
    """
    chosen = spread(len(labels))
    images, labels = images[chosen], labels[chosen]
    _, *hidden, outputs = network.feedforward(pixels_to_x(images, network.dtype))
    classes = outputs.shape[1]
    predictions = outputs.argmax(axis=1)
    examples = np.bincount(labels, minlength=classes)
    predicted = np.bincount(predictions, minlength=classes)
    accuracy, chance = np.mean(predictions == labels), examples.max() / len(labels)
    slopes = _mean_slopes(network, hidden) or [np.ones(1)]
    return Health(
        silent_classes=np.flatnonzero((examples >= MIN_EXAMPLES) & (predicted == 0)).tolist(),
        saturated=float(np.mean(np.concatenate(slopes) <= ACTIVATIONS[network.activation].flat)),
        is_near_chance=len(labels) >= MIN_EXAMPLES * classes
        and bool(accuracy < chance + min(NEAR_CHANCE, (1 - chance) / 2)),
    )


@np.errstate(over="ignore", invalid="ignore")
def hidden_slopes(network: Network, images: ImagesOrX) -> list[Floats]:
    """Return sigma' of every hidden unit, averaged over some of these images.

    One array for each hidden layer, (n_l,). At `flat` of its activation or below, a unit counts as
    saturated.
    """
    _, *hidden, _ = network.feedforward(pixels_to_x(images[spread(len(images))], network.dtype))
    return _mean_slopes(network, hidden)


def _mean_slopes(network: Network, hidden: Sequence[Floats]) -> list[Floats]:
    derivative = ACTIVATIONS[network.activation].derivative
    return [derivative(a).mean(axis=0) for a in hidden]
