"""How results, notes and numbers look."""

import json
import math
import re
import shutil
import sys
import textwrap
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

import click

from mlp_cli.commands.shared.options import QUIET
from mlp_cli.errors import OutputError
from mlp_cli.measuring.percent import percent
from mlp_cli.system.characters import printable, width_of_text

if TYPE_CHECKING:
    from tqdm import tqdm


COMMAND = re.compile(r"(?:(?<=: )|(?<=  ))(?=mlp [a-z])")
"""where a command begins that one may copy"""
LABEL = re.compile(r" *(?:\S+(?: \S+)*  +)?")
"""what stands before the text of a line: blanks, and a label that two of them end"""
LEAST_BESIDE_LABEL = 16
"""columns; where fewer are left, the text goes on below its label"""


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


def result_lines(text: str) -> None:
    """Print results in words on stdout, whose lines break where the terminal is narrower."""
    result(fitted(text, output_width(), at_label=True))


def note_result(text: str) -> None:
    """Print advice on stdout, where the results that it belongs to stand; not with --quiet."""
    if not is_quiet():
        result_lines(text)


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
    return _width_of(sys.stderr)


def output_width() -> int | None:
    """Return the columns of the terminal that results go to; None where they go elsewhere."""
    return _width_of(sys.stdout)


def _width_of(stream: TextIO | None) -> int | None:
    if stream is None or not stream.isatty():
        return None
    return shutil.get_terminal_size().columns


def fitted(text: str, width: int | None, *, at_label: bool = False) -> str:
    """Return a text whose lines break between words where they are longer than the terminal.

    What follows a break is indented, by two or, `at_label`, to where the text after a label began,
    as in `seed  0`. A command to be copied, such as the end of `Resume with: mlp train --resume`,
    gets a line of its own and is never broken.
    """
    if width is None:
        return text
    return "\n".join(
        line if width_of_text(line) <= width else _broken(line, width, at_label=at_label)
        for line in text.split("\n")
    )


def _broken(line: str, width: int, *, at_label: bool) -> str:
    prose, _, command = COMMAND.sub("\0", line, count=1).partition("\0")
    blanks = line[: len(line) - len(line.lstrip())]
    indent = f"{blanks}  "
    if at_label and (label := LABEL.match(prose)) and (start := label.end()):
        longest = max(map(width_of_text, prose[start:].split()), default=0)
        if start + max(longest, LEAST_BESIDE_LABEL) <= width:
            indent = " " * start
    lines = textwrap.wrap(
        prose.strip(),
        width,
        initial_indent=blanks,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join([*lines, *([f"  {command}"] if command else [])])


def note(text: str) -> None:
    """Print a note on stderr, unless --quiet was given."""
    if not is_quiet():
        say(text)


def say(text: str) -> None:
    """Print on stderr, with --quiet too: an error that does not end the command."""
    with suppress(OSError):  # stderr is closed
        click.echo(printable(fitted(text, terminal_width())), err=True)


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
