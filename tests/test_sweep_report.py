"""The page about a sweep: what it shows of the runs, in a browser and without its script."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from mlp_cli.pages.sweep_findings import MOST_CURVES, MOST_GROUPS, SweepFindings
from mlp_cli.pages.sweep_report import render_sweep
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.sweeps.plan import PLAN, Plan
from mlp_cli.sweeps.table import write_table
from mlp_cli.sweeps.variation import read_variation
from tests.makers import make_run
from tests.test_report import Reader

pytestmark = pytest.mark.alike

FOLDER = Path("sweeps/own")
DEFAULTS = {name: s.default for name, s in SETTINGS.items() if s.default is not None}
ETAS = (0.5, 3.0, 10.0)
ACCURACIES = {(0.5, 4): 0.5, (0.5, 5): 0.75, (3.0, 4): 0.75, (3.0, 5): 0.875, (10.0, 4): 0.25}
"""by eta and seed; the last run has not begun"""


def make_plan(**changes):
    options = {**DEFAULTS, "hidden": [5], "epochs": 2, "validation": 12, "threads": 1, "seed": 4}
    varied = {"eta": read_variation(SETTINGS["eta"], "0.5,3,10")}
    shared = {name: value for name, value in options.items() if name not in varied}
    return replace(Plan(shared, varied, seeds=2), **changes)


def save_runs(plan, accuracies=ACCURACIES, **settings):
    """The folder of a sweep whose runs had these accuracies in their second and last epoch."""
    FOLDER.mkdir(parents=True)
    (FOLDER / PLAN).write_text(plan.to_toml(), encoding="utf-8")
    for index, point in enumerate(plan.corners()):
        for task in plan.tasks(FOLDER, index, plan.point(point)):
            key = (point["eta"], task.options["seed"])
            if key in accuracies:
                options = {n: v for n, v in task.options.items() if n not in ("hidden", "engine")}
                epochs = (accuracies[key] / 2, accuracies[key])
                made = make_run(epochs, costs=(0.5, 0.25), **{**options, **settings})
                made.save(task.checkpoint)


@pytest.fixture
def found():
    save_runs(make_plan())
    return SweepFindings.of(FOLDER)


@pytest.fixture
def page(found):
    return render_sweep(found).decode()


def cells(page, number):
    """The rows of the table with this number, as texts."""
    table = re.findall(r"<table>.*?</table>", page)[number]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def text_of(page):
    return "".join(Reader(page.replace("<!doctype html>\n", "")).text)


def test_the_table_has_a_row_for_each_setting_with_the_rows_own_numbers(found, page):
    head, *rows = cells(page, 0)
    assert head[:5] == ["#", "eta", "mean", "deviation", "95 % interval"]
    assert [row[:2] for row in rows] == [["1 ★", "3"], ["2", "0.5"], ["3", "10"]]
    for row, shown in zip(found.rows, rows, strict=True):
        assert shown[2] == f"{row.mean * 100:.2f}"
        if row.standard_deviation is not None:
            assert shown[3] == f"{row.standard_deviation * 100:.2f}"
            assert shown[4] == " to ".join(f"{end * 100:.2f}" for end in row.interval)
    assert [row[5] for row in rows] == ["75.00 87.50", "50.00 75.00", "25.00 -"]
    assert [row[6:] for row in rows] == [["0.2500", "2", "0.5"]] * 3


def test_the_table_says_what_the_csv_says(found, page):
    _, *shown = cells(page, 0)
    lines = write_table(found.rows, ["eta"], FOLDER).read_text().splitlines()
    _, *rows = (line.split(",") for line in lines)
    for row, cell in zip(rows, shown, strict=True):
        assert row[0] == cell[1]
        assert f"{float(row[2]) * 100:.2f}" == cell[2]
        assert [f"{float(row[6]):.4f}", row[7], f"{float(row[8]):.1f}"] == [
            cell[6],
            f"{float(cell[7])}",
            cell[8],
        ]


def test_every_run_has_a_row_with_its_file(found, page):
    head, *rows = cells(page, -1)
    assert head == [
        *("#", "eta", "seed", "validation", "cost", "best epoch", "epochs", "seconds", "file")
    ]
    assert rows[1] == ["1 ★", "3", "5", "87.50 %", "0.2500", "2", "2", "0.5", "run-004.npz"]
    assert rows[5] == ["3", "10", "5", "-", "-", "-", "0", "-", "run-006.npz"]
    assert len(rows) == 6


def test_the_best_is_marked_and_its_commands_can_be_typed(page, run):
    assert page.count('<tr class="best">') == 2
    commands = [re.sub(r"<[^>]*>", "", found) for found in re.findall(r"<pre>(.*?)</pre>", page)]
    resume, evaluate, train = commands
    assert resume == f"mlp sweep -o {FOLDER}"
    assert evaluate == f"mlp evaluate --checkpoint {FOLDER / 'run-004.npz'}"
    assert train.startswith("mlp train --hidden 5 --epochs 2 ")
    assert " --seed 5" in train
    assert "--eta" not in train  # it is the default
    printed = run(f"{train.removeprefix('mlp ')} --print-config").output
    assert "seed = 5" in printed
    assert "eta = 3.0" in printed


def test_a_page_of_half_a_sweep_says_how_much_is_missing():
    accuracies = {key: a for key, a in ACCURACIES.items() if key[0] == 0.5}
    save_runs(make_plan(), accuracies)
    path = FOLDER / "run-003.npz"
    make_run(accuracies=(0.5,), epochs=2, eta=3.0, seed=4, threads=1).save(path)
    page = render_sweep(SweepFindings.of(FOLDER)).decode()
    text = text_of(page)
    assert "2 of 6" in text
    assert "Runs without an epoch: 3 of 6; with epochs to come: 1." in text
    assert ["2", "3", "4", "-", "-", "-", "1 of 2", "0.2", "run-003.npz"] in cells(page, -1)


def test_a_sweep_of_which_no_run_has_begun_has_a_page():
    save_runs(make_plan(), {})
    text = text_of(render_sweep(SweepFindings.of(FOLDER)).decode())
    assert "0 of 6" in text
    assert "No run is complete yet." in text
    assert "No run has had an epoch yet." in text


def test_what_does_not_differ_is_said_once(page):
    (common,) = (rows for n in range(3) if (rows := cells(page, n))[0][0] == "setting")
    assert ["hidden", "5"] in common
    assert ["dataset", "mnist"] in common
    assert not {"eta", "seed"} & {row[0] for row in common}


def test_a_run_that_cannot_go_on_has_its_reason():
    plan = make_plan()
    plan = replace(
        plan, varied={**plan.varied, "warmup": read_variation(SETTINGS["warmup"], "0,9")}
    )
    save_runs(plan)
    page = render_sweep(SweepFindings.of(FOLDER)).decode()
    text = text_of(page)
    assert "Failed: 3 of 6 settings" in text
    assert "eta 0.5, warmup 9" in text
    assert "--warmup 9: leaves no epoch of 2 at the full learning rate." in text
    assert sum("×" in row[0] for row in cells(page, 0)) == 3  # noqa: RUF001


def test_a_damaged_checkpoint_is_a_reason_and_not_the_end():
    save_runs(make_plan())
    (FOLDER / "run-004.npz").write_bytes(b"PK\x03\x04 no")
    page = render_sweep(SweepFindings.of(FOLDER)).decode()
    assert "Not complete" in page
    assert "run-004.npz: " in text_of(page)


@pytest.mark.parametrize(("seeds", "curves"), [(2, 5), (MOST_CURVES, MOST_GROUPS)])
def test_many_runs_have_the_curves_of_the_best_alone(seeds, curves):
    plan = make_plan(seeds=seeds)
    accuracies = {(eta, 4 + i): 0.5 for eta in ETAS for i in range(seeds)}
    save_runs(plan, ACCURACIES if seeds == 2 else accuracies)
    found = SweepFindings.of(FOLDER)
    drawn = sum(len(runs) for _, runs in found.groups)
    assert drawn == (5 if seeds == 2 else 3)
    assert drawn <= curves


HOSTILE = "</td></style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&$\\frac{$"


def test_nothing_that_a_plan_or_a_checkpoint_says_becomes_html(monkeypatch):
    plan = make_plan()
    plan = replace(plan, options={**plan.options, "dataset": HOSTILE})
    save_runs(plan, dataset=HOSTILE, data_dir=HOSTILE)
    found = SweepFindings.of(FOLDER)
    found = replace(found, name=HOSTILE, rows=[replace(row, error=HOSTILE) for row in found.rows])
    page = Reader(render_sweep(found).decode())
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert HOSTILE in "".join(page.text)


def test_the_page_needs_no_network_and_no_other_file(page):
    read = Reader(page)
    assert {tag for tag, _ in read.elements}.isdisjoint({"link", "iframe", "object", "base", "img"})
    for tag, attributes in read.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), tag
            assert name not in ("src", "href", "xlink:href") or value.startswith("#"), tag
    assert "@import" not in page
    (policy,) = (m["content"] for m in read.all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy
    assert "unsafe-inline'; script" not in policy.partition("script-src")[2]


# in a browser


@pytest.fixture
def opened(browser, page, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    browser.get(path.as_uri())
    yield browser
    assert browser.get_log("browser") == []


def column(browser, table, number):
    rows = browser.find_elements(By.CSS_SELECTOR, ".sortable table")[table].find_elements(
        By.CSS_SELECTOR, "tbody tr"
    )
    return [row.find_elements(By.CSS_SELECTOR, "th, td")[number].text for row in rows]


def press(browser, table, number):
    tables = browser.find_elements(By.CSS_SELECTOR, ".sortable table")
    tables[table].find_elements(By.CSS_SELECTOR, "thead button")[number].click()


def test_a_press_on_a_heading_sorts_and_another_turns_round(opened):
    assert column(opened, 0, 1) == ["3", "0.5", "10"]
    press(opened, 0, 1)
    assert column(opened, 0, 1) == ["0.5", "3", "10"]  # as numbers, not as texts
    (sorted_by,) = opened.find_elements(By.CSS_SELECTOR, "th[aria-sort]")
    assert (sorted_by.get_attribute("aria-sort"), sorted_by.text) == ("ascending", "eta")
    press(opened, 0, 1)
    assert column(opened, 0, 1) == ["10", "3", "0.5"]
    assert sorted_by.get_attribute("aria-sort") == "descending"
    press(opened, 0, 2)
    assert column(opened, 0, 2) == ["25.00", "62.50", "81.25"]


def test_numbers_are_sorted_as_numbers_however_they_are_written(opened):
    texts = ["1,000", "1e-05", "0.5"]
    opened.execute_script(
        """const rows = document.querySelector(".sortable tbody").rows;
        arguments[0].forEach((text, n) => { rows[n].cells[1].textContent = text; });""",
        texts,
    )
    press(opened, 0, 1)
    assert column(opened, 0, 1) == ["1e-05", "0.5", "1,000"]


def test_what_is_missing_comes_last_in_both_directions(opened):
    for _ in range(2):
        press(opened, 1, 3)
        assert column(opened, 1, 3)[-1] == "-"
    assert column(opened, 1, 3)[0] == "87.50 %"


def test_the_page_fits_a_telephone(opened):
    try:
        opened.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True},
        )
        assert opened.execute_script("return document.documentElement.scrollWidth") == 390
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# the command


def test_the_command_writes_the_page_of_a_folder(run, found):
    done = run(["report", str(FOLDER), "-o", "own.html"])
    page = Path("own.html").read_bytes()
    assert page == render_sweep(found)
    assert f"own.html: {len(page):,} bytes" in done.output


def test_a_folder_that_is_no_sweep_is_said(run):
    Path("other").mkdir()
    assert "other: no sweep here (sweep.toml), expected the folder of one.\n" in (
        run("report other", status=1).output
    )
    Path("own.npz").touch()
    assert run("report own.npz", status=1).output == (
        "Error: own.npz: a file, expected the folder of a sweep. "
        "Report on a run with: --checkpoint own.npz\n"
    )
    assert not Path("report.html").exists()


@pytest.mark.parametrize("option", ["--checkpoint", "--dataset", "--data-dir"])
def test_a_sweep_is_reported_on_without_the_options_of_a_run(run, option):
    if option == "--dataset":
        Path("x").mkdir()
    assert f"without {option}. Leave it out." in run(f"report own {option} x", status=2).output


def test_a_data_folder_in_the_environment_is_no_such_option(run, found):
    run(["report", str(FOLDER)], env={"MLP_DATA_DIR": "elsewhere"})
