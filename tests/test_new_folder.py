"""A converted folder appears with all its files, or not at all."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.datasets.files import FILES
from mlp_cli.datasets.loading import read_files
from mlp_cli.system.folders import new_folder
from tests.makers import make_arrays
from tests.processes import MLP
from tests.test_convert import MADE, archive, of_names, refused

pytestmark = pytest.mark.alike

NAMES = "x_train y_train x_test y_test"
ALL = sorted([*FILES, "classes.txt", "sheet.png"])


@pytest.fixture(autouse=True)
def source(own_folder):
    Path("a.npz").write_bytes(archive(**of_names(NAMES, make_arrays(60, 20))))


def contents(folder="."):
    return sorted(os.listdir(folder))


def test_the_folder_and_those_above_it_are_made(run):
    run("convert a.npz -o deep/er/made")
    assert contents("deep/er") == ["made"]
    assert contents("deep/er/made") == ALL


def test_an_empty_folder_is_taken(run):
    MADE.mkdir()
    run("convert a.npz -o made")
    assert contents(MADE) == ALL


def test_a_link_to_an_empty_folder_is_followed(run):
    Path("real").mkdir()
    MADE.symlink_to("real")
    run("convert a.npz -o made")
    assert contents("real") == ALL


def test_a_folder_with_files_in_it_is_never_touched(run):
    MADE.mkdir()
    (MADE / "own.txt").write_text("mine")
    for force in ("", " --force"):
        error = run(f"convert a.npz -o made{force}", status=1).stderr
        assert "-o made: not empty, and not what mlp convert made. Name a new folder." in error
    assert contents(MADE) == ["own.txt"]
    assert contents() == ["a.npz", "made"]


def test_a_converted_folder_is_replaced_with_force_alone(run):
    run("convert a.npz -o made")
    before = (MADE / FILES[0]).read_bytes()
    Path("a.npz").write_bytes(archive(**of_names(NAMES, make_arrays(30, 20))))
    error = run("convert a.npz -o made", status=1).stderr
    assert "holds a dataset already. Name another folder, or replace it with --force" in error
    assert (MADE / FILES[0]).read_bytes() == before
    run("convert a.npz -o made --force")
    assert (MADE / FILES[0]).read_bytes() != before
    assert contents() == ["a.npz", "made"]
    Path("a.npz").write_bytes(b"PK\x03\x04.npy")
    run("convert a.npz -o made --force", status=1)
    assert contents(MADE) == ALL


def test_with_force_a_dataset_that_convert_did_not_make_stays(run):
    run("convert a.npz -o made")
    (MADE / "sheet.png").unlink()
    assert "not what mlp convert made" in run("convert a.npz -o made --force", status=1).stderr


@pytest.mark.parametrize("place", ["pictures/made", "pictures/3/made", "pictures/../pictures/made"])
def test_an_output_inside_the_source_is_refused(run, place):
    for name in ("3", "7"):
        Path("pictures", name).mkdir(parents=True)
    error = refused(run, f"convert pictures -o {place}")
    assert f"-o {place}: inside pictures, which is read. Name a folder beside it." in error


def test_a_source_inside_the_output_is_refused(run):
    MADE.mkdir()
    Path("a.npz").rename(MADE / "a.npz")
    assert "not empty" in run("convert made/a.npz -o made --force", status=1).stderr
    assert contents(MADE) == ["a.npz"]


def test_the_current_folder_is_refused_and_a_file_too(run):
    Path("inner").mkdir()
    os.chdir("inner")
    assert "the current folder, expected a new one in it" in refused(run, "convert ../a.npz -o .")
    Path("file").write_text("x")
    assert "Invalid value for '-o'" in refused(run, "convert ../a.npz -o file", status=2)


def test_a_folder_that_cannot_be_written_is_found_out_before_the_source_is_read(run, unprivileged):
    Path("locked").mkdir(mode=0o500)
    Path("a.npz").write_bytes(b"PK\x03\x04.npy")  # damaged, which would be the other error
    with unprivileged():
        error = run("convert a.npz -o locked/made", status=1).stderr
    assert "locked/made: cannot be written (Permission denied)" in error


def test_a_full_disk_leaves_nothing(tmp_path):
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))  # noqa: E731
    done = subprocess.run(
        [*MLP, "convert", "a.npz", "-o", "x/made"], capture_output=True, text=True, preexec_fn=limit
    )
    assert done.returncode == 1
    assert "Error: x/made: cannot be written (File too large)." in done.stderr
    assert contents() == ["a.npz"]


def slow_source():
    """A table that takes seconds to read, since its entries are quoted."""
    row = ",".join(['"7"'] * 785)
    with Path("slow.csv").open("w") as file:
        for number in range(6000):
            file.write(f"{number % 10}{row[3:]}\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing(number):
    slow_source()
    process = subprocess.Popen([*MLP, "convert", "slow.csv", "-o", "made"], stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not list(Path().glob(".made.*.part")):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert error.strip() == b"Interrupted."
    assert contents() == ["a.npz", "slow.csv"]


def test_two_at_once_make_one_folder_and_the_other_says_so():
    command = [*MLP, "convert", "a.npz", "-o", "made"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in "12"]
    errors = [process.communicate(timeout=60)[1].decode() for process in both]
    statuses = sorted(process.returncode for process in both)
    assert statuses == [0, 1], errors
    failed = next(e for e, process in zip(errors, both, strict=True) if process.returncode)
    assert "made: cannot be written (Directory not empty)" in failed or "already" in failed
    assert contents() == ["a.npz", "made"]
    assert contents(MADE) == ALL
    assert len(read_files([MADE / name for name in FILES]).train) == 60


def test_what_a_killed_process_left_is_swept_and_a_living_ones_stays(run):
    left, living = Path(".made.0123456789abcdef.part"), Path(".made.fedcba9876543210.part")
    for folder in (left, living):
        folder.mkdir()
        (folder / "x").write_text("x")
        os.utime(folder, (0, 0))
    holder = os.open(living, os.O_RDONLY)
    import fcntl

    fcntl.flock(holder, fcntl.LOCK_EX)
    run("convert a.npz -o made")
    assert not left.exists()
    assert contents(living) == ["x"]
    os.close(holder)


def test_a_block_that_fails_leaves_the_old_folder(tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    (old / "x").write_text("old")
    with pytest.raises(FileExistsError), new_folder(old, replaces=True) as made:
        made.mkdir()
    assert (old / "x").read_text() == "old"
    with new_folder(old, replaces=True) as made:
        (made / "x").write_text("new")
    assert (old / "x").read_text() == "new"
    with pytest.raises(OSError, match="not empty"), new_folder(old):
        pass
    assert (old / "x").read_text() == "new"


def test_a_rename_that_fails_puts_the_old_folder_back(tmp_path, monkeypatch):
    old = tmp_path / "old"
    old.mkdir()
    (old / "x").write_text("old")
    rename = os.rename
    seen = []

    def failing(source, target):
        seen.append(target)
        if len(seen) == 2:
            raise OSError("no room")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="no room"), new_folder(old, replaces=True):
        pass
    assert (old / "x").read_text() == "old"
    assert contents(tmp_path) == ["a.npz", "old"]


def test_the_arrays_of_a_converted_folder_survive_the_next_conversion(run):
    """A training that maps the files keeps them when --force replaces the folder."""
    run("convert a.npz -o made")
    data = read_files([MADE / name for name in FILES])
    before = data.train.images.copy()
    Path("a.npz").write_bytes(archive(**of_names(NAMES, make_arrays(30, 20, seed=5))))
    run("convert a.npz -o made --force")
    np.testing.assert_array_equal(data.train.images, before)
