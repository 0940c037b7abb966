"""Epochs of distorted images made ahead: the same ones, whatever becomes of the worker."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.learning import ahead
from mlp_cli.learning.ahead import DistortedEpochs, distort_epoch
from tests.processes import STRICT, is_running, press_ctrl_c, program, wait_until_gone

SEED = np.random.SeedSequence(7, spawn_key=(2,))
IMAGES = np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8)


def made_here(epoch, images=IMAGES):
    return distort_epoch(images, "elastic", 1.0, SEED, epoch)


def made_ahead(first=1, last=3, images=IMAGES):
    return DistortedEpochs(images, "elastic", 1.0, SEED, first, last)


@pytest.fixture
def only_the_worker(monkeypatch):
    """Let this process make nothing itself."""

    def refuse(*arguments):
        raise AssertionError("made here")

    monkeypatch.setattr(ahead, "distort_epoch", refuse)


@pytest.fixture
def interrupted_when_stuck():
    """Return a function that has this process interrupted once it waits in the tested module.

    That is, once the main thread stands still there, and the condition holds.
    """

    def interrupt(number, frame):
        raise KeyboardInterrupt

    def place():
        frame = sys._current_frames()[main]
        return (frame.f_code, frame.f_lasti) if frame.f_code.co_filename == ahead.__file__ else None

    def watch(condition):
        last = None
        while not has_ended.wait(0.02):
            now = place()
            if now and now == last and condition():
                signal.pthread_kill(main, signal.SIGALRM)
                return
            last = now

    def interrupted_when_stuck(condition=lambda: True):
        watchers.append(threading.Thread(target=watch, args=[condition]))
        watchers[-1].start()

    main, has_ended, watchers = threading.main_thread().ident, threading.Event(), []
    before = signal.signal(signal.SIGALRM, interrupt)
    yield interrupted_when_stuck
    has_ended.set()
    for watcher in watchers:
        watcher.join()
    signal.signal(signal.SIGALRM, before)


def test_epochs_differ_and_each_is_always_the_same():
    epochs = [made_here(epoch) for epoch in (1, 2, 3)]
    assert (epochs[0] != epochs[1]).any(axis=(1, 2)).all()
    assert (epochs[1] != epochs[2]).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(made_here(2), epochs[1])


def test_an_epoch_depends_on_its_seed_sequence_alone():
    same = np.random.SeedSequence(7).spawn(3)[2]
    same.spawn(5)
    np.testing.assert_array_equal(distort_epoch(IMAGES, "elastic", 1.0, same, 2), made_here(2))
    for other in (np.random.SeedSequence(7), np.random.SeedSequence(8, spawn_key=(2,))):
        assert (distort_epoch(IMAGES, "elastic", 1.0, other, 2) != made_here(2)).any()


@pytest.mark.parametrize("first", [1, 4])
def test_the_worker_makes_the_epochs_images(first, only_the_worker):
    with made_ahead(first, first + 2) as distorted:
        for epoch in range(first, first + 3):
            np.testing.assert_array_equal(distorted.epoch_images(epoch), made_here(epoch))


def test_epochs_out_of_turn_are_right_too():
    with made_ahead(1, 3) as distorted:
        for epoch in (2, 1, 1, 2, 5, 3, 4):
            np.testing.assert_array_equal(distorted.epoch_images(epoch), made_here(epoch))


def test_without_a_with_block_the_images_are_made_here():
    np.testing.assert_array_equal(made_ahead().epoch_images(1), made_here(1))


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_worker_that_is_killed_is_done_without(after):
    with made_ahead() as distorted:
        for epoch in (1, 2, 3):
            if epoch == after + 1:
                distorted.worker.kill()
            np.testing.assert_array_equal(distorted.epoch_images(epoch), made_here(epoch))


@pytest.mark.parametrize("program", ["/no/such/program", "false", "true"])
def test_a_worker_that_does_not_start_is_done_without(program, monkeypatch):
    images = np.repeat(IMAGES, 40, axis=0)  # more than fits into a pipe that nobody reads
    monkeypatch.setattr(sys, "executable", program)
    with made_ahead(images=images) as distorted:
        np.testing.assert_array_equal(distorted.epoch_images(1), made_here(1, images))


def test_the_order_of_the_memory_is_no_matter(only_the_worker):
    turned = np.asfortranarray(IMAGES)
    with made_ahead(images=turned) as distorted:
        np.testing.assert_array_equal(distorted.epoch_images(1), made_here(1))


def test_an_interruption_while_it_starts_ends_the_worker(monkeypatch, interrupted_when_stuck):
    program = Path("never-reads")
    program.write_text("#!/bin/sh\necho $$ >pid\nexec sleep 1000\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program.resolve()))
    distorted = made_ahead(images=np.repeat(IMAGES, 40, axis=0))
    interrupted_when_stuck(lambda: Path("pid").exists() and Path("pid").read_text())
    with pytest.raises(KeyboardInterrupt):
        distorted.__enter__()
    assert not is_running(int(Path("pid").read_text()))


def test_an_error_of_the_caller_ends_the_worker():
    def learn():
        with made_ahead(1, 1000) as distorted:
            pids.append(distorted.worker.pid)
            distorted.epoch_images(1)
            raise ZeroDivisionError

    pids = []
    with pytest.raises(ZeroDivisionError):
        learn()
    assert not is_running(pids[0])


def test_an_interruption_while_it_waits_ends_the_worker_and_loses_nothing(interrupted_when_stuck):
    with made_ahead() as distorted:
        pid = distorted.worker.pid
        os.kill(pid, signal.SIGSTOP)
        interrupted_when_stuck()
        with pytest.raises(KeyboardInterrupt):
            distorted.epoch_images(1)
        assert not is_running(pid)
        np.testing.assert_array_equal(distorted.epoch_images(1), made_here(1))


PARENT = """
import signal, sys
import numpy as np
from mlp_cli.learning.ahead import DistortedEpochs
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has it ignored in a script
images = np.full((2000, 28, 28), 100, np.uint8)
seed = np.random.SeedSequence(0)
try:
    with DistortedEpochs(images, "elastic", 1.0, seed, 1, 100_000) as distorted:
        print(distorted.worker.pid, flush=True)
        for epoch in range(1, 100_001):
            distorted.epoch_images(epoch)
            print(epoch, flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def parent():
    """A program with a worker, in a process group of its own like one started from a terminal."""
    with program(PARENT, options=STRICT) as process:
        yield process


@pytest.mark.parametrize("epochs", [0, 3])
def test_ctrl_c_ends_both_without_a_word(parent, epochs):
    pid = int(parent.stdout.readline())
    for _ in range(epochs):
        parent.stdout.readline()
    press_ctrl_c(parent, pid)


def test_ctrl_c_does_not_end_the_worker_by_itself(only_the_worker):
    with made_ahead() as distorted:
        distorted.epoch_images(1)
        distorted.worker.send_signal(signal.SIGINT)
        distorted.epoch_images(2)
        distorted.epoch_images(3)


def test_a_parent_that_is_killed_takes_its_worker_along(parent):
    pid = int(parent.stdout.readline())
    parent.stdout.readline()
    shared = set(os.listdir("/dev/shm")) if Path("/dev/shm").is_dir() else set()
    parent.kill()
    _, err = parent.communicate(timeout=30)
    assert err == ""
    wait_until_gone(pid)
    assert not shared or set(os.listdir("/dev/shm")) <= shared


def test_a_run_to_the_end_leaves_nothing_to_warn_of():
    code = PARENT.replace("100_000", "3").replace("100_001", "4")
    done = subprocess.run(
        [sys.executable, *STRICT, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.split()[1:] == ["1", "2", "3"]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows stops no process by a signal")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_worker_that_is_stopped_and_continued_loses_no_byte(unbuffered, monkeypatch):
    """Ctrl-Z and `fg` in the middle of an epoch's images, as a container may be set up, too."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    images = np.random.default_rng(0).integers(0, 256, (3000, 28, 28), np.uint8)
    seeds, pauses = np.random.SeedSequence(5), np.random.default_rng(1)
    with DistortedEpochs(images, "elastic", 1.0, seeds, 1, 30) as distorted:
        worker, is_over = distorted.worker, threading.Event()

        def stop_often():
            while not is_over.wait(pauses.uniform(0.005, 0.06)) and worker.poll() is None:
                worker.send_signal(signal.SIGSTOP)
                time.sleep(pauses.uniform(0.002, 0.03))
                worker.send_signal(signal.SIGCONT)

        stopper = threading.Thread(target=stop_often)
        stopper.start()
        try:
            for epoch in range(1, 31):
                expected = distort_epoch(images, "elastic", 1.0, seeds, epoch)
                np.testing.assert_array_equal(distorted.epoch_images(epoch), expected)
        finally:
            is_over.set()
            stopper.join()
