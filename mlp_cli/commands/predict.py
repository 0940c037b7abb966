"""mlp predict: read the digit in a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.checkpoint import checkpoint_option, choose_checkpoint
from mlp_cli.commands.options import common_options
from mlp_cli.commands.text import json_result, result
from mlp_cli.errors import PictureError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@click.command(short_help="Read the digit in a picture.")
@click.argument(
    "images",
    metavar="IMAGE...",
    nargs=-1,
    required=True,
    type=click.Path(readable=False, path_type=Path),
)
@checkpoint_option
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many digits to print, the likeliest first.",
)
@click.option("--json", is_flag=True, help="Print one JSON document per picture.")
@click.option("--raw", is_flag=True, help="Take the pictures as they are: 28 x 28, light on dark.")
@common_options
@click.pass_context
def predict(
    ctx: click.Context,
    images: tuple[Path, ...],
    checkpoint: Path | None,
    top: int,
    json: bool,
    raw: bool,
) -> None:
    """Print the digit that the network reads in each picture, with its output.

    A picture may be dark on light or light on dark, of any size: the digit is found, scaled and
    centred as MNIST's are. Outputs lie between 0 and 1, each by itself: they do not add up to 1.
    A picture that cannot be read is reported and the others are read all the same.
    """
    from mlp_cli.checkpoint import load_checkpoint
    from mlp_cli.images import normalise, read_picture, take_as_is

    run = load_checkpoint(choose_checkpoint(checkpoint))
    shape = run.settings.image_shape
    failed = False
    for path in images:
        try:
            grey = read_picture(path)
            image = take_as_is(grey, shape) if raw else normalise(grey, shape)
        except PictureError as error:
            click.echo(f"Error: {click.format_filename(path)}: {error}", err=True)
            failed = True
            continue
        outputs = run.network.outputs(image[None])[0]
        ranked = outputs.argsort(kind="stable")[::-1].tolist()
        if json:
            json_result(
                {
                    "image": str(path),
                    "prediction": ranked[0],
                    "confidence": float(outputs[ranked[0]]),
                    "outputs": outputs.tolist(),
                }
            )
        else:
            result(f"{click.format_filename(path)}: {_answer(ranked[:top], outputs)}")
    if failed:
        ctx.exit(1)


def _answer(ranked: list[int], outputs: "npt.NDArray[np.floating]") -> str:
    """Return the likeliest digit with its output, then the next ones."""
    first, *others = (f"{digit} ({outputs[digit]:.3f})" for digit in ranked)
    return first + (f"   next {', '.join(others)}" if others else "")
