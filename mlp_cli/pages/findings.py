"""The content of a report about one run: figures only, nothing of how they look."""

from dataclasses import dataclass

import numpy as np

from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.datasets.loading import Split
from mlp_cli.measuring.evaluation import Evaluation
from mlp_cli.measuring.health import hidden_slopes
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.types import Floats, Images
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.naming import names_of

SHOWN_MISTAKES = 48
"""images: a few rows of a screen"""


@dataclass(frozen=True)
class Mistake:
    """A test image whose prediction is wrong."""

    index: int
    """in the test set, from 0"""
    image: Images
    """(rows, columns), as the network sees it"""
    truth: int
    prediction: int
    confidence: float
    """the output of the prediction"""


@dataclass(frozen=True)
class Findings:
    """A run, and how its network performs on the test images."""

    name: str
    """the name of the checkpoint's file"""
    run: Run
    dataset: str
    """the name of the dataset of the test images"""
    evaluation: Evaluation
    """on the test images"""
    mistakes: list[Mistake]
    """the most confident ones, in this order"""
    slopes: list[Floats]
    """mean sigma' of the hidden units, by layer"""
    classes: ClassNames
    """what the classes are called"""

    @classmethod
    def of(
        cls,
        name: str,
        run: Run,
        test: Split,
        dataset: str | None = None,
        classes: ClassNames | None = None,
    ) -> "Findings":
        """Evaluate a run's network on the test images of a dataset; by default of its own.

        classes: what they are called; by default as the run has it.
        """
        test = Split(run.seen(test.images), test.labels)
        evaluation = Evaluation.of(run.network, test.images, test.labels)
        slopes = hidden_slopes(run.network, test.images)
        mistakes = _mistakes(evaluation, test)
        return cls(
            name,
            run,
            dataset or run.settings.dataset,
            evaluation,
            mistakes,
            slopes,
            classes or names_of(run.settings),
        )

    @property
    def flat(self) -> float:
        """The mean slope at or below which a unit counts as saturated."""
        return ACTIVATIONS[self.run.network.activation].flat

    @property
    def saturated(self) -> list[int]:
        """How many units of each hidden layer are saturated."""
        return [int((layer <= self.flat).sum()) for layer in self.slopes]

    @property
    def seconds(self) -> list[float]:
        """The training time of each epoch."""
        return [entry["seconds"] or 0.0 for entry in self.run.history]


def _mistakes(evaluation: Evaluation, test: Split) -> list[Mistake]:
    """Return the wrong predictions with the largest outputs, the largest first."""
    confidence = evaluation.outputs.max(axis=1)
    wrong = np.flatnonzero(evaluation.predictions != test.labels)
    chosen = wrong[np.argsort(-confidence[wrong], kind="stable")][:SHOWN_MISTAKES]
    return [
        Mistake(
            index=int(index),
            image=test.images[index],
            truth=int(test.labels[index]),
            prediction=int(evaluation.predictions[index]),
            confidence=float(confidence[index]),
        )
        for index in chosen
    ]
