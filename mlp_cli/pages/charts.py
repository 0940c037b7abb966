"""The charts: learning curves, time per epoch, the confusion matrix, slopes of hidden units."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from mlp_cli.nn.types import Floats
from mlp_cli.pages.figures import INK, panels, styled
from mlp_cli.runs.checkpoint import Entry, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.6
"""inches: on a telephone's screen the text is still read"""
LARGEST = 1e100
"""of the numbers drawn: beyond it the drawing's own arithmetic may overflow"""
COLOURS = ("#2f7ed8", "#e0761a", "#2f9e6e", "#a564c4", "#c9495b", "#8a8f29", "#3aa6b9", "#9a6b4f")
"""of curves, each to be told from white and from black"""
LINES = ("-", "--", ":", "-.")
"""of the first runs, of those after them that have the same colours again, and so on"""


class Stroke(NamedTuple):
    """How a curve is drawn."""

    colour: str
    line: str

    @classmethod
    def of(cls, number: int) -> Self:
        """Return that of the curve with this number, from 0."""
        return cls(COLOURS[number % len(COLOURS)], LINES[number // len(COLOURS) % len(LINES)])


def learning_curves(runs: Sequence[Run]) -> "Figure":
    """Return the chart of cost and validation accuracy by epoch, the best epoch marked.

    Several runs are told apart by their numbers, 1 for the first. Each has a history.
    """
    is_validated = any(run.best_accuracy is not None for run in runs)
    with styled():
        figure, axes = panels(WIDTH, 4.2 if is_validated else 2.4, rows=2 if is_validated else 1)
        for number, run in enumerate(runs):
            stroke, name = Stroke.of(number), f"{number + 1}" if len(runs) > 1 else None
            _draw(axes[0], run.history, "cost", stroke, name)
            if is_validated:
                _draw(axes[1], run.history, "validation_accuracy", stroke, name)
                _mark_best(axes[1], run, stroke.colour, is_named=len(runs) == 1)
        axes[0].set_ylabel("cost")
        axes[0].set_ylim(bottom=0)
        if is_validated:
            axes[1].set_ylabel("validation accuracy")
            axes[1].yaxis.set_major_formatter(lambda share, _: f"{share * 100:.4g} %")
        if len(runs) > 1:
            axes[0].legend(ncols=4)
        _label_epochs(axes[-1])
    return figure


def epoch_seconds(runs: Sequence[Run]) -> "Figure":
    """Return the chart of the time that each epoch took, training alone."""
    with styled():
        figure, (axes,) = panels(WIDTH, 2.0)
        for number, run in enumerate(runs):
            _draw(axes, run.history, "seconds", Stroke.of(number), None)
        axes.set_ylabel("seconds")
        axes.set_ylim(bottom=0)
        _label_epochs(axes)
    return figure


def confusion_heat_map(confusion: npt.NDArray[np.int64]) -> "Figure":
    """Return the confusion matrix as a heat map: the more of its class, the darker a mistake.

    confusion: counts[i, j], how many examples of class i were answered j.
    Colours are laid over the background, so that they suit a light one and a dark one.
    """
    from matplotlib.colors import to_rgb

    classes = len(confusion)
    is_right = np.eye(classes, dtype=bool)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    worst = shares[~is_right].max(initial=0) or 1.0
    rgba = np.empty((classes, classes, 4))
    rgba[..., :3] = np.where(is_right[..., None], to_rgb(COLOURS[0]), to_rgb(COLOURS[1]))
    # The root, because one mistake in a hundred of the worst should still be seen.
    rgba[..., 3] = np.where(is_right, 0.25, 0.75 * np.sqrt(np.minimum(shares / worst, 1)))
    with styled():
        figure, (axes,) = panels(WIDTH, 4.4)
        axes.pcolormesh(rgba, edgecolor="none")
        for (i, j), count in np.ndenumerate(confusion):
            if count:
                axes.text(j + 0.5, i + 0.5, f"{count}", ha="center", va="center", fontsize=7.5)
        centres = np.arange(classes) + 0.5
        axes.set_xticks(centres, [str(label) for label in range(classes)])
        axes.set_yticks(centres, [str(label) for label in range(classes)])
        axes.set_xlabel("answer")
        axes.set_ylabel("truth")
        axes.xaxis.set_label_position("top")
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        axes.grid(visible=False)
        axes.set_aspect("equal")
        axes.invert_yaxis()
    return figure


def unit_slopes(slopes: Sequence[Floats], flat: float) -> "Figure":
    """Return the chart of every hidden unit's mean slope, the steepest of a layer first.

    slopes: by layer from the second on, each (n_l,).  flat: at or below which a unit counts as
    saturated.
    """
    with styled():
        figure, (axes,) = panels(WIDTH, 2.4)
        for number, layer in enumerate(slopes):
            ranked = np.sort(np.nan_to_num(layer))[::-1]
            share = (np.arange(len(ranked)) + 0.5) / len(ranked) * 100
            marker = "o" if len(ranked) <= 100 else ""
            stroke, name = Stroke.of(number), f"layer {number + 2}"
            axes.plot(share, ranked, color=stroke.colour, marker=marker, markersize=3, label=name)
        axes.axhline(flat, color=INK, linestyle=":", linewidth=1)
        axes.set_xlim(0, 100)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("units, steepest first (%)")
        axes.set_ylabel("mean slope")
        if len(slopes) > 1:
            axes.legend()
    return figure


def _draw(
    axes: "Axes", history: Sequence[Entry], key: str, stroke: Stroke, name: str | None
) -> None:
    """Draw one figure of every epoch that has it; a single one as a point."""
    points = [(e["epoch"], min(value, LARGEST)) for e in history if (value := e[key]) is not None]
    epochs, values = zip(*points, strict=True) if points else ((), ())
    marker = "o" if len(points) == 1 else ""
    axes.plot(epochs, values, label=name, marker=marker, color=stroke.colour, linestyle=stroke.line)


def _mark_best(axes: "Axes", run: Run, colour: str, *, is_named: bool) -> None:
    if run.best_accuracy is None:
        return
    axes.plot(run.best_epoch, run.best_accuracy, "o", color=colour, markersize=6)
    if is_named:
        axes.axvline(run.best_epoch, color=colour, linestyle=":", linewidth=1)
        best = f"best epoch {run.best_epoch}: {run.best_accuracy * 100:.2f} %"
        axes.set_title(best, fontsize=9, color=INK)


def _label_epochs(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
