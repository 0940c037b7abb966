"""Sweeps on a Dask cluster: a real scheduler and real worker processes on loopback."""

import json
import os
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.errors import ClusterError, UnwritableError
from mlp_cli.runs.pretrained import Pretrained
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.sweeps import cluster, connection
from mlp_cli.sweeps.cluster import Cluster
from mlp_cli.sweeps.local import LocalWorkers
from mlp_cli.sweeps.plan import Plan
from mlp_cli.sweeps.sweep import Sweep
from mlp_cli.sweeps.workers import Ended, Progress, Task
from tests.clusters import loopback_cluster, wait_until
from tests.makers import make_arrays, write_dataset

pytestmark = pytest.mark.alike

WITHOUT_MLP = "import sys; sys.modules['mlp_cli'] = None"
OLDER = "import mlp_cli.version; mlp_cli.version.__version__ = '0.0.1'"
OTHER_NUMPY = "import numpy; numpy.__version__ = '1.26.0'"
OTHER_KERNEL = "import mlp_cli.learning.compiled as kernel; kernel.variants = lambda: ['antique']"


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """A scheduler for all tests here but those that kill it; each brings its own workers."""
    with loopback_cluster(tmp_path_factory.mktemp("scheduler")) as cluster:
        yield cluster


@pytest.fixture
def data(tmp_path):
    """Enough images that an epoch takes a while, and a sweep can be disturbed."""
    write_dataset(tmp_path / "digits", make_arrays(train=4000, test=40), gzipped=False)
    return tmp_path / "digits"


def make_options(data, **changes):
    options = {name: setting.default for name, setting in SETTINGS.items()}
    small = {"dataset": str(data), "validation": 400, "hidden": [20], "epochs": 4, "threads": 1}
    return options | small | changes


def connected(loopback, said=None):
    return Cluster(loopback.address, Path("data"), [].append if said is None else said.append)


def contents(path):
    """All that a checkpoint holds, but who wrote it and how long it took."""
    with np.load(path) as arrays:
        meta = json.loads(str(arrays["meta"]))
        found = {name: arrays[name].tobytes() for name in arrays.files if name != "meta"}
    for entry in meta["history"]:
        entry.pop("seconds")
    return found, meta


def count_trainings():
    """How many runs a worker trains, or has to tell of; a worker answers this."""
    from mlp_cli.sweeps.remote import CHANNELS

    return len(CHANNELS)


def train_all(workers, tasks):
    """Train these tasks; return how each ended, and the epochs that were seen, by number."""
    ended, epochs = {}, {task.number: [] for task in tasks}
    for task in tasks:
        workers.submit(task)
    while len(ended) < len(tasks):
        event = workers.wait()
        if isinstance(event, Ended):
            ended[event.number] = event.error
        else:
            epochs[event.number].append(event.epoch)
    return ended, epochs


def test_a_sweep_that_loses_a_worker_ends_in_the_same_checkpoints(scheduler, tmp_path, data):
    options = make_options(data, epochs=8, momentum=0.5, engine="plain")  # slow: epochs are seen
    plan = Plan.read_options(options, [], ("eta=0.5,1",), seeds=2, trials=None, prune=False)
    alone = Sweep(plan, tmp_path / "alone")
    with LocalWorkers(1, Path("data")) as workers:
        list(alone.train(workers))
    shared, had, lost = Sweep(plan, tmp_path / "shared"), [], None
    with scheduler.with_workers(2) as loopback, connected(loopback) as workers:
        wait_until(lambda: len(workers._client.nthreads()) == 2)
        processes = workers._client.run(os.getpid)
        for event in shared.train(workers):
            if isinstance(event, Progress):
                had.append((event.number, event.epoch))
                if lost is None and 3 <= event.epoch < 8:
                    lost = workers._runs[event.number]
                    os.kill(processes[lost.worker], signal.SIGKILL)
                    killed = lost.worker
    assert killed != lost.worker
    epochs = [epoch for number, epoch in had if number == lost.task.number]
    # A worker passes over epochs that the client was too slow for. None comes twice.
    assert epochs == sorted(set(epochs))
    assert epochs[-1] == 8
    for mine, theirs in zip(shared.rows(), alone.rows(), strict=True):
        assert mine.settings == theirs.settings
        assert mine.validation_accuracy == theirs.validation_accuracy
        assert mine.cost == theirs.cost
        assert mine.error is theirs.error is None
        for one, other in zip(mine.checkpoints, theirs.checkpoints, strict=True):
            assert contents(one) == contents(other)
            assert len(contents(one)[1]["history"]) == 8


def test_the_network_that_runs_begin_with_travels_to_the_workers(scheduler, tmp_path, data):
    first, here, there = (tmp_path / f"{name}.npz" for name in ("first", "here", "there"))
    with LocalWorkers(1, Path("data")) as workers:
        train_all(workers, [Task(1, make_options(data, epochs=1), first)])
        start = Pretrained.load(first)
        options = make_options(data, epochs=2, eta=0.3)
        train_all(workers, [Task(1, options, here, start)])
    first.unlink()
    with scheduler.with_workers(1) as loopback, connected(loopback) as workers:
        tasks = [Task(1, options, there, start), Task(2, options, tmp_path / "2.npz", start)]
        ended, _ = train_all(workers, tasks)
    assert ended == {1: None, 2: None}
    assert contents(there) == contents(here)
    assert contents(there)[1]["from"]["parameters"] == start.digest


def test_checkpoints_pass_through_the_scheduler_if_they_must(
    scheduler, tmp_path, data, monkeypatch
):
    async def never(client, workers):
        return False

    monkeypatch.setattr(cluster, "reach", never)
    said = []
    tasks = [Task(1, make_options(data), tmp_path / "1.npz")]
    with scheduler.with_workers(1) as loopback, connected(loopback, said) as workers:
        ended, epochs = train_all(workers, tasks)
    assert ended == {1: None}
    assert epochs[1][-1] == 4
    assert "through the scheduler" in said[0]


def test_a_run_resumes_from_the_client_and_what_cannot_go_on_says_why(scheduler, tmp_path, data):
    slow = make_options(data, engine="plain")
    half, whole = tmp_path / "half.npz", tmp_path / "whole.npz"
    diverging = make_options(data, eta=1e40)
    other = tmp_path / "other.npz"
    other.write_bytes(b"no checkpoint")
    with scheduler.with_workers() as loopback:
        loopback.worker(threads=2)
        with connected(loopback) as workers:
            assert workers.slots == 2
            train_all(workers, [Task(1, slow, whole)])
            train_all(workers, [Task(1, slow | {"epochs": 2}, half)])
        run = contents(half)
        assert len(run[1]["history"]) == 2
        _set_epochs(half, 4)
        with connected(loopback) as workers:
            tasks = [
                Task(1, slow, half),
                Task(2, diverging, tmp_path / "diverging.npz"),
                Task(3, make_options(data, validation=4000), tmp_path / "none.npz"),
                Task(4, make_options(data), other),
                Task(5, slow | {"eta": 0.1}, whole),
            ]
            ended, epochs = train_all(workers, tasks)
    assert epochs[1] in ([3, 4], [4])  # a busy client may skip one, and never the last
    assert contents(half) == contents(whole)
    assert ended[1] is None
    assert "Epoch 1: with eta 1e+40" in ended[2]
    assert "--validation 4000" in ended[3]
    assert "other.npz" in ended[4]
    assert "holds another run: eta 3" in ended[5]
    assert other.read_bytes() == b"no checkpoint"


def _set_epochs(path, epochs):
    """Let a complete run have more epochs to go."""
    with np.load(path) as arrays:
        held = dict(arrays)
    held["meta"] = np.array(json.dumps(json.loads(str(held["meta"])) | {"epochs": epochs}))
    np.savez(path, **held)


def test_leaving_and_stopping_end_runs_at_an_epoch_that_is_saved(scheduler, tmp_path, data):
    tasks = [
        Task(number, make_options(data, epochs=40_000), tmp_path / f"{number}.npz")
        for number in (1, 2, 3)
    ]
    seen = {}
    with scheduler.with_workers(1) as loopback:
        with connected(loopback) as workers:
            for task in tasks:
                workers.submit(task)
            while not isinstance(event := workers.wait(), Ended):
                seen[event.number] = event.epoch
                if event.epoch >= 2:
                    workers.stop(event.number)
            assert event.error is None
            while not isinstance(event := workers.wait(), Progress):
                pass
            seen[event.number] = event.epoch
        with connected(loopback) as workers:
            wait_until(lambda: set(workers._client.run(count_trainings).values()) == {0})
            ended, _ = train_all(workers, [Task(4, make_options(data), tmp_path / "4.npz")])
    assert ended == {4: None}
    for number, epoch in seen.items():
        assert len(contents(tmp_path / f"{number}.npz")[1]["history"]) == epoch
    assert len(seen) == 2
    assert not (tmp_path / f"{6 - sum(seen)}.npz").exists()


def test_a_run_that_kills_its_workers_ends(scheduler, tmp_path, data):
    code = "import os, mlp_cli.sweeps.remote as r; r._train = lambda *_: os.kill(os.getpid(), 9)"
    with scheduler.with_workers() as loopback:
        for _ in range(4):
            loopback.worker(before=code)
        with connected(loopback) as workers:
            wait_until(lambda: len(workers._client.nthreads()) == 4)
            ended, epochs = train_all(workers, [Task(1, make_options(data), tmp_path / "1.npz")])
    assert epochs == {1: []}
    assert "more memory" in ended[1]


def test_a_full_disk_ends_the_sweep_and_keeps_the_epochs(scheduler, tmp_path, data, monkeypatch):
    with scheduler.with_workers(1) as loopback, connected(loopback) as workers:
        workers.submit(Task(1, make_options(data, epochs=1000), tmp_path / "1.npz"))
        saved = workers.wait().epoch
        claim = workers._runs[1].claim

        def full(run):
            raise UnwritableError(f"{claim.path}: cannot be written (No space left on device).")

        monkeypatch.setattr(claim, "save", full)
        with pytest.raises(UnwritableError, match="No space left"):
            workers.wait()
    assert len(contents(tmp_path / "1.npz")[1]["history"]) == saved


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (WITHOUT_MLP, r"has no mlp \(here "),
        (OLDER, r"has mlp 0\.0\.1 \(here "),
        (OTHER_NUMPY, r"has numpy 1\.26\.0 \(here "),
    ],
)
def test_workers_with_other_software_are_refused_by_name(scheduler, before, message):
    with scheduler.with_workers() as loopback:
        loopback.worker(before=before)
        with pytest.raises(ClusterError, match=f"worker tcp://127.0.0.1:[0-9]+ {message}"):
            connected(loopback).__enter__()


def test_workers_that_round_differently_are_named(scheduler):
    said = []
    with scheduler.with_workers() as loopback:
        loopback.worker(before=OTHER_KERNEL)
        with connected(loopback, said):
            pass
    assert "kernel antique (here " in said[0]
    assert "the last digits differ" in said[0]


@pytest.mark.parametrize("before", [WITHOUT_MLP, OTHER_NUMPY])
def test_a_worker_that_joins_with_other_software_ends_the_sweep(scheduler, tmp_path, data, before):
    with scheduler.with_workers() as loopback:
        process = loopback.worker()
        with connected(loopback) as workers:
            process.send_signal(signal.SIGKILL)
            wait_until(lambda: not workers._client.nthreads())
            loopback.worker(before=before)
            wait_until(workers._client.nthreads)
            with pytest.raises(ClusterError, match=r"mlp_cli|numpy"):
                train_all(workers, [Task(1, make_options(data), tmp_path / "1.npz")])


def test_the_loss_of_the_scheduler_is_said_and_epochs_stay(tmp_path, data):
    with loopback_cluster(tmp_path, 1) as loopback, connected(loopback) as workers:
        workers.submit(Task(1, make_options(data, epochs=1000), tmp_path / "1.npz"))
        workers.wait()
        loopback.scheduler.send_signal(signal.SIGKILL)
        with pytest.raises(ClusterError, match="the scheduler is lost"):
            list(iter(workers.wait, None))
    assert contents(tmp_path / "1.npz")[1]["history"]


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "tcp://", "tcp://host", "tcp://host:port", "ftp://host:1", "tcp://h:99999"],
)
def test_a_malformed_address_is_refused(address):
    with pytest.raises(ClusterError, match="no address of a scheduler"):
        connection.connect(address)


def test_nobody_at_the_address_is_said_in_seconds(monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        free = silent.getsockname()[1]
        begun = time.monotonic()
        with pytest.raises(ClusterError, match="no Dask scheduler can be reached"):
            connection.connect(f"tcp://127.0.0.1:{free}")
        assert time.monotonic() - begun < 10
    with pytest.raises(ClusterError, match="refused"):
        connection.connect(f"tcp://127.0.0.1:{free}")


def test_a_scheduler_without_workers_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "WORKERS_SECONDS", 0.5)
    with (
        loopback_cluster(tmp_path) as loopback,
        pytest.raises(ClusterError, match="no worker has come"),
    ):
        connected(loopback).__enter__()
