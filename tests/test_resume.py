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
VARIANTS = {
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


def train(path, options):
    kept = f"--checkpoint {path} --log {path}.log"
    return ["train", *f"--validation 200 --epochs {EPOCHS} {options} {kept}".split()]


def wait_while_it_trains(process, epochs, seconds):
    """Wait until the process reports so many epochs more, or ends, and for so long after that."""
    read_until(process, "network ")
    lines = (line for line in process.stderr if line.startswith("epoch "))
    for _ in zip(range(epochs), lines, strict=False):
        pass
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


def check_kills(options, kills, seed, in_a_save=False):
    """Train without a stop, and by runs that are killed and resumed; hold one to the other.

    in_a_save: go on after so many kills until one has left half a file. A save takes
        milliseconds, so that a kill often comes too late for it.
    Returns where the kills came: (epochs saved before, whether half a file was left).
    """
    rng, moments, attempts = random.Random(seed), [], 0
    with running(*train("whole.npz", options)) as process:
        read_until(process, "network ")
        started = time.monotonic()
        assert process.wait() == 0
        epoch = (time.monotonic() - started) / EPOCHS
    expected = contents("whole.npz")

    def enough():
        return len(moments) >= kills and (not in_a_save or any(half for _, half in moments))

    while not enough():
        while not enough() and epochs_in(PATH) < EPOCHS:
            resume = ["--resume"] if PATH.exists() else []
            attempts += 1
            assert attempts < 5 * kills, "runs end before they can be killed"
            with running(*train(PATH, options), *resume) as process:
                turn, in_save = divmod(len(moments), 2)
                if in_save:
                    wait_while_it_saves(process, rng.choice([0, 0, 0.001, 0.004]), 1 + turn % 3)
                else:
                    wait_while_it_trains(process, (turn + 1) % 3, rng.uniform(0, epoch))
                process.kill()
                if process.wait() == 0:  # it was faster
                    break
            moments.append((epochs_in(PATH), bool(partial_files())))
        finish(*train(PATH, options), *(["--resume"] if PATH.exists() else []))
        assert contents(PATH) == expected
        assert partial_files() == []
        log = Path(f"{PATH}.log")
        assert log_lines(log) == load_checkpoint(PATH).history
        log.unlink()
        PATH.unlink()
    return moments


@pytest.mark.parametrize("options", [EVERYTHING, COMPILED], ids=["everything", "compiled"])
def test_killed_and_resumed_it_ends_in_the_same_bytes(options):
    if options == COMPILED:
        require_kernel()
    moments = check_kills(options, kills=5, seed=1)
    assert any(done for done, _ in moments)


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
