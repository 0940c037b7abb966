"""The program as a process: in a terminal, in a pipe, interrupted, with nowhere to write."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlp_cli.runs.reading import load_checkpoint
from tests.makers import draw_seven, write_dataset
from tests.terminals import run_in_terminal

MLP = [sys.executable, "-m", "mlp_cli"]
ENDLESS = [*MLP, "train", "--validation", "10", "--epochs", "40000"]


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"))


def test_a_terminal_shows_a_bar_above_which_epochs_stand():
    shown, out, status = run_in_terminal([*MLP, "train", "--validation", "10", "--epochs", "3"])
    assert status == 0
    assert "3/3" in shown
    assert "examples/s" in shown
    assert "\repoch 2/3  cost" in shown.replace(" " * 10, "").replace("\x1b[K", "")
    assert "\r" not in out


def test_quiet_shows_no_bar_in_a_terminal_either():
    shown, out, _ = run_in_terminal([*MLP, "train", "--validation", "10", "--epochs", "2", "-q"])
    assert shown == ""
    assert "test accuracy" in out


def test_a_pipe_gets_plain_lines():
    done = subprocess.run(
        [*MLP, "train", "--validation", "10", "--epochs", "3"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b"\r" not in done.stderr
    assert done.stderr.count(b"\nepoch ") == 3


def test_ctrl_c_leaves_a_whole_checkpoint_and_exits_130():
    process = subprocess.Popen(ENDLESS, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("epoch") and "2/40000" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Interrupted. checkpoints/mnist-64-30-10-001.npz is intact" in err
    assert "Traceback" not in err
    assert out == ""
    assert len(load_checkpoint(Path("checkpoints/mnist-64-30-10-001.npz")).history) >= 2
    assert os.listdir("checkpoints") == ["mnist-64-30-10-001.npz"]


def test_two_runs_at_once_get_a_checkpoint_each():
    command = [*MLP, "train", "--validation", "10", "--epochs", "2", "-q"]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    for process in runs:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert sorted(os.listdir("checkpoints")) == [
        "mnist-64-30-10-001.npz",
        "mnist-64-30-10-002.npz",
    ]


def test_a_reader_that_has_seen_enough_ends_it_quietly(trained):
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [*MLP, "evaluate", "-q"], stdout=theirs, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(theirs)
    assert done.stderr == b""


@pytest.fixture
def trained():
    subprocess.run([*MLP, "train", "--validation", "10", "-q"], check=True, capture_output=True)


def run_in_shell(command, before=""):
    """Run `mlp COMMAND` with the redirections in it; return its exit status and stderr."""
    command = f"{before} {sys.executable} -m mlp_cli {command}"
    done = subprocess.run(
        ["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["evaluate -q", "--help", "--version", "train -h"])
def test_results_that_cannot_be_written_are_said(trained, command):
    status, err = run_in_shell(f"{command} >/dev/full")
    assert status == 1
    assert err == "Error: standard output: cannot be written (No space left on device).\n"


def test_results_without_a_place_to_go_are_said(trained):
    assert run_in_shell("evaluate -q >&-") == (
        1,
        "Error: standard output: closed, expected somewhere to print the result.\n",
    )


def test_a_current_folder_that_was_removed_is_said():
    Path("gone").mkdir()
    status, err = run_in_shell("train --checkpoint a.npz --log b", "cd gone; rmdir ../gone;")
    assert status == 1
    assert "a.npz: cannot be written (No such file or directory)" in err


def test_errors_that_cannot_be_written_stop_nothing():
    draw_seven().save("seven.png")
    status, _ = run_in_shell("predict none.png seven.png >seen 2>/dev/full")
    assert status == 1
    assert Path("seen").read_text().startswith("seven.png: ")


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize("command", ["train --validation 10 --epochs 1", "evaluate"])
def test_notes_without_a_place_to_go_stop_nothing(trained, command, stderr):
    assert run_in_shell(f"{command} {stderr} >/dev/null")[0] == 0
