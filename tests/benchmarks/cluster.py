"""What a sweep on a Dask cluster costs beside its training: scheduler, client, each run.

python -m tests.benchmarks.cluster

Scheduler and workers are processes on loopback. Every byte that the scheduler's process reads from
or writes to a connection is counted in it, and every message; what it does when nothing is trained
is subtracted. The runs are short, so that they press: three epochs of 784-30-10 on 2,000 images.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path
from pkgutil import resolve_name

import psutil

from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.sweeps import cluster
from mlp_cli.sweeps.workers import Ended, Task
from tests.benchmarks.machine import machine
from tests.clusters import loopback_cluster, wait_until
from tests.makers import make_arrays, write_dataset

EPOCHS = 3
IMAGES = 2000
COUNT = """
import builtins
from distributed.comm.tcp import TCP
from tornado.iostream import IOStream
builtins.mlp_counts = counts = {"bytes": 0, "messages": 0}
def counted(owner, name, key, size):
    plain = getattr(owner, name)
    def method(*arguments, **named):
        done = plain(*arguments, **named)
        counts[key] += size(done)
        return done
    setattr(owner, name, method)
counted(IOStream, "read_from_fd", "bytes", lambda done: done or 0)
counted(IOStream, "write_to_fd", "bytes", lambda done: done or 0)
counted(TCP, "read", "messages", lambda done: 1)
counted(TCP, "write", "messages", lambda done: 1)
"""


class Load:
    """Bytes, messages and processor's seconds of the scheduler, and those of this process."""

    def __init__(self, client, scheduler):
        self.time = time.perf_counter()
        self.counts = client.run_on_scheduler(resolve_name, "builtins:mlp_counts")
        spent = scheduler.cpu_times()
        self.scheduler = spent.user + spent.system
        self.client = time.process_time()

    def since(self, before):
        seconds = self.time - before.time
        counts = [self.counts[key] - before.counts[key] for key in ("bytes", "messages")]
        return [*counts, self.scheduler - before.scheduler, self.client - before.client, seconds]


def measure(workers, runs, folder, *, direct, idle_seconds):
    """Return what one sweep of so many runs costs."""
    if not direct:

        async def never(client, workers):
            return False

        cluster.reach = never
    write_dataset(folder / "data", make_arrays(IMAGES, 50, shape=(28, 28)), gzipped=False)
    options = {name: setting.default for name, setting in SETTINGS.items()} | {
        "dataset": str(folder / "data"),
        "validation": 200,
        "hidden": [30],
        "epochs": EPOCHS,
        "threads": 1,
    }
    with loopback_cluster(folder, 0, before=COUNT) as loopback:
        for _ in range(workers):
            loopback.worker()
        scheduler = psutil.Process(loopback.scheduler.pid)
        with cluster.Cluster(loopback.address, Path("data"), print) as pool:
            client = pool._client
            wait_until(lambda: len(client.nthreads()) == workers)
            tasks = [
                Task(number, options | {"seed": number}, folder / f"{number}.npz")
                for number in range(1, runs + workers + 1)
            ]
            train(pool, tasks[runs:])  # the workers have imported all, and have the data
            first = Load(client, scheduler)
            time.sleep(idle_seconds)
            idle = Load(client, scheduler)
            memory = most_memory()
            saved = train(pool, tasks[:runs])
            busy = Load(client, scheduler)
            rest, load = idle.since(first), busy.since(idle)
    learned = sum(load_checkpoint(task.checkpoint).training_seconds for task in tasks[:runs])
    size = tasks[0].checkpoint.stat().st_size
    share = load[-1] / rest[-1]
    for which in range(2):  # what heartbeats cost in that time
        load[which] -= rest[which] * share
    bytes_, messages, scheduling, client_seconds, seconds = load
    return {
        "workers": workers,
        "runs": runs,
        "way": "direct" if direct else "through",
        "kB at the scheduler": bytes_ / runs / 1e3,
        "messages there": messages / runs,
        "its ms": scheduling / runs * 1e3,
        "client's ms": client_seconds / runs * 1e3,
        "its MB more": (most_memory() - memory) / 1e6,
        "ms beside training": (seconds * workers - learned) / runs * 1e3,
        "saved epochs": saved / runs,
        "kB a checkpoint": size / 1e3,
    }


def train(pool, tasks):
    """Train these tasks; return how many epochs were saved."""
    for task in tasks:
        pool.submit(task)
    saved, left = 0, len(tasks)
    while left:
        event = pool.wait()
        if isinstance(event, Ended):
            assert event.error is None, event
            left -= 1
        else:
            saved += 1
    return saved


def most_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--runs", type=int, nargs="*", default=[50, 100, 200, 400])
    parser.add_argument("--through", action="store_true", help="checkpoints by the scheduler")
    parser.add_argument("--idle", type=float, default=4.0, help="seconds without training")
    arguments = parser.parse_args()
    print(machine(), "\n", flush=True)
    heading = None
    for workers in arguments.workers:
        for runs in arguments.runs:
            with tempfile.TemporaryDirectory() as folder:
                found = measure(
                    *(workers, runs, Path(folder)),
                    direct=not arguments.through,
                    idle_seconds=arguments.idle,
                )
            if heading is None:
                heading = " | ".join(found)
                print(f"| {heading} |", flush=True)
            cells = (
                f"{each:.3g}" if isinstance(each, float) else str(each) for each in found.values()
            )
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
