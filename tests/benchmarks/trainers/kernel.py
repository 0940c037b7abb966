"""The compiled engine's C alone: a whole epoch is one call, and the parameters stay in its layout.

What the program's own line takes beyond this is Python's: blocks, one-hot labels, the cost, and
the copies from the network's layout and back. The shuffle is part of both.
"""

from importlib import import_module

import numpy as np

from mlp_cli.learning.batches import by_size
from mlp_cli.learning.compiled import ACTIVATION_NUMBERS, kernel_layers, variants


class Kernel:
    """`_kernel.learn` on arrays that are ready before the clock starts."""

    def __init__(self, network, images, labels, *, eta, batch_size, rng):
        # ImportError: there was no C compiler
        self.learn = import_module("mlp_cli.learning._kernel").learn
        self.network, self.rng, self.eta = network, rng, eta
        self.variant = variants()[0]
        self.images = np.ascontiguousarray(images).reshape(len(images), -1)
        self.labels = np.ascontiguousarray(labels)
        self.order = np.arange(len(images), dtype=np.int64)
        self.layers = kernel_layers(network, has_velocity=False)
        for layer, W_b in zip(self.layers, network.parameters, strict=True):
            layer.take(W_b, None)
        self.buffers = tuple(layer.buffers for layer in self.layers)
        # Views of the order, which is shuffled in place.
        self.parts = [
            (part, m, np.empty((len(part), network.sizes[-1]), network.dtype))
            for part, m in by_size(self.order, batch_size)
        ]

    def train_epoch(self):
        self.rng.shuffle(self.order)
        sigmoid = ACTIVATION_NUMBERS["sigmoid"]
        for order, m, outputs in self.parts:
            self.learn(
                self.variant,
                self.buffers,
                sigmoid,
                False,  # no softmax
                True,  # the quadratic cost
                self.images,
                self.labels,
                order,
                m,
                self.eta / m,
                0.0,  # momentum
                0.0,  # l2
                None,  # dropout
                outputs,
            )

    def parameters(self):
        for layer, W_b in zip(self.layers, self.network.parameters, strict=True):
            layer.give(W_b, None)
        return self.network.weights, self.network.biases
