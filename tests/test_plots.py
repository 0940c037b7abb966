"""Charts: what they draw, and where they may be written."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from mlp_cli.charts.confusion import confusion_heat_map
from mlp_cli.charts.drawing import (
    epoch_seconds,
    grouped_curves,
    learning_curves,
    unit_slopes,
)
from mlp_cli.charts.figures import (
    INK,
    SETTINGS_FILE,
    check_destination,
    epoch_ticks,
    require_matplotlib,
    save_figure,
    to_inline_svg,
)
from mlp_cli.errors import MissingPackageError, OptionError, OutputError
from tests.makers import make_run

pytestmark = pytest.mark.alike

ABC = "abc"
"""headings of three classes"""


def points(axes):
    return [list(zip(*line.get_data(), strict=True)) for line in axes.get_lines()]


def texts(axes):
    return {text.get_text() for text in axes.texts}


def test_cost_and_accuracy_are_drawn_and_the_best_epoch_is_marked():
    cost, accuracy = learning_curves([make_run(accuracies=(0.5, 0.75, 0.25))]).axes
    assert points(cost) == [[(1, 0.5), (2, 0.25), (3, 0.5 / 3)]]
    curve, dot, _ = points(accuracy)
    assert curve == [(1, 0.5), (2, 0.75), (3, 0.25)]
    assert dot == [(2, 0.75)]
    assert accuracy.get_title() == "best epoch 2: 75.00 %"


def test_the_cost_on_the_validation_images_is_drawn_where_it_was_recorded():
    run = make_run(accuracies=(0.5, 0.75), costs=(0.4, 0.3))
    del run.history[0]["validation_cost"]  # as an earlier version left it
    cost, _ = learning_curves([run]).axes
    assert points(cost) == [[(1, 0.5), (2, 0.25)], [(2, 0.3)]]
    assert [text.get_text() for text in cost.get_legend().get_texts()] == ["training", "validation"]
    assert len(points(learning_curves([run, run]).axes[0])) == 2


def test_without_validation_the_cost_stands_alone():
    (cost,) = learning_curves([make_run(accuracies=(None, None))]).axes
    assert points(cost) == [[(1, 0.5), (2, 0.25)]]


def test_several_runs_are_told_apart_by_numbers_and_colours():
    runs = [make_run(), make_run(accuracies=(None,)), make_run(accuracies=(0.5,))]
    cost, accuracy = learning_curves(runs).axes
    assert [text.get_text() for text in cost.get_legend().get_texts()] == ["1", "2", "3"]
    assert len({line.get_color() for line in cost.get_lines()}) == 3
    assert [len(curve) for curve in points(cost)] == [3, 1, 1]
    assert [len(curve) for curve in points(accuracy)] == [3, 1, 0, 1, 1]


def test_costs_of_different_kinds_have_axes_of_their_own():
    runs = [make_run(), make_run(cost="cross-entropy"), make_run(cost="quadratic", seed=1)]
    quadratic, cross_entropy, accuracy = learning_curves(runs).axes
    assert [len(points(axes)) for axes in (quadratic, cross_entropy)] == [2, 1]
    assert quadratic.get_ylabel() == "training cost\n(quadratic)"
    assert cross_entropy.get_ylabel() == "training cost\n(cross-entropy)"
    assert len(points(accuracy)) == 6
    accuracy, *costs = grouped_curves([("a", runs[:2]), ("b", runs[2:])]).axes
    assert [len(points(axes)) for axes in costs] == [2, 1]
    assert [len(axes.get_lines()) for axes in (accuracy, *costs)] == [3, 2, 1]


def test_the_axis_of_the_cost_ends_near_the_largest():
    """It ended at 1 where its lower end was set before anything was drawn."""
    run = make_run(accuracies=(0.5, 0.75), costs=(0.04, 0.03))
    for entry in run.history:
        entry["cost"] = 0.05
    for runs in ([run], [run, run]):
        least, most = learning_curves(runs).axes[0].get_ylim()
        assert least == 0
        assert 0.05 <= most < 0.06


@pytest.mark.parametrize(
    ("last", "named"),
    [
        (1, [1]),
        (6, [1, 2, 3, 4, 5, 6]),
        (13, [1, 3, 5, 7, 9, 11, 13]),
        (30, [1, 5, 10, 15, 20, 25, 30]),
        (400, [1, 50, 100, 150, 200, 250, 300, 350, 400]),
    ],
)
def test_epochs_are_named_from_1(last, named):
    assert epoch_ticks(last) == named
    (axes,) = epoch_seconds([make_run((0.5,) * last)]).axes
    assert list(axes.get_xticks()) == named
    assert 0 < axes.get_xlim()[0] < 1 or last > 25


def test_a_chart_says_which_network_learned_what():
    def title(*runs):
        return learning_curves(runs).get_suptitle()

    assert title(make_run()) == "6-5-3 on mnist"
    assert title(make_run(), make_run()) == "2 runs of 6-5-3 on mnist"
    assert title(make_run(), make_run(sizes=(6, 4, 3))) == "2 runs on mnist"
    assert title(make_run(), make_run(dataset="kmnist")) == "2 runs"
    long = make_run(dataset="/home/me/" + 40 * "x" + "/letters")
    assert title(long).endswith("x/letters")
    assert len(title(long)) < 60
    (axes,) = confusion_heat_map(np.eye(3, dtype=int), ABC, "6-5-3 on mnist").axes
    assert axes.figure.get_suptitle() == "6-5-3 on mnist"


def test_twenty_runs_have_twenty_kinds_of_curve():
    cost, _ = learning_curves([make_run(accuracies=(0.5, 0.6))] * 20).axes
    kinds = {(line.get_color(), line.get_linestyle()) for line in cost.get_lines()}
    assert len(kinds) == 20


def test_a_single_epoch_is_a_point_that_can_be_seen():
    cost, _ = learning_curves([make_run(accuracies=(0.5,))]).axes
    assert cost.get_lines()[0].get_marker() == "o"


def test_the_time_of_each_epoch_is_drawn():
    (axes,) = epoch_seconds([make_run()]).axes
    assert points(axes) == [[(1, 0.25), (2, 0.25), (3, 0.25)]]


def test_numbers_that_no_run_gives_are_drawn_all_the_same():
    run = make_run()
    for entry in run.history:
        entry.update(cost=1.7e308, seconds=1.7e308)
    for figure in (learning_curves([run]), epoch_seconds([run])):
        assert "<svg" in to_inline_svg(figure)


def test_the_heat_map_shows_all_counts_and_colours_mistakes_by_fraction():
    confusion = np.array([[8, 2, 0], [0, 0, 0], [10, 0, 90]])
    (axes,) = confusion_heat_map(confusion, ABC).axes
    assert texts(axes) == {"8", "2", "10", "90"}
    opacity = axes.collections[0].get_array()[..., 3]
    assert opacity[0, 1] > opacity[2, 0] > opacity[0, 2] == 0
    assert opacity[0, 0] == opacity[2, 2] > 0
    assert axes.yaxis_inverted()


def test_a_heat_map_without_a_mistake_is_drawn():
    (axes,) = confusion_heat_map(np.diag([3, 4]), ABC[:2]).axes
    assert texts(axes) == {"3", "4"}


def test_slopes_are_drawn_by_layer_the_steepest_first():
    slopes = [np.array([0.1, np.nan, 0.2]), np.array([0.3])]
    (axes,) = unit_slopes(slopes, flat=0.01).axes
    first, second, flat = (line.get_ydata() for line in axes.get_lines())
    assert list(first) == [0.2, 0.1, 0]
    assert list(second) == [0.3]
    assert list(flat) == [0.01, 0.01]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["layer 2", "layer 3"]


@pytest.mark.parametrize(
    ("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")]
)
def test_the_ending_decides_the_format_and_equal_charts_give_equal_files(name, start):
    written = []
    for _ in range(2):
        save_figure(confusion_heat_map(np.eye(3, dtype=int), ABC), Path(name))
        written.append(Path(name).read_bytes())
    assert written[0].startswith(start)
    assert written[0] == written[1]


def test_a_file_is_drawn_on_white():
    save_figure(learning_curves([make_run()]), Path("a.png"))
    with Image.open("a.png") as image:
        assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_in_a_page_the_ink_is_the_pages_and_no_id_stands_twice():
    svg = to_inline_svg(learning_curves([make_run()]))
    assert svg.startswith("<svg")
    assert svg.endswith("</svg>")
    assert INK not in svg
    assert "#ffffff" not in svg
    assert "currentColor" in svg
    assert "<metadata" not in svg
    assert '<g id="' not in svg
    assert ">epoch</text>" in svg


def test_the_users_own_style_changes_nothing_and_is_left_alone():
    before = to_inline_svg(learning_curves([make_run()]))
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30}):
        assert to_inline_svg(learning_curves([make_run()])) == before
        assert mpl.rcParams["font.size"] == 30


DRAW = """
from pathlib import Path
from mlp_cli.charts.drawing import learning_curves
from mlp_cli.charts.figures import check_destination, save_figure
from tests.makers import make_run
for name in ("a.png", "a.svg", "a.pdf"):
    check_destination(Path(name))
    save_figure(learning_curves([make_run()]), Path(name))
"""
RED = b"axes.facecolor: red\nlines.linewidth: 30\nbackend: tkagg\naxes.formatter.use_locale: True\n"
SURROUNDINGS = {
    "a notebook's": ({"MPLBACKEND": "module://matplotlib_inline.backend_inline"}, {}),
    "broken": (
        {"MPLBACKEND": "nonsense", "MATPLOTLIBRC": "own"},
        {"matplotlibrc": b"\xff\xfe\0broken", "own/matplotlibrc": b"\xff\0"},
    ),
    "in this folder": ({}, {"matplotlibrc": RED}),
    "the user's": (
        {"MPLCONFIGDIR": "own"},
        {"own/matplotlibrc": RED, "own/stylelib/x.mplstyle": b"\xff\0"},
    ),
}


def charts(tmp_path, variables, files):
    folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    environment = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", DRAW],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(Path(__file__).parents[1]), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return [(folder / f"a.{ending}").read_bytes() for ending in ("png", "svg", "pdf")]


def test_no_variable_and_no_file_reaches_a_chart(tmp_path):
    expected = charts(tmp_path, {}, {})
    for name, (variables, files) in SURROUNDINGS.items():
        assert charts(tmp_path, variables, files) == expected, name
    assert not SETTINGS_FILE.with_name("own").exists()


def test_what_surrounds_a_chart_is_hidden_for_a_moment_alone(tmp_path, monkeypatch):
    Path("watch.py").write_text("import os; SEEN = dict(os.environ), os.getcwd()")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("mlp_cli.charts.figures.MODULES", ("watch",))
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    before = dict(os.environ), os.getcwd()
    require_matplotlib()
    environment, folder = sys.modules.pop("watch").SEEN
    assert "MPLBACKEND" not in environment
    assert folder != before[1]
    assert (dict(os.environ), os.getcwd()) == before


@pytest.mark.parametrize("name", ["a.gif", "a", "png", "a.png.txt"])
def test_another_ending_is_refused(name):
    with pytest.raises(
        OptionError, match=f"^{name}: unknown kind of chart, expected a name that ends in .png, "
    ):
        check_destination(Path(name))


def test_without_matplotlib_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setattr("mlp_cli.system.packages.find_spec", lambda _: None)
    with pytest.raises(MissingPackageError, match=r'pip install "mlp-cli\[plot\]"$'):
        check_destination(Path("a.png"))


def test_a_chart_replaces_neither_a_checkpoint_nor_what_is_not_a_file():
    make_run().save(Path("a.png"))
    with pytest.raises(OutputError, match=r"a\.png: a checkpoint"):
        check_destination(Path("a.png"))
    Path("b.png").symlink_to("/dev/null")
    with pytest.raises(OutputError, match=r"b\.png: not a plain file"):
        check_destination(Path("b.png"))
    with pytest.raises(OutputError, match=r"no/a\.png: cannot be written \(No such file"):
        check_destination(Path("no/a.png"))


def test_a_folder_that_cannot_be_written_is_found_out_beforehand(unprivileged):
    Path("shut").mkdir(mode=0o555)
    with unprivileged(), pytest.raises(OutputError, match="Permission denied"):
        check_destination(Path("shut/a.png"))


def test_nothing_warns_of_a_font_or_a_glyph():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_figure(unit_slopes([np.array([0.1])], flat=0.0), Path("a.pdf"))
