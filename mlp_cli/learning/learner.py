"""The NumPy engine: an epoch, mini-batch by mini-batch, in arrays made once.

`minibatch` has the passes through the network, `examples` encodes what they are given.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mlp_cli.learning.batches import by_size
from mlp_cli.learning.examples import ExampleBlock
from mlp_cli.learning.minibatch import MiniBatch
from mlp_cli.learning.progress import LearnedBlock, count_correct
from mlp_cli.learning.update_rule import GRADIENT_DESCENT, UpdateRule
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, ImagesOrX, Indices, Labels

EXAMPLES_PER_BLOCK = 500
"""examples that are encoded at once: their float32 numbers, 1.5 MB, stay near the processor"""


class LayerUpdate(NamedTuple):
    """The arrays that the update of one layer takes, each of the shape of its (W^l | b^l)."""

    W_b: Floats
    gradient: Floats
    velocity: Floats | None
    """None without momentum"""
    shrinkage: Floats | None
    """room for what l2 takes from W^l; None without l2"""


class Steps(NamedTuple):
    """What the steps of mini-batches of one size work in."""

    block: ExampleBlock
    batch: MiniBatch
    updates: list[LayerUpdate]
    """l = 2..L"""


class NumpyEngine:
    """Trains a network with NumPy and the BLAS behind it. See `engine.Engine`."""

    def __init__(
        self,
        network: Network,
        batch_size: int,
        rule: UpdateRule = GRADIENT_DESCENT,
        *,
        examples_per_block: int = EXAMPLES_PER_BLOCK,
    ) -> None:
        self.network = network
        self.batch_size = batch_size
        self.rule = rule
        self.velocities = rule.velocities_of(network)
        self.variant: str | None = None
        self._shrinkages = [np.empty_like(p) for p in network.parameters] if rule.l2 else []
        self._examples_per_block = examples_per_block
        self._steps: dict[int, Steps] = {}

    def learn(self, images: ImagesOrX, labels: Labels, order: Indices, eta: float) -> float:
        """Learn from every example once, in this order, and return the sum of their costs."""
        return sum(block.cost for block in self.blocks(images, labels, order, eta))

    def blocks(
        self, images: ImagesOrX, labels: Labels, order: Indices, eta: float
    ) -> Iterator[LearnedBlock]:
        """Learn from every example once, in this order, and yield each block."""
        images = np.asarray(images).reshape(len(images), -1)
        decay = self.rule.decay(eta, len(order))
        for part, m in by_size(order, self.batch_size):
            room = len(self.steps_for(m).block.x)
            for start in range(0, len(part), room):
                yield self._learn(images, labels, part[start : start + room], m, eta, decay)

    # An overflow is found by the check after the epoch, which says more than a warning would.
    @np.errstate(over="ignore", invalid="ignore")
    def _learn(
        self, images: ImagesOrX, labels: Labels, indices: Indices, m: int, eta: float, decay: float
    ) -> LearnedBlock:
        """Learn from the mini-batches of a block, which all have m examples."""
        block, batch, updates = self.steps_for(m)
        step = np.array(eta / m, self.network.dtype)
        count = block.fill(images, labels, indices)
        for examples in block.mini_batches[:count]:
            batch.feedforward(examples.X)
            examples.outputs[...] = batch.layers[-1].A
            batch.backpropagate(examples.X, examples.Y, step)
            self._descend(updates, decay)
        return self._learned(block, count, labels[indices])

    def _learned(self, block: ExampleBlock, count: int, labels: Labels) -> LearnedBlock:
        """Return what was learned from the first `count` mini-batches of a block."""
        cost = COSTS[self.network.cost].value(block.outputs[:count], block.y[:count])
        outputs = block.outputs[:count].swapaxes(1, 2).reshape(len(labels), -1)
        return LearnedBlock(len(labels), cost, count_correct(outputs, labels))

    def steps_for(self, m: int) -> Steps:
        """Return the arrays for mini-batches of m examples, made at the first call."""
        if m not in self._steps:
            network = self.network
            count = max(self._examples_per_block // m, 1)
            batch = MiniBatch(network, m, self.rule.dropout)
            none = [None] * len(network.parameters)
            updates = [
                LayerUpdate(layer.W_b, layer.gradient, velocity, shrinkage)
                for layer, velocity, shrinkage in zip(
                    batch.layers, self.velocities or none, self._shrinkages or none, strict=True
                )
            ]
            block = ExampleBlock(count, m, network.sizes, network.dtype)
            self._steps[m] = Steps(block, batch, updates)
        return self._steps[m]

    def _descend(self, updates: list[LayerUpdate], decay: float) -> None:
        """Move the parameters against their gradients, which the step size is already in.

        W^l -= G^l,  G^l = (eta / m) dW^l,  and so for b^l
        l2           G^l += (eta lambda / n) W^l;  not for b^l
        momentum     V^l = mu V^l + G^l,  W^l -= V^l
        """
        for W_b, change, velocity, shrinkage in updates:
            if shrinkage is not None:
                np.multiply(W_b, decay, shrinkage)
                shrinkage[:, -1] = 0
                np.add(change, shrinkage, change)
            if velocity is not None:
                np.multiply(velocity, self.rule.momentum, velocity)
                np.add(velocity, change, velocity)
                change = velocity
            np.subtract(W_b, change, W_b)
