"""One run of a sweep: begun or resumed, trained, and saved after every epoch."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from mlp_cli.datasets.loading import Dataset
from mlp_cli.errors import CheckpointError, ClaimError, MlpError
from mlp_cli.learning.engine import available
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.claim import Claim
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.schema import show_option
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.runs.training import Guard, Training
from mlp_cli.sweeps.workers import Progress, Task

WAIT_SECONDS = 10.0
"""for a process that was stopped and has not quite ended to give up its run"""


def train_task(task: Task, dataset: Dataset, data_dir: Path, guard: Guard) -> Iterator[Progress]:
    """Train a run to its end, from where its checkpoint is, and yield every epoch once saved.

    data_dir: where the data were found, for the checkpoint to say.
    guard: makes the block in which an epoch is saved.
    Raises UnwritableError where the checkpoint cannot be written; another MlpError, or a
    MemoryError, where this run alone cannot go on.
    """
    path = task.checkpoint
    with ExitStack() as stack:
        if path.exists():
            claim = stack.enter_context(take_when_free(path))
            run = load_checkpoint(path)
            require_settings(run, task)
            training = resume_here(run, dataset)
        else:
            training = Training.begin(task.options, dataset, data_dir)
            with guard():
                claim = stack.enter_context(Claim.begin(path, training.run))
        epochs = training.run.settings.epochs
        for result in training.epochs(claim, guard=guard):
            yield Progress(task.number, result.epoch, epochs)


def resume_here(run: Run, dataset: Dataset) -> Training:
    """Return the training of a saved run, by another engine where its own is not here.

    Raises an MlpError, or a MemoryError, where the run cannot go on.
    """
    engine = available(run.settings.engine)
    return Training.resume(replace(run, settings=replace(run.settings, engine=engine)), dataset)


def reason_of(error: MlpError | MemoryError) -> str:
    """Return why a run cannot go on, in a line or two."""
    if isinstance(error, MlpError):
        return str(error)
    return f"Not enough memory ({error})." if str(error) else "Not enough memory."


def require_settings(run: Run, task: Task) -> None:
    """Raise CheckpointError, naming the setting, where a checkpoint holds another run."""
    for name, wanted in task.options.items():
        if name == "dataset" or wanted == SETTINGS[name].automatic:
            continue  # the data are known by their content; what mlp chose stays
        if (found := getattr(run.settings, name)) != wanted:
            raise CheckpointError(
                f"{task.checkpoint}: holds another run: {name} {show_option(found)}, expected "
                f"{show_option(wanted)}. Move it away."
            )


def take_when_free(path: Path) -> Claim:
    """Take over the file of a run, as soon as no other process trains it."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return Claim.take(path)
        except ClaimError:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)
