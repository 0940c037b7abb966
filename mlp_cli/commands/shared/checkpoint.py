"""The checkpoint that a command reads: the one named, or the newest."""

from pathlib import Path

import click

from mlp_cli.commands.shared.completion import complete_checkpoint
from mlp_cli.commands.shared.options import FilePath
from mlp_cli.commands.shared.text import note
from mlp_cli.errors import NoCheckpointError
from mlp_cli.measuring.percent import percent
from mlp_cli.runs import bundled
from mlp_cli.runs.places import FOLDER, newest_checkpoints

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
    from mlp_cli.runs.reading import awaits_its_first_epoch

    newest, *older = newest_checkpoints(FOLDER)
    trained = (path for path in (newest, *older) if not awaits_its_first_epoch(path))
    path = next(trained, newest)
    note(f"Using {path}, the newest{'' if path == newest else ' that has had an epoch'}.")
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
