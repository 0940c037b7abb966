"""What trains the runs of a sweep: a protocol, and what it says of the runs."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from mlp_cli.runs.schema import Option

if TYPE_CHECKING:
    from mlp_cli.runs.pretrained import Pretrained


class Task(NamedTuple):
    """A run to be trained, or to be resumed where its checkpoint is there."""

    number: int
    """counted from 1 within the sweep"""
    options: Mapping[str, Option]
    """those of `mlp train` that make a run, by name, the seed among them"""
    checkpoint: Path
    """where the run is kept, on the machine of whoever started the sweep"""
    start: "Pretrained | None" = None
    """the trained network that the run begins with; None: one with random parameters"""


class Progress(NamedTuple):
    """An epoch of a run is saved in its checkpoint."""

    number: int
    epoch: int
    epochs: int


class Ended(NamedTuple):
    """A run has ended: it has had all its epochs, or it cannot go on."""

    number: int
    error: str | None
    """why it cannot go on, in a line or two; None for a complete run"""


class Workers(Protocol):
    """Trains several runs at a time."""

    slots: int
    """how many runs are trained at a time"""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the runs that are being trained. Their checkpoints hold every saved epoch."""

    def submit(self, task: Task) -> None:
        """Train this run as soon as a slot is free."""

    def stop(self, number: int) -> None:
        """Train this run no further than to the end of its epoch. It ends all the same."""

    def wait(self) -> Progress | Ended:
        """Wait for what happens next to any run that was submitted and has not ended.

        Raises UnwritableError where a checkpoint cannot be written, since the next one could not
        be either.
        """
