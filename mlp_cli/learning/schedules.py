"""Schedules: how the learning rate changes from epoch to epoch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlp_cli.learning.names import ScheduleName


@dataclass(frozen=True)
class Schedule:
    """The learning rate of every epoch: a pure function of the epochs so far.

    It remembers nothing, so a resumed run has the same rates as one that never stopped.
    """

    eta: float
    """the learning rate that the schedule begins with, or warms up to"""
    epochs: int
    """how many epochs the run has in all"""
    name: ScheduleName = "constant"
    every: int = 10
    """step: epochs from one halving to the next; halve-on-plateau: epochs in a row without a
    better validation accuracy before the rate is halved"""
    warmup: int = 0
    """epochs at the beginning in which the rate rises evenly to eta"""

    def rate(self, accuracies: Sequence[float | None]) -> float:
        """Return the learning rate of the next epoch, e, given the validation accuracies so far.

            warm-up, e <= w      eta e / (w + 1)
            constant             eta
            cosine               eta (1 + cos(pi (e - w - 1) / (E - w))) / 2, E epochs in all
            step                 eta / 2^h, h halvings: one every `every` epochs after the warm-up
            halve-on-plateau     eta / 2^h, h halvings: one whenever `every` epochs in a row are
                                 no better than the best before them

        Source of the cosine: I. Loshchilov and F. Hutter, SGDR, ICLR 2017.
        """
        before, halvings = len(accuracies), 0
        if before < self.warmup:
            return self.eta * (before + 1) / (self.warmup + 1)
        if self.name == "cosine":
            progress = (before - self.warmup) / (self.epochs - self.warmup)
            return self.eta * (1 + math.cos(math.pi * progress)) / 2
        if self.name == "step":
            halvings = (before - self.warmup) // self.every
        elif self.name == "halve-on-plateau":
            halvings = self._plateaus(accuracies)
        return math.ldexp(self.eta, -halvings)

    def _plateaus(self, accuracies: Sequence[float | None]) -> int:
        """Return how often `every` epochs in a row were no better than the best before them."""
        best, waited, plateaus = -math.inf, 0, 0
        for accuracy in accuracies:
            if accuracy is not None and accuracy > best:
                best, waited = accuracy, 0
                continue
            waited += 1
            if waited == self.every:
                waited, plateaus = 0, plateaus + 1
        return plateaus
