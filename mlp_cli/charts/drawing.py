"""The charts by epoch, learning curves and time, and that of the slopes of hidden units."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from mlp_cli.charts.figures import (
    INK,
    check_destination,
    epoch_ticks,
    panels,
    save_figure,
    showing_itself,
    styled,
)
from mlp_cli.charts.recorded import Recorded, RecordedEntry, has_recorded
from mlp_cli.errors import CheckpointError
from mlp_cli.measuring.percent import percent
from mlp_cli.nn.names import CostName
from mlp_cli.nn.types import Floats
from mlp_cli.system.characters import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHART_WIDTH = 4.6
"""inches: the text is still legible on the screen of a telephone"""
TITLE_SIZE = 10.0
"""points of the title over a chart"""
LONGEST_DATASET = 40
"""characters of the dataset in a title; of a longer path the end is shown"""
REACH = 10.0
"""An axis ends this many times as far from the best as half of all results are."""
LONGEST_NAME = 30
"""letters: two names of this length stand side by side in a legend"""
MAX_DRAWN = 1e100
"""the largest number that is drawn: beyond it matplotlib's arithmetic may overflow"""
COLOURS = ("#2f7ed8", "#e0761a", "#2f9e6e", "#a564c4", "#c9495b", "#8a8f29", "#3aa6b9", "#9a6b4f")
"""of curves; each is visible on white and on black"""
LINES = ("-", "--", ":", "-.")
"""of the first eight curves, of the next eight, which have the same colours again, and so on"""


class CurveStyle(NamedTuple):
    """The look of a curve."""

    colour: str
    line: str

    @classmethod
    def of(cls, number: int) -> Self:
        """Return the look of the curve with this number, from 0."""
        return cls(COLOURS[number % len(COLOURS)], LINES[number // len(COLOURS) % len(LINES)])


def learning_curves(runs: Sequence[Recorded]) -> "Figure":
    """Return the chart of cost and accuracy by epoch, with the best epoch marked.

    Of a single run it shows both on the training images, and on those held out as far as they were
    recorded. Several runs are labelled with their numbers, from 1: the cost of training, on an axis
    for each kind of cost, and the accuracy on the images held out. Each of them has a history.
    """
    if len(runs) == 1:
        return _curves_of_one(runs[0])
    is_validated = any(run.best_accuracy is not None for run in runs)
    costs = kinds_of_cost(runs)
    with styled():
        figure, axes = _cost_and_accuracy(costs, has_accuracy=is_validated)
        for number, run in enumerate(runs):
            style, name = CurveStyle.of(number), f"{number + 1}"
            _draw(axes[costs.index(run.settings.cost)], run.history, "cost", style, name)
            if is_validated:
                _draw(axes[-1], run.history, "validation_accuracy", style, name)
                _mark_best(axes[-1], run, style.colour, is_named=False)
        for chart, cost in zip(axes, costs, strict=False):
            chart.set_ylabel(f"training cost\n({cost})")
            chart.set_ylim(bottom=0)
            chart.legend(ncols=4)
        if is_validated:
            axes[-1].set_ylabel("validation accuracy")
        figure.suptitle(_title(runs), fontsize=TITLE_SIZE)
        _label_epochs(axes[-1], runs)
    return figure


def _curves_of_one(run: Recorded) -> "Figure":
    """Return the learning curves of one run: training beside validation."""
    styles = {"training": CurveStyle.of(0), "validation": CurveStyle.of(1)}
    keys = {"training": "training_accuracy", "validation": "validation_accuracy"}
    recorded = [name for name, key in keys.items() if has_recorded(run, key)]
    cost = run.settings.cost
    with styled():
        figure, axes = _cost_and_accuracy([cost], has_accuracy=bool(recorded))
        _draw(axes[0], run.history, "cost", styles["training"], "training")
        axes[0].set_ylabel(f"training cost\n({cost})")
        if has_recorded(run, "validation_cost"):
            _draw(axes[0], run.history, "validation_cost", styles["validation"], "validation")
            axes[0].set_ylabel(f"{cost} cost")
        axes[0].set_ylim(bottom=0)
        for name in recorded:
            _draw(axes[1], run.history, keys[name], styles[name], name)
        if "validation" in recorded:
            _mark_best(axes[1], run, styles["validation"].colour, is_named=True)
        if recorded:
            axes[1].set_ylabel("accuracy" if len(recorded) > 1 else f"{recorded[0]} accuracy")
        axes[0].legend()
        figure.suptitle(_title([run]), fontsize=TITLE_SIZE)
        _label_epochs(axes[-1], [run])
    return figure


def kinds_of_cost(runs: Iterable[Recorded]) -> list[CostName]:
    """Return the cost functions of these runs: figures of two kinds cannot be compared."""
    return list(dict.fromkeys(run.settings.cost for run in runs))


def network_on_data(run: Recorded, dataset: str | None = None) -> str:
    """Return a run's network and dataset in words, for a title; by default the run's own data."""
    name = one_line(dataset or run.settings.dataset)
    short = name if len(name) <= LONGEST_DATASET else f"…{name[-LONGEST_DATASET + 1 :]}"
    return f"{'-'.join(map(str, run.settings.sizes))} on {short}"


def _title(runs: Sequence[Recorded]) -> str:
    """Return what the chart is about: the network and its dataset, or how many."""
    words = list(dict.fromkeys(map(network_on_data, runs)))
    if len(words) == 1:
        return words[0] if len(runs) == 1 else f"{len(runs)} runs of {words[0]}"
    (dataset, *others) = dict.fromkeys(word.partition(" on ")[2] for word in words)
    return f"{len(runs)} runs" if others else f"{len(runs)} runs on {dataset}"


def _cost_and_accuracy(
    costs: Sequence[str], *, has_accuracy: bool
) -> "tuple[Figure, Sequence[Axes]]":
    """Return a figure with axes for each cost and, below, for accuracies."""
    rows = len(costs) + has_accuracy
    figure, axes = panels(CHART_WIDTH, 2.1 * rows + (0.3 if has_accuracy else 0.5), rows=rows)
    if has_accuracy:
        _in_percent(axes[-1])
    return figure, axes


def draw_run(run: Recorded, path: Path | None) -> "Figure":
    """Return the learning curves of a run, and write them to a file if one is named.

    Raises CheckpointError without a history; otherwise as `check_destination` and `save_figure`.
    """
    if not run.history:
        raise CheckpointError("The run has had no epoch here: it has no learning curves.")
    if path is not None:
        check_destination(path)
    figure = showing_itself(learning_curves([run]))
    if path is not None:
        save_figure(figure, path)
    return figure


def _in_percent(axes: "Axes") -> None:
    axes.yaxis.set_major_formatter(lambda fraction, _: f"{fraction * 100:.4g} %")


def grouped_curves(groups: Sequence[tuple[str, Sequence[Recorded]]]) -> "Figure":
    """Return the chart of validation accuracy and cost by epoch, a colour for each group of runs.

    groups: the name of each, and its runs, of which one at least has a history. Where a name is
    long, all are called by their number, from 1.
    """
    names = [name for name, _ in groups]
    if max(map(len, names)) > LONGEST_NAME:
        names = [f"#{number}" for number in range(1, len(names) + 1)]
    abreast = 2 if max(map(len, names)) > 6 else 6
    costs = kinds_of_cost(run for _, runs in groups for run in runs)
    with styled():
        lines = -(-len(groups) // abreast)
        height = 2.7 * (1 + len(costs)) + 0.18 * lines
        figure, (accuracy, *charts) = panels(CHART_WIDTH, height, rows=1 + len(costs))
        for number, (name, (_, runs)) in enumerate(zip(names, groups, strict=True)):
            style = CurveStyle.of(number)
            for again, run in enumerate(runs):
                label = None if again else name
                _draw(accuracy, run.history, "validation_accuracy", style, label)
                _draw(charts[costs.index(run.settings.cost)], run.history, "cost", style, None)
        accuracy.set_ylabel("validation accuracy")
        _in_percent(accuracy)
        every = [run for _, runs in groups for run in runs]
        _show_the_better_half(accuracy, [run.history for run in every])
        for chart, cost in zip(charts, costs, strict=True):
            chart.set_ylabel(f"training cost\n({cost})")
            _show_low_costs(chart, [run.history for run in every if run.settings.cost == cost])
        _label_epochs(charts[-1], every)
        figure.suptitle(_title(every), fontsize=TITLE_SIZE)
        handles, labels = accuracy.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=abreast, fontsize=8)
    return figure


def _show_the_better_half(axes: "Axes", histories: Iterable[Sequence[RecordedEntry]]) -> None:
    """End the axis where half of all epochs can be told apart: one bad run is out of sight."""
    entries = [entry for history in histories for entry in history]
    accuracies = [a for entry in entries if (a := entry["validation_accuracy"]) is not None]
    if accuracies:
        low, top = least_shown(accuracies), max(accuracies)
        margin = 0.05 * (top - low) or 0.005
        axes.set_ylim(max(low - margin, 0), top + margin)


def _show_low_costs(axes: "Axes", histories: Iterable[Sequence[RecordedEntry]]) -> None:
    """End the axis of a cost as `_show_the_better_half` does."""
    costs = [min(e["cost"] or 0.0, MAX_DRAWN) for history in histories for e in history]
    axes.set_ylim(0, 1.05 * min(max(costs), REACH * median(costs)) or 1)


def least_shown(accuracies: Sequence[float]) -> float:
    """Return the least accuracy that is not so far below the others that it would hide them."""
    top = max(accuracies)
    low = top - REACH * (top - median(accuracies))
    return min(accuracy for accuracy in accuracies if accuracy >= low)


def epoch_seconds(runs: Sequence[Recorded]) -> "Figure":
    """Return the chart of the training time of each epoch."""
    with styled():
        figure, (axes,) = panels(CHART_WIDTH, 2.0)
        for number, run in enumerate(runs):
            _draw(axes, run.history, "seconds", CurveStyle.of(number), None)
        axes.set_ylabel("seconds of training")
        axes.set_ylim(bottom=0)
        figure.suptitle(_title(runs), fontsize=TITLE_SIZE)
        _label_epochs(axes, runs)
    return figure


def unit_slopes(slopes: Sequence[Floats], flat: float) -> "Figure":
    """Return the chart of every hidden unit's mean slope, in decreasing order for each layer.

    slopes: one array for each hidden layer, (n_l,).  flat: the mean slope at or below which a unit
    counts as saturated.
    """
    with styled():
        figure, (axes,) = panels(CHART_WIDTH, 2.4)
        for number, layer in enumerate(slopes):
            ranked = np.sort(np.nan_to_num(layer))[::-1]
            position = (np.arange(len(ranked)) + 0.5) / len(ranked) * 100
            marker = "o" if len(ranked) <= 100 else ""
            style, name = CurveStyle.of(number), f"layer {number + 2}"
            axes.plot(position, ranked, color=style.colour, marker=marker, markersize=3, label=name)
        axes.axhline(flat, color=INK, linestyle=":", linewidth=1)
        axes.set_xlim(0, 100)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("units, steepest first (%)")
        axes.set_ylabel("mean slope")
        if len(slopes) > 1:
            axes.legend()
    return figure


def _draw(
    axes: "Axes",
    history: Sequence[Mapping[str, float | None]],
    key: str,
    style: CurveStyle,
    name: str | None,
) -> None:
    """Draw one entry of the history by epoch; a single value is drawn as a point."""
    points = [
        (entry["epoch"], min(value, MAX_DRAWN))
        for entry in history
        if (value := entry.get(key)) is not None
    ]
    epochs, values = zip(*points, strict=True) if points else ((), ())
    marker = "o" if len(points) == 1 else ""
    axes.plot(epochs, values, label=name, marker=marker, color=style.colour, linestyle=style.line)


def _mark_best(axes: "Axes", run: Recorded, colour: str, *, is_named: bool) -> None:
    if run.best_accuracy is None:
        return
    axes.plot(run.best_epoch, run.best_accuracy, "o", color=colour, markersize=6)
    if is_named:
        axes.axvline(run.best_epoch, color=colour, linestyle=":", linewidth=1)
        best = f"best epoch {run.best_epoch}: {percent(run.best_accuracy)}"
        axes.set_title(best, fontsize=9, color=INK)


def _label_epochs(axes: "Axes", runs: Iterable[Recorded]) -> None:
    """Name epochs from 1 to the last of these runs below an axis."""
    last = max((len(run.history) for run in runs), default=1)
    axes.set_xlabel("epoch")
    axes.set_xticks(epoch_ticks(last))
    margin = 0.04 * (last - 1) or 0.5
    axes.set_xlim(1 - margin, last + margin)
