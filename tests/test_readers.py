"""Who reads pictures: which network of one's own, and when the bundled one speaks too."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.runs.places import FOLDER
from tests.makers import adopt_network, draw_page, draw_seven, make_run
from tests.terminals import run_in_terminal

pytestmark = pytest.mark.alike

IMPORTED = "It was imported, not trained here.\n"
ONE_EPOCH = "It has had only one epoch.\n"
SIZE = {"image_shape": (28, 28), "sizes": (784, 5, 10)}


def save(run, name, age):
    """Save a run under checkpoints/, so many seconds old."""
    path = FOLDER / name
    path.parent.mkdir(exist_ok=True)
    run.save(path)
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))


def reading_as(label, output=0.9, **changes):
    """A run whose network reads everything as this class, with this output."""
    made = make_run(**{**SIZE, **changes})
    made.network.weights[-1][:] = 0
    made.network.biases[-1][:] = -9
    made.network.biases[-1][label] = np.log(output / (1 - output))
    return made


def imported():
    return adopt_network((784, 5, 10), (28, 28))


def one_epoch():
    return make_run(accuracies=(0.5,), **SIZE)


@pytest.fixture(autouse=True)
def picture():
    draw_seven().save("seven.png")


# which network


def test_a_network_that_was_imported_does_not_become_the_newest(run):
    save(make_run(**SIZE), "own.npz", age=20)
    save(imported(), "imported.npz", age=10)
    words = "Using checkpoints/own.npz, the newest that was trained here for more than one epoch.\n"
    for command in ("predict seven.png", "predict seven.png --checkpoint newest", "predict --all"):
        command = command if "seven" in command else f"{command} seven.png"
        assert run(command).stderr.startswith(words), command
    assert words in run("explain seven.png").stderr
    assert (
        "Using checkpoints/imported.npz, the newest.\n"
        in run("inspect").stdout + run("inspect").stderr
    )


def test_a_run_of_one_epoch_does_not_become_the_newest(run):
    save(make_run(**SIZE), "own.npz", age=20)
    save(one_epoch(), "one.npz", age=10)
    assert run("predict seven.png").stderr.startswith("Using checkpoints/own.npz, the newest that")


@pytest.mark.parametrize(("make", "said"), [(imported, IMPORTED), (one_epoch, ONE_EPOCH)])
def test_where_there_is_no_other_it_is_taken_and_said(run, make, said):
    save(make(), "only.npz", age=10)
    first, second, *_ = run("predict seven.png").stderr.splitlines(keepends=True)
    assert (first, second) == ("Using checkpoints/only.npz, the newest.\n", said)


def test_the_newest_of_those_that_were_tried_out_is_taken(run):
    save(make_run(accuracies=(), **SIZE), "begun.npz", age=0)
    save(one_epoch(), "one.npz", age=10)
    save(imported(), "imported.npz", age=20)
    done = run("predict seven.png")
    assert done.stderr.startswith(f"Using checkpoints/one.npz, the newest.\n{ONE_EPOCH}")


def test_a_run_that_began_from_another_has_had_more_than_its_epochs(run):
    """As fine-tuning for one epoch has."""
    save(make_run(**SIZE), "own.npz", age=20)
    tuned = one_epoch()
    with (FOLDER / "tuned.npz").open("wb") as file:
        origin = {"checkpoint": "bundled", "parameters": "0" * 64, "layers": 2}
        tuned.write(file, **{"from": origin})
    assert run("predict seven.png").stderr.startswith("Using checkpoints/tuned.npz, the newest.\n")


def test_a_damaged_newest_is_named_rather_than_passed_over(run):
    save(make_run(**SIZE), "own.npz", age=20)
    (FOLDER / "damaged.npz").write_bytes(b"PK\x03\x04 and no more")
    assert "Error: checkpoints/damaged.npz: " in run("predict seven.png", status=1).stderr


@pytest.mark.parametrize("command", ["predict seven.png", "explain seven.png", "explain", "report"])
def test_newest_in_an_empty_folder_says_how_to_get_one(run, command):
    done = run(f"{command} --checkpoint newest", status=1)
    assert "Train one with: mlp train" in done.stderr
    assert "Or take the network that comes with mlp: --checkpoint bundled" in done.stderr


def test_import_names_the_checkpoint_where_predict_would_take_another(run):
    make_run(**SIZE).save(Path("own.npz"))
    run("export --format nielsen -o network.json --checkpoint own.npz")
    done = run("import network.json")
    assert "mlp predict image.png --checkpoint checkpoints/" in done.stdout


# the bundled network beside it


def warnings_of(run, command):
    document = json.loads(run(f"{command} --json").stdout)
    done = run(command)
    for warning in document["warnings"]:
        assert f"seven.png: {warning}.\n" in done.stderr
    return [warning for warning in document["warnings"] if "comes with mlp" in warning]


def test_where_the_bundled_network_reads_another_digit_a_note_says_so(run):
    save(reading_as(3), "own.npz", age=0)
    (note,) = warnings_of(run, "predict seven.png")
    assert note == "the network that comes with mlp reads 7 (1.00): --checkpoint bundled"
    assert "comes with mlp" not in run("predict seven.png -q").stderr


def test_where_the_own_network_is_unsure_the_bundled_one_is_quoted(run):
    save(reading_as(7, output=0.4), "own.npz", age=0)
    unsure, note = json.loads(run("predict seven.png --json").stdout)["warnings"]
    assert "unsure" in unsure
    assert note == "the network that comes with mlp reads 7 (1.00): --checkpoint bundled"


def test_where_both_read_the_same_nothing_is_said(run):
    save(reading_as(7), "own.npz", age=0)
    assert warnings_of(run, "predict seven.png") == []


def test_all_digits_that_are_read_otherwise_share_a_note(run):
    draw_page(2)[0].save("page.png")
    save(reading_as(3), "own.npz", age=0)
    assert (
        "page.png: all 2 digits: the network that comes with mlp reads 7 (1.00), 7 (1.00): "
        "--checkpoint bundled.\n" in run("predict --all page.png").stderr
    )
    for digit in json.loads(run("predict --all --json page.png").stdout)["digits"]:
        assert "the network that comes with mlp reads 7" in digit["warnings"][-1]


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"dataset": "fashion-mnist"}, ""),
        ({"dataset": "kmnist"}, ""),
        ({"image_shape": (14, 56)}, ""),
        ({"sizes": (784, 5, 7)}, ""),
        ({}, "--checkpoint newest"),
        ({}, "--checkpoint checkpoints/own.npz"),
    ],
)
def test_the_bundled_network_is_not_asked_where_it_reads_something_else(run, changes, options):
    """Nor where somebody has said who reads."""
    save(reading_as(3, **changes), "own.npz", age=0)
    assert warnings_of(run, f"predict seven.png {options}") == []


def test_the_bundled_network_does_not_quote_itself(run, monkeypatch):
    monkeypatch.setattr("mlp_cli.commands.shared.readings.LEAST_CONFIDENCE", 2.0)
    for options in ("", "--all"):
        said = run(f"predict seven.png {options}").stderr
        assert "the network is unsure" in said
        assert "reads" not in said


# many pictures


def test_a_call_of_several_pictures_ends_with_their_number(run):
    draw_seven(at=(60, -30)).save("cut.png")
    Path("bad.png").write_text("no picture")
    Path("empty").mkdir()
    done = run("predict seven.png seven.png cut.png")
    assert done.stderr.endswith("\n3 read, 1 doubtful\n")
    done = run("predict seven.png cut.png bad.png empty --json", status=1)
    assert done.stderr.endswith("\n2 read, 1 doubtful, 2 not read\n")
    assert " read, " not in run("predict cut.png").stderr
    assert " read, " not in run("predict cut.png cut.png -q").stderr
    assert run("predict cut.png bad.png -q", status=1).stderr.startswith("Error: bad.png: ")


SHOW_AT_ONCE = """\
from mlp_cli.commands.shared import tally
from mlp_cli.__main__ import main
tally.BAR_AFTER = 0
main()
"""


def predict_in_terminal(*arguments, stdout=subprocess.PIPE):
    """Run with stderr on a pseudo-terminal; return what it showed there, and stdout."""
    command = [sys.executable, "-c", SHOW_AT_ONCE, "predict", *arguments]
    shown, out, status = run_in_terminal(command, stdout)
    assert status in (0, 1)
    return shown, out


@pytest.mark.parametrize("options", [[], ["--all"], ["--json"]])
def test_a_bar_is_on_a_terminal_where_results_go_elsewhere(options):
    Path("bad.png").write_text("no picture")
    shown, out = predict_in_terminal("seven.png", "bad.png", "seven.png", *options)
    assert re.search(r"\d/3 .*picture/s", shown)
    assert "Error: bad.png: not a picture" in shown
    assert shown.endswith("2 read, 0 doubtful, 1 not read\r\n")
    assert out.count("seven.png") == 2
    assert "\r" not in out


def test_no_bar_where_results_are_on_the_terminal_or_for_one_picture_or_quiet():
    shown, _ = predict_in_terminal("seven.png", "seven.png", stdout=None)
    assert "picture/s" not in shown
    assert shown.count("seven.png: 7") == 2
    assert "picture/s" not in predict_in_terminal("seven.png")[0]
    assert predict_in_terminal("seven.png", "seven.png", "-q")[0] == ""


def test_a_pipe_gets_no_bar():
    words = [sys.executable, "-c", SHOW_AT_ONCE, "predict", "seven.png", "seven.png"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "\r" not in done.stderr
    assert done.stderr.endswith("2 read, 0 doubtful\n")
