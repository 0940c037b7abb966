"""Runs of the program in processes of their own, and what they leave, compared."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

MLP = [sys.executable, "-m", "mlp_cli"]
STRICT = ("-W", "error", "-X", "dev")
"""options of Python with which every warning is an error"""
SECONDS = 120
"""after which a process counts as stuck, and is killed"""


@contextmanager
def running(*arguments, **options):
    """A process of mlp with its stderr to read, which does not outlive the block."""
    process = subprocess.Popen(
        [*MLP, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        **options,
    )
    watch = threading.Timer(SECONDS, process.kill)
    watch.start()
    with process:
        try:
            yield process
        finally:
            watch.cancel()
            process.kill()


def finish(*arguments, status=0, **options):
    """Run mlp to its end, which must be this; return what it printed, stdout and stderr."""
    with running(*arguments, **options) as process:
        out, err = process.communicate()
    assert process.returncode == status, err
    assert "Traceback" not in err
    return out, err


MEASURED = """
import sys
from mlp_cli.__main__ import main
try:
    main()
finally:  # not ru_maxrss: it counts what the parent had before the command began
    lines = open("/proc/self/status").read().splitlines()
    print("peak", next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
"""


def finish_measured(*arguments, status=0):
    """Run mlp to its end as `finish` does; return stdout, stderr and its peak memory in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    out, _, peak = done.stdout.rpartition("peak ")
    return out, done.stderr, int(peak) * 1024


def read_until(process, words):
    """Read what a process says up to the line with these words; return it all."""
    said = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return "".join(said)
    raise AssertionError(f"ended without saying {words!r}: {''.join(said)}")


def end_by(process, signal_number):
    """Send the signal and wait; return the exit status and the rest of what was said."""
    process.send_signal(signal_number)
    out, err = process.communicate()
    assert "Traceback" not in err, err
    return process.returncode, out + err


def contents(path):
    """All that a checkpoint holds, as bytes and JSON, but for the time that it took."""
    with np.load(path) as archive:
        arrays = dict(archive)
    meta = json.loads(arrays.pop("meta").item())
    for entry in meta["history"]:
        del entry["seconds"]
    return meta, {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in arrays.items()}


def is_running(pid):
    """Tell whether a process is there and not a zombie that nobody has waited for."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return status.stdout.strip()[:1] not in ("", "Z")


def wait_until_gone(pid):
    """Wait for the end of a process, which ends because its parent has."""
    deadline = time.monotonic() + 30
    while is_running(pid):
        assert time.monotonic() < deadline, "it outlives its parent"
        time.sleep(0.05)


@contextmanager
def program(code, *arguments, options=()):
    """A Python program in a process group of its own, like one started from a terminal."""
    process = subprocess.Popen(
        [sys.executable, *options, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def press_ctrl_c(process, child):
    """Interrupt a program and its child, a process by its number: both end without a word."""
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert err == ""
    assert process.returncode == 130
    assert not is_running(child)


def partial_files(folder="."):
    """The files that are being written, or were left by who was killed at it."""
    return [name for name in os.listdir(folder) if name.endswith(".part")]


def epochs_in(path):
    """How many epochs a checkpoint holds; none where there is only a claim, or nothing."""
    path = Path(path)
    return len(contents(path)[0]["history"]) if path.exists() and path.stat().st_size else 0


def log_lines(path):
    """The entries of a log, each of which must be whole."""
    return [json.loads(line) for line in Path(path).read_text().splitlines()]
