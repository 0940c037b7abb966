"""This program, through its public `sgd`: what is timed is what `mlp train` runs.

The number of threads is the one that `mlp train` chooses where it has as many cores.
"""

from mlp_cli import sgd
from mlp_cli.learning.threads import choose_threads, limit_threads

ENDLESS = 1_000_000


class Program:
    """`sgd` on the images as they are, uint8."""

    def __init__(self, network, images, labels, *, eta, batch_size, rng):
        self.network = network
        self._limit = limit_threads(choose_threads(network.sizes, batch_size))
        self._epochs = sgd(
            network, images, labels, epochs=ENDLESS, eta=eta, batch_size=batch_size, rng=rng
        )

    def train_epoch(self):
        next(self._epochs)

    def parameters(self):
        return self.network.weights, self.network.biases
