"""The test images of a sweep: which of its runs read them, and what they reach."""

import statistics
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mlp_cli.datasets.loading import Dataset
from mlp_cli.runs.claim import Claim
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.training import Training
from mlp_cli.sweeps.sweep import Sweep


class Tested(NamedTuple):
    """The runs that read the test images."""

    checkpoints: tuple[Path, ...]
    accuracies: tuple[float, ...]
    """of the test images, in the order of the checkpoints"""

    @property
    def mean(self) -> float:
        """Mean test accuracy."""
        return statistics.fmean(self.accuracies)

    @property
    def standard_deviation(self) -> float | None:
        """Of the test accuracy, with n - 1; None for one run."""
        return statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else None


def read_test(going: Sweep, load: Callable[[str], Dataset]) -> Tested | None:
    """Read the test images with the most accurate run of the best settings; None: there is none.

    Where the seed alone differs nothing is chosen, and every complete run reads them: so the mean
    is as fair as the accuracy of one. A run that has read them before is not asked again.
    load: returns a dataset by its name.
    """
    rows = going.rows()
    if not rows or rows[0].mean is None:
        return None
    found = zip(rows[0].validation_accuracy, rows[0].checkpoints, strict=True)
    known = [(accuracy, path) for accuracy, path in found if accuracy is not None]
    if going.plan.varied:
        known = [max(known, key=lambda pair: pair[0])]
    load_once = cache(load)
    paths = tuple(path for _, path in known)
    return Tested(paths, tuple(_test_accuracy(path, load_once) for path in paths))


def _test_accuracy(checkpoint: Path, load: Callable[[str], Dataset]) -> float:
    with Claim.take(checkpoint) as claim:
        run = load_checkpoint(checkpoint)
        if run.test_accuracy is None:
            Training.resume(run, load(run.settings.dataset)).test(claim)
        assert run.test_accuracy is not None
        return run.test_accuracy
