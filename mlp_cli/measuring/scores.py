"""How good the answers are: accuracy and its interval, confusion, figures per class."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Z_95 = 1.959963984540054
"""the standard normal's 97.5 % quantile"""


@dataclass(frozen=True)
class Score:
    """How many of the examples were answered right."""

    correct: int
    examples: int

    @classmethod
    def of(cls, confusion: npt.NDArray[np.int64]) -> Self:
        """Return the score in a confusion matrix."""
        return cls(correct=int(confusion.trace()), examples=int(confusion.sum()))

    @property
    def accuracy(self) -> float:
        """The share answered right, 0..1."""
        return self.correct / self.examples

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson_interval(self.correct, self.examples)


@dataclass(frozen=True)
class ClassFigures:
    """How one class fares. A share without a denominator is None."""

    label: int
    examples: int
    precision: float | None
    """of the answers that say this class, the share that is right"""
    recall: float | None
    """of this class's examples, the share that is found"""
    f1: float | None
    """harmonic mean of the two"""


def confusion_matrix(
    labels: npt.NDArray[np.integer], predictions: npt.NDArray[np.integer], classes: int
) -> npt.NDArray[np.int64]:
    """Return counts[i, j]: how many examples of class i were answered j."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def wilson_interval(correct: int, examples: int) -> tuple[float, float]:
    """Return the Wilson score interval of a share at 95 %, within [0, 1].

        p = correct / n
        (p + z^2 / 2n  -+  z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212.
    """
    n, p, z = examples, correct / examples, Z_95
    centre = p + z * z / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At p = 0 and p = 1 rounding may step just over the bound that the formula meets exactly.
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def class_figures(confusion: npt.NDArray[np.int64]) -> list[ClassFigures]:
    """Return precision, recall and F1 of every class from the confusion matrix."""
    figures = []
    for label, hits in enumerate(confusion.diagonal().tolist()):
        examples, answers = int(confusion[label].sum()), int(confusion[:, label].sum())
        figures.append(
            ClassFigures(
                label=label,
                examples=examples,
                precision=_share(hits, answers),
                recall=_share(hits, examples),
                f1=_share(2 * hits, examples + answers),
            )
        )
    return figures


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
