"""Train runs on the workers of a Dask cluster, which need mlp installed and nothing else.

    scheduler   hears when a run is submitted, when it starts and when it ends
    workers     fetch the dataset from each other, once each
    client      asks the workers themselves for each epoch, and saves it under its own claim

Where a worker is lost, the scheduler sends its run to another one, which asks the client for the
last checkpoint: the run resumes from there, to the bit.
"""

import asyncio
import queue
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np

from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.datasets.loading import Dataset, Split
from mlp_cli.errors import CheckpointError, ClusterError, UnwritableError
from mlp_cli.runs.claim import Claim
from mlp_cli.runs.reading import read_run
from mlp_cli.sweeps.connection import check_workers, connect, reach
from mlp_cli.sweeps.workers import Ended, Progress, Task

if TYPE_CHECKING:
    from distributed import Future

    from mlp_cli.runs.pretrained import Pretrained
    from mlp_cli.sweeps.conversations import Arrival, Conversations, Done, Happened, RemoteRun

_Placed = TypeVar("_Placed")

LOOK_SECONDS = 1.0
"""between looks at the connection, while nothing happens"""
ALONE_SECONDS = 60.0
"""how long the cluster may be without workers in the middle"""
MOST_FRUITLESS = 3
"""times that a run is sent out again without one more epoch"""
STOP_SECONDS = 3.0


class Cluster:
    """Workers of a Dask cluster. A worker trains as many runs at a time as it has threads.

    Measured on two cores, eight runs of 784-30-10: two threads of a process take 1.1 times as long
    as two processes with the compiled engine, which computes beside other threads; 1.3 to 2 times
    with the NumPy engine. So a worker with several threads trains several runs.

    data_dir: where the data are here, as new runs record it.  say: takes what the user should hear.
    """

    def __init__(self, address: str, data_dir: Path, say: Callable[[str], None]) -> None:
        self._address = address
        self._data_dir = data_dir
        self._say = say
        self._topic = f"mlp-sweep-{uuid.uuid4().hex[:12]}"
        self._happened: queue.SimpleQueue[Happened] = queue.SimpleQueue()
        self._runs: dict[int, RemoteRun] = {}
        self._data: dict[str, Future[Dataset]] = {}
        """on the workers, by the name of the dataset"""
        self._start: Future[Pretrained] | None = None
        self._scattered = 0
        self.slots = 0
        """threads of all workers"""

    def __enter__(self) -> Self:
        """Connect to the scheduler, and check the workers.

        Raises MissingPackageError without the extra `dask`; ClusterError where nobody can be
        reached, or a worker has other software.
        """
        with ExitStack() as stack:
            client = self._client = connect(self._address)
            stack.callback(client.close)
            for note in check_workers(client, self._address):
                self._say(note)
            threads = client.nthreads()
            self.slots = sum(threads.values())
            self._is_direct: bool = client.sync(reach, client, threads)
            if not self._is_direct:
                self._say(
                    "the workers cannot be reached from here: checkpoints go through the scheduler"
                )
            self._conversations: Conversations = client.sync(self._open_conversations)
            client.subscribe_topic(self._topic, self._conversations.begin)
            stack.pop_all()
        return self

    async def _open_conversations(self) -> "Conversations":
        from mlp_cli.sweeps.calls import Calls
        from mlp_cli.sweeps.conversations import Conversations

        self._loop = asyncio.get_running_loop()
        calls = Calls(self._client, is_direct=self._is_direct)
        return Conversations(calls, self._runs, self._happened.put)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the runs at their next epoch. Their checkpoints hold every saved one."""
        runs = list(self._runs.values())
        self._runs.clear()  # one that starts from now on is stopped
        try:
            if runs and self._client.status == "running":
                with suppress(TimeoutError, OSError):
                    self._client.cancel([run.future for run in runs])  # those that wait, above all
                    self._client.sync(
                        self._conversations.leave, self._topic, runs, callback_timeout=STOP_SECONDS
                    )
        finally:
            for run in runs:
                if run.claim:
                    run.claim.close()
            self._client.close(timeout=STOP_SECONDS)

    def submit(self, task: Task) -> None:
        """Train this run as soon as a worker has a thread for it."""
        from mlp_cli.sweeps.conversations import RemoteRun

        self._place_data(str(task.options["dataset"]))  # before the run counts: this may fail
        run = self._runs[task.number] = RemoteRun(task)
        self._send(run)

    def stop(self, number: int) -> None:
        """Train this run no further than to the end of its epoch. It ends all the same."""
        if run := self._runs.get(number):
            asyncio.run_coroutine_threadsafe(self._conversations.stop([run]), self._loop)
            self._happened.put(Ended(number, None))

    def wait(self) -> Progress | Ended:
        """Wait for what happens next to any run, and save its epoch.

        Raises UnwritableError where a checkpoint cannot be written; ClusterError where the
        scheduler or all workers are lost, or one joins that cannot train these runs.
        """
        from mlp_cli.sweeps.conversations import Arrival, Done

        quiet = 0.0
        while True:
            try:
                happened = self._happened.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                quiet += LOOK_SECONDS
                self._require_cluster(quiet)
                continue
            quiet = 0.0
            said: Progress | Ended | None = None
            match happened:
                case BaseException():
                    raise happened
                case Ended(number) if self._forget(number):
                    said = happened
                case Arrival():
                    said = self._save(happened)
                case Done():
                    said = self._send_again(happened)
            if said:
                return said

    def _save(self, arrival: "Arrival") -> Progress | Ended | None:
        """Save an epoch, and let the next come; None where another worker has the run by now."""
        run, number = arrival.run, arrival.run.task.number
        try:
            if self._runs.get(number) is not run or run.training != arrival.training:
                return None
            trained = read_run(arrival.checkpoint)
            if run.claim is None:
                run.claim = Claim.begin(run.task.checkpoint, trained)
            else:
                run.claim.save(trained)
            run.epoch = len(trained.history)
            return Progress(number, run.epoch, trained.settings.epochs)
        except UnwritableError:
            raise
        except OSError as error:
            raise UnwritableError(f"No temporary file can be written ({error}).") from error
        except CheckpointError as error:  # somebody else has trained it meanwhile
            self.stop(number)
            self._forget(number)
            return Ended(number, str(error))
        finally:
            self._loop.call_soon_threadsafe(_settle, arrival.saved)

    def _forget(self, number: int) -> bool:
        """Give up a run that has ended; return whether it was still there."""
        if (run := self._runs.pop(number, None)) is None:
            return False
        if run.claim:
            run.claim.close()
        self._client.cancel([run.future])
        return True

    def _require_cluster(self, quiet: float) -> None:
        """Raise ClusterError where nothing can happen any more."""
        if self._client.status != "running":
            raise ClusterError(f"{self._address}: the scheduler is lost.")
        if quiet >= ALONE_SECONDS and quiet % ALONE_SECONDS == 0 and not self._client.nthreads():
            raise ClusterError(f"{self._address}: no worker is left.")

    def _send(self, run: "RemoteRun") -> None:
        """Submit a run."""
        from mlp_cli.sweeps.conversations import Done
        from mlp_cli.sweeps.remote import Order, read_software, train_for_client

        task = run.task
        order = Order(self._topic, task.number, task.options, str(self._data_dir), read_software())
        run.epoch_when_sent = run.epoch
        run.future = self._client.submit(
            train_for_client,
            order,
            self._place_data(str(task.options["dataset"])),
            self._place_start(task.start),
            key=(self._topic, task.number, uuid.uuid4().hex[:8]),
            pure=False,
            retries=0,
        )
        run.future.add_done_callback(lambda future: self._happened.put(Done(run, future)))

    def _place_data(self, name: str) -> "Future[Dataset]":
        """Return a dataset on the workers. One gets it; the others fetch it from each other."""
        placed = self._data.get(name)
        if placed is None or placed.status != "finished":
            found = load_dataset(name, self._data_dir)
            # A mapped file is no array that a worker can have.
            train, test = (
                Split(np.asarray(split.images), np.asarray(split.labels))
                for split in (found.train, found.test)
            )
            dataset = replace(found, train=train, test=test)
            placed = self._data[name] = self._place(f"mlp-data-{dataset.fingerprint()}", dataset)
        return placed

    def _place_start(self, start: "Pretrained | None") -> "Future[Pretrained] | None":
        """Return the network that all runs begin with, on the workers as the data are."""
        if start and (self._start is None or self._start.status != "finished"):
            self._start = self._place(f"mlp-start-{start.digest}", start)
        return self._start

    def _place(self, name: str, value: _Placed) -> "Future[_Placed]":
        """Put a value on a worker, under a new key that begins so."""
        key = f"{name}-{self._scattered}"
        self._scattered += 1
        try:
            scattered = self._client.scatter({key: value}, direct=self._is_direct)
        except TimeoutError as error:
            raise ClusterError(f"{self._address}: no worker is left.") from error
        except ImportError as error:
            raise self._without_mlp(error) from error
        placed: Future[_Placed] = scattered[key]
        return placed

    def _without_mlp(self, error: ImportError) -> ClusterError:
        return ClusterError(f"{self._address}: a worker that has joined cannot load mlp ({error}).")

    def _send_again(self, done: "Done") -> Ended | None:
        """Send a run out again that has not ended though its future is done."""
        from distributed import KilledWorker

        (run, future), number = done, done.run.task.number
        if self._runs.get(number) is not run or run.future is not future:
            return None
        self._require_cluster(0.0)
        if future.status == "finished" and run.talk:
            return None  # it has the end of the run to hear yet
        error = future.exception() if future.status == "error" else None
        if isinstance(error, ImportError):
            raise self._without_mlp(error) from error
        is_killed = isinstance(error, KilledWorker)
        if error and not is_killed and not isinstance(error, CancelledError):
            raise error
        run.fruitless = run.fruitless + 1 if run.epoch == run.epoch_when_sent else 0
        if run.fruitless > (0 if is_killed else MOST_FRUITLESS):
            self._forget(number)
            return Ended(
                number,
                f"Its workers died in epoch {run.epoch + 1}, one after the other: "
                "it may need more memory than they have.",
            )
        self._send(run)
        return None


def _settle(saved: "asyncio.Future[None]") -> None:
    if not saved.done():
        saved.set_result(None)
