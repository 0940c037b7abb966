"""One writer: the file of a run belongs to the process that trains it, from its first second."""

import os
import re
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.errors import ClaimError, LogError
from mlp_cli.runs.claim import Claim
from mlp_cli.runs.glance import read_mark
from mlp_cli.runs.log import EpochLog
from mlp_cli.runs.reading import load_checkpoint, load_trained
from mlp_cli.system.files import replacing, sweep_beside
from mlp_cli.system.locks import lock_file
from tests.makers import draw_seven, make_arrays, make_run, write_dataset
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

pytestmark = pytest.mark.alike

PATH = Path("run.npz")


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"), make_arrays(train=600, test=50))


def begun(**changes):
    """A run that has had no epoch, and the claim on its file."""
    run = make_run(accuracies=(), **changes)
    return run, Claim.begin(PATH, run)


def with_an_epoch(run):
    run.history = make_run(accuracies=(0.5,)).history
    run.best_epoch = 1
    return run


def no_locks(monkeypatch):
    def cannot(*_, **__):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("mlp_cli.system.files.lock_file", cannot)


# a run is intact from its first second


def test_what_reads_a_trained_network_says_that_a_run_has_no_epoch_yet(run):
    begun()[1]._is_new = False
    draw_seven().save("seven.png")
    for command in ("evaluate", "predict seven.png", "explain", "report -o a.html", "export"):
        name = command.split()[0]
        more = " --format csv -o a.csv" if name == "export" else ""
        done = run(f"{command}{more} --checkpoint {PATH}", status=1)
        assert f"Error: {PATH}: has no epoch yet, expected a trained network.\n" in done.stderr
        assert f"mlp train --resume --checkpoint {PATH}" in done.stderr
    assert "history        0 epochs" in run(f"inspect --checkpoint {PATH}").stdout


def test_unless_told_a_command_takes_the_newest_run_that_has_had_an_epoch(run):
    run("train --epochs 1 --validation 100")
    trained = Path("checkpoints/mnist-64-30-10-001.npz")
    os.utime(trained, (1, 1))
    Claim.begin(Path("checkpoints/b.npz"), make_run(accuracies=()))
    assert f"Using {trained}, the newest that has had an epoch." in run("evaluate").stderr
    trained.unlink()
    assert "b.npz: has no epoch yet" in run("evaluate", status=1).stderr


# one process at a time


def test_a_run_is_trained_by_one_process_and_the_other_names_it():
    options = ["--epochs", 40_000, "--validation", 100, "--checkpoint", PATH]
    with running("train", *options) as process:
        read_until(process, "network ")
        for number in (None, signal.SIGSTOP):  # suspended, it still has the run
            if number:
                process.send_signal(number)
            _, err = finish("train", "--resume", "--checkpoint", PATH, status=1)
            assert f"Error: {PATH}: another mlp (process {process.pid}) is training it." in err
        done = epochs_in(PATH)
        process.send_signal(signal.SIGCONT)
        assert end_by(process, signal.SIGTERM)[0] == 143
    assert epochs_in(PATH) >= done
    finish("train", "--resume", "--epochs", epochs_in(PATH) + 1, "--checkpoint", PATH)


def test_resume_without_a_path_passes_over_a_run_that_is_alive(run):
    run("train --epochs 1 --validation 100")
    with running("train", "--epochs", 40_000, "--validation", 100) as process:
        read_until(process, "epoch     1/")
        done = run("train --resume --epochs 2")
        passed = "checkpoints/mnist-64-30-10-002.npz: another mlp "
        assert f"passed over: {passed}(process {process.pid}) is training it." in done.stderr
        assert len(load_checkpoint(Path("checkpoints/mnist-64-30-10-001.npz")).history) == 2
        Path("checkpoints/mnist-64-30-10-001.npz").unlink()
        assert passed in run("train --resume", status=1).stderr


def test_the_claim_moves_with_every_save():
    run, claim = begun()
    for epochs in range(3):
        with pytest.raises(ClaimError, match=rf"process {os.getpid()}\) is training it"):
            Claim.take(PATH)
        run.history = make_run(accuracies=[0.5] * epochs).history
        claim.save(run)
    claim.close()
    Claim.take(PATH).close()


@pytest.mark.parametrize("locks", [True, False])
def test_who_lost_the_run_does_not_write_it(monkeypatch, locks):
    """As on another machine, where a suspended process wakes after the run was resumed."""
    run, one = begun()
    with monkeypatch.context() as patch:
        no_locks(patch)
        other = Claim.take(PATH)
    if not locks:
        no_locks(monkeypatch)
    other.save(with_an_epoch(run))
    before = PATH.read_bytes()
    with pytest.raises(ClaimError, match=r"another mlp \(process \d+\) has trained this run"):
        one.save(run)
    one.close()
    assert PATH.read_bytes() == before
    assert partial_files() == []
    other.save(run)


def test_what_stands_in_the_file_tells_whose_it_is_where_inodes_do_not(monkeypatch):
    """Some network file systems number files anew whenever they look."""
    run, one = begun()
    no_locks(monkeypatch)
    monkeypatch.setattr(os.path, "sameopenfile", lambda *_: False)
    one.save(with_an_epoch(run))
    one.save(run)
    other = Claim.take(PATH)
    other.save(run)
    with pytest.raises(ClaimError):
        one.save(run)


def test_the_run_of_a_file_that_was_removed_is_written_again():
    run, claim = begun()
    PATH.unlink()
    claim.save(with_an_epoch(run))
    assert load_trained(PATH).history


def test_a_run_that_has_ended_names_no_process():
    run, claim = begun(epochs=2)
    claim.save(with_an_epoch(run))
    assert read_mark(PATH).process == os.getpid()
    run.history = make_run(accuracies=(0.5, 0.5)).history
    claim.save(run)
    assert (read_mark(PATH).process, read_mark(PATH).epochs) == (None, 2)
    claim.save(run)


# a process releases only what it claimed itself


def test_a_claim_without_an_epoch_is_removed_by_who_made_it_alone():
    begun()[1].close()
    assert os.listdir() == ["data"]
    run, claim = begun()
    claim._is_new = False  # as after kill -9
    claim.close()
    Claim.take(PATH).close()
    assert load_checkpoint(PATH).history == []
    claim = Claim.take(PATH)
    claim.save(with_an_epoch(run))
    claim.close()
    assert load_checkpoint(PATH).history


def test_a_new_run_that_fails_does_not_remove_the_run_of_another(monkeypatch):
    run, one = begun()
    no_locks(monkeypatch)
    Claim.take(PATH).save(with_an_epoch(run))
    one.close()
    assert load_checkpoint(PATH).history


@pytest.mark.parametrize("command", ["train --resume", "train --resume-or-start", "train"])
def test_an_empty_file_of_the_user_is_nobodys_claim(run, command):
    Path("notes.txt").touch()
    done = run(f"{command} --epochs 1 --checkpoint notes.txt", status=1)
    words = "empty, expected a checkpoint" if "resume" in command else "exists, expected a new file"
    assert f"Error: notes.txt: {words}" in done.stderr
    assert Path("notes.txt").read_bytes() == b""


def test_ctrl_c_on_a_resume_leaves_the_run_as_it_was():
    begun(epochs=3)[1]._is_new = False
    before = contents(PATH)
    # Its fingerprint is not that of the data, but Ctrl-C comes before that is found.
    with running("train", "--resume", "--checkpoint", PATH) as process:
        time.sleep(0.15)
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert contents(PATH) == before


# the log has one writer, too


def test_a_log_is_written_by_one_run(run):
    with EpochLog(Path("log")) as log:
        log.append({"epoch": 1})
        with pytest.raises(LogError, match="log: another mlp is writing it"):
            EpochLog(Path("log"))
        done = run(f"train --epochs 1 --validation 100 --checkpoint {PATH} --log log", status=1)
        assert "Error: log: another mlp is writing it, expected a log of this run" in done.stderr
        assert not PATH.exists()
    assert Path("log").read_text() == '{"epoch": 1}\n'
    with EpochLog(Path("/dev/null")), EpochLog(Path("/dev/null")):
        pass


# part files


def test_two_containers_with_one_process_number_write_two_part_files(monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with replacing(PATH) as one:
        one.write(b"one")
        with replacing(PATH) as other:
            assert len(partial_files()) == 2
            other.write(b"other")
        assert PATH.read_bytes() == b"other"
    assert PATH.read_bytes() == b"one"


def test_a_part_file_is_swept_when_nobody_writes_it_whatever_its_number():
    part = Path(f".{PATH}.{os.getpid()}.part")
    part.touch()
    with replacing(PATH) as file:
        sweep_beside(PATH)
        assert partial_files() == [Path(file.name).name]
        file.write(b"whole")
    assert PATH.read_bytes() == b"whole"


def test_where_there_are_no_locks_the_age_of_a_part_file_tells(monkeypatch):
    no_locks(monkeypatch)
    part = Path(f".{PATH}.0a1b.part")
    part.touch()
    sweep_beside(PATH)
    assert part.exists()
    os.utime(part, (time.time() - 4000,) * 2)
    sweep_beside(PATH)
    assert not part.exists()


def test_a_part_file_swept_before_it_was_locked_is_made_again(monkeypatch):
    swept = []

    def late(descriptor, **waiting):
        if not swept:
            swept.extend(partial_files())
            Path(swept[0]).unlink()
        lock_file(descriptor, **waiting)

    monkeypatch.setattr("mlp_cli.system.files.lock_file", late)
    with replacing(PATH) as file:
        file.write(b"whole")
    assert PATH.read_bytes() == b"whole"
    assert partial_files() == []


def test_a_part_file_that_is_being_swept_is_made_again(monkeypatch):
    """Another process sweeps; it has the lock, and has not removed the file yet."""
    has_lock, is_asked_for = threading.Event(), threading.Event()

    def locked(descriptor, **waiting):
        if threading.current_thread() is sweeper:
            lock_file(descriptor, **waiting)
            has_lock.set()
            is_asked_for.wait(10)
            time.sleep(0.1)
            return
        if not has_lock.is_set():
            sweeper.start()
            has_lock.wait(10)
            is_asked_for.set()
        lock_file(descriptor, **waiting)

    monkeypatch.setattr("mlp_cli.system.files.lock_file", locked)
    sweeper = threading.Thread(target=sweep_beside, args=[PATH])
    with replacing(PATH) as file:
        sweeper.join()
        file.write(b"whole")
    assert PATH.read_bytes() == b"whole"
    assert partial_files() == []


def test_a_part_file_is_locked_until_it_is_swept(monkeypatch):
    """Closed before, it could be taken by who waits for the lock, and then be removed."""
    part = Path(f".{PATH}.0a1b.part")
    part.touch()
    unlink = Path.unlink

    def removed(path):
        with path.open() as other, pytest.raises(BlockingIOError):
            lock_file(other.fileno())
        unlink(path)

    monkeypatch.setattr(Path, "unlink", removed)
    sweep_beside(PATH)
    assert not part.exists()


# one command that starts or resumes


def test_resume_or_start_does_either(run):
    command = f"train --resume-or-start --validation 100 --checkpoint {PATH}"
    assert f"saved to {PATH}\nepoch 1/1" in run(f"{command} --epochs 1").stderr
    done = run(f"{command} --epochs 2")
    assert f"resumed from {PATH} after epoch 1 of 2" in done.stderr
    assert "its only epoch" not in done.stderr
    assert "all of its 2 epochs" in run(f"{command} --epochs 2").stderr
    done = run(f"{command} --hidden 7", status=2)
    assert "run.npz: --hidden 7: the run to be resumed has 30." in done.stderr
    done = run(f"{command} --resume", status=2)
    assert "--resume and --resume-or-start: either. Give only one of them." in done.stderr


def test_resume_or_start_without_a_path_takes_the_newest(run):
    for epochs in (1, 2):
        run(f"train --resume-or-start --validation 100 --epochs {epochs}")
    assert os.listdir("checkpoints") == ["mnist-64-30-10-001.npz"]
    assert len(load_checkpoint(Path("checkpoints/mnist-64-30-10-001.npz")).history) == 2


def documented_loop(options):
    """The loop of the tutorial, with these options, as a shell runs it here."""
    tutorial = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh slow\n(run=.*?)```", tutorial, re.DOTALL)
    text = block.replace("until mlp", f"until {shlex.join(MLP)}")
    lines = [f'run="{options}"' if line.startswith("run=") else line for line in text.splitlines()]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_the_documented_loop_survives_a_kill_and_ends_by_one_signal(number, status):
    options = f"--checkpoint {PATH} --epochs 40000 --validation 100"
    with subprocess.Popen(
        ["sh", "-c", documented_loop(options)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    ) as shell:
        try:
            read_until(shell, "epoch     1/")
            os.kill(read_mark(PATH).process, signal.SIGKILL)
            assert "resumed from run.npz" in read_until(shell, "epoch ")
            if number == signal.SIGINT:
                os.killpg(shell.pid, number)  # as a terminal does
            else:
                os.kill(read_mark(PATH).process, number)
            assert "Interrupted. run.npz is intact" in shell.stderr.read()
            assert shell.wait(timeout=60) in (status, -number)
        finally:
            shell.kill()


@pytest.mark.parametrize("started", [False, True])
def test_the_documented_loop_ends_where_the_dataset_is_missing(started):
    write_dataset(Path("own"))
    options = f"--checkpoint {PATH} --epochs 2 --validation 10 --dataset own"
    if started:
        finish("train", *options.replace("--epochs 2", "--epochs 1").split())
    for file in Path("own").iterdir():
        file.unlink()
    done = subprocess.run(
        ["sh", "-c", documented_loop(options)],
        capture_output=True,
        timeout=60,
        text=True,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert "own: no dataset here, expected its four files" in done.stderr


# said, not silent


def test_a_setting_that_changes_is_said_with_its_origin(run, monkeypatch):
    run(f"train --epochs 1 --validation 100 --checkpoint {PATH}")
    Path("a.toml").write_text("patience = 3")
    monkeypatch.setenv("MLP_TRAIN_ETA", "0.5")
    done = run(f"train --resume --epochs 2 --config a.toml --checkpoint {PATH}")
    assert f"{PATH}: eta 0.5 instead of 3.0, from MLP_TRAIN_ETA in the environment" in done.stderr
    assert f"{PATH}: patience 3 instead of 0, from the preset\n" in done.stderr
    done = run(f"train --resume --epochs 3 --eta 0.5 --checkpoint {PATH}")
    assert "instead of" not in done.stderr
    monkeypatch.setenv("MLP_TRAIN_EPOCHS", "4")
    done = run(f"train --resume --checkpoint {PATH}")
    assert f"{PATH}: epochs 4 instead of 3, from MLP_TRAIN_EPOCHS in the env" in done.stderr


def test_a_cosine_that_rises_again_is_said_with_its_eta(run):
    command = f"train --schedule cosine --validation 100 --checkpoint {PATH}"
    run(f"{command} --epochs 4")
    done = run(f"{command} --resume --epochs 8")
    etas = [entry["eta"] for entry in load_checkpoint(PATH).history]
    assert etas[4] > etas[3]
    assert (
        f"{PATH}: the cosine now falls over 8 epochs: eta {etas[3]:.3g} in epoch 4, "
        f"{etas[4]:.3g} in epoch 5\n"
    ) in done.stderr
    assert "cosine" not in run(f"{command} --resume --epochs 8").stderr


def test_arithmetic_that_rounds_otherwise_is_said(run):
    command = f"train --validation 100 --checkpoint {PATH}"
    run(f"{command} --epochs 1")
    assert "instead of" not in run(f"{command} --resume --epochs 2").stderr
    saved = load_checkpoint(PATH)
    blas = saved.arithmetic["blas_core"]
    saved.arithmetic |= {"numpy": "1.26.4", "blas_core": "another"}
    saved.save(PATH)
    done = run(f"{command} --resume --epochs 3")
    assert (
        f"{PATH}: numpy {np.__version__} instead of 1.26.4, blas_core {blas} instead of another: "
        "the last digits will differ"
    ) in done.stderr
    assert "instead of" not in run(f"{command} --resume --epochs 4").stderr
    saved.arithmetic = {}  # as in a checkpoint of an earlier version
    saved.save(PATH)
    assert "instead of" not in run(f"{command} --resume --epochs 5").stderr
