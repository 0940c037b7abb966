"""The log: whole lines, one per epoch, whatever stood there before."""

import json
import os
from pathlib import Path

import pytest

from mlp_cli.errors import LogError
from mlp_cli.runs.history import HISTORY_KEYS
from mlp_cli.runs.log import EpochLog
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import write_dataset
from tests.processes import MLP, log_lines

LOG = Path("log")
TRAIN = "train --validation 10 --batch-size 4 --checkpoint run.npz --log log"
HISTORY = [{"epoch": n, "eta": 3.0, "seconds": n / 7} for n in (1, 2, 3)]


@pytest.fixture
def data():
    write_dataset(Path("data"))


def test_every_epoch_gets_a_line_behind_what_is_there(run, data):
    LOG.write_text('{"another": "run"}\n')
    run(f"{TRAIN} --epochs 2")
    history = load_checkpoint(Path("run.npz")).history
    assert log_lines(LOG) == [{"another": "run"}, *history]
    assert tuple(history[0]) == HISTORY_KEYS


def test_a_line_is_there_as_soon_as_it_is_added():
    with EpochLog(LOG) as log:
        for number, entry in enumerate(HISTORY, start=1):
            log.append(entry)
            assert log_lines(LOG) == HISTORY[:number]


def test_a_line_that_was_broken_off_is_ended_first():
    LOG.write_text('{"epoch": 1')
    with EpochLog(LOG) as log:
        log.append(HISTORY[0])
    assert LOG.read_text().splitlines() == ['{"epoch": 1', json.dumps(HISTORY[0])]


@pytest.mark.parametrize("there", [0, 1, 3])
def test_what_an_earlier_process_did_not_log_is_added_once(there):
    with EpochLog(LOG) as log:
        for entry in HISTORY[:there]:
            log.append(entry)
    for _ in range(2):
        with EpochLog(LOG) as log:
            log.complete(HISTORY)
    assert log_lines(LOG) == HISTORY


def test_a_resumed_run_completes_its_log_and_another_runs_lines_stay(run, data):
    run(f"{TRAIN} --epochs 3")
    lines = LOG.read_text().splitlines(keepends=True)
    LOG.write_text("".join(['{"another": "run"}\n', *lines[:2]]))
    run(f"{TRAIN} --resume --epochs 4")
    history = load_checkpoint(Path("run.npz")).history
    assert log_lines(LOG) == [{"another": "run"}, *history]
    LOG.unlink()
    run(f"{TRAIN} --resume --epochs 4")
    assert log_lines(LOG) == history


def test_the_lines_of_an_earlier_version_are_not_written_again(run, data):
    """Its epochs lack the cost of validation, in the log and in the checkpoint alike."""
    run(f"{TRAIN} --epochs 2")
    earlier = load_checkpoint(Path("run.npz"))
    for entry in earlier.history:
        del entry["validation_cost"]
    earlier.save(Path("run.npz"))
    LOG.write_text("".join(f"{json.dumps(entry)}\n" for entry in earlier.history))
    run(f"{TRAIN} --resume --epochs 3")
    lines = log_lines(LOG)
    assert lines[:2] == earlier.history
    assert lines == load_checkpoint(Path("run.npz")).history
    assert lines[2]["validation_cost"] > 0


@pytest.mark.parametrize(
    ("name", "reason"), [("gone/log", "No such file or directory"), (".", "is a directory")]
)
def test_a_log_that_cannot_be_is_said_before_the_first_epoch(run, data, name, reason):
    done = run(f"{TRAIN} --epochs 2 --log {name}", status=2 if name == "." else 1)
    assert reason in done.stderr
    assert "epoch 1" not in done.stderr
    assert not Path("run.npz").exists()


def test_a_log_without_permission_is_said(unprivileged):
    LOG.touch(mode=0o400)
    with unprivileged(), pytest.raises(LogError, match=r"^log: cannot be written \(Permission"):
        EpochLog(LOG)


def test_a_device_that_is_full_says_so():
    with (
        EpochLog(Path("/dev/full")) as log,
        pytest.raises(LogError, match=r"^/dev/full: cannot be written \(No space left"),
    ):
        log.append(HISTORY[0])


def test_a_log_may_go_into_a_pipe(data):
    command = " ".join([*MLP, *TRAIN.split(), "--epochs", "2", "-q", "--log", "/dev/stderr"])
    with os.popen(f"{command} 2>&1 >/dev/null | cat") as shell:
        assert [json.loads(line)["epoch"] for line in shell] == [1, 2]
