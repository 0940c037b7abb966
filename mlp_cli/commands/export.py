"""mlp export: a network or its history in another format."""

from pathlib import Path
from typing import Literal, get_args

import click

from mlp_cli.commands.shared.checkpoint import Checkpoint, choose_checkpoint, committee_option
from mlp_cli.commands.shared.options import FilePath, common_options
from mlp_cli.commands.shared.text import result_lines
from mlp_cli.errors import ExportError, OptionError

Format = Literal["html", "onnx", "nielsen", "csv", "small"]
COMMITTEE_FORMATS = ("html", "onnx")
"""those that can hold several networks"""


@click.command(short_help="Write a network in another format.")
@committee_option
@click.option(
    "--format",
    "kind",
    envvar="MLP_EXPORT_FORMAT",
    type=click.Choice(get_args(Format)),
    required=True,
    help="The format, see above.",
)
@click.option("-o", "--output", type=FilePath, required=True, help="The file to write.")
@common_options
def export(checkpoint: tuple[Checkpoint, ...], kind: Format, output: Path) -> None:
    """Write a network, or its history, in another format.

    Of a committee, several checkpoints, html and onnx hold every member and average their outputs.

    \b
    html     a page to draw on, in one file: open it in a browser
    onnx     a model for other programs, from images (0 to 255) to outputs
    nielsen  the JSON that network2.load of Nielsen's book and mlp import read
    csv      the history, one row per epoch
    small    a checkpoint to share: packed, in half precision; it cannot resume
    """  # noqa: D301  Click keeps the lines after this character as they are
    from mlp_cli.exports.history_csv import write_csv
    from mlp_cli.exports.nielsen import write_nielsen
    from mlp_cli.exports.onnx import require_onnx, write_onnx
    from mlp_cli.pages.canvas.page import write_html
    from mlp_cli.runs.committee import Committee
    from mlp_cli.runs.small import write_small
    from mlp_cli.system.outputs import check_output, writing

    check_output(output)
    if kind == "onnx":
        require_onnx()
    if len(checkpoint) > 1 and kind not in COMMITTEE_FORMATS:
        raise OptionError(
            f"--format {kind}: takes one network, and --checkpoint names {len(checkpoint)}. "
            f"Name one, or choose --format {' or '.join(COMMITTEE_FORMATS)}."
        )
    committee = Committee.open([choose_checkpoint(each) for each in checkpoint or (None,)])
    runs = list(committee.runs())
    writers = {
        "html": write_html,
        "onnx": write_onnx,
        "nielsen": write_nielsen,
        "csv": write_csv,
        "small": write_small,
    }
    try:
        with writing(output) as file:
            writers[kind](runs[0], file, *runs[1:])
    except ExportError as error:
        who = committee.first.checkpoint if committee.is_one else "the committee"
        raise ExportError(f"{who}: {error}\nChoose another --format.") from error
    size = output.stat().st_size
    result_lines(f"{click.format_filename(output)}: {size:,} bytes, {kind}")
