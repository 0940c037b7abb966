"""What a worker of a Dask cluster does: it trains a run, and the client asks it for every epoch.

The thread that trains leaves each epoch's checkpoint in a `Channel`, and the worker's own server
answers the client from there. The scheduler hears of a run when it starts and when it ends.
"""

import asyncio
import io
import platform
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from distributed import get_worker
from distributed.protocol.serialize import Serialize
from tornado.ioloop import IOLoop

from mlp_cli.datasets.loading import Dataset
from mlp_cli.errors import MlpError
from mlp_cli.learning.arithmetic import read_arithmetic, unlike
from mlp_cli.learning.compiled import variants
from mlp_cli.learning.threads import limit_threads
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.pretrained import Pretrained
from mlp_cli.runs.reading import read_run
from mlp_cli.runs.schema import Option
from mlp_cli.runs.training import Training
from mlp_cli.sweeps.running import reason_of, resume_here
from mlp_cli.version import __version__

ANSWER_SECONDS = 30.0
"""for which a run waits for its checkpoint, before it gives its thread up"""
SILENT_SECONDS = 60.0
"""after this time without a question from the client, a run stops at its next epoch"""


class Order(NamedTuple):
    """A run as it goes to a worker: some hundred bytes."""

    topic: str
    """where the client hears that a run has started"""
    number: int
    options: Mapping[str, Option]
    data_dir: str
    software: Mapping[str, str]
    """what the client has, and the worker must have"""


class News(NamedTuple):
    """What the client hears of a run that it asks for."""

    epoch: int
    """the last one that is trained"""
    epochs: int
    has_ended: bool
    error: str | None
    """why the run cannot go on"""
    is_unfit: bool
    """whether it cannot go on for the worker's sake"""


class Channel:
    """Carries a run from the thread that trains it to the worker's event loop, and orders back.

    It keeps the newest epoch alone, so that a slow client costs no memory here.
    """

    def __init__(self, topic: str, loop: IOLoop) -> None:
        self.topic = topic
        self._loop = loop
        self._asked = time.monotonic()
        self._listening = 0
        self._is_stopped = False
        self._news = News(0, 0, False, None, False)
        self._heard = asyncio.Event()
        self._answered = threading.Event()
        self.checkpoint: bytes | None = None
        """as the client has it, once it has answered; None: it has none"""
        self.newest = 0, b""
        """the newest epoch, and the checkpoint after it"""

    def ask(self) -> bool:
        """Wait until the client has sent the run's checkpoint; return whether it has."""
        return self._answered.wait(ANSWER_SECONDS) and not self._is_stopped

    def say(self, run: Run) -> None:
        """Keep an epoch for the client."""
        file = io.BytesIO()
        run.write(file)
        epoch = len(run.history)
        self.newest = epoch, file.getvalue()
        self._publish(News(epoch, run.settings.epochs, False, None, False))

    def end(self, error: str | None = None, *, is_unfit: bool = False) -> None:
        """Say that the run has ended, or why it cannot go on."""
        self._publish(self._news._replace(has_ended=True, error=error, is_unfit=is_unfit))

    @property
    def is_forsaken(self) -> bool:
        """Whether the client has stopped the run, or has not asked for it for a long time."""
        is_silent = not self._listening and time.monotonic() - self._asked > SILENT_SECONDS
        return self._is_stopped or is_silent

    @property
    def is_over(self) -> bool:
        """Whether nobody will ask for the run any more."""
        return self._news.has_ended and self.is_forsaken

    def _publish(self, news: News) -> None:
        self._news = news
        self._loop.add_callback(self._heard.set)

    async def listen(self, epoch: int, seconds: float) -> News:
        """Return the news once there is more than this epoch, or after so many seconds."""
        self._listening += 1
        try:
            if self._news.epoch == epoch and not self._news.has_ended:
                self._heard.clear()
                await asyncio.wait_for(self._heard.wait(), seconds)
        except TimeoutError:
            pass
        finally:
            self._listening -= 1
            self._asked = time.monotonic()
        return self._news

    def answer(self, checkpoint: bytes | None, *, is_stopped: bool) -> None:
        """Let the run begin, from this checkpoint if there is one; or stop it."""
        self.checkpoint = checkpoint
        self._is_stopped = self._is_stopped or is_stopped
        self._answered.set()


LEFT: set[str] = set()
"""topics of clients that have left: a run that was queued behind another may still start"""
CHANNELS: dict[str, Channel] = {}
"""of the runs that this process trains, by the name that each training gives itself"""


async def listen(training: str, epoch: int, seconds: float) -> dict[str, Any]:
    """Answer the client, who has this epoch of a run: with the news, or empty if it is not here."""
    if (channel := CHANNELS.get(training)) is None:
        return {}
    news = await channel.listen(epoch, seconds)
    if news.has_ended and news.epoch == epoch:
        CHANNELS.pop(training, None)
    return news._asdict()


async def fetch(training: str) -> dict[str, Any]:
    """Answer the client with the newest checkpoint of a run; empty if it is not here."""
    if (channel := CHANNELS.get(training)) is None:
        return {}
    epoch, checkpoint = channel.newest
    return {"epoch": epoch, "checkpoint": Serialize(checkpoint)}


async def answer(training: str, checkpoint: bytes | None, is_stopped: bool) -> None:
    """Take the client's answer to a run that has asked for its checkpoint."""
    if channel := CHANNELS.get(training):
        channel.answer(checkpoint, is_stopped=is_stopped)


async def leave(topic: str) -> None:
    """Stop all runs of a client at their next epoch, and those that start from now on."""
    LEFT.add(topic)
    for channel in list(CHANNELS.values()):
        if channel.topic == topic:
            channel.answer(None, is_stopped=True)


HANDLERS: dict[str, Callable[..., Any]] = {
    "mlp_listen": listen,
    "mlp_fetch": fetch,
    "mlp_answer": answer,
    "mlp_leave": leave,
}
"""what the server of a worker answers to the client, beside its own"""


def read_software() -> dict[str, str]:
    """Return what this process must have in common with the others that train a sweep."""
    return {
        "mlp": __version__,
        "numpy": np.__version__,
        "python": ".".join(platform.python_version_tuple()[:2]),
    }


def read_rounding() -> dict[str, str]:
    """Return what rounds the numbers of this process: its arithmetic, and the compiled kernel."""
    return read_arithmetic() | {"kernel": next(iter(variants()), "none")}


def train_for_client(order: Order, dataset: Dataset, start: Pretrained | None = None) -> None:
    """Train a run of a client who asks for every epoch, until it ends or the client leaves.

    The run resumes from the checkpoint that the client has by now: where a scheduler sends it
    to another worker because the first was lost, it loses one epoch at most.
    """
    if order.topic in LEFT:
        return
    worker = get_worker()
    worker.handlers.update(HANDLERS)
    for name in [name for name, channel in list(CHANNELS.items()) if channel.is_over]:
        CHANNELS.pop(name, None)
    training, channel = uuid.uuid4().hex, Channel(order.topic, worker.loop)
    CHANNELS[training] = channel
    is_done = False
    try:
        said = {"number": order.number, "training": training, "address": worker.address}
        worker.log_event(order.topic, said)
        is_done = channel.ask() and _train(order, dataset, start, channel)
    finally:
        if not is_done:
            CHANNELS.pop(training, None)


def _train(order: Order, dataset: Dataset, start: Pretrained | None, channel: Channel) -> bool:
    """Train the run; return whether it has ended, and the client will hear so."""
    if differences := unlike(order.software, read_software()):
        channel.end(describe(differences), is_unfit=True)
        return True
    _keep_to_one_thread()
    try:
        if channel.checkpoint is None:
            training = Training.begin(order.options, dataset, Path(order.data_dir), start)
        else:
            training = resume_here(read_run(channel.checkpoint), dataset)
        for _ in training.epochs():
            channel.say(training.run)
            if channel.is_forsaken:
                return False
    except (MlpError, MemoryError) as error:
        channel.end(reason_of(error))
    else:
        channel.end()
    return True


def describe(differences: Mapping[str, tuple[str, str]]) -> str:
    """Return what a worker has, and what the client has, as `numpy 2.1 (here 2.4)`."""
    return ", ".join(f"{name} {there} (here {here})" for name, (here, there) in differences.items())


@cache
def _keep_to_one_thread() -> None:
    """Let matrix products have one thread in this process, from now on.

    Each training bounds the threads of the whole process, and lifts the bound when it ends, while
    others in the same process still compute.
    """
    limit_threads(1)
