"""The content of a sweep's page: figures only, nothing of how they look."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mlp_cli.errors import CheckpointError
from mlp_cli.pages.scales import alike, best_row, row_words, varied
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.schema import Option
from mlp_cli.sweeps.plan import Plan
from mlp_cli.sweeps.rows import Row
from mlp_cli.sweeps.sweep import read_table

MOST_CURVES = 20
"""runs: with more of them their learning curves hide each other"""
MOST_GROUPS = 8
"""settings whose best runs are drawn where there are more runs: as many as there are colours"""


@dataclass(frozen=True)
class SweepFindings:
    """A sweep, the best run in it, and the runs whose learning curves are drawn."""

    name: str
    """its folder"""
    plan: Plan
    rows: Sequence[Row]
    """the best first; a run has an accuracy once it is complete"""
    winner: Row | None
    """the best row; None where no run is complete"""
    best_seed: int
    """where the winner's most accurate run stands in its row"""
    best_run: Run | None
    """that run; None where its checkpoint cannot be read"""
    groups: Sequence[tuple[str, Sequence[Run]]]
    """the runs whose learning curves are drawn, by their settings in words"""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Read what the page of a sweep shows. A checkpoint that is damaged has no curve.

        Raises SweepError where there is no sweep in the folder, or its plan cannot be read.
        """
        plan, rows = read_table(folder)
        winner = best_row(rows)
        best_seed = _best_seed(winner) if winner else 0
        best_run = _load(winner, best_seed) if winner else None
        return cls(str(folder), plan, rows, winner, best_seed, best_run, _groups(rows))

    @property
    def different(self) -> list[str]:
        """The names of the settings that differ."""
        return varied(self.rows)

    @property
    def alike(self) -> dict[str, Option]:
        """The settings that do not differ, without the seed."""
        return alike(self.rows, self.plan)

    @property
    def complete(self) -> int:
        """How many runs are complete."""
        return sum(a is not None for row in self.rows for a in row.validation_accuracy)

    @property
    def failed(self) -> int:
        """How many settings have a run that cannot go on."""
        return sum(row.error is not None for row in self.rows)

    @property
    def unfinished(self) -> int:
        """How many runs have had some of their epochs, and are to have more."""
        return sum(self.goes_on(row, i) for row in self.rows for i in range(len(row.seeds)))

    @property
    def not_begun(self) -> int:
        """How many runs have had no epoch, and are to have some; of trials, all not yet drawn."""
        chosen = sum(len(row.seeds) for row in self.rows)
        waiting = sum(not epochs for row in self.rows if row.error is None for epochs in row.epochs)
        return self.plan.runs - chosen + waiting

    @property
    def seconds(self) -> float:
        """The time of training alone, over all runs."""
        return sum(sum(row.seconds) for row in self.rows)

    def goes_on(self, row: Row, seed: int) -> bool:
        """Return whether the run with this place in the row has epochs, and is to have more."""
        is_complete = row.validation_accuracy[seed] is not None
        return row.error is None and not is_complete and row.epochs[seed] > 0

    def planned_epochs(self, row: Row) -> Option:
        """Return the number of epochs that the runs of a row are to have."""
        return {**self.plan.options, **row.settings}["epochs"]


def _best_seed(row: Row) -> int:
    """Return where the most accurate run of a row stands in it; of equal ones the first."""
    accuracies = [-1.0 if a is None else a for a in row.validation_accuracy]
    return accuracies.index(max(accuracies))


def _groups(rows: Sequence[Row]) -> list[tuple[str, list[Run]]]:
    """Return all runs or, where they are too many, the best one of each of the best rows.

    A run that goes on has a curve, too.
    """
    if sum(len(row.seeds) for row in rows) <= MOST_CURVES:
        chosen = [(row, range(len(row.seeds))) for row in rows]
    else:
        chosen = [(row, range(_best_seed(row), _best_seed(row) + 1)) for row in rows[:MOST_GROUPS]]
    different, groups = varied(rows), []
    for row, seeds in chosen:
        runs = [run for seed in seeds if (run := _load(row, seed)) and run.history]
        if runs:
            groups.append((row_words(row, different), runs))
    return groups


def _load(row: Row, seed: int) -> Run | None:
    """Return the run with this place in a row; None where it cannot be read."""
    try:
        return load_checkpoint(row.checkpoints[seed])
    except CheckpointError:
        return None
