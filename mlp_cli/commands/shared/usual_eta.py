"""The learning rates with which a network usually learns."""

import math
from typing import NamedTuple

from mlp_cli.nn.names import ActivationName
from mlp_cli.runs.settings import Settings


class EtaRange(NamedTuple):
    """A range of learning rates, both ends included."""

    least: float
    most: float

    @property
    def middle(self) -> float:
        """The geometric mean of the ends."""
        return math.sqrt(self.least * self.most)

    def has(self, eta: float) -> bool:
        """Return whether a learning rate is in the range."""
        return self.least <= eta <= self.most

    def __str__(self) -> str:
        return f"{self.least:.2g} to {self.most:.2g}"


# Measured: 784-30-10, mini-batches of 10, three epochs of 20,000 of MNIST's images. Within these
# ranges more than 90 % of the validation images are read right, beyond them fewer.
WITH_QUADRATIC: dict[ActivationName, EtaRange] = {
    "sigmoid": EtaRange(0.1, 10),
    "tanh": EtaRange(0.1, 3),
    "relu": EtaRange(0.03, 1),
}
WITH_OTHER_COSTS: dict[ActivationName, EtaRange] = {
    "sigmoid": EtaRange(0.03, 1),
    "tanh": EtaRange(0.01, 0.3),
    "relu": EtaRange(0.01, 0.3),
}


def usual_eta(settings: Settings) -> EtaRange:
    """Return the learning rates with which such a network usually learns.

    Momentum mu makes every step 1 / (1 - mu) times as long in the end, so eta is that much smaller.
    """
    by_activation = WITH_QUADRATIC if settings.cost == "quadratic" else WITH_OTHER_COSTS
    least, most = by_activation["sigmoid" if not settings.hidden else settings.activation]
    slower = 1 - settings.momentum
    return EtaRange(least * slower, most * slower)
