"""Pipes and devices where a file is expected: nothing waits for them, or one Ctrl-C suffices."""

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from mlp_cli.errors import LogError
from mlp_cli.runs.log import EpochLog
from tests.makers import draw_seven, make_arrays, make_run, write_dataset
from tests.processes import MLP, end_by, epochs_in, finish, read_until, running

HISTORY = [{"epoch": n, "eta": 3.0, "seconds": n / 7} for n in (1, 2, 3)]
TRAIN = "train --validation 10 --batch-size 4 --checkpoint run.npz"


@pytest.fixture
def data():
    write_dataset(Path("data"))


@pytest.mark.parametrize(
    "command",
    [
        "train --config pipe --print-config",
        "import pipe",
        "predict pipe",
        "predict --all pipe",
        "explain pipe",
        "explain --sizes 2-2 --html pipe",
        "evaluate --checkpoint pipe",
        "inspect --checkpoint pipe",
        "train --resume --checkpoint pipe",
        "export --format small --checkpoint run.npz -o pipe",
        "report --checkpoint run.npz -o pipe",
        "download --from pipe",
        "download --from folder --data-dir new",
        "evaluate --checkpoint run.npz --dataset folder",
    ],
)
def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(command):
    make_run().save(Path("run.npz"))
    draw_seven().save("seven.png")
    os.mkfifo("pipe")
    Path("folder").mkdir()
    for stem in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        os.mkfifo(f"folder/{stem}-ubyte.gz")
    done = subprocess.run([*MLP, *command.split()], capture_output=True, text=True, timeout=20)
    assert done.returncode in (1, 2), done.stderr
    assert done.stderr.count("Error: ") == 1
    assert "Traceback" not in done.stderr


# the log


@pytest.fixture
def pipe():
    os.mkfifo("pipe")
    return Path("pipe")


def test_a_log_in_a_pipe_without_a_reader_says_so_at_once(pipe):
    with pytest.raises(LogError, match=r"^pipe: nobody reads it \(No such device or address\)"):
        EpochLog(pipe)


def test_a_log_in_a_pipe_whose_reader_leaves_says_so(pipe):
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with EpochLog(pipe) as log:
        log.complete(HISTORY[:1])
        assert json.loads(os.read(reader, 1000)) == HISTORY[0]
        os.close(reader)
        with pytest.raises(LogError, match=r"^pipe: nobody reads it \(Broken pipe\), expected a r"):
            log.append(HISTORY[1])


def test_a_log_in_a_pipe_waits_for_a_slow_reader(pipe):
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    size = 200_000  # more than a pipe holds
    with EpochLog(pipe) as log:
        writer = threading.Thread(target=log.append, args=[{"long": "x" * size}])
        writer.start()
        taken = b""
        while b"\n" not in taken:
            try:
                taken += os.read(reader, 1 << 16)
            except BlockingIOError:
                time.sleep(0.001)
        writer.join()
    os.close(reader)
    assert len(json.loads(taken)["long"]) == size


@pytest.mark.parametrize("device", ["/dev/full", "/dev/zero", "/dev/null"])
def test_a_device_is_not_read_to_complete_a_log(device):
    with EpochLog(Path(device)) as log:
        log.complete([])


def test_a_reader_that_leaves_ends_the_run_which_is_saved_and_resumes(data):
    command = f"{' '.join([*MLP, *TRAIN.split()])} --epochs 5000 -q --log /dev/stdout"
    shell = subprocess.run(
        ["bash", "-c", f"{command} | head -1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shell.returncode == 1
    assert json.loads(shell.stdout)["epoch"] == 1
    assert "Error: /dev/stdout: nobody reads it (Broken pipe)" in shell.stderr
    done = epochs_in("run.npz")
    assert f"run.npz is intact: {done} of 5000 epochs saved." in shell.stderr
    finish("train", "--resume", "--checkpoint", "run.npz", "--epochs", done + 1)


def test_one_signal_suffices_while_a_log_waits_for_its_reader(data, pipe):
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with EpochLog(pipe) as log:
        for _ in range(15):
            log.append({"filling": "x" * 4080})
    with running(*TRAIN.split(), "--epochs", 40_000, "--log", "pipe") as process:
        read_until(process, "epoch     1/40000")
        last = -1
        while epochs_in("run.npz") != last:  # until it waits
            last = epochs_in("run.npz")
            time.sleep(0.5)
        code, said = end_by(process, signal.SIGINT)
    os.close(reader)
    assert code == 130
    assert f"Interrupted. run.npz is intact: {last} of 40000 epochs saved." in said


# the process that distorts


def test_a_stopped_worker_does_not_hold_up_the_training():
    write_dataset(Path("data"), make_arrays(train=600, test=50))
    options = ["--distort", "elastic", "--validation", 100, "--checkpoint", "run.npz"]
    with running("train", "--epochs", 40_000, *options) as process:
        read_until(process, "epoch     1/40000")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        (worker,) = map(int, children)
        os.kill(worker, signal.SIGSTOP)
        done = epochs_in("run.npz")
        read_until(process, f"epoch {done + 5:5d}/40000")
        assert end_by(process, signal.SIGINT)[0] == 130
    finish("train", "--resume", "--checkpoint", "run.npz", "--epochs", 8 + epochs_in("run.npz"))
