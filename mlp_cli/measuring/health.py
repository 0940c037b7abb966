"""How a network fares while it learns: signs of trouble that a number of correct answers hides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.encoding import pixels_to_x
from mlp_cli.nn.names import ActivationName
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, Images, Labels

SAMPLE = 1000
"""images that are looked at: a few milliseconds"""
MIN_EXAMPLES = 10
"""for each class, before it means something that it is never answered, or that few are right"""
FLAT: dict[ActivationName, float] = {"sigmoid": 0.01, "tanh": 0.04, "relu": 0.0}
"""mean sigma' at which a unit counts as saturated; sigmoid: a (1 - a), of 1/4 at most"""
NEAR_CHANCE = 0.05
"""above the accuracy of always answering the commonest class; half the way to 1 if that is less"""


@dataclass(frozen=True)
class Health:
    """What a look at some images found."""

    silent_classes: list[int]
    """classes that none of the images is answered with, although some are theirs"""
    saturated: float
    """share of the hidden units, 0..1, whose sigma' is flat on average: they hardly learn"""
    is_near_chance: bool
    """the network answers hardly better than without looking"""

    @property
    def is_saturated(self) -> bool:
        """Tell whether more than half of the hidden units are saturated."""
        return self.saturated > 0.5


# As in `Network.outputs`: of finite weights too large, z may be infinite or no number.
@np.errstate(over="ignore", invalid="ignore")
def examine(network: Network, images: Images, labels: Labels) -> Health:
    """Return the network's health, as the first images of these show it.

    images: (n, rows, columns).  labels: (n,), below n_L.
    """
    images, labels = images[:SAMPLE], labels[:SAMPLE]
    _, *hidden, outputs = network.feedforward(pixels_to_x(images, network.dtype))
    classes = outputs.shape[1]
    answers = outputs.argmax(axis=1)
    examples = np.bincount(labels, minlength=classes)
    answered = np.bincount(answers, minlength=classes)
    accuracy, chance = np.mean(answers == labels), examples.max() / len(labels)
    slopes = _mean_slopes(network, hidden) or [np.ones(1)]
    return Health(
        silent_classes=np.flatnonzero((examples >= MIN_EXAMPLES) & (answered == 0)).tolist(),
        saturated=float(np.mean(np.concatenate(slopes) <= FLAT[network.activation])),
        is_near_chance=len(labels) >= MIN_EXAMPLES * classes
        and bool(accuracy < chance + min(NEAR_CHANCE, (1 - chance) / 2)),
    )


@np.errstate(over="ignore", invalid="ignore")
def hidden_slopes(network: Network, images: Images) -> list[Floats]:
    """Return sigma' of every hidden unit, averaged over the first of these images.

    By layer from the second on, each (n_l,); at `FLAT` or below a unit counts as saturated.
    """
    _, *hidden, _ = network.feedforward(pixels_to_x(images[:SAMPLE], network.dtype))
    return _mean_slopes(network, hidden)


def _mean_slopes(network: Network, hidden: Sequence[Floats]) -> list[Floats]:
    derivative = ACTIVATIONS[network.activation].derivative
    return [derivative(a).mean(axis=0) for a in hidden]
