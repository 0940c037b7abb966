"""Drop hidden units at random while the network learns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.nn.types import Floats


@dataclass(frozen=True)
class Dropout:
    """Drops hidden units at random, newly for each example.

    A hidden layer's activations reach the next layer times a mask M^l. An entry of M^l is 0 with
    probability p, and 1 / (1 - p) otherwise. Its mean is 1, so the whole network, without any
    mask, reads images afterwards.

    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 15, 2014. There the factor 1 - p is applied when images are read.
    """

    p: float
    """0 < p < 1"""
    rng: "np.random.Generator"

    def draw(self, mask: Floats) -> None:
        """Fill a mask M^l with one example per column: (n_l, m)."""
        self.rng.random(out=mask, dtype=mask.dtype.type)
        np.greater_equal(mask, self.p, mask)
        np.multiply(mask, 1 / (1 - self.p), mask)

    def draw_masks(self, units: Sequence[int], m: int, dtype: npt.DTypeLike) -> list[Floats]:
        """Return the masks of some hidden layers with one example per row: each (m, n_l).

        The random numbers are those that `draw` fills one mask after the other with.
        """
        masks = [np.empty((n, m), dtype) for n in units]
        for mask in masks:
            self.draw(mask)
        return [mask.T for mask in masks]
