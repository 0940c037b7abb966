"""Options that several subcommands share, and the types that check them."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from mlp_cli.commands.shared.completion import complete_dataset
from mlp_cli.datasets.catalogue import NAMES, find_source
from mlp_cli.datasets.source import DEFAULT_DATA_DIR
from mlp_cli.learning.names import DESLANT, PLAIN
from mlp_cli.runs.schema import MOST_WHOLE, ViewText
from mlp_cli.version import __version__

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

QUIET = "mlp_cli.quiet"


class AnyPath(click.Path):
    """A path as one types it, in which `~` at the start is the home folder, as in a shell.

    A shell leaves it alone in `--log=~/log`, in quotes and in presets, and Windows everywhere.
    A file that is really called `~x` is `./~x`. Whether a path can be read is found out, and said,
    where it is read.
    """

    def __init__(
        self,
        *,
        exists: bool = False,
        file_okay: bool = True,
        dir_okay: bool = True,
        allow_dash: bool = False,
        path_type: type = Path,
    ) -> None:
        super().__init__(exists, file_okay, dir_okay, False, False, False, allow_dash, path_type)

    def convert(
        self,
        value: Any,  # noqa: ANN401  as Click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401
        """Return the path, or refuse it."""
        return super().convert(os.path.expanduser(value), param, ctx)


class UserPath(AnyPath):
    """A path as one types it, without a line break, which would break the lines of messages."""

    def convert(
        self,
        value: Any,  # noqa: ANN401  as Click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401
        """Return the path, or refuse it."""
        refuse_line_break(self, name := os.fsdecode(value), param, ctx)
        if not name and not self.dir_okay:
            self.fail("empty, expected the path of a file.", param, ctx)
        return super().convert(value, param, ctx)


def refuse_line_break(
    kind: click.ParamType[Any], name: str, param: click.Parameter | None, ctx: click.Context | None
) -> None:
    """Fail for a name that no file should have: with a line break or a zero byte."""
    if "\n" in name or "\0" in name:
        kind.fail(f"{name!r} has a line break or a zero byte in it. Rename it.", param, ctx)


FilePath = UserPath(dir_okay=False)
FolderPath = UserPath(file_okay=False)


class WholeNumber(click.IntRange):
    """A whole number of a range. Where every number is allowed that a file can hold, help says so.

    Click itself would print the largest such number in every line of help.
    """

    name = "integer"

    def __init__(self, least: int = 0, most: int = MOST_WHOLE) -> None:
        super().__init__(min=least, max=None if most == MOST_WHOLE else most)

    def convert(
        self,
        value: Any,  # noqa: ANN401  as Click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Return the number, or refuse it."""
        number: int = super().convert(value, param, ctx)
        if number > MOST_WHOLE:
            self.fail(f"{value} is too large, expected {MOST_WHOLE} at most.", param, ctx)
        return number


class UnitCounts(click.ParamType[tuple[int, ...]]):
    """Units of hidden layers: `30`, or several with commas between them, as in `256,128`.

    0 alone stands for no hidden layer.
    """

    name = "integer"

    def __init__(self, most: int) -> None:
        self._each = WholeNumber(0, most)

    def convert(
        self,
        value: Any,  # noqa: ANN401  as Click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[int, ...]:
        """Return the units of each layer, or refuse them."""
        if isinstance(value, tuple):
            return value
        parts = value.split(",") if isinstance(value, str) else [value]
        return tuple(self._each.convert(part, param, ctx) for part in parts)


class FiniteFloat(click.FloatRange):
    """A finite number of a range. The range alone accepts nan."""

    name = "float"

    def convert(
        self,
        value: Any,  # noqa: ANN401  as Click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number, or refuse it."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class FiniteFloats(click.ParamType[list[float]]):
    """Finite numbers with commas between them, such as `0.05,0.10`."""

    name = "numbers"

    def convert(
        self,
        value: Any,  # noqa: ANN401  as Click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> list[float]:
        """Return the numbers, or refuse them."""
        if isinstance(value, list):
            return value
        numbers = []
        for text in value.split(","):
            try:
                number = float(text)
            except ValueError:
                self.fail(f"{text!r} is not a number; expected some, as in 0.05,0.10.", param, ctx)
            if not math.isfinite(number):
                self.fail(f"{text} is not a finite number.", param, ctx)
            numbers.append(number)
        return numbers


class DatasetName(click.types.StringParamType):
    """A dataset of the catalogue, or a folder of one's own with four IDX files. It stays text.

    `~` at the start is the home folder, as in `UserPath`. Where a folder has the name of a
    dataset, the dataset is meant; `./mnist` means the folder.
    """

    name = "dataset"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the placeholder for the value in the help."""
        return f"[{'|'.join(NAMES)}|DIR]"

    def convert(
        self,
        value: Any,  # noqa: ANN401  as Click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return the name, or refuse it."""
        name = os.path.expanduser(super().convert(value, param, ctx))
        refuse_line_break(self, name, param, ctx)
        if name not in NAMES and not os.path.isdir(find_source(name).folder(DEFAULT_DATA_DIR)):
            known = ", ".join(NAMES)
            self.fail(f"{name!r} is neither a dataset ({known}) nor a folder.", param, ctx)
        return name


class ViewName(click.types.StringParamType):
    """How the network sees images. It stays text."""

    name = "view"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the placeholder for the value in the help."""
        return "[plain|deslant|width-N]"

    def convert(
        self,
        value: Any,  # noqa: ANN401  as Click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return the name, or refuse it."""
        name: str = super().convert(value, param, ctx)
        if not ViewText().accepts(name):
            self.fail(f"{name!r} is no view, expected {ViewText()}.", param, ctx)
        return name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the views; of the widths, the beginning."""
        views = (PLAIN, DESLANT, "width-")
        return [CompletionItem(view) for view in views if view.startswith(incomplete)]


def common_options(function: Decorated) -> Decorated:
    """Add the options of every command: -q/--quiet and --version (Click itself adds -h/--help)."""
    quiet = click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_remember_quiet,
        help="Print results and errors only.",
    )
    version = click.version_option(
        __version__,
        prog_name="mlp",
        message="%(prog)s %(version)s",
        allow_from_autoenv=False,  # MLP_VERSION may well be somebody else's
    )
    return quiet(version(function))


def _remember_quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    # meta is shared by the group's context and its subcommand's, so either place works.
    ctx.meta[QUIET] = value or ctx.meta.get(QUIET, False)


data_dir_option = click.option(
    "--data-dir",
    type=FolderPath,
    default=DEFAULT_DATA_DIR,
    show_default=True,
    envvar="MLP_DATA_DIR",
    show_envvar=True,
    help="The folder that holds the datasets.",
)

run_data_dir_option = click.option(
    "--data-dir",
    type=FolderPath,
    envvar="MLP_DATA_DIR",
    show_envvar=True,
    show_default="where the network was trained from, then data",
    help="The folder that holds the datasets.",
)
"""--data-dir for a command that reads a checkpoint"""

run_dataset_option = click.option(
    "--dataset",
    type=DatasetName(),
    shell_complete=complete_dataset,
    show_default="the one that the network was trained on",
    help="Another dataset, or the folder that the network's own is in now: "
    "a name, or a folder of your own with four IDX files.",
)
"""--dataset for a command that reads a checkpoint"""
