"""Two to four processes on one run, started, suspended, woken, stopped and killed as drawn.

Whatever they do, the file is always one run's and never goes back in epochs, nobody who lost the
run says success, and the run ends in the same bytes as one that nobody disturbed.
"""

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.makers import make_arrays, write_dataset
from tests.processes import contents, epochs_in, finish, partial_files, running

EPOCHS = 25
PATH = Path("run.npz")
TRAIN = (
    f"train --validation 100 --batch-size 3 --seed 5 --hidden 12 --eta 1.0 --momentum 0.3 "
    f"--epochs {EPOCHS} --engine numpy"
).split()
SUCCESS, LOST = 0, 1
STOPPED = {130, 143, -signal.SIGKILL, -signal.SIGINT, -signal.SIGTERM}
IN_PYTHON = ("init_import_site", "_get_module_details")

WITHOUT_LOCKS = """
import fcntl
def flock(*_):
    raise OSError(37, "No locks available")
fcntl.flock = flock
"""


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"), make_arrays(train=400, test=50))


class Watch(threading.Thread):
    """Reads the checkpoint over and over, and keeps what must never be."""

    def __init__(self):
        super().__init__(daemon=True)
        self.ends = threading.Event()
        self.wrong = []
        self.states = Counter()

    def run(self):
        epochs = 0
        while not self.ends.is_set():
            if PATH.exists():
                try:
                    now = epochs_in(PATH)
                except Exception as error:  # whatever it is, the file was not a whole checkpoint
                    self.wrong.append(f"{error!r} after epoch {epochs}")
                    return
                if now < epochs:
                    self.wrong.append(f"went back from epoch {epochs} to {now}")
                epochs = now
                self.states[now] += 1
            time.sleep(0.001)


def start(stack):
    command = [*TRAIN, "--resume-or-start", "--checkpoint", PATH]
    return stack.enter_context(running(*command))


def send(process, number):
    with suppress(ProcessLookupError):
        process.send_signal(number)


def interleave(rng):
    """Let the processes do what is drawn; return how each ended, in the order of their start."""
    with ExitStack() as stack:
        watch = Watch()
        watch.start()
        processes = [start(stack)]
        wanted = rng.randint(2, 4)
        for _ in range(rng.randint(4, 9)):
            time.sleep(rng.choice([0, 0.02, 0.1, 0.25]) * rng.random() * 2)
            act = rng.choice(["start", "start", "stop", "wake", "kill", "end"])
            if act == "start" and len(processes) < wanted:
                processes.append(start(stack))
                continue
            number = {
                "start": signal.SIGCONT,
                "stop": signal.SIGSTOP,
                "wake": signal.SIGCONT,
                "kill": signal.SIGKILL,
                "end": rng.choice([signal.SIGINT, signal.SIGTERM]),
            }[act]
            send(rng.choice(processes), number)
        while len(processes) < wanted:
            processes.append(start(stack))
        for process in processes:
            send(process, signal.SIGCONT)
        ends = []
        for process in processes:
            _, said = process.communicate()
            ends.append((process.returncode, said))
        watch.ends.set()
        watch.join()
        assert watch.wrong == []
        return ends


def check_end(status, said):
    """Nobody says success unless the run is complete; who lost it says so, in a line."""
    if any(place in said for place in IN_PYTHON):
        return  # a signal before Python had found the program
    assert "Traceback" not in said, said
    if status == SUCCESS:
        assert f"epoch {EPOCHS}/{EPOCHS}" in said or f"all of its {EPOCHS} epochs" in said, said
    elif status == LOST:
        error = said[said.index("Error: ") :]
        assert (
            "is training it" in error
            or "has trained this run meanwhile" in error
            or (
                "exists, expected a new file" in error  # two that began it at once
            )
        ), said
    else:
        assert status in STOPPED, (status, said)


@pytest.mark.parametrize(
    ("locks", "rounds"),
    [
        (True, 3),
        (False, 2),
        pytest.param(True, 50, marks=pytest.mark.slow),
        pytest.param(False, 20, marks=pytest.mark.slow),
    ],
)
def test_whatever_processes_do_to_one_run_it_stays_one_run(locks, rounds, monkeypatch, capsys):
    finish(*TRAIN, "--checkpoint", "whole.npz")
    expected = contents("whole.npz")
    if not locks:
        Path("startup").mkdir()
        Path("startup/sitecustomize.py").write_text(WITHOUT_LOCKS)
        before = os.environ.get("PYTHONPATH")
        paths = [os.path.abspath("startup"), *([before] if before else [])]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    rng, statuses = random.Random(f"{locks} {rounds}"), Counter()
    for _ in range(rounds):
        for status, said in interleave(rng):
            statuses[status] += 1
            check_end(status, said)
        done = epochs_in(PATH)
        finish(*TRAIN, "--resume-or-start", "--checkpoint", PATH)
        assert contents(PATH) == expected
        assert done <= EPOCHS
        if locks:
            assert partial_files() == []
        PATH.unlink()
        for part in partial_files():
            Path(part).unlink()
    with capsys.disabled():
        sys.stderr.write(f"\nhow the processes ended, locks {locks}: {dict(statuses)}\n")
    assert statuses[SUCCESS] or rounds < 10
