"""The option --tensorboard, which lets TensorBoard show a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.shared.options import FolderPath
from mlp_cli.runs.naming import names_of

if TYPE_CHECKING:
    from mlp_cli.exports.tensorboard import BoardLog
    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.runs.training import Training


def _check(_: click.Context, __: click.Parameter, folder: Path | None) -> Path | None:
    """Check, before any work, that the writer is there."""
    if folder is not None:
        from mlp_cli.exports.tensorboard import require_tensorboard

        require_tensorboard()
    return folder


tensorboard_option = click.option(
    "--tensorboard",
    type=FolderPath,
    metavar="DIR",
    callback=_check,
    help="Write figures, histograms and images of the run into this folder, for TensorBoard.",
)


def board_log(folder: Path, run: "Run") -> "BoardLog":
    """Return the log for a run, which may have had epochs before."""
    from mlp_cli.exports.tensorboard import BoardLog

    return BoardLog(folder, run.history, names_of(run.settings).class_name)


def record_epoch(board: "BoardLog", training: "Training") -> None:
    """Record the last epoch of a training."""
    run, watched = training.run, training.watched
    board.record(
        run.history[-1],
        training.network,
        watched.images,
        watched.labels,
        is_last=run.has_ended,
    )
