"""What a disk can do to a run: fill up, vanish, refuse. The epochs that were saved are safe."""

import os
import resource
import subprocess
from pathlib import Path

import pytest

from mlp_cli.measuring.scores import confusion_matrix
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import make_arrays, write_dataset
from tests.processes import (
    MLP,
    contents,
    epochs_in,
    finish,
    log_lines,
    partial_files,
    read_until,
    running,
)

PATH = Path("run.npz")
TRAIN = "train --validation 10 --batch-size 4"
ENDLESS = f"{TRAIN} --epochs 40000"


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"))


def limit_files_to(size):
    """Let a process write no file of more bytes than this: to it, that is a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.fixture
def small_disk():
    """A disk of 256 kB; it needs the right to mount one."""
    folder = Path("disk")
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder):
    """Leave no byte free."""
    with (folder / "filling").open("ab", buffering=0) as file:
        for size in (4096, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


def files(folder):
    return sorted(os.listdir(folder))


def test_a_full_disk_is_found_out_before_the_first_epoch(small_disk):
    fill(small_disk)
    _, err = finish(*TRAIN.split(), "--checkpoint", "disk/run.npz", status=1)
    assert err == (
        "Error: disk/run.npz: cannot be written (No space left on device).\n"
        "Check the disk and its permissions, or name another path with --checkpoint.\n"
    )
    assert files(small_disk) == ["filling"]


def test_a_disk_too_small_for_the_network_is_found_out_before_the_first_epoch(small_disk):
    arguments = [*TRAIN.split(), "--hidden", "1000", "--checkpoint", "disk/run.npz"]
    _, err = finish(*arguments, status=1)
    assert "Error: disk/run.npz: cannot be written (No space left on device)." in err
    assert "epoch" not in err
    assert files(small_disk) == []


def test_a_disk_that_fills_up_costs_no_epoch_that_was_saved(small_disk):
    with running(*ENDLESS.split(), "--checkpoint", "disk/run.npz") as process:
        read_until(process, "epoch     2/40000")
        while process.poll() is None:  # again, where a file that was replaced left room
            fill(small_disk)
        _, err = process.communicate(timeout=60)
    done = epochs_in("disk/run.npz")
    assert process.returncode == 1
    assert err.endswith(
        "Error: disk/run.npz: cannot be written (No space left on device). "
        "Check the disk and its permissions.\n"
        f"disk/run.npz is intact: {done} of 40000 epochs saved.\n"
        "Resume with: mlp train --resume --checkpoint disk/run.npz\n"
    )
    assert files(small_disk) == ["filling", "run.npz"]
    before = contents("disk/run.npz")
    resume = ["train", "--resume", "--checkpoint", "disk/run.npz"]
    _, err = finish(*resume, status=1)
    assert "No space left" in err
    assert "epoch" not in err
    assert contents("disk/run.npz") == before
    (small_disk / "filling").unlink()
    finish(*resume, "--epochs", done + 1)


def test_a_log_on_a_full_disk_stops_the_run_and_is_completed_later(small_disk):
    command = [*TRAIN.split(), "--epochs", "3", "--checkpoint", PATH, "--log", "disk/log"]
    fill(small_disk)
    _, err = finish(*command, status=1)
    assert err.endswith(
        "\nError: disk/log: cannot be written (No space left on device), expected a log file.\n"
        "Check the disk and its permissions, or name another file with --log.\n"
        "run.npz is intact: 1 of 3 epochs saved.\n"
        "Resume with: mlp train --resume --checkpoint run.npz --log disk/log\n"
    )
    assert (small_disk / "log").read_bytes() == b""
    (small_disk / "filling").unlink()
    finish("train", "--resume", "--checkpoint", PATH, "--log", "disk/log")
    assert log_lines(small_disk / "log") == load_checkpoint(PATH).history


def test_a_disk_that_fills_up_before_the_report_costs_only_the_report(run, monkeypatch):
    finish(*TRAIN.split(), "--epochs", 5, "--checkpoint", "whole.npz")

    def full(*given, **named):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        return confusion_matrix(*given, **named)

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr("mlp_cli.measuring.scores.confusion_matrix", full)
    try:
        done = run(f"{TRAIN} --epochs 5 --checkpoint {PATH}", status=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "Error: run.npz: cannot be written (File too large)" in done.stderr
    assert "run.npz is intact: 5 of 5 epochs saved.\nResume with: mlp train" in done.stderr
    out, _ = finish("train", "--resume", "--checkpoint", PATH)
    assert "test accuracy" in out
    assert contents(PATH) == contents("whole.npz")


def test_a_limit_on_the_size_of_files_is_found_out_before_the_first_epoch():
    limited = {"preexec_fn": limit_files_to(10_000)}
    _, err = finish(*TRAIN.split(), "--checkpoint", PATH, status=1, **limited)
    assert "Error: run.npz: cannot be written (File too large)." in err
    assert files(".") == ["data"]


def test_a_run_that_outgrows_its_limit_keeps_the_epochs_that_it_saved():
    """The history of a long run is what grows."""
    finish(*TRAIN.split(), "--epochs", 1, "--checkpoint", PATH)
    limited = {"preexec_fn": limit_files_to(PATH.stat().st_size + 2000)}
    _, err = finish(*ENDLESS.split(), "--resume", "--checkpoint", PATH, status=1, **limited)
    done = epochs_in(PATH)
    assert done > 1
    assert "Error: run.npz: cannot be written (File too large)." in err
    assert f"run.npz is intact: {done} of 40000 epochs saved." in err
    assert partial_files() == []


def test_a_folder_that_vanishes_is_said():
    with running(*ENDLESS.split()) as process:
        read_until(process, "epoch     2/40000")
        Path("checkpoints").rename("elsewhere")
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    first, *_ = err[err.index("Error: ") :].splitlines()
    assert first.startswith("Error: checkpoints/mnist-64-30-10-001.npz: cannot be written (No such")
    assert "checkpoints/mnist-64-30-10-001.npz: no such file" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("folder", "file", "reason"), [(0o777, 0o444, "Read-only"), (0o555, 0o666, "Permission denied")]
)
def test_what_must_not_be_written_is_not(run, folder, file, reason, unprivileged):
    """Before the first epoch, and the file stays as it was."""
    Path("place").mkdir()
    path = Path("place/run.npz")
    run(f"{TRAIN} --epochs 1 --checkpoint {path}")
    before = path.read_bytes()
    Path("place").chmod(folder)
    path.chmod(file)
    with unprivileged():
        done = run(f"train --resume --epochs 3 --checkpoint {path}", status=1)
        assert f"Error: {path}: cannot be written ({reason})" in done.stderr
        assert "epoch 2" not in done.stderr
        run(f"train --resume --checkpoint {path}")  # to report, nothing has to be written
    assert path.read_bytes() == before
    assert files("place") == ["run.npz"]


@pytest.mark.parametrize("letters", [247, 256])
def test_a_name_too_long_is_found_out_before_the_first_epoch(run, letters):
    name = "a" * (letters - 4) + ".npz"
    done = run(f"{TRAIN} --epochs 1 --checkpoint {name}", status=1)
    assert f"Error: {name}: cannot be written (File name too long)" in done.stderr
    assert "epoch 1" not in done.stderr
    assert files(".") == ["data"]


def test_a_folder_of_checkpoints_that_must_not_be_written_is_said(run, unprivileged):
    Path("checkpoints").mkdir(mode=0o555)
    with unprivileged():
        done = run(f"{TRAIN} --epochs 1", status=1)
    assert "checkpoints/mnist-64-30-10-001.npz: cannot be written (Permission denied)" in (
        done.stderr
    )


def test_a_terminal_that_goes_away_costs_nothing():
    """Where its hang-up is ignored, as after disown."""
    ours, theirs = os.openpty()
    command = [*TRAIN.split(), "--epochs", 30, "--checkpoint", PATH]
    write_dataset(Path("data"), make_arrays(train=600, test=50))
    process = subprocess.Popen(
        ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *MLP, *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    while b"epoch  2/30" not in os.read(ours, 4096):
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert epochs_in(PATH) == 30
