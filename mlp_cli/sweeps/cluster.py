"""Train runs on the workers of a Dask cluster, which need mlp installed and nothing else.

    scheduler   hears of each run twice: when it is submitted, and when it starts or ends
    workers     fetch the dataset from each other, once each
    client      asks the workers themselves for each epoch, and saves it under its own claim

Where a worker is lost, the scheduler sends its run to another one, which asks the client for the
last checkpoint: the run resumes from there, to the bit.
"""

import asyncio
import os
import queue
import uuid
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from mlp_cli.datasets.loading import Dataset, Split
from mlp_cli.errors import CheckpointError, ClusterError
from mlp_cli.runs.claim import Claim
from mlp_cli.runs.reading import load_checkpoint, read_run
from mlp_cli.sweeps.connection import check_workers, connect, reach
from mlp_cli.sweeps.workers import Ended, Progress, Task

if TYPE_CHECKING:
    from distributed import Client, Future

    from mlp_cli.sweeps.calls import Calls
    from mlp_cli.sweeps.remote import News

PAUSE_SECONDS = 1.0
"""before a worker is asked again, where the question failed or goes through the scheduler"""
CHECKPOINTS_AT_ONCE = 4
"""that are on their way to the disk: those of a thousand workers would fill the memory"""
ALONE_SECONDS = 60.0
"""how long the cluster may be without workers in the middle"""
MOST_FRUITLESS = 3
"""times that a run is sent out again without one more epoch"""
STOP_SECONDS = 3.0
LEFT = "Every saved epoch is kept: the same command resumes the sweep."


class _Arrival(NamedTuple):
    """A checkpoint that has come from a worker."""

    run: "_RemoteRun"
    training: str
    checkpoint: bytes
    saved: "asyncio.Future[None]"


class _Done(NamedTuple):
    """The future of a run is done, or nobody trains the run any more."""

    run: "_RemoteRun"
    future: "Future[None]"


class _RemoteRun:
    """What the client knows of a run that was submitted and has not ended."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.future: Future[None]
        self.claim: Claim | None = None
        self.epoch = 0
        """the last one that is saved"""
        self.epoch_when_sent = 0
        self.fruitless = 0
        self.training: str | None = None
        """the name of its newest training; what an older one says is passed over"""
        self.address = ""
        self.conversation: asyncio.Task[None] | None = None


class Cluster:
    """Workers of a Dask cluster. A worker trains as many runs at a time as it has threads.

    dataset: of all runs; it goes to each worker once.  data_dir: as new runs record it.
    """

    def __init__(self, address: str, dataset: Dataset, data_dir: Path) -> None:
        self._address = address
        self._dataset = dataset
        self._data_dir = data_dir
        self._topic = f"mlp-sweep-{uuid.uuid4().hex[:12]}"
        self._happened: queue.Queue[_Arrival | _Done | Ended | BaseException] = queue.Queue()
        self._runs: dict[int, _RemoteRun] = {}
        self._scattered = 0
        self.slots = 0
        self.notes: list[str] = []
        """what the user should hear before the first run"""

    def __enter__(self) -> Self:
        """Connect, and send the dataset.

        Raises MissingPackageError without the extra `dask`; ClusterError where nobody can be
        reached, or a worker has other software.
        """
        with ExitStack() as stack:
            self._client: Client = connect(self._address)
            stack.callback(self._client.close)
            self.notes += check_workers(self._client, self._address)
            threads = self._client.nthreads()
            self.slots = sum(threads.values())
            from mlp_cli.sweeps.calls import Calls

            is_direct = self._client.sync(reach, self._client, threads)
            self._calls = Calls(self._client, is_direct=is_direct)
            if not is_direct:
                self.notes.append(
                    "the workers cannot be reached from here: checkpoints go through the scheduler"
                )
            self._loop: asyncio.AbstractEventLoop = self._client.loop.asyncio_loop
            self._hands = asyncio.Semaphore(CHECKPOINTS_AT_ONCE)
            self._send_dataset()
            self._client.subscribe_topic(self._topic, self._on_start)
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the runs at their next epoch. Their checkpoints hold every saved one."""
        try:
            if self._client.status == "running":
                with suppress(TimeoutError, OSError):
                    self._client.sync(self._stop_all, callback_timeout=STOP_SECONDS)
                    self._client.cancel([run.future for run in self._runs.values()])
        finally:
            for run in self._runs.values():
                if run.claim:
                    run.claim.close()
            self._runs.clear()
            self._client.close(timeout=STOP_SECONDS)

    def submit(self, task: Task) -> None:
        """Train this run as soon as a worker has a thread for it."""
        run = self._runs[task.number] = _RemoteRun(task)
        self._send(run)

    def wait(self) -> Progress | Ended:
        """Wait for what happens next to any run, and save its epoch.

        Raises ClusterError where the scheduler or all workers are lost, or one joins that cannot
        train these runs.
        """
        quiet = 0.0
        while True:
            try:
                happened = self._happened.get(timeout=PAUSE_SECONDS)
            except queue.Empty:
                quiet += PAUSE_SECONDS
                self._require_cluster(quiet)
                continue
            quiet = 0.0
            if isinstance(happened, BaseException):
                raise happened
            if isinstance(happened, Ended):
                if self._forget(happened.number):
                    return happened
            else:
                is_done = isinstance(happened, _Done)
                if said := self._after(happened) if is_done else self._save(happened):
                    return said

    def _save(self, arrival: _Arrival) -> Progress | Ended | None:
        """Save an epoch, and let the next come; None where another worker has the run by now."""
        run, number = arrival.run, arrival.run.task.number
        try:
            if run.training != arrival.training or number not in self._runs:
                return None
            trained = read_run(arrival.checkpoint)
            if run.claim is None:
                run.claim = Claim.begin(run.task.checkpoint, trained)
            else:
                run.claim.save(trained)
            run.epoch = len(trained.history)
            return Progress(number, run.epoch, trained.settings.epochs)
        except (CheckpointError, OSError) as error:
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
            raise ClusterError(f"{self._address}: the scheduler is lost.\n{LEFT}")
        if quiet >= ALONE_SECONDS and quiet % ALONE_SECONDS == 0 and not self._client.nthreads():
            raise ClusterError(f"{self._address}: no worker is left.\n{LEFT}")

    def _send_dataset(self) -> None:
        """Give the dataset to one worker; the others fetch it from each other when they need it."""
        train, test = (
            Split(np.asarray(split.images), np.asarray(split.labels))
            for split in (self._dataset.train, self._dataset.test)
        )
        dataset = Dataset(self._dataset.folder, train, test)
        key = f"mlp-data-{dataset.fingerprint()}-{self._scattered}"
        self._scattered += 1
        self._data = self._client.scatter({key: dataset}, direct=self._calls.is_direct)[key]

    def _send(self, run: _RemoteRun) -> None:
        """Submit a run."""
        from mlp_cli.sweeps.remote import Order, read_software, train_for_client

        task = run.task
        order = Order(self._topic, task.number, task.options, str(self._data_dir), read_software())
        run.epoch_when_sent = run.epoch
        run.future = self._client.submit(
            train_for_client,
            order,
            self._data,
            key=(self._topic, task.number, uuid.uuid4().hex[:8]),
            pure=False,
            retries=0,
        )
        run.future.add_done_callback(lambda future: self._happened.put(_Done(run, future)))

    def _after(self, done: _Done) -> Ended | None:
        """Send a run out again where it has not ended, though its future is done."""
        from distributed import KilledWorker

        (run, future), number = done, done.run.task.number
        if self._runs.get(number) is not run or run.future is not future:
            return None
        self._require_cluster(0.0)
        is_killed = False
        if future.status == "finished":
            if run.conversation and not run.conversation.done():
                return None  # it has the end of the run to hear yet
        elif future.status == "error":
            error = future.exception()
            is_killed = isinstance(error, KilledWorker)
            if isinstance(error, ImportError):
                raise ClusterError(
                    f"{self._address}: a worker that has joined cannot load mlp ({error}).\n{LEFT}"
                ) from error
            if not is_killed and not isinstance(error, CancelledError):
                raise error
        run.fruitless = run.fruitless + 1 if run.epoch == run.epoch_when_sent else 0
        if run.fruitless > (0 if is_killed else MOST_FRUITLESS):
            self._forget(number)
            return Ended(
                number,
                f"its worker was lost in epoch {run.epoch + 1}, again and again: "
                "it may need more memory than the workers have.",
            )
        if self._data.status != "finished":
            self._send_dataset()
        self._send(run)
        return None

    # What follows runs in the client's event loop.

    def _on_start(self, event: tuple[float, dict[str, Any]]) -> None:
        """Talk to the worker that has started a run."""
        _, said = event
        if run := self._runs.get(said["number"]):
            if run.conversation:
                run.conversation.cancel()  # the scheduler has sent the run to another worker
            run.training, run.address = said["training"], said["address"]
            run.conversation = self._loop.create_task(self._converse(run, said["training"]))
            run.conversation.add_done_callback(self._raise_in_wait)

    def _raise_in_wait(self, conversation: "asyncio.Task[None]") -> None:
        if not conversation.cancelled() and (error := conversation.exception()):
            self._happened.put(error)

    async def _converse(self, run: _RemoteRun, training: str) -> None:
        """Send a run's checkpoint, and take every epoch, until it ends or its worker is lost."""
        number, epoch, is_answered = run.task.number, 0, False
        while self._runs.get(number) is run:
            try:
                if not is_answered:
                    checkpoint = await asyncio.to_thread(_take, run)
                    await self._calls.answer(run.address, training, checkpoint)
                    is_answered = True
                news = await self._calls.listen(run.address, training, epoch)
                if news is None:
                    break
                if news.epoch > epoch:
                    epoch = await self._bring(run, training, news.epoch)
                elif news.has_ended:
                    self._happened.put(self._end_of(run, news))
                    return
                elif not self._calls.is_direct:
                    await asyncio.sleep(PAUSE_SECONDS)
            except CheckpointError as error:
                with suppress(OSError):
                    await self._calls.stop(run.address, training)
                self._happened.put(Ended(number, str(error)))
                return
            except OSError:  # it may come back; else the scheduler sends the run elsewhere
                if run.future.done():
                    break
                await asyncio.sleep(PAUSE_SECONDS)
        if run.future.done():
            self._loop.call_soon(self._happened.put, _Done(run, run.future))

    async def _bring(self, run: _RemoteRun, training: str, epoch: int) -> int:
        """Wait until the newest epoch is here and saved; return it."""
        async with self._hands:
            checkpoint = await self._calls.fetch(run.address, training)
            if checkpoint is not None:
                saved = self._loop.create_future()
                self._happened.put(_Arrival(run, training, checkpoint, saved))
                await saved
        return epoch

    def _end_of(self, run: _RemoteRun, news: "News") -> Ended | ClusterError:
        if news.is_unfit:
            return ClusterError(
                f"{self._address}: worker {run.address}, which has joined, has {news.error}.\n{LEFT}"
            )
        return Ended(run.task.number, news.error)

    async def _stop_all(self) -> None:
        running = [run for run in self._runs.values() if run.conversation and run.training]
        for run in running:
            if run.conversation:
                run.conversation.cancel()
        await asyncio.gather(
            *(self._calls.stop(run.address, run.training or "") for run in running),
            return_exceptions=True,
        )


def _take(run: _RemoteRun) -> bytes | None:
    """Return the run's checkpoint, claimed; None where there is none yet.

    Raises CheckpointError where it cannot be claimed or read.
    """
    path = run.task.checkpoint
    if run.claim is None:
        if not os.path.lexists(path):
            return None
        run.claim = Claim.take(path)
        run.epoch = len(load_checkpoint(path).history)
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error}).") from error


def _settle(saved: "asyncio.Future[None]") -> None:
    if not saved.done():
        saved.set_result(None)

