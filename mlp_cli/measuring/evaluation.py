"""A network on the images of one split: its outputs, its predictions and how good they are."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from mlp_cli.measuring import scores
from mlp_cli.nn.checks import check_images, check_labels
from mlp_cli.nn.costs import mean_cost
from mlp_cli.nn.names import CostName
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, ImagesOrX, Labels


@dataclass(frozen=True)
class Evaluation:
    """The outputs of a network on n labelled images, and the figures that follow from them."""

    outputs: Floats
    """A^L: (n, n_L)"""
    predictions: npt.NDArray[np.intp]
    """arg max of each row of the outputs: (n,)"""
    confusion: npt.NDArray[np.int64]
    """counts[i, j]: how many images of class i were predicted as j, (n_L, n_L)"""
    cost: float
    """mean, per image"""

    @classmethod
    def of(cls, network: Network, images: ImagesOrX, labels: Labels) -> Self:
        """Evaluate a network on images whose correct classes are known.

        images: as `Network.outputs` takes them.  labels: (n,), whole numbers below n_L.
        Raises ShapeError or DataError for others.
        """
        images = check_images(images, network.sizes[0])
        labels = check_labels(labels, len(images), network.sizes[-1])
        return cls.of_outputs(network.outputs(images), labels, network.cost)

    @classmethod
    def of_outputs(cls, outputs: Floats, labels: Labels, cost: CostName) -> Self:
        """Evaluate outputs, (n, n_L), for images whose correct classes are known."""
        predictions = outputs.argmax(axis=1)
        return cls(
            outputs,
            predictions,
            scores.confusion_matrix(labels, predictions, classes=outputs.shape[1]),
            mean_cost(outputs, labels, cost),
        )

    @property
    def score(self) -> scores.Score:
        """How many images are predicted correctly."""
        return scores.Score.of(self.confusion)

    @property
    def class_figures(self) -> list[scores.ClassFigures]:
        """Precision, recall and F1 of every class."""
        return scores.class_figures(self.confusion)
