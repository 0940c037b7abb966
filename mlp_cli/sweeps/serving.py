"""A worker process of a sweep: takes tasks from one pipe, and reports on another."""

import os
import pickle
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, NamedTuple

from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.datasets.loading import Dataset
from mlp_cli.errors import MlpError, UnwritableError
from mlp_cli.sweeps.running import reason_of, train_task
from mlp_cli.sweeps.shared_data import Layout, map_dataset
from mlp_cli.sweeps.workers import Ended, Progress, Task
from mlp_cli.system.signals import Interruption, interruption

STOPPING_SECONDS = 5.0
"""the time after which a worker that nobody listens to ends, whatever it does"""


class Ready(NamedTuple):
    """The worker has started."""


class Unwritable(NamedTuple):
    """A checkpoint cannot be written, and so no run can go on."""

    error: str


Report = Ready | Progress | Ended | Unwritable


def serve_tasks(
    requests: BinaryIO, reports: BinaryIO, data_dir: Path, shared: Mapping[str, Sequence[Any]]
) -> None:
    """Run as a worker until the other end of the pipe is closed, even by the death of its owner.

    requests: pickled tasks, and numbers of runs to stop.  reports: pickled, one for each event.
    shared: the `Layout` of every dataset that the workers share, by name.
    """
    with interruption() as asked:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner answers Ctrl-C
        with suppress(KeyboardInterrupt, BrokenPipeError):
            datasets = {name: map_dataset(Layout(*layout)) for name, layout in shared.items()}
            _Server(requests, reports, data_dir, asked, datasets).run()
        os._exit(0)  # at once, before a second signal comes


class _Server:
    """Trains one task after the other; a second thread listens meanwhile."""

    def __init__(
        self,
        requests: BinaryIO,
        reports: BinaryIO,
        data_dir: Path,
        asked: Interruption,
        datasets: dict[str, Dataset],
    ) -> None:
        self._requests = requests
        self._reports = reports
        self._data_dir = data_dir
        self._asked = asked
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._stopped: set[int] = set()
        self._datasets = datasets

    def run(self) -> None:
        """Serve until the pipe is closed."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._report(Ready())
        while (task := self._tasks.get()) is not None:
            self._train(task)

    def _listen(self) -> None:
        """Take in requests. At their end, stop whatever is going on."""
        try:
            while True:
                request = pickle.load(self._requests)
                if isinstance(request, int):
                    self._stopped.add(request)
                else:
                    self._tasks.put(request)
        except (EOFError, OSError, pickle.UnpicklingError):
            self._tasks.put(None)
            signal.raise_signal(signal.SIGTERM)
            time.sleep(STOPPING_SECONDS)
            os._exit(1)

    def _train(self, task: Task) -> None:
        number = task.number
        try:
            dataset = self._load(str(task.options["dataset"]))
            for progress in train_task(task, dataset, self._data_dir, self._asked.deferred):
                self._report(progress)
                if number in self._stopped:
                    break
        except UnwritableError as error:
            self._report(Unwritable(str(error)))
        except (MlpError, MemoryError) as error:
            self._report(Ended(number, reason_of(error)))
        else:
            self._report(Ended(number, None))

    def _load(self, name: str) -> Dataset:
        """Return a dataset, which this process reads once unless it is shared."""
        if name not in self._datasets:
            self._datasets[name] = load_dataset(name, self._data_dir)
        return self._datasets[name]

    def _report(self, report: Report) -> None:
        pickle.dump(report, self._reports)
        self._reports.flush()
