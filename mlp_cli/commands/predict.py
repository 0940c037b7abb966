"""mlp predict: read the digit in a picture, or every digit."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.all_digits import PageReading, read_pages
from mlp_cli.commands.shared.checkpoint import Checkpoint, committee_option
from mlp_cli.commands.shared.options import AnyPath, UserPath, WholeNumber, common_options
from mlp_cli.commands.shared.picture_names import STDIN, expand, not_read, open_named, printed
from mlp_cli.commands.shared.readers import Readers
from mlp_cli.commands.shared.readings import NEXT, Reading, Unread, read_pictures
from mlp_cli.commands.shared.saving import Saving
from mlp_cli.commands.shared.tally import Tally
from mlp_cli.commands.shared.text import can_encode, json_result, output_width, result, result_lines
from mlp_cli.errors import OptionError
from mlp_cli.system.characters import width_of_text

if TYPE_CHECKING:
    from mlp_cli.images import Digit

BLOCKS = "█▀▄┌─┐│└┘"
"""characters of a drawing, where stdout has them"""
PIPED_WIDTH = 80
"""characters of a drawing that is not for a terminal"""


@click.command(short_help="Read the digit in a picture, or every digit.")
@click.argument(
    "images",
    metavar="IMAGE...",
    nargs=-1,
    required=True,
    type=AnyPath(allow_dash=True, path_type=str),
)
@committee_option
@click.option(
    "--all",
    "all_digits",
    is_flag=True,
    help="Read every digit in a picture, line by line, instead of one.",
)
@click.option(
    "--top",
    type=WholeNumber(1),
    default=3,
    show_default=True,
    help="Number of predictions to print, the likeliest first.",
)
@click.option("--json", is_flag=True, help="Print one JSON document per picture.")
@click.option(
    "--show",
    is_flag=True,
    help="Draw the normalised picture beside the outputs; with --all, the digits in their boxes.",
)
@click.option(
    "--save-normalised",
    metavar="PATH",
    type=UserPath(),
    help="Save the normalised picture as PNG in this file, or several pictures in this folder; "
    "with --all, every digit in this folder.",
)
@click.option(
    "--save-boxes",
    metavar="PATH",
    type=UserPath(),
    help="With --all: save the picture with a box around every digit as PNG in this file, or "
    "several pictures in this folder.",
)
@click.option(
    "--raw",
    is_flag=True,
    help="Do not normalise: the pictures have the network's size and are light on dark.",
)
@common_options
@click.pass_context
def predict(
    ctx: click.Context,
    images: tuple[str, ...],
    checkpoint: tuple[Checkpoint, ...],
    all_digits: bool,
    top: int,
    json: bool,
    show: bool,
    save_normalised: Path | None,
    save_boxes: Path | None,
    raw: bool,
) -> None:
    """Print the digit that the network reads in each picture, with its output.

    An IMAGE is a picture file (PNG, JPEG, GIF, BMP, TIFF, WebP, AVIF, PNM or ICO), a folder of
    them, or - for standard input. A picture may be a drawing, a scan or a photograph, dark on
    light or light on dark, large or small: mlp finds the digit, then scales and centres it as
    MNIST does. Of several frames or pages, it reads the first that is not blank. Each output lies
    between 0 and 1; they add up to 1 only where the network was trained with --cost
    log-likelihood.

    With --all, mlp reads every digit in the order of writing, and prints them with the lowest of
    their outputs, as in `31415 (0.97)`. Several lines of writing are printed as several lines.
    Words beside the numbers are left out, and what may be no digit is marked as doubtful.

    Without a checkpoint of your own, the network that comes with mlp reads. One of yours that was
    imported, or has had one epoch, reads only if there is no other. Where the network that comes
    with mlp reads another digit than yours does, or yours is unsure, a warning says so. With
    several checkpoints, the outputs are the mean of the networks' outputs, and a warning says
    where the networks do not agree.

    Warnings go to stderr. A picture that cannot be read is reported, and the others are still
    read.
    """
    if json and show:
        raise OptionError("--show and --json exclude each other. Give only one of them.")
    if all_digits:
        _check_all(ctx, raw=raw)
    elif save_boxes:
        raise OptionError("--save-boxes: one digit alone has no box. Give --all too.")
    readers = Readers.open(checkpoint)
    names, failures = expand(images)
    tally = Tally(len(names), failures)
    saving = Saving.check(images, names, save_normalised, save_boxes, all_digits=all_digits)
    readings: Iterable[Reading | PageReading | Unread]
    readings = read_pages(names, readers) if all_digits else _read_digits(names, readers, raw=raw)
    for reading in tally.follow(readings):
        if isinstance(reading, Unread):
            tally.add_not_read(not_read(reading.name, reading.reason))
            continue
        saving.save(reading, readers.classes)
        _print(reading, readers, tally, top=top, json=json, show=show)
    tally.end()
    if tally.has_failed:
        ctx.exit(1)


def _check_all(ctx: click.Context, *, raw: bool) -> None:
    """Raise OptionError for an option that makes no sense with --all."""
    if raw:
        raise OptionError(
            "--raw and --all exclude each other: --raw takes a picture for one digit. "
            "Give only one of them."
        )
    if ctx.get_parameter_source("top") is ParameterSource.COMMANDLINE:
        raise OptionError(
            "--top and --all exclude each other: --all prints one prediction for each digit. "
            "Give only one of them; --json has all outputs."
        )


def _read_digits(
    names: Sequence[str], readers: Readers, *, raw: bool
) -> Iterator[Reading | Unread]:
    """Yield what is read in each picture; with `raw`, the picture itself is the digit."""
    from mlp_cli.images import digit_in
    from mlp_cli.images.many import DigitReader

    paths = [Path(name) for name in names if name != STDIN]
    with DigitReader(paths, readers.shape, raw=raw) as reader:

        def read(name: str) -> "Digit":
            if name == STDIN:
                return digit_in(open_named(name), readers.shape, raw=raw)
            return reader.read(Path(name))

        yield from read_pictures(
            names, read, readers.committee.member_outputs, readers.beside, readers.unlike
        )


def _print(
    reading: Reading | PageReading,
    readers: Readers,
    tally: Tally,
    *,
    top: int,
    json: bool,
    show: bool,
) -> None:
    """Print a reading, and reasons to doubt it on stderr."""
    classes = readers.classes
    warnings = reading.warnings(classes)
    tally.add_read(is_doubtful=bool(warnings))
    if json:
        json_result(reading.document(readers))
        return
    name, blocks = printed(reading.name), can_encode(BLOCKS)
    width = output_width()
    if isinstance(reading, PageReading):
        result_lines(f"{name}: {reading.text(classes)}")
        if show and reading.placed:
            # COLUMNS counts here without a terminal, too: a drawing has to have some width.
            result(reading.drawing(classes, get_terminal_size((PIPED_WIDTH, 0)).columns, blocks))
    else:
        line = f"{name}: {reading.text(classes, top)}"
        is_short = width is None or width_of_text(line) <= width
        result_lines(line if is_short else line.replace(NEXT, f"\n  {NEXT.strip()} "))
        if show:
            result(reading.drawing(classes, blocks, width))
    for warning in warnings:
        tally.note(f"{name}: {warning}.")
