"""mlp runs: the checkpoints of a folder, as a table."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from mlp_cli.commands.shared.columns import Column, table
from mlp_cli.commands.shared.options import FolderPath, common_options
from mlp_cli.commands.shared.text import json_result, output_width, result, say
from mlp_cli.errors import CheckpointError
from mlp_cli.measuring.percent import percent
from mlp_cli.runs.places import FOLDER, newest_checkpoints
from mlp_cli.system.characters import one_line

if TYPE_CHECKING:
    from mlp_cli.runs.checkpoint import Run

HEADINGS = ("checkpoint", "network", "data", "test", "epochs", "engine", "date")


@dataclass(frozen=True)
class Listed:
    """A checkpoint in the list."""

    path: Path
    written: datetime
    run: "Run"

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the checkpoint in a file. Raises CheckpointError where it is none."""
        from mlp_cli.runs.reading import load_checkpoint

        run = load_checkpoint(path)
        try:
            written = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be read ({error.strerror}).") from error
        return cls(path, written, run)

    def document(self) -> dict[str, Any]:
        """Return what the JSON document has of it."""
        run = self.run
        return {
            "checkpoint": str(self.path),
            "sizes": run.settings.sizes,
            "dataset": run.settings.dataset,
            "test_accuracy": run.test_accuracy,
            "validation_accuracy": run.best_accuracy,
            "epochs": len(run.history),
            "of_epochs": run.settings.epochs,
            "engine": None if run.is_imported else run.settings.engine,
            "imported": run.is_imported,
            "written": self.written.isoformat(timespec="seconds"),
        }

    def cells(self) -> list[str]:
        """Return it as a row of the table."""
        run, settings = self.run, self.run.settings
        return [
            one_line(self.path.name),
            "-".join(map(str, settings.sizes)),
            one_line(settings.dataset),
            percent(run.test_accuracy),
            "imported" if run.is_imported else f"{len(run.history)}/{settings.epochs}",
            "" if run.is_imported else settings.engine,
            f"{self.written:%Y-%m-%d}",
        ]


@click.command(short_help="List the runs in a folder.")
@click.argument("folder", required=False, type=FolderPath, default=FOLDER)
@click.option("--json", is_flag=True, help="Print one JSON document.")
@common_options
@click.pass_context
def runs(ctx: click.Context, folder: Path, json: bool) -> None:
    """Print a table of the checkpoints in FOLDER, the one that was written last first.

    It has network, dataset, test accuracy, epochs and engine of each. FOLDER is checkpoints/
    unless you name another, such as that of a sweep. A file that is no checkpoint is reported.
    """
    listed, is_damaged = [], False
    for path in newest_checkpoints(folder):
        try:
            listed.append(Listed.read(path))
        except CheckpointError as error:
            say(f"Error: {str(error).partition(chr(10))[0]}")
            is_damaged = True
    if json:
        documents = [each.document() for each in listed]
        json_result({"folder": str(folder), "runs": documents})
    elif listed:
        cells = zip(*(each.cells() for each in listed), strict=True)
        columns = [Column(*each) for each in zip(HEADINGS, cells, strict=True)]
        result(table(columns, output_width()))
    if is_damaged:
        ctx.exit(1)
