"""What charts take of a run: any object that has it will do."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from mlp_cli.nn.names import CostName

RecordedEntry = Mapping[str, float | None]
"""the figures of an epoch, by name"""


class RecordedSettings(Protocol):
    """What a chart takes of a run's settings."""

    @property
    def cost(self) -> CostName:
        """The cost function."""

    @property
    def dataset(self) -> str:
        """The name of the dataset, or its folder."""

    @property
    def sizes(self) -> Sequence[int]:
        """Units of every layer, input first."""


class Recorded(Protocol):
    """What a chart takes of a run."""

    @property
    def settings(self) -> RecordedSettings:
        """Its settings."""

    @property
    def history(self) -> Sequence[RecordedEntry]:
        """The figures of every epoch, by name."""

    @property
    def best_epoch(self) -> int:
        """Counted from 1; 0 without a history."""

    @property
    def best_accuracy(self) -> float | None:
        """Of the images held out, 0..1; None without any."""


def has_recorded(run: Recorded, key: str) -> bool:
    """Return whether an epoch of the run has this figure."""
    return any(entry.get(key) is not None for entry in run.history)
