"""The `mlp` command: its subcommands, and the one place where errors become exit statuses."""

import sys
from importlib import import_module
from signal import SIGINT
from textwrap import indent
from typing import Any

import click

from mlp_cli.commands.shared.columns import Column, table
from mlp_cli.commands.shared.narrow_help import FittingContext
from mlp_cli.commands.shared.options import common_options
from mlp_cli.commands.shared.text import (
    fitted,
    let_stdout_replace,
    output_width,
    result,
    result_lines,
    say,
    terminal_width,
)
from mlp_cli.errors import InterruptedRunError, MlpError, OptionError
from mlp_cli.system.characters import one_line, printable
from mlp_cli.system.memory import address_space_limit, has_room
from mlp_cli.system.signals import interruption

COMMANDS = {
    "download": "download",
    "convert": "convert",
    "train": "train",
    "sweep": "sweep",
    "evaluate": "evaluate",
    "predict": "predict",
    "explain": "explain",
    "report": "report",
    "inspect": "inspect",
    "runs": "runs",
    "export": "export",
    "import": "import_",
}
"""the subcommands, each with the name of its module and of its function there"""

ERROR = "Error: "
"""what Click puts before a message"""
MARGIN = " " * 4
ROOM_TO_BEGIN = 96 << 20
"""bytes of address space for NumPy and its BLAS library, which end the process where it lacks"""


class Group(click.Group):
    """Turns our errors into a message and an exit status, in one place.

    0 success; 1 something failed; 2 wrong usage; 128 plus the signal's number where one stopped
    the command, as in shells. A bug keeps its traceback.
    A subcommand is loaded only when it is asked for, so that none waits for the others.
    """

    context_class = FittingContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the subcommand of this name."""
        if (name := COMMANDS.get(cmd_name)) is None:
            return None
        command: click.Command = getattr(import_module(f"mlp_cli.commands.{name}"), name)
        command.context_class = FittingContext
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the subcommand that the arguments begin with, or say which name is nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(
                error.command_name, possibilities=COMMANDS, ctx=ctx
            ) from error

    def main(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as Click declares it
        """Run the command line, help and version included."""
        let_stdout_replace()
        try:
            return super().main(*args, **options)
        except OSError as error:
            if error.filename is not None:
                raise  # about a file: a bug, since it should be one of our errors
            reason = error.strerror or str(error)
            if _is_from_printing(error):
                reason = f"standard output: cannot be written ({reason})"
            say(f"{ERROR}{reason}.")
            sys.exit(1)

    def make_context(self, *args: Any, **options: Any) -> click.Context:  # noqa: ANN401
        """Return the context of the group's own options."""
        try:
            return super().make_context(*args, **options)
        except click.UsageError as error:
            raise _on_one_line(error) from error

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  as Click declares it
        """Run the subcommand, and stop it at once where a signal asks for that."""
        with interruption() as asked:
            try:
                return self._invoke(ctx)
            except KeyboardInterrupt:
                say("\nInterrupted.")
                ctx.exit(128 + (asked.signal or SIGINT))

    def _invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  as Click declares it
        try:
            return super().invoke(ctx)
        except click.UsageError as error:  # Click's own, which has in it what was typed
            raise _on_one_line(error) from error
        except OptionError as error:
            raise click.UsageError(_shown(printable(str(error)))) from error
        except InterruptedRunError as error:
            say(str(error))
            ctx.exit(error.status)
        except MlpError as error:
            raise click.ClickException(_shown(printable(str(error)))) from error
        except MemoryError as error:
            raise click.ClickException(_shown(_too_little_memory(str(error)))) from error
        except ImportError as error:
            if has_room(ROOM_TO_BEGIN):
                raise  # a bug, or a damaged installation
            raise click.ClickException(_too_little_memory("a library cannot be loaded")) from error


def _on_one_line(error: click.UsageError) -> click.UsageError:
    """Return a message of Click's, which has in it what was typed, as one line."""
    return click.UsageError(_shown(one_line(error.format_message())), error.ctx)


def _shown(message: str) -> str:
    """Return a message with line breaks, so that it fits the terminal behind `Error: `."""
    text = fitted(f"{ERROR}{message}", terminal_width())
    return text.removeprefix(ERROR.rstrip()).removeprefix(" ")


def _too_little_memory(reason: str) -> str:
    """Return the message for a process that gets no more memory."""
    limit = address_space_limit()
    return f"Not enough memory{f' ({printable(reason)})' if reason else ''}. " + (
        "A smaller network, batch or picture needs less."
        if limit is None
        else f"The address space is limited to {limit // 1_000_000:,} MB (ulimit -v): "
        "raise the limit."
    )


def _is_from_printing(error: OSError) -> bool:
    """Return whether a result, help or the version could not be printed."""
    from traceback import walk_tb  # slow to import, and seldom needed

    frames = walk_tb(error.__traceback__)
    return any(frame.f_code is click.echo.__code__ for frame, _ in frames)


GREETING = "mlp trains a neural network to read handwritten digits. Begin with"
FIRST_COMMANDS = {
    "mlp train --epochs 30 --eta 3.0": "train a network (downloads MNIST once)",
    "mlp evaluate": "measure it",
    "mlp predict image.png": "read the digit in a picture",
}


def _greet() -> None:
    """Print how to begin."""
    width = output_width()
    room = None if width is None else width - len(MARGIN)
    commands = table([Column("", [*FIRST_COMMANDS]), Column("", [*FIRST_COMMANDS.values()])], room)
    result_lines(f"{GREETING}\n")
    result(f"{indent(commands, MARGIN)}\n")
    result_lines("mlp --help lists all commands.")


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MLP"},
    epilog="Begin with:  mlp train --epochs 30 --eta 3.0",
    invoke_without_command=True,
)
@common_options
@click.pass_context
def mlp(ctx: click.Context) -> None:
    """Train a multilayer perceptron on MNIST with NumPy alone."""
    if ctx.invoked_subcommand is None:
        _greet()
    elif not has_room(ROOM_TO_BEGIN):
        raise MemoryError(f"a command needs {ROOM_TO_BEGIN // 1_000_000:,} MB to begin")
