"""This program's engines, through `train_epochs`: what is timed is what `mlp train` runs.

The number of threads is the one that `mlp train` chooses where it has as many cores.
"""

from importlib import import_module

from mlp_cli.learning.engine import make_engine
from mlp_cli.learning.schedules import Schedule
from mlp_cli.learning.sgd import train_epochs
from mlp_cli.learning.threads import choose_threads, limit_threads

ENDLESS = 1_000_000


class _Engine:
    """An engine on the images as they are, uint8."""

    def __init__(self, network, images, labels, *, eta, batch_size, rng):
        self.network = network
        self._limit = limit_threads(choose_threads(network.sizes, batch_size))
        engine = make_engine(self.name, network, batch_size)
        self._epochs = train_epochs(engine, images, labels, Schedule(eta, ENDLESS), rng)

    def train_epoch(self):
        next(self._epochs)

    def parameters(self):
        return self.network.weights, self.network.biases


class Compiled(_Engine):
    """C over inked pixels."""

    name = "compiled"

    def __init__(self, *arguments, **options):
        import_module("mlp_cli.learning._kernel")  # ImportError: there was no C compiler
        super().__init__(*arguments, **options)


class Numpy(_Engine):
    """Preallocated arrays and BLAS."""

    name = "numpy"


class Plain(_Engine):
    """The lines that one reads in `nn/`."""

    name = "plain"
