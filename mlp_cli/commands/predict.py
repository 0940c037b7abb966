"""mlp predict: read the digit in a picture."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlp_cli.commands.shared.checkpoint import Checkpoint, choose_reader, committee_option
from mlp_cli.commands.shared.options import AnyPath, UserPath, WholeNumber, common_options
from mlp_cli.commands.shared.readings import Reading, Unread, rank, read_pictures
from mlp_cli.commands.shared.text import (
    can_encode,
    json_result,
    note,
    output_width,
    result,
    result_lines,
    say,
)
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.errors import OptionError, OutputError, PictureError
from mlp_cli.system.characters import one_line, width_of_text

if TYPE_CHECKING:
    from mlp_cli.images import Digit
    from mlp_cli.nn.types import Floats
    from mlp_cli.runs.committee import Committee, CommitteeMember

STDIN = "-"


@click.command(short_help="Read the digit in a picture.")
@click.argument(
    "images",
    metavar="IMAGE...",
    nargs=-1,
    required=True,
    type=AnyPath(allow_dash=True, path_type=str),
)
@committee_option
@click.option(
    "--top",
    type=WholeNumber(1),
    default=3,
    show_default=True,
    help="Number of predictions to print, the likeliest first.",
)
@click.option("--json", is_flag=True, help="Print one JSON document per picture.")
@click.option("--show", is_flag=True, help="Draw the normalised picture beside the outputs.")
@click.option(
    "--save-normalised",
    metavar="PATH",
    type=UserPath(),
    help="Save the normalised picture as PNG in this file, or several pictures in this folder.",
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
    top: int,
    json: bool,
    show: bool,
    save_normalised: Path | None,
    raw: bool,
) -> None:
    """Print the digit that the network reads in each picture, with its output.

    An IMAGE is a picture file (PNG, JPEG, GIF, BMP, TIFF, WebP, AVIF, PNM or ICO), a folder of
    them, or - for standard input. A picture may be a drawing, a scan or a photograph, dark on
    light or light on dark, large or small: mlp finds the digit, then scales and centres it as
    MNIST does. Of several frames or pages, it reads the first that is not blank. Without a
    checkpoint of your own, the network that comes with mlp reads it. Each output lies between 0
    and 1; they add up to 1 only where the network was trained with --cost log-likelihood.
    With several checkpoints, the outputs are the mean of the networks' outputs, and a warning says
    where the networks do not agree.
    Warnings go to stderr. A picture that cannot be read is reported, and the others are still
    read.
    """
    from mlp_cli.images import save_image
    from mlp_cli.runs.committee import Committee
    from mlp_cli.system.outputs import writing

    if json and show:
        raise OptionError("--show and --json exclude each other. Give only one of them.")
    committee = Committee.open([choose_reader(each) for each in checkpoint or (None,)])
    classes = _class_names(committee)
    names: list[str] = []
    failed = False
    for image in images:
        try:
            names += _expand(image)
        except PictureError as error:
            _report(image, str(error))
            failed = True
    path_for = _choose_paths(images, names, save_normalised) if save_normalised else None
    read = partial(_read, shape=committee.first.settings.image_shape, raw=raw)
    for reading in read_pictures(names, read, committee.member_outputs):
        if isinstance(reading, Unread):
            _report(reading.name, reading.reason)
            failed = True
            continue
        if path_for is not None:
            with writing(path_for(reading.name)) as file:
                save_image(reading.digit.image, file)
        _print(reading, committee, classes, top=top, json=json, show=show)
    if failed:
        ctx.exit(1)


def _report(name: str, reason: str) -> None:
    """Print why a picture cannot be read; the others still are."""
    say(f"Error: {_printed(name)}: {one_line(reason)}")


def _expand(name: str) -> list[str]:
    """Return the names of the pictures that an argument stands for."""
    from mlp_cli.images import pictures_in

    if name != STDIN and os.path.isdir(name):  # Path.is_dir raises where it may not look
        listing = pictures_in(Path(name))
        if listing.unread:
            note(f"{_printed(name)}: not read: {listing.unread}.")
        return [str(path) for path in listing.pictures]
    return [name]


def _read(name: str, shape: tuple[int, ...], raw: bool) -> "Digit":
    """Return the digit in a picture; with `raw`, the picture itself."""
    from mlp_cli.images import Digit, find_digit, open_picture, open_stream, take_as_is

    picture = open_stream(sys.stdin) if name == STDIN else open_picture(Path(name))
    grey = picture.grey
    digit = Digit(take_as_is(grey, shape)) if raw else find_digit(grey, shape)
    return replace(digit, warnings=(*picture.remarks, *digit.warnings))


def _choose_paths(images: tuple[str, ...], names: list[str], path: Path) -> Callable[[str], Path]:
    """Return a function from a picture's name to the path of its normalised form.

    That is the path itself for one picture, and a file in a folder of that path for several.
    """
    from mlp_cli.images import SaveFolder
    from mlp_cli.system.outputs import check_output

    if list(images) != names or len(names) > 1:
        return SaveFolder.make(path, names).path_for
    if names[0] != STDIN and _is_same_file(names[0], path):
        raise OutputError(
            f"--save-normalised {path}: the picture that is read, expected another name."
        )
    check_output(path)
    return lambda _: path


def _is_same_file(one: str, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one is missing or out of reach, which is reported when it is read or written
        return False


def _print(
    reading: Reading,
    committee: "Committee",
    classes: ClassNames,
    *,
    top: int,
    json: bool,
    show: bool,
) -> None:
    """Print a prediction, and reasons to doubt it on stderr."""
    warnings = reading.warnings(classes)
    if json:
        members = zip(committee.members, reading.members, strict=True)
        json_result(
            {
                "image": reading.name,
                "prediction": reading.ranked[0],
                "name": classes.class_name(reading.ranked[0]),
                "confidence": float(reading.outputs[reading.ranked[0]]),
                "outputs": reading.outputs.tolist(),
                "warnings": warnings,
                **({} if committee.is_one else {"members": [_alone(*each) for each in members]}),
            }
        )
        return
    width = output_width()
    first, others = _ranking(reading, classes, top)
    line = f"{_printed(reading.name)}: {first}{others and f'   {others}'}"
    is_short = width is None or width_of_text(line) <= width
    result_lines(line if is_short else f"{_printed(reading.name)}: {first}\n  {others}".rstrip())
    if show:
        from mlp_cli.images import draw_reading

        names = classes.all(len(reading.outputs))
        blocks = can_encode("█▀▄")
        result(draw_reading(reading.digit.image, reading.outputs, names, blocks, width))
    for warning in warnings:
        note(f"{_printed(reading.name)}: {warning}.")


def _alone(member: "CommitteeMember", outputs: "Floats") -> dict[str, Any]:
    """Return what one member of a committee reads, as the JSON document has it."""
    return {
        "checkpoint": str(member.checkpoint),
        "prediction": rank(outputs)[0],
        "outputs": outputs.tolist(),
    }


def _class_names(committee: "Committee") -> ClassNames:
    """Return the names of classes that are printed, and say where members have others."""
    from mlp_cli.runs.naming import names_of

    first, *others = committee.members
    classes, count = names_of(first.settings), first.settings.sizes[-1]
    for member in others:
        if names_of(member.settings).all(count) != classes.all(count):
            note(
                f"{one_line(member.checkpoint)}: was trained on {member.settings.dataset}; "
                f"the classes are named as in {first.settings.dataset}."
            )
    return classes


def _printed(name: str) -> str:
    return "standard input" if name == STDIN else one_line(name)


def _ranking(reading: Reading, classes: ClassNames, top: int) -> tuple[str, str]:
    """Return the class with the highest output, and the next ones, as text."""
    first, *others = (
        f"{classes.class_name(label)} ({reading.outputs[label]:.3f})"
        for label in reading.ranked[:top]
    )
    return first, f"next {', '.join(others)}" if others else ""
