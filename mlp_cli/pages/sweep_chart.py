"""The chart of a sweep: validation accuracy by what was varied."""

import textwrap
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from mlp_cli.charts.drawing import CHART_WIDTH
from mlp_cli.charts.figures import INK, panels, styled
from mlp_cli.pages.scales import (
    TICKED,
    Scale,
    alike,
    best_row,
    heading,
    value_text,
    varied,
    words,
    worth_saying,
)
from mlp_cli.pages.sweep_heat_map import BEST, FAILED, POINT, Span, failure_word, heat_map, is_grid
from mlp_cli.runs.schema import Option
from mlp_cli.sweeps.plan import Plan
from mlp_cli.sweeps.rows import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Placed = tuple[float, Row]
"""a row, and where it stands along the x axis"""
TITLE_LETTERS, TITLE_LINES = 74, 4
ASIDE = 6.0
"""points: the seeds stand so far to the right of their mean"""


def sweep_chart(rows: Sequence[Row], plan: Plan) -> "Figure":
    """Return the chart of a sweep's validation accuracy by the settings that differ.

    One setting: the accuracy of every seed, with mean and 95 % interval. Two, where most of their
    combinations were run: a heat map of the mean. Else a panel for each setting, with all rows.
    What failed is marked.

    rows: the best first.
    """
    scales = [Scale.of(name, rows, plan) for name in varied(rows)]
    with styled():
        if len(scales) == 2 and is_grid(scales, rows):
            figure = heat_map(scales, rows)
        elif len(scales) > 1:
            figure = _panels(scales, rows)
        else:
            figure = _points(scales[0] if scales else None, rows)
        figure.suptitle(_title(scales, rows, alike(rows, plan)), fontsize=8, color=INK)
    return figure


def _title(scales: Sequence[Scale], rows: Sequence[Row], common: Mapping[str, Option]) -> str:
    """Return dataset, what differs, and what does not: a few lines."""
    names = ", ".join(heading(scale.name) for scale in scales) or "one setting"
    what = f"{value_text(common['dataset'])}: {names}" if "dataset" in common else names
    seeds = max((len(row.seeds) for row in rows), default=0)
    same = f"{seeds} {'seed' if seeds == 1 else 'seeds'}"
    if text := words(worth_saying(common)):
        same += f"; {text}"
    lines = [what, same]
    if waiting := sum(accuracy is None for row in rows for accuracy in row.validation_accuracy):
        lines.append(f"{waiting} of {sum(len(row.seeds) for row in rows)} runs without a result")
    return "\n".join(
        line
        for text in lines
        for line in textwrap.wrap(text, TITLE_LETTERS, max_lines=TITLE_LINES, placeholder=" ...")
    )


def _points(scale: Scale | None, rows: Sequence[Row]) -> "Figure":
    """Return the chart of every seed, with mean and interval; None: no setting differs."""
    figure, (axes,) = panels(CHART_WIDTH, 3.4)
    _dress_accuracy(axes, rows)
    ranked = rows if scale is None else sorted(rows, key=lambda row: _place(scale, row))
    places = [_place(scale, row) for row in ranked]
    if scale is None:
        axes.set_xticks([])
        axes.set_xlim(-1, 1)
    else:
        scale.dress(axes)
    placed = list(zip(places, ranked, strict=True))
    means = [(x, row.mean) for x, row in placed if row.mean is not None]
    if scale is not None and scale.is_ordered:
        axes.plot(*_columns(means, 2), color=POINT, linewidth=1, alpha=0.5)
    best = best_row(rows)
    others = [(x, row) for x, row in placed if row is not best]
    for group, colour in (others, POINT), ([(x, r) for x, r in placed if r is best], BEST):
        _draw_seeds(axes, group, colour, aside=ASIDE)
        _draw_means(axes, group, colour)
    _mark_failed(axes, places, ranked)
    _add_legend(figure, rows)
    return figure


def _draw_means(axes: "Axes", placed: Sequence[Placed], colour: str) -> None:
    """Draw the mean of each row, and its interval where it has one."""
    means = [(x, row.mean) for x, row in placed if row.mean is not None]
    intervals = [(x, *row.interval) for x, row in placed if row.interval is not None]
    places, lows, highs = _columns(intervals, 3)
    axes.vlines(places, lows, highs, color=colour, linewidth=1.5)
    axes.plot(*_columns(means, 2), "o", color=colour, markersize=6)


def _columns(points: Sequence[tuple[float, ...]], count: int) -> list[list[float]]:
    """Return the coordinates of points by axis: as many lists as a point has coordinates."""
    return [[point[i] for point in points] for i in range(count)]


def _place(scale: Scale | None, row: Row) -> float:
    return 0.0 if scale is None else scale.place(row.settings[scale.name])


def _panels(scales: Sequence[Scale], rows: Sequence[Row]) -> "Figure":
    """Return a panel for each setting with all rows, and the mean of those with one value."""
    figure, each = panels(CHART_WIDTH, 2.3 * len(scales) + 0.5, rows=len(scales), shares_x=False)
    for axes, scale in zip(each, scales, strict=True):
        _dress_accuracy(axes, rows)
        scale.dress(axes)
        places = [_place(scale, row) for row in rows]
        _draw_seeds(axes, list(zip(places, rows, strict=True)), POINT, aside=0)
        if len(scale.values) < len(rows):
            _draw_marginal_means(axes, scale, rows)
        if (best := best_row(rows)) is not None and best.mean is not None:
            axes.plot(_place(scale, best), best.mean, "o", color=BEST, markersize=6, zorder=3)
        _mark_failed(axes, places, rows)
    _add_legend(figure, rows, is_marginal=any(len(s.values) < len(rows) for s in scales))
    return figure


def _draw_marginal_means(axes: "Axes", scale: Scale, rows: Sequence[Row]) -> None:
    """Draw the mean over all rows that share a value, as a dash."""
    by_value: dict[float, list[float]] = {}
    for row in rows:
        if row.mean is not None:
            by_value.setdefault(_place(scale, row), []).append(row.mean)
    means = [(x, fmean(each)) for x, each in by_value.items()]
    axes.plot(*_columns(means, 2), "_", color=INK, markersize=14, markeredgewidth=2)


def _draw_seeds(axes: "Axes", placed: Sequence[Placed], colour: str, *, aside: float) -> None:
    """Draw the accuracy of every seed, this many points to the right; at the edge if it is below.

    A dot is transparent, so that one which hides another is darker.
    """
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure()
    assert figure is not None
    shift = ScaledTranslation(aside / 72, 0, figure.dpi_scale_trans)
    low = axes.get_ylim()[0]
    points = [(x, a) for x, row in placed for a in row.validation_accuracy if a is not None]
    axes.plot(
        *_columns([(x, a) for x, a in points if a >= low], 2),
        "o",
        transform=axes.transData + shift,
        color=colour,
        alpha=0.4,
        markersize=4.5,
        markeredgewidth=0,
    )
    below = sorted({x for x, a in points if a < low})
    edge = axes.get_xaxis_transform()
    axes.plot(below, [0.03] * len(below), "v", color=colour, transform=edge, markersize=5)
    for x, row in placed if aside and len(below) <= TICKED else ():
        if row.mean is not None and row.mean < low:
            text = f"{row.mean * 100:.1f} %"
            axes.text(x, 0.08, text, transform=edge, ha="center", fontsize=7.5)


def _mark_failed(axes: "Axes", places: Sequence[float], rows: Sequence[Row]) -> None:
    """Mark the rows of which a run cannot go on, at the lower edge."""
    failed = [x for x, row in zip(places, rows, strict=True) if row.error is not None]
    axes.plot(
        *(failed, [0.03] * len(failed), "x"),
        transform=axes.get_xaxis_transform(),
        color=FAILED,
        markersize=7,
        markeredgewidth=2,
        zorder=4,
    )


def _dress_accuracy(axes: "Axes", rows: Sequence[Row]) -> None:
    axes.set_ylim(*Span.of(rows))
    axes.set_ylabel("validation accuracy")
    axes.yaxis.set_major_formatter(lambda fraction, _: f"{fraction * 100:.4g} %")


def _add_legend(figure: "Figure", rows: Sequence[Row], *, is_marginal: bool | None = None) -> None:
    """Explain the marks that occur, below the chart.

    is_marginal: whether panels have means over all rows; None: they are no panels.
    """
    from matplotlib.lines import Line2D

    low = Span.of(rows).low
    accuracies = [a for row in rows for a in row.validation_accuracy if a is not None]
    has_interval = is_marginal is None and any(row.interval is not None for row in rows)
    mean = "mean, 95 % interval" if has_interval else "mean"
    entries = [
        (len(accuracies) > 0, "a run", {"marker": "o", "color": POINT, "alpha": 0.4}),
        (is_marginal is None and has_interval, mean, {"marker": "o", "color": POINT}),
        (bool(is_marginal), "mean of all with this value", {"marker": "_", "color": INK}),
        (len(accuracies) > 0, "best mean", {"marker": "o", "color": BEST}),
        (any(a < low for a in accuracies), "below the axis", {"marker": "v", "color": POINT}),
        (any(row.error for row in rows), failure_word(rows), {"marker": "x", "color": FAILED}),
    ]
    handles = [
        Line2D([], [], linestyle="", label=label, markersize=6, **style)  # type: ignore[arg-type]
        for is_there, label, style in entries
        if is_there
    ]
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=3,
            fontsize=8,
            handletextpad=0.2,
            columnspacing=1.5,
        )
