"""How results, notes and numbers look."""

import json
import math
import re
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from mlp_cli.commands.shared.options import QUIET
from mlp_cli.errors import OutputError
from mlp_cli.measuring.percent import percent

if TYPE_CHECKING:
    from tqdm import tqdm

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def let_stdout_replace() -> None:
    """Have stdout put `?` for a character that its encoding lacks, instead of refusing the text.

    On Windows a file that stdout is redirected to has no Chinese, say, but file names may have.
    """
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


def result(text: str) -> None:
    """Print a result: on stdout, whole."""
    if sys.stdout is None:
        raise OutputError("standard output: closed, expected somewhere to print the result.")
    click.echo(printable(text))


def json_result(value: dict[str, Any]) -> None:
    """Print a result as one line of JSON, with null for what is no finite number."""
    result(json.dumps(_finite(value), allow_nan=False))


def _finite(value: Any) -> Any:  # noqa: ANN401  whatever JSON can have
    """Return a value as JSON can have it, which knows neither nan nor infinity."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def is_quiet() -> bool:
    """Tell whether --quiet was given, before or after the subcommand."""
    return bool(click.get_current_context().meta.get(QUIET))


def shows_bars() -> bool:
    """Tell whether a progress bar has a place: a terminal, and somebody who wants to know."""
    return not is_quiet() and sys.stderr is not None and sys.stderr.isatty()


def note(text: str) -> None:
    """Print something to know that is not the result: on stderr, unless quiet."""
    if not is_quiet():
        say(text)


def say(text: str) -> None:
    """Print on stderr, quiet or not: an error that ends nothing."""
    with suppress(OSError):  # whoever closed stderr does not want to know
        click.echo(printable(text), err=True)


def note_above(bar: "tqdm[Any]", text: str) -> None:
    """Print a note without tearing the bar that may be on the screen."""
    if bar.disable:
        note(text)
    else:
        with suppress(OSError):  # the terminal may be gone, and the run go on without
            bar.write(printable(text), file=sys.stderr)


def printable(text: str) -> str:
    """Return the text with `?` for what must not reach a terminal.

    That is the bytes of a file name that are no character, and characters that a terminal would
    obey instead of showing them: file names and checkpoints come from anywhere.
    """
    return CONTROL.sub("?", text.encode(errors="replace").decode())


def can_encode(text: str) -> bool:
    """Tell whether stdout's encoding has these characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def score(accuracy: float, correct: int, examples: int) -> str:
    """Return an accuracy with its counts, as in `95.31 % (9,531 / 10,000)`."""
    return f"{percent(accuracy)} ({correct:,} / {examples:,})"
