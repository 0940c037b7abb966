"""mlp import: a network that was trained elsewhere becomes a checkpoint."""

from pathlib import Path

import click

from mlp_cli.commands.shared.options import FilePath, common_options, dataset_option
from mlp_cli.commands.shared.text import result
from mlp_cli.datasets.catalogue import find_source
from mlp_cli.runs.places import FOLDER, claim, claim_next, release
from mlp_cli.system.shell import command_line


@click.command("import", short_help="Bring a network from elsewhere.")
@click.argument("file", type=FilePath)
@click.option(
    "--checkpoint",
    type=FilePath,
    show_default="a new file under checkpoints/",
    help="Where to keep the network.",
)
@dataset_option
@click.option(
    "--image-shape",
    type=(click.IntRange(min=1), click.IntRange(min=1)),
    metavar="ROWS COLUMNS",
    show_default="square",
    help="The size of the images that the network reads.",
)
@common_options
def import_(
    file: Path, checkpoint: Path | None, dataset: str, image_shape: tuple[int, int] | None
) -> None:
    """Make a checkpoint of the JSON that network2.save of Nielsen's book writes.

    It has no history, and cannot be resumed; evaluate, predict and the others take it as any.
    """
    from mlp_cli.exports.nielsen import read_nielsen
    from mlp_cli.runs.checkpoint import Run

    run = Run.adopt(read_nielsen(file), dataset, image_shape)
    sizes = run.settings.sizes
    if checkpoint is None:
        path = claim_next(FOLDER, find_source(dataset).file_stem, sizes)
    else:
        claim(path := checkpoint)
    try:
        run.save(path)
    finally:
        release(path)
    named = [] if checkpoint is None else ["--checkpoint", str(path)]
    result(f"network     {'-'.join(map(str, sizes))}, {run.settings.dtype}")
    result(f"checkpoint  {path}")
    result(f"next        {command_line(['mlp', 'evaluate', *named])}")
