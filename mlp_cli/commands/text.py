"""How results, notes and numbers look."""

import errno
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from mlp_cli.commands.options import QUIET
from mlp_cli.errors import MlpError

if TYPE_CHECKING:
    from tqdm import tqdm


def result(text: str) -> None:
    """Print a result: on stdout, whole."""
    try:
        click.echo(text)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # the reader has seen enough; Click ends quietly
        raise MlpError(
            f"standard output: cannot be written ({error.strerror}). Send it elsewhere."
        ) from error


def json_result(value: dict[str, Any]) -> None:
    """Print a result as one line of JSON."""
    result(json.dumps(value))


def is_quiet() -> bool:
    """Tell whether --quiet was given, before or after the subcommand."""
    return bool(click.get_current_context().meta.get(QUIET))


def note(text: str) -> None:
    """Print something to know that is not the result: on stderr, unless quiet."""
    if not is_quiet():
        click.echo(text, err=True)


def note_above(bar: "tqdm[Any]", text: str) -> None:
    """Print a note without tearing the bar that is on the screen."""
    if not is_quiet():
        bar.write(text, file=sys.stderr)


def percent(share: float | None) -> str:
    """Return a share as in `95.31 %`."""
    return "-" if share is None else f"{share:.2%}".replace("%", " %")


def score(accuracy: float, correct: int, examples: int) -> str:
    """Return an accuracy with its counts, as in `95.31 % (9,531 / 10,000)`."""
    return f"{percent(accuracy)} ({correct:,} / {examples:,})"
