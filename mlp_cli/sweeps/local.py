"""Workers on this machine: processes, one thread of matrix products each."""

import pickle
import signal
import subprocess
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from mlp_cli.errors import SweepError, UnwritableError
from mlp_cli.sweeps.serving import STOPPING_SECONDS, Ready, Report, Unwritable
from mlp_cli.sweeps.shared_data import SharedData
from mlp_cli.sweeps.workers import Ended, Progress, Task
from mlp_cli.system.children import start_python

MOST_DEATHS = 3
"""of a run's workers, one after the other without an epoch between: then it cannot go on"""
LISTENING_SECONDS = 1.0
"""On Windows, Ctrl-C does not end a wait."""
CODE = (
    "from pathlib import Path; from mlp_cli.sweeps.serving import serve_tasks; "
    "serve_tasks(requests, answers, Path({data_dir!r}), {shared!r})"
)


class LocalWorkers:
    """Trains runs in so many processes of this machine, each started when it is needed.

    A worker that dies is replaced, and its run continues from its last saved epoch. The workers
    end with this process, however it ends, since a pipe breaks then.
    """

    def __init__(self, slots: int, data_dir: Path) -> None:
        self.slots = slots
        self._data_dir = data_dir
        self._shared = SharedData(data_dir)
        self._waiting: deque[Task] = deque()
        self._workers: list[_Worker] = []
        self._reports: SimpleQueue[tuple[_Worker, Report | None]] = SimpleQueue()
        self._ended: deque[Ended] = deque()
        """runs that were stopped before they began"""
        self._stopped: set[int] = set()
        self._deaths: Counter[int] = Counter()
        """by run, since its last epoch"""
        self._failed_starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.ask_to_end()
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._shared.close()

    def submit(self, task: Task) -> None:
        """Train this run as soon as a slot is free."""
        if self.slots > 1:
            self._shared.share(str(task.options["dataset"]))
        self._waiting.append(task)
        self._assign()

    def stop(self, number: int) -> None:
        """Train this run no further than to the end of its epoch. It ends all the same."""
        self._stopped.add(number)
        for task in list(self._waiting):
            if task.number == number:
                self._waiting.remove(task)
                self._ended.append(Ended(number, None))
        for worker in self._workers:
            if worker.task is not None and worker.task.number == number:
                worker.send(number)

    def wait(self) -> Progress | Ended:
        """Wait for what happens next to any run that was submitted and has not ended.

        Raises UnwritableError where a checkpoint cannot be written; SweepError where no worker
        can be started.
        """
        while True:
            if self._ended:
                return self._ended.popleft()
            try:
                worker, report = self._reports.get(timeout=LISTENING_SECONDS)
            except Empty:
                continue
            match report:
                case Ready():
                    worker.is_ready, self._failed_starts = True, 0
                case Progress(number):
                    del self._deaths[number]
                    return report
                case Ended():
                    worker.task = None
                    self._assign()
                    return report
                case Unwritable(error):
                    raise UnwritableError(error)
                case None:
                    self._bury(worker)

    def _assign(self) -> None:
        """Give the tasks that wait to workers that do not, and to new ones."""
        while self._waiting:
            worker = next((each for each in self._workers if each.task is None), None)
            if worker is None:
                if len(self._workers) >= self.slots:
                    return
                try:
                    worker = _Worker(self._data_dir, self._shared, self._reports)
                except OSError as error:
                    if self._workers:  # fewer will do
                        return
                    raise _no_worker(error.strerror or str(error)) from error
                self._workers.append(worker)
            worker.task = self._waiting.popleft()
            worker.send(worker.task)

    def _bury(self, worker: "_Worker") -> None:
        """Let another worker take over the run of one that has died."""
        self._workers.remove(worker)
        cause = worker.end()
        if not worker.is_ready:
            self._failed_starts += 1
            if self._failed_starts >= MOST_DEATHS:
                raise _no_worker(cause)
        if (task := worker.task) is not None:
            self._deaths[task.number] += worker.is_ready
            if task.number in self._stopped:
                self._ended.append(Ended(task.number, None))
            elif self._deaths[task.number] < MOST_DEATHS:
                self._waiting.appendleft(task)
            else:
                self._ended.append(Ended(task.number, _died(cause)))
        self._assign()


class _Worker:
    """A process, the run that it trains, and a thread that passes on what it reports."""

    def __init__(
        self,
        data_dir: Path,
        shared: SharedData,
        reports: "SimpleQueue[tuple[_Worker, Report | None]]",
    ) -> None:
        self.task: Task | None = None
        self.is_ready = False
        layouts = {name: tuple(layout) for name, layout in shared.layouts.items()}
        code = CODE.format(data_dir=str(data_dir), shared=layouts)
        with _ctrl_c_blocked():
            self._process = start_python(
                code, pass_fds=[layout.descriptor for layout in shared.layouts.values()]
            )
        threading.Thread(target=self._listen, args=[reports], daemon=True).start()

    def send(self, request: Task | int) -> None:
        """Send a task, or the number of a run to stop. A dead worker is reported elsewhere."""
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(OSError, ValueError):
            stdin.write(pickle.dumps(request))
            stdin.flush()

    def ask_to_end(self) -> None:
        """Close its pipe, at which it saves what it is saving and ends."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def end(self) -> str:
        """End the process, whatever it does; return how it ended, in words."""
        self.ask_to_end()
        try:
            status = self._process.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        if status >= 0:
            return f"exit status {status}"
        return f"killed by {signal.Signals(-status).name}"

    def _listen(self, reports: "SimpleQueue[tuple[_Worker, Report | None]]") -> None:
        """Pass on what the process reports, and None when it has ended."""
        assert self._process.stdout is not None
        with self._process.stdout as stdout, suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                reports.put((self, pickle.load(stdout)))
        reports.put((self, None))


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Let a process that is started in the block never hear Ctrl-C, from its first moment on."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _no_worker(reason: str) -> SweepError:
    return SweepError(
        f"No worker process can be started ({reason}).\n"
        "Close other programs, or raise the limits on processes and memory (ulimit)."
    )


def _died(cause: str) -> str:
    advice = ""
    if cause.endswith("SIGKILL"):
        advice = " Perhaps the memory was short: use fewer --jobs, or a smaller network."
    return f"its worker died {MOST_DEATHS} times in a row without an epoch ({cause}).{advice}"
