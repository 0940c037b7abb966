"""mlp predict: read the digit in a picture."""

import math
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from mlp_cli.commands.shared.checkpoint import checkpoint_option, choose_reader
from mlp_cli.commands.shared.options import common_options
from mlp_cli.commands.shared.text import can_encode, json_result, note, result, say
from mlp_cli.datasets.catalogue import find_source
from mlp_cli.errors import OptionError, OutputError, PictureError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mlp_cli.images import Digit

Result = TypeVar("Result")

STDIN = "-"
BATCH = 100
"""pictures that are in memory together"""
UNSURE = 0.5
"""a highest output below this is worth a warning"""


@dataclass(frozen=True)
class Reading:
    """One picture and what was read in it."""

    name: str
    digit: "Digit"
    outputs: "npt.NDArray[np.floating]"
    dataset: str
    """what the network was trained on, which names the classes"""

    @property
    def ranked(self) -> list[int]:
        """The classes, the likeliest first."""
        ranked: list[int] = self.outputs.argsort(kind="stable")[::-1].tolist()
        return ranked

    @property
    def warnings(self) -> list[str]:
        """What makes the answer doubtful."""
        doubts = list(self.digit.warnings)
        highest = float(self.outputs.max())  # nan if any output is
        if math.isnan(highest):
            doubts.append("the outputs are not numbers, as the network's parameters are too large")
        elif highest < UNSURE:
            doubts.append("the network is unsure: no output reaches one half")
        return doubts


@click.command(short_help="Read the digit in a picture.")
@click.argument(
    "images",
    metavar="IMAGE...",
    nargs=-1,
    required=True,
    type=click.Path(readable=False, allow_dash=True, path_type=str),
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
@click.option("--show", is_flag=True, help="Print what the network sees beside its outputs.")
@click.option(
    "--save-normalised",
    metavar="PATH",
    type=click.Path(readable=False, path_type=Path),
    help="Write what the network sees as PNG: a file, or a folder for several pictures.",
)
@click.option(
    "--raw",
    is_flag=True,
    help="Take the pictures as they are: of the network's size, light on dark.",
)
@common_options
@click.pass_context
def predict(
    ctx: click.Context,
    images: tuple[str, ...],
    checkpoint: Path | None,
    top: int,
    json: bool,
    show: bool,
    save_normalised: Path | None,
    raw: bool,
) -> None:
    """Print the digit that the network reads in each picture, with its output.

    An IMAGE is a picture file, a folder of them, or - for standard input. A picture may be a
    drawing, a scan or a photograph, dark on light or light on dark, of any size: the digit is
    found, scaled and centred as MNIST's are. Without a checkpoint of your own, the network that
    comes with mlp reads it. Outputs lie between 0 and 1, each by itself, unless
    a softmax makes them add up to 1. What makes a reading doubtful is said on stderr. A picture
    that cannot be read is reported and the others are read all the same.
    """
    import numpy as np

    from mlp_cli.images import save_image
    from mlp_cli.runs.reading import load_checkpoint
    from mlp_cli.system.outputs import writing

    if json and show:
        raise OptionError("--show draws and --json does not: give one of the two.")
    run = load_checkpoint(choose_reader(checkpoint))
    shape, dataset = run.settings.image_shape, run.settings.dataset
    expanded, failed = _each(images, _expand)
    names = list(chain.from_iterable(expanded))
    place = _places(images, names, save_normalised) if save_normalised else None
    waiting = iter(names)
    while batch := list(islice(waiting, BATCH)):
        digits, some_failed = _each(batch, lambda name: (name, _read(name, shape, raw)))
        failed |= some_failed
        if not digits:
            continue
        outputs = run.network.outputs(np.stack([digit.image for _, digit in digits]))
        for (name, digit), output in zip(digits, outputs, strict=True):
            if place is not None:
                with writing(place(name)) as file:
                    save_image(digit.image, file)
            _print(Reading(name, digit, output, dataset), top=top, json=json, show=show)
    if failed:
        ctx.exit(1)


def _each(names: Iterable[str], do: Callable[[str], Result]) -> tuple[list[Result], bool]:
    """Return what came of each picture, and whether one could not be read, which is said."""
    results, failed = [], False
    for name in names:
        try:
            results.append(do(name))
        except PictureError as error:
            say(f"Error: {_printed(name)}: {error}")
            failed = True
    return results, failed


def _expand(name: str) -> list[str]:
    """Return the names of the pictures that an argument stands for."""
    from mlp_cli.images import pictures_in

    if name != STDIN and os.path.isdir(name):  # Path.is_dir raises where it may not look
        return [str(path) for path in pictures_in(Path(name))]
    return [name]


def _read(name: str, shape: tuple[int, ...], raw: bool) -> "Digit":
    """Return the digit in a picture, which in the form of MNIST's is taken as it is."""
    from mlp_cli.images import Digit, find_digit, read_picture, read_stream, take_as_is

    grey = read_stream(sys.stdin) if name == STDIN else read_picture(Path(name))
    return Digit(take_as_is(grey, shape)) if raw else find_digit(grey, shape)


def _places(images: tuple[str, ...], names: list[str], path: Path) -> Callable[[str], Path]:
    """Return what tells where to write the normalised picture of each name.

    One picture goes to the file that was named, several go to a folder of that name.
    """
    from mlp_cli.images import Places

    if list(images) != names or len(names) > 1:
        return Places.in_folder(path, names).of
    if names[0] != STDIN and _is_same_file(names[0], path):
        raise OutputError(f"{path}: the picture that is read, expected another name.")
    return lambda _: path


def _is_same_file(one: str, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one is missing, or cannot be reached: who reads or writes it says so
        return False


def _print(reading: Reading, *, top: int, json: bool, show: bool) -> None:
    """Print an answer, and on stderr what makes it doubtful."""
    if json:
        json_result(
            {
                "image": reading.name,
                "prediction": reading.ranked[0],
                "confidence": float(reading.outputs[reading.ranked[0]]),
                "outputs": reading.outputs.tolist(),
                "warnings": reading.warnings,
            }
        )
        return
    result(f"{_printed(reading.name)}: {_ranking(reading, top)}")
    if show:
        from mlp_cli.images import draw_answer

        result(draw_answer(reading.digit.image, reading.outputs, can_encode("█▀▄")))
    for warning in reading.warnings:
        note(f"{_printed(reading.name)}: {warning}.")


def _printed(name: str) -> str:
    return "standard input" if name == STDIN else click.format_filename(name)


def _ranking(reading: Reading, top: int) -> str:
    """Return the likeliest class with its output, then the next ones."""
    source = find_source(reading.dataset)
    first, *others = (
        f"{source.class_name(label)} ({reading.outputs[label]:.3f})"
        for label in reading.ranked[:top]
    )
    return first + (f"   next {', '.join(others)}" if others else "")
