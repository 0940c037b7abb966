"""mlp import: a checkpoint from a network that was trained elsewhere."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.shared.checkpoint import Checkpoint, CheckpointFile, choose_to_create
from mlp_cli.commands.shared.completion import complete_dataset
from mlp_cli.commands.shared.dataset import load_for_network
from mlp_cli.commands.shared.options import (
    DatasetName,
    FilePath,
    WholeNumber,
    common_options,
    data_dir_option,
)
from mlp_cli.commands.shared.text import result
from mlp_cli.datasets.catalogue import find_source
from mlp_cli.datasets.source import DEFAULT_DATASET
from mlp_cli.errors import DataError, TakenError
from mlp_cli.runs.places import FOLDER, create, take_next
from mlp_cli.system.shell import command_line

if TYPE_CHECKING:
    from mlp_cli.runs.checkpoint import Run


@click.command("import", short_help="Make a checkpoint of a network from elsewhere.")
@click.argument("file", type=FilePath)
@click.option(
    "--checkpoint",
    type=CheckpointFile(),
    show_default="a new file under checkpoints/",
    help="The checkpoint to write.",
)
@click.option(
    "--dataset",
    type=DatasetName(),
    default=DEFAULT_DATASET,
    shell_complete=complete_dataset,
    show_default=True,
    help="The dataset that the network was trained on: a name, or a folder of four IDX files.",
)
@click.option(
    "--image-shape",
    type=(WholeNumber(1), WholeNumber(1)),
    metavar="ROWS COLUMNS",
    show_default="square",
    help="The size of the images that the network reads.",
)
@data_dir_option
@common_options
def import_(
    file: Path,
    checkpoint: Checkpoint | None,
    dataset: str,
    image_shape: tuple[int, int] | None,
    data_dir: Path,
) -> None:
    """Make a checkpoint of the JSON that network2.save of Nielsen's book writes.

    The checkpoint has no history and cannot resume. Every other command takes it.
    """
    from mlp_cli.exports.nielsen import read_nielsen
    from mlp_cli.runs.checkpoint import Run

    wanted = choose_to_create(checkpoint)
    run = Run.adopt(read_nielsen(file), dataset, image_shape)
    run = replace(run, settings=replace(run.settings, data_dir=str(data_dir)))
    sizes = run.settings.sizes
    path = _create(wanted, run)
    following = _next_command(run, path)
    # `mlp predict` takes an imported network unasked only where there is no other.
    is_found_unnamed = wanted is None and following == ["evaluate"]
    named = [] if is_found_unnamed else ["--checkpoint", str(path)]
    result(f"network     {'-'.join(map(str, sizes))}, {run.settings.dtype}")
    result(f"checkpoint  {path}")
    result(f"next        {command_line(['mlp', *following, *named])}")


def _create(checkpoint: Path | None, run: "Run") -> Path:
    """Write a new checkpoint, to this path or to the next under FOLDER, and return its path."""
    settings = run.settings
    if checkpoint is None:
        stem = find_source(settings.dataset).file_stem
        return take_next(FOLDER, stem, settings.sizes, partial(create, write=run.write))
    try:
        return create(checkpoint, run.write)
    except TakenError as error:
        raise TakenError(
            f"{checkpoint}: exists, expected a new file; an import never overwrites a run.\n"
            "Name another path with --checkpoint."
        ) from error


def _next_command(run: "Run", path: Path) -> list[str]:
    """Return the command to try next: evaluate where there is a dataset that fits, or predict."""
    source = find_source(run.settings.dataset)
    if not source.is_there(Path(run.settings.data_dir)):
        return ["predict", "image.png"]
    try:
        load_for_network(run.settings, path, None, None)
    except DataError:
        return ["predict", "image.png"]
    return ["evaluate"]
