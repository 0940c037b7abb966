"""A process for each peer, so that thread pools, imports and memory stay apart.

Nothing heavy is imported here: a worker sets the number of threads before its libraries load.
"""

import multiprocessing
import os
import time
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

THREADS = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]


@dataclass(frozen=True)
class Peer:
    """A program that trains the network, for comparison."""

    key: str
    name: str
    module: str
    trainer: str
    """the class in the module of `trainers`"""
    package: str
    """what has to be installed"""

    def label(self):
        try:
            return self.name.format(version(self.package))
        except PackageNotFoundError:
            return self.name.format("").strip()


PEERS = [
    Peer("compiled", "this program, compiled engine", "program", "Compiled", "numpy"),
    Peer("numpy", "this program, NumPy engine", "program", "Numpy", "numpy"),
    Peer("plain", "this program, plain engine", "program", "Plain", "numpy"),
    Peer("textbook", "textbook loop, NumPy {}", "numpy_loops", "Textbook", "numpy"),
    Peer("batched", "batched NumPy {}", "numpy_loops", "Batched", "numpy"),
    Peer("torch", "PyTorch {}", "pytorch", "Eager", "torch"),
    Peer("torch-compile", "PyTorch {}, torch.compile", "pytorch", "Compiled", "torch"),
    Peer("sklearn", "scikit-learn {}", "scikit_learn", "ScikitLearn", "scikit-learn"),
    Peer("jax", "JAX {}, compiled scan", "jax_scan", "JaxScan", "jax"),
    Peer("c-plain", "C, plain loops", "c", "Plain", "numpy"),
    Peer("c-blocked", "C, blocked for registers", "c", "Blocked", "numpy"),
    Peer("c-inked", "C, inked pixels only", "kernel", "Kernel", "numpy"),
]


@dataclass(frozen=True)
class Task:
    """What every peer trains, and on what."""

    data_dir: Path
    images: int
    """the first so many of the training set"""
    hidden: tuple[int, ...]
    batch_size: int
    eta: float
    threads: int
    distort: str = "none"
    """how the images are distorted, once, before the clock starts"""
    seed: int = 0


class MissingError(Exception):
    """The peer is not installed."""


class FailedError(Exception):
    """The peer's process ended; it has printed why."""


class Worker:
    """A peer at work in its own process, which does as it is asked, one thing at a time."""

    def __init__(self, peer, task):
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, peer, task), daemon=False)
        self._process.start()
        theirs.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()
        self._process.join()

    def ready(self):
        """Wait until the peer can begin. Raises MissingError or FailedError."""
        missing = self._receive()
        if missing is not None:
            raise MissingError(missing)

    def train_epoch(self):
        """Train for an epoch; return its seconds, by the clock and of the processor."""
        return self._ask("train_epoch")

    def parameters(self):
        """Return weights and biases as the derivation has them."""
        return self._ask("parameters")

    def accuracy(self):
        """Return the fraction of the test images that the network reads right."""
        return self._ask("accuracy")

    def _ask(self, what):
        try:
            self._connection.send(what)
        except BrokenPipeError as error:
            raise FailedError from error
        return self._receive()

    def _receive(self):
        try:
            return self._connection.recv()
        except (EOFError, ConnectionResetError) as error:
            raise FailedError from error


def _serve(connection, peer, task):
    """Work until the other end is closed."""
    _limit(task.threads)
    try:
        trainer_class = getattr(
            import_module(f"tests.benchmarks.trainers.{peer.module}"), peer.trainer
        )
        answers = _begin(trainer_class, task)
    except ImportError as error:
        connection.send(f"No module named '{error.name}'" if error.name else str(error))
        return
    except FileNotFoundError as error:  # a compiler
        connection.send(f"no {error.filename}")
        return
    connection.send(None)
    while True:
        try:
            asked = connection.recv()
        except EOFError:
            return
        connection.send(answers[asked]())


def _limit(threads):
    """Allow so many threads, by the libraries' own variables and by so many cores to run on."""
    os.environ.update(dict.fromkeys(THREADS, str(threads)))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def _begin(trainer_class, task):
    """Load the data, make the common start, and return what the worker can be asked for."""
    import numpy as np

    from mlp_cli import load_dataset
    from mlp_cli.nn.network import Network

    data = load_dataset("mnist", task.data_dir)
    images = data.train.images[: task.images]
    if task.distort != "none":
        from mlp_cli.learning.distortions import distort

        images = distort(images, np.random.default_rng(task.seed), task.distort, 1.0)
    sizes = (data.pixels, *task.hidden, data.classes)
    trainer = trainer_class(
        Network.initialise(sizes, np.random.default_rng(task.seed)),
        images,
        data.train.labels[: task.images],
        eta=task.eta,
        batch_size=task.batch_size,
        rng=np.random.default_rng(task.seed),
    )

    def train_epoch():
        clock, processor = time.perf_counter(), time.process_time()
        trainer.train_epoch()
        return time.perf_counter() - clock, time.process_time() - processor

    def parameters():
        weights, biases = trainer.parameters()
        return [np.array(W) for W in weights], [np.array(b) for b in biases]

    def accuracy():
        answers = Network(*parameters()).outputs(data.test.images).argmax(axis=1)
        return float(np.mean(answers == data.test.labels))

    return {"train_epoch": train_epoch, "parameters": parameters, "accuracy": accuracy}
