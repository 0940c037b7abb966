"""The chart of a sweep: what it draws of the rows, and how its axes are chosen."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.charts.drawing import grouped_curves
from mlp_cli.charts.figures import save_figure, to_inline_svg
from mlp_cli.pages.sweep_chart import sweep_chart
from mlp_cli.pages.sweep_heat_map import BEST, FAILED, Span
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.sweeps.plan import Plan
from mlp_cli.sweeps.results import sorted_rows
from mlp_cli.sweeps.variation import read_variation
from tests.makers import make_row, make_run

pytestmark = pytest.mark.alike

OPTIONS = {"dataset": "mnist", "hidden": [100], "epochs": 10, "seed": 0, "threads": 1}


def rows_over(name, values, accuracies=None):
    """A row for each value, better and better, of three seeds that differ by 0.002."""
    accuracies = accuracies or [0.9 + 0.01 * i for i in range(len(values))]
    return [
        make_row({name: value}, (accuracy - 0.002, accuracy, accuracy + 0.002))
        for value, accuracy in zip(values, accuracies, strict=True)
    ]


def chart(rows, options=OPTIONS, **varied):
    """The chart of these rows, the best first, as a sweep has them.

    varied: what `--vary` has for a setting.
    """
    plan = Plan(options, {n: read_variation(SETTINGS[n], text) for n, text in varied.items()})
    return sweep_chart(sorted_rows(rows), plan)


def points(axes, marker):
    """The points of all lines with this marker."""
    return sorted(
        (float(x), float(y))
        for line in axes.get_lines()
        if line.get_marker() == marker
        for x, y in zip(*line.get_data(), strict=True)
    )


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


# one setting


def test_every_seed_every_mean_and_every_interval_is_drawn():
    rows = rows_over("eta", [1.0, 3.0])
    (axes,) = chart(rows).axes
    expected = [(row.settings["eta"], a) for row in rows for a in row.validation_accuracy]
    expected += [(row.settings["eta"], row.mean) for row in rows]
    np.testing.assert_allclose(points(axes, "o"), sorted(expected))
    drawn = [tuple(s[:, 1]) for each in axes.collections for s in each.get_segments()]
    assert drawn == [pytest.approx(row.interval) for row in rows]


def test_a_single_seed_has_no_interval():
    figure = chart([make_row({"eta": e}, (0.9 + e / 100,)) for e in (1.0, 2.0)])
    assert not [s for each in figure.axes[0].collections for s in each.get_segments()]
    assert legend(figure) == ["a run", "best mean"]


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([0.1, 1.0], "log"),  # over a decade
        ([1, 2, 9], "linear"),
        ([0.0, 0.5, 0.9], "linear"),
        ([0.0, 0.001, 10.0], "even"),  # 0 has no logarithm
        (["relu", "tanh"], "even"),
        ([[100], [256, 128]], "even"),
    ],
)
def test_the_axis_is_logarithmic_where_the_values_are(values, scale):
    name = {str: "activation", list: "hidden"}.get(type(values[0]), "l2")
    (axes,) = chart(rows_over(name, values)).axes
    assert axes.get_xscale() == ("log" if scale == "log" else "linear")
    places = list(range(len(values))) if scale == "even" else values
    assert sorted({x for x, _ in points(axes, "o")}) == places


def test_a_logarithmic_range_gets_a_logarithmic_axis_however_narrow_it_is():
    rows = rows_over("eta", [1.0, 2.0, 4.0])
    assert chart(rows, eta="1..4").axes[0].get_xscale() == "linear"
    assert chart(rows, eta="1..4:log").axes[0].get_xscale() == "log"


def test_each_value_of_a_few_has_its_tick_as_it_is_typed():
    assert ticks(chart(rows_over("hidden", [[256, 128], [100], []])).axes[0].xaxis) == [
        "none",
        "100",
        "256+128",
    ]
    assert ticks(chart(rows_over("eta", [0.1, 0.3, 3.0])).axes[0].xaxis) == ["0.1", "0.3", "3"]


def test_ticks_that_would_cover_each_other_are_not_drawn():
    (axes,) = chart(rows_over("eta", [0.1, 0.1001, 0.1002, 10.0])).axes
    assert "0.1001" not in ticks(axes.xaxis)
    assert "0.1" in ticks(axes.xaxis)


def test_the_accuracy_is_in_percent_and_the_title_says_what_does_not_differ():
    figure = chart(rows_over("eta", [0.1, 1.0]))
    assert figure.get_suptitle() == "mnist: eta\n3 seeds; hidden 100, epochs 10"
    assert all(label.endswith(" %") for label in ticks(figure.axes[0].yaxis))


def test_the_best_row_is_marked():
    (axes,) = chart(rows_over("eta", [0.1, 1.0], [0.95, 0.9])).axes
    best = [line for line in axes.get_lines() if line.get_color() == BEST]
    means = [line for line in best if line.get_markersize() == 6 and len(line.get_xdata())]
    assert [tuple(line.get_xydata()[0]) for line in means] == [(0.1, pytest.approx(0.95))]


def test_a_setting_that_failed_is_marked_and_not_missing():
    rows = rows_over("eta", [0.1, 1.0, 10.0])
    rows[2] = replace(rows[2], validation_accuracy=(None,) * 3, error="diverged")
    figure = chart(rows)
    (axes,) = figure.axes
    assert [x for x, _ in points(axes, "x")] == [10]
    assert {li.get_color() for li in axes.get_lines() if li.get_marker() == "x"} == {FAILED}
    assert "failed" in legend(figure)
    assert figure.get_suptitle().endswith("3 of 9 runs without a result")


def test_one_bad_setting_does_not_press_the_others_together():
    rows = rows_over("eta", [0.1, 0.3, 1.0, 3.0, 100.0], [0.95, 0.96, 0.97, 0.965, 0.1])
    figure = chart(rows)
    (axes,) = figure.axes
    assert axes.get_ylim()[0] > 0.9
    assert [x for x, _ in points(axes, "v")] == [100]
    assert texts(figure) == ["10.0 %"]
    assert "below the axis" in legend(figure)


@pytest.mark.parametrize(
    "accuracies", [[], [(0.9, 0.9)], [(None,)], [(0.0,), (1.0,)], [(0.5, None), (0.6, 0.7)]]
)
def test_all_that_is_shown_lies_within_the_axis(accuracies):
    rows = [make_row({"eta": float(i)}, each) for i, each in enumerate(accuracies)]
    low, high = Span.of(rows)
    assert 0 <= low < high <= 1.1
    assert all(low <= a <= high for row in rows for a in row.validation_accuracy if a is not None)


@pytest.mark.parametrize("error", [None, "diverged"])
def test_a_sweep_without_a_result_is_drawn(error):
    rows = [make_row({"eta": e}, (None, None), error=error) for e in (1.0, 2.0)]
    assert "4 of 4 runs without a result" in to_inline_svg(chart(rows))


def test_a_sweep_over_seeds_alone_is_drawn():
    figure = chart([make_row({}, (0.9, 0.91, 0.92))])
    assert len(points(figure.axes[0], "o")) == 4
    assert figure.get_suptitle().startswith("mnist: one setting\n3 seeds")


# two settings


def grid(etas, hiddens):
    return [
        make_row({"eta": e, "hidden": h}, (0.9 + 0.01 * i + 0.001 * j,) * 2)
        for i, e in enumerate(etas)
        for j, h in enumerate(hiddens)
    ]


def test_two_settings_are_a_heat_map_with_numbers():
    rows = grid([0.1, 1.0, 10.0], [[30], [100]])
    figure = chart(rows)
    (axes,) = figure.axes
    cells = {(t.get_position()[0], t.get_position()[1]): t.get_text() for t in axes.texts}
    assert len(cells) == len(axes.patches) == 6
    assert cells[0.5, 0.5] == "90.00"
    assert cells[2.5, 1.5] == "92.10"
    assert ticks(axes.xaxis) == ["0.1", "1", "10"]
    assert ticks(axes.yaxis) == ["30", "100"]
    assert figure.get_suptitle() == "mnist: eta, hidden\n2 seeds; epochs 10"
    (best,) = [cell for cell in axes.patches if cell.get_linewidth() and cell.get_edgecolor()[3]]
    assert best.get_xy() == (2, 1)


def test_a_cell_says_what_failed_what_is_missing_and_what_has_no_result():
    rows = grid([0.1, 1.0], [[30], [100]])
    rows[0] = replace(rows[0], validation_accuracy=(None, None), error="diverged")
    rows[1] = replace(rows[1], validation_accuracy=(0.9, None))
    rows[2] = replace(rows[2], validation_accuracy=(None, None))
    figure = chart(rows)
    assert texts(figure) == ["91.10", "90.00\n1 of 2", "–", "×"]  # noqa: RUF001
    assert "failed" in figure.get_supxlabel()


def contrast(ink, fill, page):
    """The ratio of contrast of opaque ink on a transparent fill over a page, by WCAG."""

    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    mixed = [f * fill[3] + p * (1 - fill[3]) for f, p in zip(fill[:3], page, strict=True)]
    one, other = sorted((luminance(ink), luminance(mixed)))
    return (other + 0.05) / (one + 0.05)


@pytest.mark.parametrize(
    ("ink", "page"), [("1b1f24", "ffffff"), ("e6e9ec", "15181c")], ids=["light", "dark"]
)
def test_numbers_are_readable_on_every_cell_of_both_pages(ink, page):
    css = (Path(__file__).parents[1] / "mlp_cli" / "pages" / "report.css").read_text()
    assert f"--ink: #{ink}" in css
    assert f"--paper: #{page}" in css
    ink, page = ([int(c[i : i + 2], 16) / 255 for i in (0, 2, 4)] for c in (ink, page))
    rows = grid([0.1, 1.0, 10.0], [[30], [100]])
    rows[0] = replace(rows[0], validation_accuracy=(None, None), error="diverged")
    (axes,) = chart(rows).axes
    for cell in axes.patches:
        assert contrast(ink, cell.get_facecolor(), page) >= 4.5


def test_two_settings_that_were_sampled_are_two_panels():
    rows = [make_row({"eta": 0.1 + i, "batch_size": 1 + i * i}, (0.9,)) for i in range(9)]
    eta, batch_size = chart(rows).axes
    assert (eta.get_xlabel(), batch_size.get_xlabel()) == ("eta", "batch size")


# more settings


def test_three_settings_have_a_panel_each_with_all_rows_and_their_means():
    rows = [
        make_row({"eta": e, "batch_size": b, "activation": a}, (0.9 + e / 100, 0.9 + b / 1000))
        for e in (0.1, 1.0)
        for b in (1, 10)
        for a in ("relu", "tanh")
    ]
    figure = chart(rows)
    assert [axes.get_xlabel() for axes in figure.axes] == ["eta", "batch size", "activation"]
    for axes, name in zip(figure.axes, ("eta", "batch_size", "activation"), strict=True):
        assert len(points(axes, "o")) == 16 + 1  # and the best mean
        values = list(dict.fromkeys(row.settings[name] for row in rows))
        means = [
            sum(row.mean for row in rows if row.settings[name] == value) / 4 for value in values
        ]
        assert [y for _, y in points(axes, "_")] == pytest.approx(means)


# files and pages


def test_the_names_of_a_dataset_are_text_whatever_they_hold():
    rows = rows_over("eta", [0.1, 1.0])
    for name in ("$\\frac{$", "<script>", "数据", "a\ud800\nb"):
        svg = to_inline_svg(chart(rows, {"dataset": name}))
        assert "<script" not in svg
        save_figure(chart(rows, {"dataset": name}), Path("a.png"))
    assert "$\\frac{$" in to_inline_svg(chart(rows, {"dataset": "$\\frac{$"}))


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<?xml"), ("a.pdf", b"%PDF")])
def test_equal_sweeps_give_equal_files(name, start):
    written = []
    for _ in range(2):
        save_figure(chart(grid([0.1, 1.0], [[30], [100]])), Path(name))
        written.append(Path(name).read_bytes())
    assert written[0].startswith(start)
    assert written[0] == written[1]


def test_the_figures_stand_in_the_svg_as_text():
    save_figure(chart(grid([0.1, 1.0], [[30], [100]])), Path("a.svg"))
    found = re.findall(r">([^<>]+)</text>", Path("a.svg").read_text(encoding="utf-8"))
    assert {"90.00", "90.10", "91.00", "91.10", "0.1", "30", "hidden"} <= set(found)


# learning curves


def test_the_runs_of_one_setting_have_one_colour_and_one_name():
    runs = [make_run(accuracies=(0.8, 0.9)), make_run(accuracies=(0.85, 0.92))]
    figure = grouped_curves([("eta 1", runs), ("eta 3", runs[:1])])
    accuracy, cost = figure.axes
    assert [len({line.get_color() for line in axes.get_lines()}) for axes in figure.axes] == [2, 2]
    assert [len(axes.get_lines()) for axes in (accuracy, cost)] == [3, 3]
    assert legend(figure) == ["eta 1", "eta 3"]


def test_long_names_of_settings_become_numbers():
    figure = grouped_curves([("eta 1, " * 9, [make_run()]), ("eta 3", [make_run()])])
    assert legend(figure) == ["#1", "#2"]


def test_one_run_that_learned_nothing_does_not_press_the_curves_together():
    good, bad = make_run(accuracies=(0.96, 0.97, 0.98)), make_run(accuracies=(0.1, 0.1))
    accuracy, _ = grouped_curves([("good", [good, good]), ("bad", [bad])]).axes
    assert accuracy.get_ylim()[0] > 0.8
