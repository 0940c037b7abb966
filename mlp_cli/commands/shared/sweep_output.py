"""What a sweep prints: a line for each finished run, then the table, or a JSON document."""

import textwrap
from typing import TYPE_CHECKING, Any

from mlp_cli.commands.shared.text import output_width, result, result_lines, terminal_width
from mlp_cli.measuring.percent import percent
from mlp_cli.runs.settings import SETTINGS

if TYPE_CHECKING:
    from mlp_cli.sweeps.plan import Plan
    from mlp_cli.sweeps.rows import Row
    from mlp_cli.sweeps.sweep import Finished, Sweep
    from mlp_cli.sweeps.testing import Tested

WIDTH = 100
"""of text where there is no terminal"""
LEAST_SETTINGS = 20
"""characters of a run's settings that its figures leave"""


def finished_line(going: "Sweep", finished: "Finished") -> str:
    """Return the line of a finished run, which fits the terminal."""
    from mlp_cli.sweeps.table import shorten, show_settings

    task, width = finished.task, terminal_width()
    counted = f"{going.complete:>{len(str(going.plan.runs))}}/{going.plan.runs}  "
    settings = show_settings({**finished.point.settings, "seed": task.options["seed"]})
    if finished.error is not None or finished.result is None:
        return shorten(f"{counted}{settings}: {' '.join(str(finished.error).split())}", width)
    reached = finished.result
    figures = [f": {percent(reached.best_accuracy)}"]
    figures += [f", best epoch {reached.best_epoch}", f", {reached.seconds:.1f} s"]
    if width is None:
        return f"{counted}{settings}{''.join(figures)}"
    room = width - len(counted)
    while len(figures) > 1 and len("".join(figures)) > room - min(len(settings), LEAST_SETTINGS):
        figures.pop()
    text = "".join(figures)
    return f"{counted}{shorten(settings, max(4, room - len(text)))}{text}"


def print_rows(plan: "Plan", rows: "list[Row]", tested: "Tested | None") -> None:
    """Print the settings that do not differ, the rows, and why runs cannot go on."""
    from mlp_cli.commands.shared.sweep_table import format_table
    from mlp_cli.sweeps.table import show_settings

    same = {
        name: value
        for name, value in plan.options.items()
        if name in ("dataset", "epochs") or value != SETTINGS[name].default
    }
    same.pop("seed", None)
    if plan.options.get("threads") == 1:
        same.pop("threads", None)
    first, last = plan.first_seed, plan.first_seed + plan.seeds - 1
    seeds = f"seeds {first} to {last}" if last > first else f"seed {first}"
    result(wrapped(f"all runs: {show_settings(same)}, {seeds}"))
    if any(row.mean is not None for row in rows):
        result(f"\n{format_table(rows, output_width())}")
    reasons = [row for row in rows if row.error is not None]
    if reasons:
        result("\nnot every run is complete:")
    for row in reasons:
        line = f"{show_settings(row.settings) or 'all'}: {row.error}"
        result(line if output_width() is None else wrapped(line))
    if tested:
        result_lines(f"\ntest accuracy  {_in_words(tested)}")


def _in_words(tested: "Tested") -> str:
    """Return what one run reached, or the mean of several, and each of them."""
    if len(tested.checkpoints) == 1:
        return f"{percent(tested.mean)}, {tested.checkpoints[0]}"
    each = ", ".join(f"{accuracy * 100:.2f}" for accuracy in tested.accuracies)
    return wrapped(
        f"{percent(tested.mean)}, the mean of {len(tested.checkpoints)} runs ({each} %), "
        f"deviation {percent(tested.standard_deviation)}"
    )


def document(plan: "Plan", rows: "list[Row]", tested: "Tested | None") -> dict[str, Any]:
    """Return the sweep as a JSON document."""
    return {
        "settings": {name: value for name, value in plan.options.items() if name != "seed"},
        "rows": [
            {
                "settings": dict(row.settings),
                "seeds": row.seeds,
                "validation_accuracy": row.validation_accuracy,
                "mean": row.mean,
                "standard_deviation": row.standard_deviation,
                "interval": row.interval,
                "cost": row.cost,
                "best_epoch": row.best_epoch,
                "epochs": row.epochs,
                "checkpoints": [str(path) for path in row.checkpoints],
                "seconds": row.seconds,
                "error": row.error,
            }
            for row in rows
        ],
        "test": tested
        and {
            "checkpoints": [str(path) for path in tested.checkpoints],
            "accuracy": tested.accuracies,
            "mean": tested.mean,
            "standard_deviation": tested.standard_deviation,
        },
    }


def wrapped(text: str) -> str:
    """Return a text with line breaks, so that it fits the terminal."""
    width = output_width() or WIDTH
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
