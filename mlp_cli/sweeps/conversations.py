"""The client's talks with the workers of a Dask cluster: one for each run that is trained."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from mlp_cli.errors import CheckpointError, ClusterError
from mlp_cli.runs.claim import Claim
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.sweeps.calls import Calls
from mlp_cli.sweeps.running import require_settings, take_when_free
from mlp_cli.sweeps.workers import Ended, Task

if TYPE_CHECKING:
    from distributed import Future

PAUSE_SECONDS = 1.0
"""before a worker is asked again, where the question failed or went through the scheduler"""
UNREACHABLE = (OSError, ValueError, KeyError)
"""raised where a worker is lost; the last two by the scheduler, which is asked in between"""
CHECKPOINTS_AT_ONCE = 4
"""that are on their way to the disk: those of a thousand workers would fill the memory"""


class RemoteRun:
    """What the client knows of a run that was submitted and has not ended."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.future: Future[None]
        self.claim: Claim | None = None
        self.epoch = 0
        """the last one that is saved"""
        self.epoch_when_sent = 0
        self.fruitless = 0
        """how often it was sent out again without one more epoch"""
        self.training = ""
        """the name of its newest training; what an older one says is passed over"""
        self.worker = ""
        self.talk: asyncio.Task[None] | None = None


class Arrival(NamedTuple):
    """A checkpoint that has come from a worker."""

    run: RemoteRun
    training: str
    checkpoint: bytes
    saved: asyncio.Future[None]
    """to be settled when it is on the disk"""


class Done(NamedTuple):
    """The future of a run is done, or nobody trains the run any more."""

    run: RemoteRun
    future: "Future[None]"


Happened = Arrival | Done | Ended | BaseException


class Conversations:
    """Talks in the client's event loop; what the workers say goes to `report`.

    runs: those that have not ended, by number; others change it.
    """

    def __init__(
        self, calls: Calls, runs: Mapping[int, RemoteRun], report: Callable[[Happened], None]
    ) -> None:
        self._calls = calls
        self._runs = runs
        self._report = report
        self._hands = asyncio.Semaphore(CHECKPOINTS_AT_ONCE)

    def begin(self, event: tuple[float, dict[str, Any]]) -> None:
        """Talk to the worker that has started a run, and no more to one that had it before."""
        _, said = event
        loop, run = asyncio.get_running_loop(), self._runs.get(said["number"])
        if run is None:  # it was stopped before it started
            self._last_stop = loop.create_task(self._stop(said["address"], said["training"]))
            return
        if run.talk:
            run.talk.cancel()
        run.training, run.worker = said["training"], said["address"]
        run.talk = loop.create_task(self._talk(run, run.training))
        run.talk.add_done_callback(self._report_failure)

    async def stop(self, runs: list[RemoteRun]) -> None:
        """Stop these runs at their next epoch, those that have started."""
        started = [run for run in runs if run.training]
        for run in started:
            if run.talk:
                run.talk.cancel()
        await asyncio.gather(*(self._stop(run.worker, run.training) for run in started))

    async def leave(self, topic: str, runs: list[RemoteRun]) -> None:
        """Stop all runs for good, these and any that a worker of them begins in their place."""
        for run in runs:
            if run.talk:
                run.talk.cancel()
        workers = {run.worker for run in runs if run.worker}
        await asyncio.gather(
            *(self._calls.leave(worker, topic) for worker in workers), return_exceptions=True
        )

    async def _stop(self, worker: str, training: str) -> None:
        with suppress(*UNREACHABLE):  # then nobody trains there
            await self._calls.stop(worker, training)

    async def _talk(self, run: RemoteRun, training: str) -> None:
        """Send a run's checkpoint, and take every epoch, until it ends or its worker is lost."""
        number, epoch, is_answered = run.task.number, 0, False
        while self._runs.get(number) is run:
            try:
                if not is_answered:
                    checkpoint = await asyncio.to_thread(_read_claimed, run)
                    await self._calls.answer(run.worker, training, checkpoint)
                    is_answered = True
                news = await self._calls.listen(run.worker, training, epoch)
                if news is None:
                    break
                if news.epoch > epoch:
                    epoch = await self._bring(run, training, news.epoch)
                elif news.is_unfit:
                    self._report(ClusterError(f"{run.worker}: this worker has {news.error}."))
                    return
                elif news.has_ended:
                    self._report(Ended(number, news.error))
                    return
                elif not self._calls.is_direct:
                    await asyncio.sleep(PAUSE_SECONDS)
            except CheckpointError as error:
                await self._stop(run.worker, training)
                self._report(Ended(number, str(error)))
                return
            except UNREACHABLE:  # it may come back; else the scheduler sends the run elsewhere
                if run.future.done():
                    break
                await asyncio.sleep(PAUSE_SECONDS)
        run.talk = None
        if run.future.done():
            self._report(Done(run, run.future))

    async def _bring(self, run: RemoteRun, training: str, epoch: int) -> int:
        """Bring the newest epoch, this one or a later one, and return it once it is saved."""
        async with self._hands:
            if fetched := await self._calls.fetch(run.worker, training):
                epoch, checkpoint = fetched
                saved = asyncio.get_running_loop().create_future()
                self._report(Arrival(run, training, checkpoint, saved))
                await saved
        return epoch

    def _report_failure(self, talk: "asyncio.Task[None]") -> None:
        if not talk.cancelled() and (error := talk.exception()):
            self._report(error)


def _read_claimed(run: RemoteRun) -> bytes | None:
    """Return the run's checkpoint, which is claimed from now on; None where there is none yet.

    Raises CheckpointError where it cannot be claimed or read, or is another run's.
    """
    path = run.task.checkpoint
    if run.claim is None:
        if not os.path.lexists(path):
            return None
        run.claim = take_when_free(path)
        saved = load_checkpoint(path)
        require_settings(saved, run.task)
        run.epoch = len(saved.history)
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error}).") from error
