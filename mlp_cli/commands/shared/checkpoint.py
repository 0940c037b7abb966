"""The checkpoint that a command reads: a file, the newest, or the one that comes with mlp."""

import os
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import click

from mlp_cli.commands.shared.completion import CHECKPOINT_NAMES, complete_checkpoint
from mlp_cli.commands.shared.options import Decorated, UserPath
from mlp_cli.commands.shared.text import note
from mlp_cli.errors import NoCheckpointError, OptionError
from mlp_cli.measuring.percent import percent
from mlp_cli.runs import bundled
from mlp_cli.runs.places import FOLDER, newest_checkpoints


class Named(Enum):
    """A checkpoint that has a name instead of a path."""

    NEWEST = "newest"
    BUNDLED = "bundled"


Checkpoint = Path | Named
"""what stands after --checkpoint"""


class CheckpointFile(UserPath):
    """The file of a checkpoint, or a name that stands for one.

    A file that is really called `newest` is `./newest`. In an environment variable, several are
    separated like the folders of PATH.
    """

    def __init__(self) -> None:
        super().__init__(dir_okay=False)

    def convert(
        self,
        value: Any,  # noqa: ANN401  as Click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401
        """Return the path or the name, or refuse it."""
        return Named(value) if value in CHECKPOINT_NAMES else super().convert(value, param, ctx)

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Return the checkpoints in an environment variable; a file's own name stays one."""
        is_one = os.path.lexists(os.path.expanduser(rv))
        return [rv] if is_one else super().split_envvar_value(rv)


_ONE = "The trained network: a file, newest, or bundled (the one that comes with mlp)."


def _option(*, multiple: bool, end: str = "") -> Callable[[Decorated], Decorated]:
    """Return --checkpoint. Repeated: the end of its help says what several are for."""
    return click.option(
        "--checkpoint",
        type=CheckpointFile(),
        multiple=multiple,
        show_default="the newest under checkpoints/",
        shell_complete=complete_checkpoint,
        help=f"{_ONE}{end}",
    )


checkpoint_option = _option(multiple=False)
committee_option = _option(
    multiple=True,
    end=" Repeat the option for a committee, which averages the outputs of its members.",
)
comparison_option = _option(multiple=True, end=" Repeat the option to compare several.")


def choose_checkpoint(checkpoint: Checkpoint | None) -> Path:
    """Return the checkpoint that was named, or else the newest; one without a path is said."""
    if isinstance(checkpoint, Path):
        return checkpoint
    if checkpoint is Named.BUNDLED:
        return _bundled()
    from mlp_cli.runs.glance import Stage, read_stage

    newest, *older = _newest_checkpoints()
    trained = (path for path in (newest, *older) if read_stage(path) is not Stage.BEGUN)
    path = next(trained, newest)
    note(f"Using {path}, the newest{'' if path == newest else ' that has had an epoch'}.")
    return path


def choose_reader(checkpoint: Checkpoint | None) -> Path:
    """Return the checkpoint to read pictures with: the one named, the newest, or mlp's own.

    A network that was imported, or had one epoch, is the newest only where there is no other: it
    was tried out, and its user may not think of it as theirs.
    """
    if isinstance(checkpoint, Path) or checkpoint is Named.BUNDLED:
        return choose_checkpoint(checkpoint)
    try:
        paths = _newest_checkpoints()
    except NoCheckpointError:
        if checkpoint is not None:
            raise
        return _bundled("\nTrain your own with: mlp train")
    from mlp_cli.runs.glance import Stage, read_stage

    stages: dict[Path, Stage] = {}
    for path in paths:
        stages[path] = read_stage(path)
        if stages[path] is Stage.TRAINED:
            only = "" if path == paths[0] else " that was trained here for more than one epoch"
            note(f"Using {path}, the newest{only}.")
            return path
    begun = Stage.BEGUN
    path = next((path for path, stage in stages.items() if stage is not begun), paths[0])
    but = {
        Stage.ONE_EPOCH: "\nIt has had only one epoch.",
        Stage.IMPORTED: "\nIt was imported, not trained here.",
    }
    note(f"Using {path}, the newest.{but.get(stages[path], '')}")
    return path


def _newest_checkpoints() -> list[Path]:
    """Return the checkpoints under FOLDER, the newest first; at least one.

    Raises NoCheckpointError, which says how to get one.
    """
    try:
        return newest_checkpoints(FOLDER)
    except NoCheckpointError as error:
        raise NoCheckpointError(
            f"{error}\nOr take the network that comes with mlp: --checkpoint bundled"
        ) from error


def choose_to_resume(checkpoint: Checkpoint | None) -> Path | None:
    """Return the checkpoint of the run to resume; None for the newest that can be."""
    match checkpoint:
        case Named.NEWEST:
            return None
        case Named.BUNDLED:
            return _bundled()
    return checkpoint


def choose_to_create(checkpoint: Checkpoint | None) -> Path | None:
    """Return the path for a new checkpoint; None where nobody named one.

    Raises OptionError for a name that stands for a checkpoint which is there already.
    """
    if isinstance(checkpoint, Named):
        name = checkpoint.value
        raise OptionError(
            f"--checkpoint {name}: stands for a checkpoint that is there already, expected a new "
            f"file. Name another, or a file that is called so: ./{name}"
        )
    return checkpoint


def _bundled(advice: str = "") -> Path:
    """Return mlp's own checkpoint, and say so."""
    note(
        "Using the network that comes with mlp "
        f"(test accuracy {percent(bundled.TEST_ACCURACY)} on MNIST).{advice}"
    )
    return bundled.PATH
