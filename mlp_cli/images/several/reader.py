"""The network, as it reads the shapes of a page: all that are new to it in one call."""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.certainty import mean_outputs
from mlp_cli.images.several.shapes import Candidate, Page, Shape, normalised
from mlp_cli.images.several.types import Outputs, ReadImages


class Reader:
    """What a network puts out for the shapes of a page; no shape is read twice."""

    def __init__(self, page: Page, shape: tuple[int, ...], network: ReadImages):
        self.page, self.shape, self.network = page, shape, network
        self._known: dict[int, tuple[Shape, Candidate, Outputs, Outputs]] = {}

    def read(self, shapes: list[Shape]) -> tuple[list[Candidate], Outputs, Outputs]:
        """Return the shapes in MNIST's form, the outputs for them, and the means over wobbles."""
        new = [shape for shape in shapes if id(shape) not in self._known]
        if new:
            candidates = [normalised(self.page, shape, self.shape) for shape in new]
            images = np.stack([candidate.image for candidate in candidates])
            for each in zip(new, candidates, *mean_outputs(images, self.network), strict=True):
                # The shape is kept too: no other then gets its id.
                self._known[id(each[0])] = each
        known = [self._known[id(shape)] for shape in shapes]
        return (
            [each[1] for each in known],
            np.stack([each[2] for each in known]),
            np.stack([each[3] for each in known]),
        )

    def certainty(self, shapes: list[Shape]) -> npt.NDArray[np.float64]:
        """Return how certain the network is of each shape: its largest mean output.

        An output that is not a number counts as none: by it, no choice of pieces would be the best.
        """
        if not shapes:
            return np.zeros(0)
        largest: npt.NDArray[np.float64] = self.read(shapes)[2].max(axis=1).astype(np.float64)
        return np.where(np.isnan(largest), 0.0, largest)
