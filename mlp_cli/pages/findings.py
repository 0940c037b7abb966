"""The content of a report about one run: figures only, nothing of how they look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.datasets.loading import Split
from mlp_cli.measuring.evaluation import Evaluation
from mlp_cli.measuring.health import hidden_slopes
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.types import Floats, Images
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.naming import names_of

TEST_IMAGES, HELD_OUT = "test images", "images held out"
"""what images that a network is evaluated on are called"""
SHOWN_MISTAKES = 48
"""images: a few rows of a screen"""


@dataclass(frozen=True)
class Mistake:
    """An image whose prediction is wrong."""

    index: int
    """among the images that were read, from 0"""
    image: Images
    """(rows, columns), as the network sees it"""
    truth: int
    prediction: int
    confidence: float
    """the output of the prediction"""


@dataclass(frozen=True)
class Origins:
    """Where a run's checkpoint comes from."""

    written: datetime | None = None
    """when the file was last written; None where it is not known"""
    versions: Mapping[str, str] = field(default_factory=dict)
    """of the programs that wrote it, by name"""


@dataclass(frozen=True)
class Findings:
    """A run, and how its network performs on images that it has not learned from."""

    name: str
    """the name of the checkpoint's file"""
    run: Run
    dataset: str
    """the name of the dataset of the images"""
    evaluation: Evaluation | None
    """on the images; None where there were none to read"""
    mistakes: list[Mistake]
    """the most confident ones, in this order"""
    slopes: list[Floats]
    """mean sigma' of the hidden units, by layer; none without images"""
    classes: ClassNames
    """what the classes are called"""
    images: str = TEST_IMAGES
    """which images were read"""
    origins: Origins = Origins()

    @classmethod
    def of(
        cls,
        name: str,
        run: Run,
        split: Split | None,
        dataset: str | None = None,
        classes: ClassNames | None = None,
        images: str = TEST_IMAGES,
        origins: Origins | None = None,
    ) -> "Findings":
        """Evaluate a run's network on a split of a dataset; by default of its own.

        split: None: the network is not evaluated.
        classes: what they are called; by default as the run has it.  images: what the split is.
        """
        evaluation, mistakes, slopes = None, [], []
        if split is not None:
            split = Split(run.seen(split.images), split.labels)
            evaluation = Evaluation.of(run.network, split.images, split.labels)
            slopes = hidden_slopes(run.network, split.images)
            mistakes = _mistakes(evaluation, split)
        return cls(
            name,
            run,
            dataset or run.settings.dataset,
            evaluation,
            mistakes,
            slopes,
            classes or names_of(run.settings),
            images,
            origins or Origins(),
        )

    @property
    def has_dead_units(self) -> bool:
        """Whether a unit that never learns is called dead: its activation is 0 for every image."""
        return self.flat == 0

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


def _mistakes(evaluation: Evaluation, split: Split) -> list[Mistake]:
    """Return the wrong predictions with the largest outputs, the largest first."""
    confidence = evaluation.outputs.max(axis=1)
    wrong = np.flatnonzero(evaluation.predictions != split.labels)
    chosen = wrong[np.argsort(-confidence[wrong], kind="stable")][:SHOWN_MISTAKES]
    return [
        Mistake(
            index=int(index),
            image=split.images[index],
            truth=int(split.labels[index]),
            prediction=int(evaluation.predictions[index]),
            confidence=float(confidence[index]),
        )
        for index in chosen
    ]
