"""Leave out hidden units at random while the network learns."""

from dataclasses import dataclass

import numpy as np

from mlp_cli.nn.types import Floats


@dataclass(frozen=True)
class Dropout:
    """What every mini-batch learns without: hidden units chosen anew for each of its examples.

    Their activations reach the next layer times a mask M^l, in which a number is 0 with the
    probability p and 1 / (1 - p) otherwise. On average that is the whole network, which is what
    reads images afterwards.

    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 15, 2014, whose factor is 1 - p afterwards.
    """

    p: float
    """0 < p < 1"""
    rng: "np.random.Generator"

    def draw(self, mask: Floats) -> None:
        """Fill a mask."""
        self.rng.random(out=mask, dtype=mask.dtype.type)
        np.greater_equal(mask, self.p, mask)
        np.multiply(mask, 1 / (1 - self.p), mask)
