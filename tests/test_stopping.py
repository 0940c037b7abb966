"""A signal stops every command cleanly, and what a killed one left is swept by the next."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlp_cli.system.signals import interruption
from tests.makers import draw_seven, make_arrays, write_dataset
from tests.processes import end_by, finish, read_until, running

pytestmark = pytest.mark.alike

STOPS_WHILE_WRITING = """
import os, sys
from mlp_cli.commands.shared.group import mlp

number = int(sys.argv[1])
os.fsync = lambda _: os.kill(os.getpid(), number)
mlp(sys.argv[2:], prog_name="mlp")
"""
"""Run a command that gets a signal once a file is written and has not got its name."""

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
WRITERS = {
    "download": "download --dataset synthetic --data-dir new",
    "report": "report --checkpoint run.npz -o new/out.html",
    "export": "export --checkpoint run.npz --format small -o new/out.npz",
    "import": "import network.json --checkpoint new/out.npz",
    "evaluate": "evaluate --checkpoint run.npz --plot new/out.svg",
    "predict": "predict seven.png --save-normalised new/out.png",
    "predict many": "predict seven.png seven.png --save-normalised new",
    "train": "train --epochs 1 --validation 10 --checkpoint new/out.npz",
}


@pytest.fixture
def files(run):
    write_dataset(Path("data"), make_arrays(train=600, test=50))
    run("train --epochs 1 --validation 100 --checkpoint run.npz")
    run("export --checkpoint run.npz --format nielsen -o network.json")
    draw_seven().save("seven.png")
    Path("new").mkdir()


def write(command, number):
    code = [sys.executable, "-c", STOPS_WHILE_WRITING, str(int(number)), *command.split()]
    return subprocess.run(code, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("command", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(("number", "status"), SIGNALS, ids=["INT", "TERM", "HUP"])
def test_a_signal_while_a_file_is_written_leaves_nothing_of_it(files, command, number, status):
    done = write(command, number)
    assert done.returncode == status, done.stderr
    assert "\nInterrupted." in done.stderr
    assert "Traceback" not in done.stderr
    assert [str(path) for path in Path("new").rglob("*") if path.is_file()] == []


def test_a_block_within_another_has_the_same_signal_and_the_same_handlers_after_it():
    with interruption() as outer:
        with pytest.raises(KeyboardInterrupt), interruption() as inner:
            signal.raise_signal(signal.SIGHUP)
        assert inner is outer
        assert outer.signal == signal.SIGHUP
        signal.raise_signal(signal.SIGTERM)  # in the cleaning up of both
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["TERM", "HUP"])
def test_a_command_that_waits_for_its_input_stops_at_once(number):
    with running("predict", "-", stdin=subprocess.PIPE) as process:
        read_until(process, "Using the network that comes with mlp")
        code, said = end_by(process, number)
    assert code == 128 + number
    assert said.endswith("\nInterrupted.\n")


def test_a_hangup_that_is_ignored_from_the_start_stays_ignored():
    """As under nohup: the run outlives its terminal."""
    write_dataset(Path("data"), make_arrays(train=600, test=50))
    ignoring = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    options = ["--epochs", 40_000, "--validation", 100, "--batch-size", 2]
    with running("train", *options, preexec_fn=ignoring) as process:
        read_until(process, "epoch     1/40000")
        process.send_signal(signal.SIGHUP)
        for epoch in (3, 4):
            read_until(process, f"epoch     {epoch}/40000")
        assert end_by(process, signal.SIGTERM)[0] == 143


@pytest.mark.parametrize(
    "command",
    [c for n, c in WRITERS.items() if n != "train"],
    ids=[n for n in WRITERS if n != "train"],
)
def test_what_a_killed_command_left_is_swept_by_the_next(files, command):
    assert write(command, signal.SIGKILL).returncode == -signal.SIGKILL
    (left,) = list(Path("new").rglob("*.part"))
    Path("new/out.npz").unlink(missing_ok=True)  # reserved, by an import
    finish(*command.split())
    assert list(Path("new").rglob("*.part")) == [], left
