"""The compiled engine's C alone: a whole epoch is one call, and the parameters stay in its layout.

What the program's own line takes beyond this is Python's: blocks, one-hot labels, the cost, and
the copies from the network's layout and back. The shuffle is part of both.
"""

from importlib import import_module

import numpy as np

from mlp_cli.learning.compiled import ACTIVATION_NUMBERS, KernelLayer


class Kernel:
    """`_kernel.learn` on arrays that are ready before the clock starts."""

    def __init__(self, network, images, labels, *, eta, batch_size, rng):
        self.learn = import_module("mlp_cli.learning._kernel").learn
        self.network, self.rng, self.eta = network, rng, eta
        self.variant = import_module("mlp_cli.learning._kernel").variants()[0]
        self.images = np.ascontiguousarray(images).reshape(len(images), -1)
        self.labels = np.ascontiguousarray(labels)
        self.order = np.arange(len(images), dtype=np.int64)
        self.layers = []
        for W_b in network.parameters:
            below = self.layers[-1] if self.layers else None
            self.layers.append(KernelLayer(W_b, below, has_velocity=False))
            self.layers[-1].take(W_b, None)
        self.buffers = tuple(layer.buffers for layer in self.layers)
        whole = len(images) // batch_size * batch_size
        outputs = np.empty((len(images), network.sizes[-1]), network.dtype)
        # The mini-batches of full size, then the shorter last one.
        self.parts = [
            (self.order[part], size, outputs[part])
            for part, size in (
                (slice(whole), batch_size),
                (slice(whole, None), len(images) - whole),
            )
            if len(self.order[part])
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
