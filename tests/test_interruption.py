"""Ctrl-C and SIGTERM at any moment: a whole file, a word on how to go on, the right exit status."""

import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from mlp_cli.errors import LogError
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.system.signals import interruption
from tests.makers import make_arrays, write_dataset
from tests.processes import (
    MLP,
    contents,
    end_by,
    epochs_in,
    finish,
    partial_files,
    read_until,
    running,
)

PATH = Path("my run.npz")
SIGNALS = pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"), make_arrays(train=600, test=50))


def train(epochs, *options):
    fixed = ["--validation", 100, "--batch-size", 2, "--checkpoint", PATH]
    return ["train", "--epochs", epochs, *fixed, *options]


def go_on(said, epochs=None):
    """Run the very command that was said, to so many epochs; return what it prints."""
    (command,) = re.findall(r"^Resume with: mlp (train --resume .*)$", said, re.MULTILINE)
    return finish(*shlex.split(command), *(["--epochs", epochs] if epochs else []))


def test_a_signal_leaves_whole_epochs_and_the_command_that_goes_on():
    with running(*train(40_000, "--log", "a log")) as process:
        read_until(process, "epoch     2/40000")
        code, said = end_by(process, signal.SIGTERM)
    assert code == 143
    done = epochs_in(PATH)
    assert f"\nInterrupted. my run.npz is intact: {done} of 40000 epochs saved.\n" in said
    assert f"mlp train --resume --checkpoint '{PATH}' --log 'a log'\n" in said
    assert partial_files() == []
    out, err = go_on(said, done + 1)
    assert f"after epoch {done} of {done + 1}" in err
    assert "test accuracy" in out
    assert len(Path("a log").read_text().splitlines()) == done + 1
    finish(*train(done + 1, "--checkpoint", "whole.npz"))
    assert contents(PATH) == contents("whole.npz")


@SIGNALS
def test_a_signal_in_the_first_epoch_leaves_nothing(number, status):
    write_dataset(Path("data"), make_arrays(train=60_000, test=50))
    with running(*train(2)) as process:
        read_until(process, "network ")
        code, said = end_by(process, number)
    assert (code, said) == (status, "\nInterrupted. No epoch was finished: nothing is saved.\n")
    assert os.listdir() == ["data"]


def test_the_command_that_goes_on_has_what_was_asked_for_last(run, monkeypatch):
    """The file knows of two epochs and another eta until the first of the new ones is saved."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt
        yield

    run(train(2))
    Path("data").rename("moved")
    asked = f"--data-dir moved --epochs 4 --eta 0.5 --threads 2 --log {shlex.quote('a log')}"
    with monkeypatch.context() as patch:
        patch.setattr("mlp_cli.runs.training.train_blocks", interrupted)
        said = run(["train", "--resume", "--checkpoint", PATH, *shlex.split(asked)], status=130)
    command = said.stderr.splitlines()[-1].removeprefix("Resume with: mlp ")
    run(shlex.split(command))
    loaded = load_checkpoint(PATH)
    assert [entry["eta"] for entry in loaded.history] == [3.0, 3.0, 0.5, 0.5]
    assert (loaded.settings.data_dir, loaded.settings.threads) == ("moved", 2)
    assert len(Path("a log").read_text().splitlines()) == 4


def test_a_second_signal_breaks_into_the_saving_and_the_file_is_whole():
    """The first waits for the save, and a third has nothing left to break."""
    with running(*train(40_000, "--hidden", 3000)) as process:
        read_until(process, "epoch     2/40000")
        while not partial_files():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode in (130, 143)
    assert "Traceback" not in err
    assert load_checkpoint(PATH).history
    assert partial_files() == []


def test_a_signal_while_it_saves_lets_it_save():
    with running(*train(40_000, "--hidden", 3000)) as process:
        read_until(process, "epoch     1/40000")
        done = epochs_in(PATH)
        while not partial_files():
            assert process.poll() is None
        code, said = end_by(process, signal.SIGINT)
    assert code == 130
    assert epochs_in(PATH) > done
    assert f"is intact: {epochs_in(PATH)} of" in said


@pytest.mark.parametrize(
    ("rounds", "distort"),
    [
        (3, "elastic"),
        pytest.param(40, "elastic", marks=pytest.mark.slow),
        pytest.param(40, "none", marks=pytest.mark.slow),
    ],
)
def test_at_any_moment_it_is_answered_or_too_late(rounds, distort):
    """From the first import to the last line: never a traceback, half a file, or another status."""
    moments = random.Random(f"{distort} {rounds}")
    for _ in range(rounds):
        with running(*train(2, "--distort", distort)) as process:
            time.sleep(moments.uniform(0, 1.5))
            number, status = moments.choice([(signal.SIGINT, 130), (signal.SIGTERM, 143)])
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        assert process.returncode in (0, status, -number), err
        # Before Python has found our program it answers in its own way.
        assert "Traceback" not in err or "_get_module_details" in err
        assert partial_files() == []
        if PATH.exists():
            assert load_checkpoint(PATH).history
            if process.returncode == status:
                go_on(err)
            PATH.unlink()


def test_a_signal_is_answered_while_training_waits_for_distorted_images(monkeypatch):
    """The worker is stopped before it makes the first, so that training waits for certain."""
    stop_workers = """
import os, pathlib, signal, sys
if sys.orig_argv[1] == "-c":
    pathlib.Path("worker has begun").touch()
    os.kill(os.getpid(), signal.SIGSTOP)
"""
    Path("startup").mkdir()
    Path("startup/sitecustomize.py").write_text(stop_workers)
    monkeypatch.setenv("PYTHONPATH", os.path.abspath("startup"))
    with running(*train(2, "--distort", "elastic")) as process:
        read_until(process, "network ")
        while not Path("worker has begun").exists():
            assert process.poll() is None
            time.sleep(0.01)
        code, said = end_by(process, signal.SIGINT)
    assert (code, said) == (130, "\nInterrupted. No epoch was finished: nothing is saved.\n")
    assert sorted(os.listdir()) == ["data", "startup", "worker has begun"]


def test_a_job_in_the_background_of_a_script_hears_sigint():
    """A shell has it ignored there."""
    command = f"{shlex.join([*MLP, *map(str, train(40_000))])} & echo $!; wait $!"
    script = f"sh -c {shlex.quote(command)}"
    with os.popen(f"{script} 2>&1") as shell:
        process = int(shell.readline())
        for line in shell:
            if "epoch     1/" in line:
                break
        os.kill(process, signal.SIGINT)
        assert "Interrupted. my run.npz is intact" in shell.read()


def test_the_handlers_of_before_come_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interruption():
        assert signal.getsignal(signal.SIGTERM) is not before[1]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_waits_for_the_end_of_what_must_not_be_cut():
    steps = []

    def save(asked):
        with asked.deferred():
            signal.raise_signal(signal.SIGTERM)
            steps.append("saved")
        steps.append("went on")

    with interruption() as asked:
        with pytest.raises(KeyboardInterrupt):
            save(asked)
        assert asked.signal == signal.SIGTERM
    assert steps == ["saved"]


def test_a_second_signal_does_not_wait_and_a_third_does_not_count():
    steps = []

    def save(asked):
        with asked.deferred():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            steps.append("saved")

    with interruption() as asked:
        with pytest.raises(KeyboardInterrupt):
            save(asked)
        signal.raise_signal(signal.SIGINT)  # in the cleaning up
        assert asked.signal == signal.SIGTERM
    assert steps == []


class Swallower:
    """Gets a signal where Python throws exceptions away."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


class Failing:
    """Fails where Python throws exceptions away."""

    def __del__(self):
        raise OSError("full")


class HalfMade:
    """Misses an attribute where Python throws exceptions away, as after a stop in __init__."""

    def __del__(self):
        del self.file


def test_exceptions_that_python_lost_are_reported_except_those_of_a_stop(monkeypatch):
    reported = []
    monkeypatch.setattr("sys.unraisablehook", lambda lost: reported.append(str(lost.exc_value)))
    with interruption():
        HalfMade()
        Swallower()
        HalfMade()
        Failing()
    Failing()
    assert reported == ["'HalfMade' object has no attribute 'file'", "full", "full"]


@pytest.mark.parametrize("saves", [True, False], ids=["by the end of a save", "by a signal"])
def test_a_run_that_lost_its_stop_is_stopped_all_the_same(monkeypatch, saves):
    def go_on(asked):
        with asked.deferred() if saves else nullcontext():
            if not saves:
                signal.raise_signal(signal.SIGTERM)

    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)
    with interruption() as asked:
        Swallower()
        signal.raise_signal(signal.SIGTERM)  # at once: that may be a key held down
        now += 1
        with pytest.raises(KeyboardInterrupt):
            go_on(asked)
        signal.raise_signal(signal.SIGTERM)
        assert asked.signal == signal.SIGINT


def test_the_exit_status_is_ours_even_where_a_signal_breaks_into_exec():
    """As in an import that makes a dataclass; Python answers a KeyboardInterrupt there itself."""
    Path("broken_into.py").write_text(
        "import os, signal, sys\n"
        "from mlp_cli.system.signals import interruption\n"
        "try:\n"
        "    with interruption():\n"
        "        exec('os.kill(os.getpid(), signal.SIGTERM)')\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(143)\n"
    )
    done = subprocess.run([sys.executable, "-m", "broken_into"], timeout=60, check=False)
    assert done.returncode == 143


def test_what_fails_while_a_signal_waits_is_told():
    def save(asked):
        with asked.deferred():
            signal.raise_signal(signal.SIGINT)
            raise LogError

    with interruption() as asked, pytest.raises(LogError):
        save(asked)
