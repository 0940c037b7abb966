"""The option --plot, which also draws a result as a chart."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.shared.options import Decorated, FilePath
from mlp_cli.commands.shared.text import note
from mlp_cli.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.sweeps.plan import Plan
    from mlp_cli.sweeps.rows import Row


def plot_option(help: str) -> Callable[[Decorated], Decorated]:  # noqa: A002  as Click calls it
    """Add --plot FILE. Whether the chart can be drawn and written is checked before any work."""
    return click.option("--plot", type=FilePath, metavar="FILE", callback=_check, help=help)


def _check(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is not None:
        from mlp_cli.charts.figures import check_destination

        try:
            check_destination(path)
        except OptionError as error:
            raise OptionError(f"--plot {error}") from error
    return path


def draw_learning_curves(run: "Run", path: Path) -> None:
    """Draw the learning curves of a run, and report the file."""
    run.plot(path)
    note(f"{click.format_filename(path)}: the learning curves")


def draw_confusion(
    confusion: "npt.NDArray[np.int64]", headings: Sequence[str], path: Path, title: str
) -> None:
    """Draw a confusion matrix, with a heading for each class, and report the file."""
    from mlp_cli.charts.confusion import confusion_heat_map
    from mlp_cli.charts.figures import save_figure

    save_figure(confusion_heat_map(confusion, headings, title), path)
    note(f"{click.format_filename(path)}: the confusion matrix")


def draw_sweep(rows: "Sequence[Row]", plan: "Plan", path: Path) -> None:
    """Draw what mattered in a sweep, and report the file."""
    from mlp_cli.charts.figures import save_figure
    from mlp_cli.pages.sweep_chart import sweep_chart

    save_figure(sweep_chart(rows, plan), path)
    note(f"{click.format_filename(path)}: validation accuracy by what was varied")
