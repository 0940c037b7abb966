"""What a report tells of a run: figures only, nothing of how they look."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.loading import Split
from mlp_cli.measuring.health import FLAT, hidden_slopes
from mlp_cli.measuring.scores import ClassFigures, Score, class_figures, confusion_matrix
from mlp_cli.nn.costs import mean_cost
from mlp_cli.nn.types import Floats, Images
from mlp_cli.runs.checkpoint import Run

MISTAKES = 48
"""how many are shown: some rows of a screen"""


@dataclass(frozen=True)
class Mistake:
    """An image that is answered wrong."""

    index: int
    """in the test set, from 0"""
    image: Images
    """(rows, columns)"""
    truth: int
    answer: int
    confidence: float
    """the output of the answer"""


@dataclass(frozen=True)
class Findings:
    """A run, and how its network fares on the test images."""

    name: str
    """of its file"""
    run: Run
    cost: float
    """mean, per test image"""
    confusion: npt.NDArray[np.int64]
    mistakes: list[Mistake]
    """the most confident ones, in this order"""
    slopes: list[Floats]
    """mean sigma' of the hidden units, by layer"""

    @property
    def score(self) -> Score:
        """How many test images are answered right."""
        return Score.of(self.confusion)

    @property
    def figures(self) -> list[ClassFigures]:
        """How each class fares."""
        return class_figures(self.confusion)

    @property
    def flat(self) -> float:
        """The mean slope at or below which a unit counts as saturated."""
        return FLAT[self.run.network.activation]

    @property
    def saturated(self) -> list[int]:
        """How many units of each hidden layer are saturated."""
        return [int((layer <= self.flat).sum()) for layer in self.slopes]

    @property
    def seconds(self) -> list[float]:
        """The time of each epoch, training alone."""
        return [entry["seconds"] or 0.0 for entry in self.run.history]


def find(name: str, run: Run, test: Split) -> Findings:
    """Return what there is to tell of a run, by the test images of its dataset."""
    outputs = run.network.outputs(test.images)
    answers = outputs.argmax(axis=1)
    confidence = outputs.max(axis=1)
    wrong = np.flatnonzero(answers != test.labels)
    chosen = wrong[np.argsort(-confidence[wrong], kind="stable")][:MISTAKES]
    return Findings(
        name=name,
        run=run,
        cost=mean_cost(outputs, test.labels, run.network.cost),
        confusion=confusion_matrix(test.labels, answers, run.settings.sizes[-1]),
        mistakes=[
            Mistake(
                index=int(index),
                image=test.images[index],
                truth=int(test.labels[index]),
                answer=int(answers[index]),
                confidence=float(confidence[index]),
            )
            for index in chosen
        ],
        slopes=hidden_slopes(run.network, test.images),
    )
