"""How results, notes and numbers look."""

import json
import math
import shutil
import sys
import textwrap
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from mlp_cli.commands.shared.options import QUIET
from mlp_cli.errors import OutputError
from mlp_cli.measuring.percent import percent
from mlp_cli.system.characters import printable

if TYPE_CHECKING:
    from tqdm import tqdm


def let_stdout_replace() -> None:
    """Let stdout print `?` for a character that its encoding lacks, instead of failing.

    On Windows, for example, stdout redirected to a file has no Chinese, but file names may.
    """
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


def result(text: str) -> None:
    """Print a result on stdout."""
    if sys.stdout is None:
        raise OutputError("standard output: closed, expected somewhere to print the result.")
    click.echo(printable(text))


def note_result(text: str) -> None:
    """Print advice on stdout, where the results that it belongs to stand; not with --quiet."""
    if not is_quiet():
        result(text)


def json_result(value: dict[str, Any]) -> None:
    """Print a result as one line of JSON, with null in place of nan and infinity."""
    result(json.dumps(_finite(value), allow_nan=False))


def _finite(value: Any) -> Any:  # noqa: ANN401  whatever JSON can have
    """Return a value with None in place of nan and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def is_quiet() -> bool:
    """Return whether --quiet was given, before or after the subcommand."""
    return bool(click.get_current_context().meta.get(QUIET))


def shows_bars() -> bool:
    """Return whether to show progress bars: in a terminal, and not with --quiet."""
    return not is_quiet() and sys.stderr is not None and sys.stderr.isatty()


def terminal_width() -> int | None:
    """Return the columns of the terminal that notes go to; None where they go elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    return shutil.get_terminal_size().columns


def output_width() -> int | None:
    """Return the columns of the terminal that results go to; None where they go elsewhere."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def fitted(text: str, width: int | None) -> str:
    """Return a text whose lines break between words where they are longer than the terminal."""
    if width is None:
        return text
    return "\n".join(
        textwrap.fill(
            line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        if len(line) > width
        else line
        for line in text.split("\n")
    )


def note(text: str) -> None:
    """Print a note on stderr, unless --quiet was given."""
    if not is_quiet():
        say(fitted(text, terminal_width()))


def say(text: str) -> None:
    """Print on stderr, with --quiet too: an error that does not end the command."""
    with suppress(OSError):  # stderr is closed
        click.echo(printable(text), err=True)


def note_above(bar: "tqdm[Any]", text: str) -> None:
    """Print a note above the progress bar, if there is one."""
    if bar.disable:
        note(text)
    else:
        with suppress(OSError):  # the terminal may be gone; the run continues
            bar.write(printable(fitted(text, terminal_width())), file=sys.stderr)


def can_encode(text: str) -> bool:
    """Return whether stdout's encoding has these characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def score(accuracy: float, correct: int, examples: int) -> str:
    """Return an accuracy with its counts, as in `95.31 % (9,531 / 10,000)`."""
    return f"{percent(accuracy)} ({correct:,} / {examples:,})"
