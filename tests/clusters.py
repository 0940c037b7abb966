"""A Dask cluster on loopback for the tests: a scheduler and workers, each a process."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]


class LoopbackCluster:
    """Starts what a test needs. All of it ends with the block in which it was made."""

    def __init__(self, folder, stack, before=""):
        self._folder, self._stack = folder, stack
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0"),
            *("--no-dashboard", "--no-show", "--scheduler-file", str(file)),
            before=before,
        )
        wait_until(lambda: file.exists() and file.read_text().endswith("}"))
        self.address = json.loads(file.read_text())["address"]

    @contextmanager
    def with_workers(self, count=0):
        """These workers, and those that the block starts, until it ends."""
        with ExitStack() as stack:
            before, self._stack = self._stack, stack
            try:
                for _ in range(count):
                    self.worker()
                yield self
            finally:
                self._stack = before

    def worker(self, *options, threads=1, before=""):
        """Start a worker. before: code that it executes first."""
        return self._start(
            *("worker", self.address, "--nthreads", str(threads), "--no-dashboard"),
            *("--host", "127.0.0.1", *(options or ["--no-nanny"])),
            *("--local-directory", str(self._folder)),
            before=before,
        )

    def _start(self, *words, before=""):
        code = f"{before}\nimport sys; from dask.__main__ import main; main()"
        log = self._stack.enter_context((self._folder / f"{words[0]}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._stack.callback(_end, process)
        return process


def _end(process):
    """End a process and what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


@contextmanager
def loopback_cluster(folder, workers=0, before=""):
    with ExitStack() as stack:
        cluster = LoopbackCluster(folder, stack, before)
        for _ in range(workers):
            cluster.worker()
        yield cluster


def wait_until(is_so, seconds=30.0):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)
