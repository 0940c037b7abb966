"""What moves the parameters after a mini-batch: the settings that all engines share."""

from dataclasses import dataclass

import numpy as np

from mlp_cli.learning.dropout import Dropout
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats


@dataclass(frozen=True)
class UpdateRule:
    """How the derivatives of a mini-batch move the parameters.

        W^l -= V^l,   V^l = mu V^l + (eta / m) dW^l + (eta lambda / n) W^l
        b^l -= V^l,   V^l = mu V^l + (eta / m) db^l

    m: the examples of the mini-batch.  n: those of the epoch.
    """

    momentum: float = 0.0
    """mu, 0 <= mu < 1"""
    l2: float = 0.0
    """lambda, 0 or above"""
    dropout: Dropout | None = None
    """drops hidden units while the derivatives are taken; None: none are dropped"""

    @property
    def is_gradient_alone(self) -> bool:
        """Whether there is neither momentum nor L2."""
        return not (self.momentum or self.l2)

    def velocities_of(self, network: Network) -> list[Floats]:
        """Return V^l, l = 2..L, as they begin: zeros of the shape of (W^l | b^l), or no arrays."""
        return [np.zeros_like(p) for p in network.parameters] if self.momentum else []

    def decay(self, eta: float, n: int) -> float:
        """Return eta lambda / n, the part of W^l that L2 takes off at each mini-batch."""
        return eta * self.l2 / n


GRADIENT_DESCENT = UpdateRule()
"""W^l -= (eta / m) dW^l, and so for b^l: Train itself"""
