"""The checkpoint that a command reads: the one named, or the newest."""

from pathlib import Path

import click

from mlp_cli.commands.shared.completion import complete_checkpoint
from mlp_cli.commands.shared.options import FilePath
from mlp_cli.commands.shared.text import note
from mlp_cli.errors import CheckpointError, NoCheckpointError
from mlp_cli.measuring.percent import percent
from mlp_cli.runs import bundled
from mlp_cli.runs.places import FOLDER, newest_checkpoint
from mlp_cli.system.characters import one_line

checkpoint_option = click.option(
    "--checkpoint",
    type=FilePath,
    show_default="the newest under checkpoints/",
    shell_complete=complete_checkpoint,
    help="The trained network.",
)


def choose_checkpoint(checkpoint: Path | None) -> Path:
    """Return the checkpoint that was named, or the newest, which is then said."""
    if checkpoint is not None:
        return checkpoint
    path = newest_checkpoint(FOLDER)
    if "\n" in path.name:
        raise CheckpointError(
            f"{one_line(path)}: a line break in the name of the newest checkpoint. Rename it."
        )
    note(f"Using {path}, the newest.")
    return path


def choose_reader(checkpoint: Path | None) -> Path:
    """Return the checkpoint to read pictures with: the one named, the newest, or mlp's own."""
    try:
        return choose_checkpoint(checkpoint)
    except NoCheckpointError:
        note(
            "Using the network that comes with mlp "
            f"(test accuracy {percent(bundled.TEST_ACCURACY)} on MNIST).\n"
            "Train your own with: mlp train"
        )
        return bundled.PATH
