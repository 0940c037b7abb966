"""The charts: learning curves, time per epoch, confusion matrix, slopes of hidden units."""

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from mlp_cli.measuring.percent import percent
from mlp_cli.nn.types import Floats
from mlp_cli.pages.figures import INK, panels, styled
from mlp_cli.runs.checkpoint import Entry, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHART_WIDTH = 4.6
"""inches: the text is still legible on the screen of a telephone"""
CELL_SIDE = 0.3
"""inches of the chart for each class of a confusion matrix, where it can be so large"""
MAX_SIDE = 20.0
"""inches of the largest confusion matrix"""
FEW_CLASSES = 15
"""classes whose confusion matrix is as wide as other charts"""
COUNT_SIZE, TICK_SIZE = 7.5, 9.0
"""points of the counts and of the headings of few classes"""
MOST_COUNTED = 30
"""classes whose counts are written into the cells of their matrix"""
LONGEST_TICK = 16
"""characters of a class's heading beside its row"""
LONGEST_LEVEL = 2
"""characters of the headings that stand side by side over the columns; longer ones are turned"""
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


def learning_curves(runs: Sequence[Run]) -> "Figure":
    """Return the chart of cost and accuracy by epoch, with the best epoch marked.

    Of a single run it shows both on the training images, and on those held out as far as they were
    recorded. Several runs are labelled with their numbers, from 1: the cost of training, and the
    accuracy on the images held out. Each of them has a history.
    """
    if len(runs) == 1:
        return _curves_of_one(runs[0])
    is_validated = any(run.best_accuracy is not None for run in runs)
    with styled():
        figure, axes = _cost_and_accuracy(has_accuracy=is_validated)
        for number, run in enumerate(runs):
            style, name = CurveStyle.of(number), f"{number + 1}"
            _draw(axes[0], run.history, "cost", style, name)
            if is_validated:
                _draw(axes[1], run.history, "validation_accuracy", style, name)
                _mark_best(axes[1], run, style.colour, is_named=False)
        if is_validated:
            axes[1].set_ylabel("validation accuracy")
        axes[0].legend(ncols=4)
        _label_epochs(axes[-1])
    return figure


def _curves_of_one(run: Run) -> "Figure":
    """Return the learning curves of one run: training beside validation."""
    styles = {"training": CurveStyle.of(0), "validation": CurveStyle.of(1)}
    keys = {"training": "training_accuracy", "validation": "validation_accuracy"}
    recorded = [name for name, key in keys.items() if has_recorded(run, key)]
    with styled():
        figure, axes = _cost_and_accuracy(has_accuracy=bool(recorded))
        _draw(axes[0], run.history, "cost", styles["training"], "training")
        if has_recorded(run, "validation_cost"):
            _draw(axes[0], run.history, "validation_cost", styles["validation"], "validation")
        for name in recorded:
            _draw(axes[1], run.history, keys[name], styles[name], name)
        if "validation" in recorded:
            _mark_best(axes[1], run, styles["validation"].colour, is_named=True)
        axes[0].legend()
        if recorded:
            axes[1].set_ylabel("accuracy")
        _label_epochs(axes[-1])
    return figure


def _cost_and_accuracy(*, has_accuracy: bool) -> "tuple[Figure, Sequence[Axes]]":
    """Return a figure with axes for the cost and, below, for accuracies."""
    figure, axes = panels(CHART_WIDTH, 4.2 if has_accuracy else 2.4, rows=2 if has_accuracy else 1)
    axes[0].set_ylabel("cost")
    axes[0].set_ylim(bottom=0)
    if has_accuracy:
        axes[1].yaxis.set_major_formatter(lambda fraction, _: f"{fraction * 100:.4g} %")
    return figure, axes


def grouped_curves(groups: Sequence[tuple[str, Sequence[Run]]]) -> "Figure":
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
    accuracy: "Axes", cost: "Axes", groups: Sequence[tuple[str, Sequence[Run]]]
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


def has_recorded(run: Run, key: str) -> bool:
    """Return whether an epoch of the run has this figure."""
    return any(entry.get(key) is not None for entry in run.history)


def epoch_seconds(runs: Sequence[Run]) -> "Figure":
    """Return the chart of the training time of each epoch."""
    with styled():
        figure, (axes,) = panels(CHART_WIDTH, 2.0)
        for number, run in enumerate(runs):
            _draw(axes, run.history, "seconds", CurveStyle.of(number), None)
        axes.set_ylabel("seconds")
        axes.set_ylim(bottom=0)
        _label_epochs(axes)
    return figure


def confusion_heat_map(confusion: npt.NDArray[np.int64], headings: Sequence[str]) -> "Figure":
    """Return the confusion matrix as a heat map: a mistake is darker, the larger its fraction.

    The colours are partly transparent, so that they suit a light and a dark background. The more
    classes, the larger the chart and the smaller its text; of many, no counts are written.

    confusion: counts[i, j], how many examples of class i were predicted as j.  headings: one for
    each class.
    """
    classes = len(confusion)
    side = min(CELL_SIDE * classes, MAX_SIDE) if classes > FEW_CLASSES else CHART_WIDTH
    cell = 72 * 0.85 * side / classes  # points, with room for the headings
    size, tick_size = min(COUNT_SIZE, 0.4 * cell), min(TICK_SIZE, 0.75 * cell)
    is_right = np.eye(classes, dtype=bool)
    fractions = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    worst = fractions[~is_right].max(initial=0) or 1.0
    rgba = np.empty((classes, classes, 4))
    # The root keeps a mistake visible that is a hundred times rarer than the worst.
    rgba[..., 3] = np.where(is_right, 0.25, 0.75 * np.sqrt(np.minimum(fractions / worst, 1)))
    with styled():
        from matplotlib.colors import to_rgb

        rgba[..., :3] = np.where(is_right[..., None], to_rgb(COLOURS[0]), to_rgb(COLOURS[1]))
        figure, (axes,) = panels(side, side - 0.2)
        # One picture instead of a path for each of up to 65,536 cells.
        axes.pcolormesh(rgba, edgecolor="none", rasterized=classes > MOST_COUNTED)
        for (i, j), count in np.ndenumerate(confusion):
            if count and classes <= MOST_COUNTED:
                axes.text(j + 0.5, i + 0.5, f"{count}", ha="center", va="center", fontsize=size)
        centres = np.arange(classes) + 0.5
        short = [shortened(heading) for heading in headings]
        is_wide = max(map(len, short)) > LONGEST_LEVEL
        axes.set_xticks(centres, short, rotation=90 if is_wide else 0, fontsize=tick_size)
        axes.set_yticks(centres, short, fontsize=tick_size)
        axes.set_xlabel("prediction")
        axes.set_ylabel("correct class")
        axes.xaxis.set_label_position("top")
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        axes.grid(visible=False)
        axes.set_aspect("equal")
        axes.invert_yaxis()
    return figure


def shortened(heading: str) -> str:
    """Return a heading as it fits beside a chart, its end cut off where it is long."""
    return heading if len(heading) <= LONGEST_TICK else f"{heading[: LONGEST_TICK - 1]}…"


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
    axes: "Axes", history: Sequence[Entry], key: str, style: CurveStyle, name: str | None
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


def _mark_best(axes: "Axes", run: Run, colour: str, *, is_named: bool) -> None:
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
