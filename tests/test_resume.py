"""A run that was stopped, however rudely, ends in the very same network as one that was not."""

import random
import sys
import time
from pathlib import Path

import pytest

from mlp_cli.runs.reading import load_checkpoint
from tests.compiled import require_kernel
from tests.makers import make_arrays, write_dataset
from tests.processes import (
    contents,
    epochs_in,
    finish,
    log_lines,
    partial_files,
    read_until,
    running,
)

EPOCHS = 6
PATH = Path("run.npz")
PLAIN = "--batch-size 2"
EVERYTHING = (
    "--batch-size 4 --momentum 0.5 --eta 0.3 --l2 0.1 --distort elastic --cost cross-entropy "
    "--schedule halve-on-plateau --schedule-every 1 --patience 5 --dtype float64"
)
COMPILED = (
    "--engine compiled --batch-size 7 --momentum 0.6 --eta 0.3 --l2 0.2 --dropout 0.3 "
    "--dtype float64 --hidden 60 --hidden 20"
)
ALL_GIVEN = (
    "--seed 7 --batch-size 5 --hidden 20 --hidden 15 --activation tanh --cost cross-entropy "
    "--init normal --eta 0.2 --schedule step --schedule-every 2 --warmup 1 --momentum 0.5 "
    "--l2 0.3 --dropout 0.1 --view width-8 --distort shift --distort-strength 0.7 --validation 150 "
    "--patience 9 --dtype float64 --engine numpy --threads 1 --dataset own"
)
"""every setting of a run but --epochs, none of them as by default"""
VARIANTS = {
    "all given": ALL_GIVEN,
    "plain": PLAIN,
    "everything": EVERYTHING,
    "momentum": "--batch-size 4 --momentum 0.9 --eta 0.1 --warmup 2 --schedule cosine",
    "dropout": "--batch-size 4 --dropout 0.3 --hidden 60 --hidden 20",
    "shift": "--batch-size 4 --distort shift --hidden 20 --hidden 15 --schedule step "
    "--schedule-every 2",
    "normal": "--batch-size 3 --init normal --activation tanh --eta 0.2 --l2 5",
    "compiled": COMPILED,
    "numpy": COMPILED.replace("compiled", "numpy"),
    "all images": "--batch-size 2 --validation 0 --cost log-likelihood --eta 0.1 --activation relu",
}


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"), make_arrays(train=1500, test=50))
    write_dataset(Path("own"), make_arrays(train=1400, test=50))


def start(path, options):
    kept = f"--checkpoint {path} --log {path}.log"
    return ["train", *f"--validation 200 --epochs {EPOCHS} {options} {kept}".split()]


def start_or_resume(path, options):
    """The command for a run: its options are given once."""
    if not path.exists():
        return start(path, options)
    return ["train", "--resume", *f"--checkpoint {path} --log {path}.log".split()]


def wait_while_it_trains(process, epochs, seconds):
    """Wait until the process reports so many epochs more, or ends, and for so long after that."""
    read_until(process, "network ")
    lines = (line for line in process.stderr if line.startswith("epoch "))
    for _ in zip(range(epochs), lines, strict=False):
        pass
    time.sleep(seconds)


def wait_before_the_first_epoch(process, seconds):
    """Wait for so long after the process has the run, which has had no epoch."""
    read_until(process, "network ")
    time.sleep(seconds)


def wait_while_it_saves(process, seconds, saves):
    """Wait for so long after the process has begun to write for that many times."""
    while process.poll() is None:
        if partial_files():
            saves -= 1
            if not saves:
                time.sleep(seconds)
                return
            while partial_files() and process.poll() is None:
                pass


def check_kills(options, kills, seed, in_a_save=False, early=1):
    """Train without a stop, and by runs that are killed and resumed; hold one to the other.

    in_a_save: go on after so many kills until one has left half a file. A save takes
        milliseconds, so that a kill often comes too late for it.
    early: how many kills at the beginning of every run come before its first epoch is saved.
    Returns where the kills came: (epochs saved before, whether half a file was left).
    """
    rng, moments, attempts = random.Random(seed), [], 0
    with running(*start("whole.npz", options)) as process:
        read_until(process, "network ")
        started = time.monotonic()
        assert process.wait() == 0
        epoch = (time.monotonic() - started) / EPOCHS
    expected = contents("whole.npz")

    def enough():
        return len(moments) >= kills and (not in_a_save or any(half for _, half in moments))

    while not enough():
        kills_of_this_run = 0
        while not enough() and epochs_in(PATH) < EPOCHS:
            attempts += 1
            assert attempts < 5 * kills, "runs end before they can be killed"
            with running(*start_or_resume(PATH, options)) as process:
                turn, in_save = divmod(len(moments), 2)
                if kills_of_this_run < early:
                    wait_before_the_first_epoch(process, rng.uniform(0, 0.5 * epoch))
                elif in_save:
                    wait_while_it_saves(process, rng.choice([0, 0, 0.001, 0.004]), 1 + turn % 3)
                else:
                    wait_while_it_trains(process, (turn + 1) % 3, rng.uniform(0, epoch))
                process.kill()
                if process.wait() == 0:  # it was faster
                    break
            moments.append((epochs_in(PATH), bool(partial_files())))
            kills_of_this_run += 1
        finish(*start_or_resume(PATH, options))
        assert contents(PATH) == expected
        assert partial_files() == []
        log = Path(f"{PATH}.log")
        assert log_lines(log) == load_checkpoint(PATH).history
        log.unlink()
        PATH.unlink()
    return moments


@pytest.mark.parametrize("options", [ALL_GIVEN, COMPILED], ids=["all given", "compiled"])
def test_killed_and_resumed_it_ends_in_the_same_bytes(options):
    if options == COMPILED:
        require_kernel()
    moments = check_kills(options, kills=5, seed=1)
    assert any(done for done, _ in moments)
    assert any(not done for done, _ in moments)


@pytest.mark.slow
def test_killed_200_times_a_quarter_of_them_before_an_epoch_it_ends_in_the_same_bytes(capsys):
    moments = check_kills(ALL_GIVEN, kills=200, seed="all given", in_a_save=True, early=2)
    early = sum(not done for done, _ in moments)
    in_a_save = sum(half for _, half in moments)
    with capsys.disabled():
        sys.stderr.write(
            f"\n{len(moments)} kills, {early} before the first epoch, {in_a_save} in a save\n"
        )
    assert early >= 50


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_killed_often_and_resumed_it_ends_in_the_same_bytes(variant, capsys):
    if variant == "compiled":
        require_kernel()
    moments = check_kills(VARIANTS[variant], kills=12, seed=variant, in_a_save=True)
    with capsys.disabled():
        sys.stderr.write(
            f"\n{variant}: (epochs saved, a file half written) at each kill: {moments}\n"
        )
    assert any(done for done, _ in moments)
