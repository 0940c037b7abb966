"""How good predictions are: accuracy and its interval, confusion, figures per class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

Z_95 = 1.959963984540054
"""the 97.5 % quantile of the standard normal distribution"""


@dataclass(frozen=True)
class Score:
    """How many of some examples were predicted correctly."""

    correct: int
    examples: int

    @classmethod
    def of(cls, confusion: npt.NDArray[np.int64]) -> Self:
        """Return the score in a confusion matrix."""
        return cls(correct=int(confusion.trace()), examples=int(confusion.sum()))

    @property
    def accuracy(self) -> float:
        """The fraction that was predicted correctly, 0..1."""
        return self.correct / self.examples

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the accuracy (Wilson)."""
        return wilson_interval(self.correct, self.examples)


@dataclass(frozen=True)
class Disagreements:
    """The examples for which the members of a committee do not all predict the same."""

    count: int
    share: float
    """of all examples, 0..1"""
    correct: int
    """how many of them the committee predicts correctly all the same"""

    @classmethod
    def of(
        cls,
        members: Sequence[npt.NDArray[np.integer]],
        committee: npt.NDArray[np.integer],
        labels: npt.NDArray[np.integer],
    ) -> Self:
        """Compare the predictions of members, (n,) each, and of their committee, (n,)."""
        is_disputed = np.zeros(len(labels), bool)
        for predictions in members:
            is_disputed |= predictions != members[0]
        count = int(is_disputed.sum())
        correct = int((is_disputed & (committee == labels)).sum())
        return cls(count, count / len(labels), correct)


@dataclass(frozen=True)
class ClassFigures:
    """The figures of one class. A fraction whose denominator is 0 is None."""

    label: int
    examples: int
    precision: float | None
    """fraction of the predictions of this class that are correct"""
    recall: float | None
    """fraction of the examples of this class that are predicted as it"""
    f1: float | None
    """harmonic mean of precision and recall"""


def confusion_matrix(
    labels: npt.NDArray[np.integer], predictions: npt.NDArray[np.integer], classes: int
) -> npt.NDArray[np.int64]:
    """Return counts[i, j]: how many examples of class i were predicted as j."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts


class ConfusedPair(NamedTuple):
    """A class, what it was predicted as instead, and how often."""

    truth: int
    prediction: int
    times: int


def confused_pairs(confusion: npt.NDArray[np.int64]) -> list[ConfusedPair]:
    """Return the pairs of classes of which one is predicted as the other, the most often first."""
    mistakes = confusion - np.diag(confusion.diagonal())
    truths, predictions = np.nonzero(mistakes)
    counts = mistakes[truths, predictions]
    order = np.argsort(-counts, kind="stable")
    columns = (array[order].tolist() for array in (truths, predictions, counts))
    return [ConfusedPair(*each) for each in zip(*columns, strict=True)]


def wilson_interval(correct: int, examples: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a fraction, within [0, 1].

        p = correct / n
        (p + z^2 / 2n  -+  z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212.
    """
    n, p, z = examples, correct / examples, Z_95
    centre = p + z * z / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At p = 0 and p = 1 the formula meets the bound exactly, and rounding may exceed it.
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def class_figures(confusion: npt.NDArray[np.int64]) -> list[ClassFigures]:
    """Return precision, recall and F1 of every class from the confusion matrix."""
    figures = []
    for label, hits in enumerate(confusion.diagonal().tolist()):
        examples, predicted = int(confusion[label].sum()), int(confusion[:, label].sum())
        figures.append(
            ClassFigures(
                label=label,
                examples=examples,
                precision=_fraction(hits, predicted),
                recall=_fraction(hits, examples),
                f1=_fraction(2 * hits, examples + predicted),
            )
        )
    return figures


def _fraction(part: int, total: int) -> float | None:
    return part / total if total else None
