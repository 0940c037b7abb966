"""The charts: learning curves, time per epoch, confusion matrix, slopes of hidden units."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from mlp_cli.charts.figures import (
    INK,
    check_destination,
    panels,
    save_figure,
    showing_itself,
    styled,
)
from mlp_cli.errors import CheckpointError
from mlp_cli.measuring.percent import percent
from mlp_cli.nn.types import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHART_WIDTH = 4.6
"""inches: the text is still legible on the screen of a telephone"""
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


class Recorded(Protocol):
    """What a chart takes of a run."""

    @property
    def history(self) -> Sequence[Mapping[str, float | None]]:
        """The figures of every epoch, by name."""

    @property
    def best_epoch(self) -> int:
        """Counted from 1; 0 without a history."""

    @property
    def best_accuracy(self) -> float | None:
        """Of the images held out, 0..1; None without any."""


class CurveStyle(NamedTuple):
    """The look of a curve."""

    colour: str
    line: str

    @classmethod
    def of(cls, number: int) -> Self:
        """Return the look of the curve with this number, from 0."""
        return cls(COLOURS[number % len(COLOURS)], LINES[number // len(COLOURS) % len(LINES)])


def learning_curves(runs: Sequence[Recorded]) -> "Figure":
    """Return the chart of cost and validation accuracy by epoch, with the best epoch marked.

    Several runs are labelled with their numbers, from 1. Each of them has a history. The cost on
    the validation images is drawn for a single run that recorded it.
    """
    is_validated = any(run.best_accuracy is not None for run in runs)
    with styled():
        figure, axes = panels(
            CHART_WIDTH, 4.2 if is_validated else 2.4, rows=2 if is_validated else 1
        )
        for number, run in enumerate(runs):
            style, name = CurveStyle.of(number), f"{number + 1}" if len(runs) > 1 else "training"
            _draw(axes[0], run.history, "cost", style, name)
            if is_validated:
                _draw(axes[1], run.history, "validation_accuracy", style, name)
                _mark_best(axes[1], run, style.colour, is_named=len(runs) == 1)
        axes[0].set_ylabel("cost")
        axes[0].set_ylim(bottom=0)
        if is_validated:
            axes[1].set_ylabel("validation accuracy")
            axes[1].yaxis.set_major_formatter(lambda fraction, _: f"{fraction * 100:.4g} %")
        has_validation_cost = len(runs) == 1 and has_recorded(runs[0], "validation_cost")
        if has_validation_cost:
            _draw(axes[0], runs[0].history, "validation_cost", CurveStyle.of(1), "validation")
        if len(runs) > 1 or has_validation_cost:
            axes[0].legend(ncols=4)
        _label_epochs(axes[-1])
    return figure


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


def grouped_curves(groups: Sequence[tuple[str, Sequence[Recorded]]]) -> "Figure":
    """Return the chart of validation accuracy and cost by epoch, a colour for each group of runs.

    groups: the name of each, and its runs, of which one at least has a history. Where a name is
    long, all are called by their number, from 1.
    """
    names = [name for name, _ in groups]
    if max(map(len, names)) > LONGEST_NAME:
        names = [f"#{number}" for number in range(1, len(names) + 1)]
    abreast = 2 if max(map(len, names)) > 6 else 6
    with styled():
        lines = -(-len(groups) // abreast)
        figure, axes = panels(CHART_WIDTH, 5.4 + 0.18 * lines, rows=2)
        keys = ("validation_accuracy", "cost")
        for number, (name, (_, runs)) in enumerate(zip(names, groups, strict=True)):
            style = CurveStyle.of(number)
            for key, chart in zip(keys, axes, strict=True):
                for again, run in enumerate(runs):
                    _draw(chart, run.history, key, style, None if again else name)
        axes[0].set_ylabel("validation accuracy")
        axes[0].yaxis.set_major_formatter(lambda fraction, _: f"{fraction * 100:.4g} %")
        axes[1].set_ylabel("cost")
        _show_the_better_half(axes[0], axes[1], groups)
        _label_epochs(axes[1])
        handles, labels = axes[1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=abreast, fontsize=8)
    return figure


def _show_the_better_half(
    accuracy: "Axes", cost: "Axes", groups: Sequence[tuple[str, Sequence[Recorded]]]
) -> None:
    """End the axes where half of all epochs can be told apart: one bad run is out of sight."""
    entries = [entry for _, runs in groups for run in runs for entry in run.history]
    accuracies = [a for entry in entries if (a := entry["validation_accuracy"]) is not None]
    if accuracies:
        low, top = least_shown(accuracies), max(accuracies)
        margin = 0.05 * (top - low) or 0.005
        accuracy.set_ylim(max(low - margin, 0), top + margin)
    costs = [min(entry["cost"] or 0.0, MAX_DRAWN) for entry in entries]
    cost.set_ylim(0, 1.05 * min(max(costs), REACH * median(costs)) or 1)


def least_shown(accuracies: Sequence[float]) -> float:
    """Return the least accuracy that is not so far below the others that it would hide them."""
    top = max(accuracies)
    low = top - REACH * (top - median(accuracies))
    return min(accuracy for accuracy in accuracies if accuracy >= low)


def has_recorded(run: Recorded, key: str) -> bool:
    """Return whether an epoch of the run has this figure."""
    return any(entry.get(key) is not None for entry in run.history)


def epoch_seconds(runs: Sequence[Recorded]) -> "Figure":
    """Return the chart of the training time of each epoch."""
    with styled():
        figure, (axes,) = panels(CHART_WIDTH, 2.0)
        for number, run in enumerate(runs):
            _draw(axes, run.history, "seconds", CurveStyle.of(number), None)
        axes.set_ylabel("seconds")
        axes.set_ylim(bottom=0)
        _label_epochs(axes)
    return figure


def confusion_heat_map(confusion: npt.NDArray[np.int64]) -> "Figure":
    """Return the confusion matrix as a heat map: a mistake is darker, the larger its fraction.

    The colours are partly transparent, so that they suit a light and a dark background.

    confusion: counts[i, j], how many examples of class i were predicted as j.
    """
    classes = len(confusion)
    is_right = np.eye(classes, dtype=bool)
    fractions = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    worst = fractions[~is_right].max(initial=0) or 1.0
    rgba = np.empty((classes, classes, 4))
    # The root keeps a mistake visible that is a hundred times rarer than the worst.
    rgba[..., 3] = np.where(is_right, 0.25, 0.75 * np.sqrt(np.minimum(fractions / worst, 1)))
    with styled():
        from matplotlib.colors import to_rgb

        rgba[..., :3] = np.where(is_right[..., None], to_rgb(COLOURS[0]), to_rgb(COLOURS[1]))
        figure, (axes,) = panels(CHART_WIDTH, 4.4)
        axes.pcolormesh(rgba, edgecolor="none")
        for (i, j), count in np.ndenumerate(confusion):
            if count:
                axes.text(j + 0.5, i + 0.5, f"{count}", ha="center", va="center", fontsize=7.5)
        centres = np.arange(classes) + 0.5
        axes.set_xticks(centres, [str(label) for label in range(classes)])
        axes.set_yticks(centres, [str(label) for label in range(classes)])
        axes.set_xlabel("prediction")
        axes.set_ylabel("correct class")
        axes.xaxis.set_label_position("top")
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        axes.grid(visible=False)
        axes.set_aspect("equal")
        axes.invert_yaxis()
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


def _label_epochs(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
