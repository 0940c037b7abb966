"""A row of a sweep's table: the runs that differ in nothing but their seed."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlp_cli.runs.schema import Option


@dataclass(frozen=True)
class Row:
    """The runs of some settings, one for each seed; figures stand in the order of the seeds."""

    settings: Mapping[str, Option]
    """the settings that differ within the sweep, by name; not the seed"""
    seeds: tuple[int, ...]
    validation_accuracy: tuple[float | None, ...]
    """of the best epoch, 0..1; None for a run that has none"""
    cost: tuple[float | None, ...]
    """validation cost of the best epoch"""
    best_epoch: tuple[int, ...]
    epochs: tuple[int, ...]
    """epochs that each run has had"""
    seconds: tuple[float, ...]
    """of training alone"""
    checkpoints: tuple[Path, ...]
    error: str | None = None
    """why a run cannot go on; None where all can"""

    @property
    def mean(self) -> float | None:
        """Mean validation accuracy over the seeds; None without any."""
        accuracies = self._accuracies
        return statistics.fmean(accuracies) if accuracies else None

    @property
    def standard_deviation(self) -> float | None:
        """Of the validation accuracy over the seeds, with n - 1; None for fewer than two."""
        accuracies = self._accuracies
        return statistics.stdev(accuracies) if len(accuracies) > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the mean, by Student's t, within 0..1; None for one seed."""
        if self.mean is None or self.standard_deviation is None:
            return None
        count = len(self._accuracies)
        half = students_t(count - 1) * self.standard_deviation / math.sqrt(count)
        return max(self.mean - half, 0.0), min(self.mean + half, 1.0)

    @property
    def _accuracies(self) -> list[float]:
        return [accuracy for accuracy in self.validation_accuracy if accuracy is not None]


QUANTILES = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""0.975 quantiles of Student's t with 1 to 30 degrees of freedom"""


def students_t(freedom: int) -> float:
    """Return the 0.975 quantile of Student's t with so many degrees of freedom.

    Above 30 by the expansion of Cornish and Fisher about the normal quantile, good to 0.001.
    """
    if freedom <= len(QUANTILES):
        return QUANTILES[freedom - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom)
