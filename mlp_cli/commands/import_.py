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
from mlp_cli.commands.shared.text import note_result, result_lines
from mlp_cli.datasets.catalogue import NAMES, find_source
from mlp_cli.datasets.source import DEFAULT_DATASET
from mlp_cli.errors import DataError, OptionError, TakenError
from mlp_cli.runs.places import FOLDER, create, take_next
from mlp_cli.system.shell import command_line

if TYPE_CHECKING:
    from mlp_cli.runs.checkpoint import Run

LEAST_SIDE_OF_PICTURE = 8
"""pixels: nobody has a digit in a smaller picture"""
MOST_TYPED = 10
"""numbers of an example that one types"""


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
    show_default="square, or one row",
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
    """Make a checkpoint of a network's weights and biases in JSON.

    They stand in FILE as the derivation writes them, {"weights": [W2, W3], "biases": [b2, b3]}, of
    any size, or as network2.save of Nielsen's book does. The checkpoint has no history and cannot
    resume. Every other command takes it that suits a network of its size.
    """
    from mlp_cli.exports.network_file import read_network
    from mlp_cli.runs.checkpoint import Run

    wanted = choose_to_create(checkpoint)
    run = Run.adopt(read_network(file), dataset, image_shape)
    sizes = run.settings.sizes
    names = _class_names(dataset, sizes[-1])
    run = replace(run, settings=replace(run.settings, data_dir=str(data_dir), class_names=names))
    path = _create(wanted, run)
    next_command = _next_command(run, path, reads_images=image_shape is not None)
    # `mlp predict` takes an imported network unasked only where there is no other.
    is_found_unnamed = wanted is None and next_command == ["evaluate"]
    named = [] if is_found_unnamed else ["--checkpoint", str(path)]
    result_lines(f"network     {'-'.join(map(str, sizes))}, {run.settings.dtype}")
    result_lines(f"checkpoint  {path}")
    note_result(f"next        {command_line(['mlp', *next_command, *named])}")


def _class_names(dataset: str, outputs: int) -> tuple[str, ...]:
    """Return the names of a network's classes, as a folder has them; else they are not stored."""
    names = find_source(dataset).class_names() if dataset not in NAMES else ()
    if len(names) not in (0, outputs):
        raise OptionError(
            f"--dataset {dataset}: {len(names)} names of classes, expected {outputs}, one for each "
            "output of the network. Name another folder, or mend its names."
        )
    return names


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


def _next_command(run: "Run", path: Path, *, reads_images: bool) -> list[str]:
    """Return the command to try next: one that works with this network.

    reads_images: the user said what its images look like.
    """
    settings = run.settings
    if _can_evaluate(run, path):
        return ["evaluate"]
    if reads_images or min(settings.image_shape) >= LEAST_SIDE_OF_PICTURE:
        return ["predict", "image.png"]
    inputs, outputs = settings.sizes[0], settings.sizes[-1]
    if max(inputs, outputs) > MOST_TYPED:
        return ["inspect"]
    x, y = ["0.5"] * inputs, ["1", *["0"] * (outputs - 1)]
    return ["explain", "--x", ",".join(x), "--y", ",".join(y)]


def _can_evaluate(run: "Run", path: Path) -> bool:
    """Return whether the network's dataset is there and fits."""
    source = find_source(run.settings.dataset)
    if not source.is_there(Path(run.settings.data_dir)):
        return False
    try:
        load_for_network(run.settings, path, None, None)
    except DataError:
        return False
    return True
