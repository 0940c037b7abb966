"""What the runs of a sweep have reached, as their checkpoints hold it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.sweeps.plan import Point
from mlp_cli.sweeps.rows import Row
from mlp_cli.sweeps.running import require_settings
from mlp_cli.sweeps.workers import Task


class Result(NamedTuple):
    """A run so far."""

    accuracies: tuple[float, ...]
    """of the validation images after each epoch"""
    cost: float | None
    """validation cost of the best epoch"""
    best_epoch: int
    seconds: float
    """of training alone"""
    is_complete: bool
    """whether the run has had all its epochs, or its patience has ended it"""

    @property
    def best_accuracy(self) -> float | None:
        """The accuracy of the best epoch; None before the first."""
        return self.accuracies[self.best_epoch - 1] if self.accuracies else None


def read_result(task: Task) -> Result | None:
    """Return what a run has reached; None where it has not begun.

    Raises CheckpointError where its checkpoint is damaged, or holds another run.
    """
    if not task.checkpoint.exists():
        return None
    run = load_checkpoint(task.checkpoint)
    require_settings(run, task)
    accuracies = [entry["validation_accuracy"] for entry in run.history]
    return Result(
        tuple(accuracy for accuracy in accuracies if accuracy is not None),
        run.history[run.best_epoch - 1].get("validation_cost") if run.history else None,
        run.best_epoch,
        run.training_seconds,
        run.has_ended,
    )


def make_row(
    point: Point, tasks: Sequence[Task], results: Mapping[int, Result], errors: Mapping[int, str]
) -> Row:
    """Return the row of a combination of settings.

    A run has figures once it is complete, unless it was pruned: the mean is one of runs that had
    the same chance.
    tasks: the runs of the combination.  results, errors: by the numbers of runs.
    """
    found = [results.get(task.number) for task in tasks]
    complete = [
        each if each and each.is_complete and task.number not in errors else None
        for task, each in zip(tasks, found, strict=True)
    ]
    return Row(
        settings=point.settings,
        seeds=tuple(_seed(task) for task in tasks),
        validation_accuracy=tuple(each and each.best_accuracy for each in complete),
        cost=tuple(each and each.cost for each in complete),
        best_epoch=tuple(each.best_epoch if each else 0 for each in complete),
        epochs=tuple(len(each.accuracies) if each else 0 for each in found),
        seconds=tuple(each.seconds if each else 0.0 for each in found),
        checkpoints=tuple(task.checkpoint for task in tasks),
        error=point.error or _reasons(tasks, errors),
    )


def sorted_rows(rows: Sequence[Row]) -> list[Row]:
    """Return rows from the best mean to the worst; then those in which a run cannot go on."""
    return sorted(rows, key=lambda row: (row.error is not None, -(row.mean or 0.0)))


def _reasons(tasks: Sequence[Task], errors: Mapping[int, str]) -> str | None:
    """Return why runs cannot go on, each reason once, with the seeds that it holds for."""
    seeds: dict[str, list[str]] = {}
    for task in tasks:
        if (reason := errors.get(task.number)) is not None:
            seeds.setdefault(" ".join(reason.split()), []).append(str(_seed(task)))
    if not seeds:
        return None
    return " ".join(
        reason
        if len(tasks) == len(numbers)
        else f"seed{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}: {reason}"
        for reason, numbers in seeds.items()
    )


def _seed(task: Task) -> int:
    seed = task.options["seed"]
    assert isinstance(seed, int)
    return seed
