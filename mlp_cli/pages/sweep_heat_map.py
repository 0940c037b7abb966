"""The heat map of a sweep over two settings, and what it shares with the other charts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlp_cli.charts.drawing import CHART_WIDTH, COLOURS, least_shown
from mlp_cli.charts.figures import INK, panels
from mlp_cli.measuring.percent import percent
from mlp_cli.pages.scales import Scale, best_row, heading, value_text
from mlp_cli.sweeps.rows import Row
from mlp_cli.sweeps.sweep import PRUNED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINT, BEST, FAILED = COLOURS[0], COLOURS[1], COLOURS[4]
"""colours of results, of the best of them, and of runs that cannot go on"""
CELL_WIDTH = 0.62
"""inches: the width of a cell, for five digits"""
MOST_CELLS = 16
"""values of a setting: with more of them the map is too fine to read"""


class Span(NamedTuple):
    """The part of the accuracies that an axis shows, 0..1."""

    low: float
    high: float

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Span":
        """Return the part in which the better half can be told apart.

        One run that diverged at 10 % would otherwise press all others into a line.
        """
        means = [row.mean for row in rows if row.mean is not None]
        if not means:
            return cls(0.0, 1.0)
        shown = [row for row in rows if row.mean is not None and row.mean >= least_shown(means)]
        # Of these rows all seeds are shown, which may differ more than the means.
        each = [a for row in shown for a in row.validation_accuracy if a is not None]
        low, top = min(each), max(each)
        margin = 0.1 * (top - low) or 0.005
        return cls(max(low - margin, 0.0), min(top + margin, 1.0 + margin / 2))


def failure_word(rows: Sequence[Row]) -> str:
    """Return what the mark of rows with an error means."""
    is_pruned = any(row.error and row.error.startswith(PRUNED) for row in rows)
    return "failed or pruned" if is_pruned else "failed"


def is_grid(scales: Sequence[Scale], rows: Sequence[Row]) -> bool:
    """Return whether most combinations of the values were run, and all can be shown."""
    across, down = (len(scale.values) for scale in scales)
    return max(across, down) <= MOST_CELLS and len(rows) >= 0.5 * across * down


def heat_map(scales: Sequence[Scale], rows: Sequence[Row]) -> "Figure":
    """Return the mean by two settings: a cell is darker, the more accurate it is.

    The colours are partly transparent, so that numbers are readable on a light and a dark page.
    """
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    across, down = scales
    width = max(CHART_WIDTH, CELL_WIDTH * len(across.values) + 1.2)
    figure, (axes,) = panels(width, 0.42 * len(down.values) + 1.7)
    span, best = Span.of(rows), best_row(rows)
    columns, lines = ([value_text(v) for v in scale.values] for scale in scales)
    for row in rows:
        x = across.values.index(row.settings[across.name])
        y = down.values.index(row.settings[down.name])
        mean = row.mean
        share = 0.0 if mean is None else max(mean - span.low, 0) / (span.high - span.low)
        fill = to_rgba(FAILED, 0.12) if mean is None else to_rgba(POINT, 0.05 + 0.55 * share)
        edge = BEST if row is best else "none"
        cell = Rectangle((x, y), 1, 1, facecolor=fill, edgecolor=edge, linewidth=2)
        cell.set_zorder(2 if row is best else 1)
        axes.add_patch(cell)
        weight = "bold" if row is best else "normal"
        text = _cell_text(row)
        axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=7.5, weight=weight)
    turn = 90 if max(map(len, columns)) > 8 and len(columns) > 3 else 0
    axes.set_xticks([x + 0.5 for x in range(len(columns))], columns, rotation=turn)
    axes.set_yticks([y + 0.5 for y in range(len(lines))], lines)
    axes.set_xlim(0, len(columns))
    axes.set_ylim(0, len(lines))
    axes.set_xlabel(heading(across.name))
    axes.set_ylabel(heading(down.name))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    marks = "mean validation accuracy in %; framed: the best"
    if any(row.error for row in rows):
        marks += f"; ×: {failure_word(rows)}"  # noqa: RUF001
    figure.supxlabel(marks, fontsize=8, color=INK)
    return figure


def _cell_text(row: Row) -> str:
    """Return the mean in percent, and what is wrong with the row."""
    mark = "×" if row.error is not None else ""  # noqa: RUF001
    if row.mean is None:
        return mark or "–"  # noqa: RUF001
    missing = sum(accuracy is None for accuracy in row.validation_accuracy)
    lacking = f"\n{len(row.seeds) - missing} of {len(row.seeds)}" if missing else ""
    return f"{percent(row.mean).removesuffix(' %')}{mark and ' '}{mark}{lacking}"
