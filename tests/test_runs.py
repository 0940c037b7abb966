"""`mlp runs`: the checkpoints of a folder."""

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from mlp_cli.commands.runs import HEADINGS
from mlp_cli.commands.shared.columns import Column, table
from mlp_cli.runs.checkpoint import Run
from tests.makers import adopt_network, make_run

TIMES = {"first.npz": 1_700_000_000, "second.npz": 1_750_000_000}


@pytest.fixture
def folder():
    Path("checkpoints").mkdir()
    make_run().save(Path("checkpoints/first.npz"))
    Run.adopt(adopt_network().network, "kmnist", None).save(Path("checkpoints/second.npz"))
    for name, written in TIMES.items():
        os.utime(f"checkpoints/{name}", (written, written))


def test_the_newest_run_comes_first(run, folder):
    headings, *rows = (line.split() for line in run("runs").stdout.splitlines())
    assert headings == ["checkpoint", "network", "data", "test", "epochs", "engine", "date"]
    dates = [f"{datetime.fromtimestamp(written):%Y-%m-%d}" for written in TIMES.values()]
    assert rows == [
        ["second.npz", "6-5-3", "kmnist", "-", "imported", dates[1]],
        ["first.npz", "6-5-3", "mnist", "-", "3/30", "numpy", dates[0]],
    ]


def test_the_document_has_what_the_table_has(run, folder):
    document = json.loads(run("runs --json").stdout)
    second, first = document["runs"]
    assert document["folder"] == "checkpoints"
    saved = make_run()
    assert first == {
        "checkpoint": "checkpoints/first.npz",
        "sizes": [6, 5, 3],
        "dataset": "mnist",
        "test_accuracy": saved.test_accuracy,
        "validation_accuracy": saved.best_accuracy,
        "epochs": 3,
        "of_epochs": 30,
        "engine": "numpy",
        "imported": False,
        "written": datetime.fromtimestamp(TIMES["first.npz"]).astimezone().isoformat(),
    }
    assert (second["imported"], second["engine"], second["epochs"]) == (True, None, 0)


def test_another_folder_may_be_named(run, folder):
    Path("checkpoints").rename("other")
    assert run("runs other").stdout.count(".npz") == 2


def test_a_damaged_file_is_reported_and_the_others_are_listed(run, folder):
    Path("checkpoints/bad.npz").write_text("no")
    done = run("runs", status=1)
    assert done.stdout.count(".npz") == 2
    assert done.stderr.startswith("Error: checkpoints/bad.npz: ")
    assert done.stderr.count("\n") == 1


def test_a_folder_without_a_run_says_how_to_make_one(run):
    assert "mlp train" in run("runs", status=1).stderr


def test_the_usual_table_fits_on_eighty_columns():
    row = ["mnist-784-30-10-001.npz", "784-30-10", "mnist", "95.77 %", "30/30", "compiled"]
    row.append("2026-01-31")
    columns = [Column(heading, [cell]) for heading, cell in zip(HEADINGS, row, strict=True)]
    lines = table(columns, 80).splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) <= 80
