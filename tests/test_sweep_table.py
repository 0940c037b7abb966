"""The table of a sweep: what it shows, and that it fits the terminal."""

import statistics
from pathlib import Path

import pytest

from mlp_cli.commands.shared.sweep_table import format_table
from mlp_cli.sweeps.results import sorted_rows
from mlp_cli.sweeps.rows import Row
from mlp_cli.sweeps.table import read_reasons, shorten, write_table


def make_row(settings, accuracies, error=None):
    count = len(accuracies)
    return Row(
        settings=settings,
        seeds=tuple(range(count)),
        validation_accuracy=tuple(accuracies),
        cost=tuple(None if accuracy is None else 0.25 for accuracy in accuracies),
        best_epoch=tuple(0 if accuracy is None else 3 + n for n, accuracy in enumerate(accuracies)),
        epochs=(9,) * count,
        seconds=(1.5,) * count,
        checkpoints=(Path("run.npz"),) * count,
        error=error,
    )


ROWS = [
    make_row({"hidden": [256, 128], "eta": 0.1}, (0.98, 0.97, 0.99)),
    make_row({"hidden": [100], "eta": 0.073194621}, (0.95, None, 0.97)),
    make_row({"hidden": [], "eta": 3.0}, (None, None, None), error="Epoch 1: diverged"),
]


def test_the_table_has_mean_deviation_and_interval():
    lines = format_table(ROWS, None).splitlines()
    assert lines == [
        "hidden   eta      validation  deviation      95 % interval  "
        "val. cost  best epoch  seconds  runs",
        "256+128  0.1         98.00 %     1.00 %  95.52 to 100.00 %     "
        "0.2500         4.0      1.5     3",
        "100      0.07319     96.00 %     1.41 %  83.29 to 100.00 %     "
        "0.2500         4.0      1.5     2",
    ]
    assert statistics.stdev((0.98, 0.97, 0.99)) == pytest.approx(0.01)


def test_a_single_seed_has_no_columns_that_need_several():
    (heading, _) = format_table([make_row({"eta": 1.0}, (0.5,))], None).splitlines()
    assert heading.split() == "eta validation val. cost best epoch seconds runs".split()  # noqa: SIM905


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_lines_fit_the_terminal(width, count):
    names = ["hidden", "schedule", "batch_size", "distort_strength", *"abcde"][:count]
    values = [[1000, 500, 250, 100], "halve-on-plateau", 100, 0.123456, *range(5)]
    rows = [make_row(dict(zip(names, values, strict=False)), (0.98, 0.97))]
    lines = format_table(rows, width).splitlines()
    assert max(map(len, lines)) <= width
    assert sum("97.50 %" in line for line in lines) == 1
    assert (width < 80 and count == 9) or "97.50 %" in lines[1]


def test_rows_are_sorted_by_their_mean_and_faults_come_last():
    rows = [
        make_row({"eta": 1.0}, (0.99,), error="one seed diverged"),
        make_row({"eta": 2.0}, (0.5,)),
        make_row({"eta": 3.0}, (None,)),
        make_row({"eta": 4.0}, (0.7,)),
    ]
    assert [row.settings["eta"] for row in sorted_rows(rows)] == [4.0, 2.0, 3.0, 1.0]


def test_the_csv_has_all_digits_and_gives_the_reasons_back(tmp_path):
    reason = 'Epoch 1: "diverged", with eta 3'
    rows = [*ROWS[:2], make_row({"hidden": [], "eta": 3.0}, (None,), error=reason)]
    path = write_table(rows, ["hidden", "eta"], tmp_path)
    lines = path.read_text().splitlines()
    assert lines[0] == (
        "hidden,eta,runs,mean,standard_deviation,interval_low,interval_high,"
        "validation_cost,best_epoch,seconds,error"
    )
    assert lines[2].startswith("100,0.073194621,2,0.96,0.0141421356237309")
    assert read_reasons(tmp_path) == {("none", "3"): reason}


def test_reasons_of_a_file_that_is_none_of_ours_are_none(tmp_path):
    assert read_reasons(tmp_path) == {}
    (tmp_path / "sweep.csv").write_bytes(b"\xff\xfe")
    assert read_reasons(tmp_path) == {}


def test_a_long_text_is_cut():
    assert shorten("0123456789", 6) == "0123.."
    assert shorten("0123456789", None) == "0123456789"
