"""mlp sweep --plot, and the page of a sweep that the command has made."""

import re
from pathlib import Path

import pytest

from mlp_cli.charts.figures import save_figure
from mlp_cli.pages.sweep_chart import sweep_chart
from mlp_cli.sweeps.sweep import read_table
from tests.makers import make_arrays, write_dataset

pytestmark = pytest.mark.alike

SWEEP = "sweep --validation 10 --epochs 2 --hidden 6 --vary eta=1,3 --seeds 2 --jobs 1 -o s"


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"), make_arrays(train=60, test=20))


def test_the_chart_is_that_of_the_rows(run):
    done = run(f"{SWEEP} --plot own.svg")
    assert "own.svg: validation accuracy by what was varied\n" in done.stderr
    plan, rows = read_table(Path("s"))
    save_figure(sweep_chart(rows, plan), Path("again.svg"))
    assert Path("own.svg").read_bytes() == Path("again.svg").read_bytes()


def test_a_complete_sweep_is_drawn_again_without_training(run):
    run(SWEEP)
    before = {path.name: path.stat().st_mtime_ns for path in Path("s").glob("*.npz")}
    run("sweep -o s --plot own.png")
    assert Path("own.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name: path.stat().st_mtime_ns for path in Path("s").glob("*.npz")} == before


def test_a_chart_that_cannot_be_drawn_is_said_before_any_run(run):
    done = run(f"{SWEEP} --plot own.gif", status=2)
    assert done.stderr.endswith(
        "--plot own.gif: unknown kind of chart, expected a name that ends in .png, .svg or .pdf.\n"
    )
    assert not Path("s").exists()


def test_the_page_shows_what_the_command_has_printed(run):
    printed = run(f"{SWEEP} --test").stdout
    run("report s")
    page = Path("report.html").read_text(encoding="utf-8")
    for figure in re.findall(r"\d+\.\d\d(?= %)", printed):
        assert f"{figure}" in page
    assert "test accuracy" in page
