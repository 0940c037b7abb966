"""The plain engine: `Network.feedforward`, `backpropagate` and `descend`, as they stand in nn/.

It is what a reader steps through with a debugger: `mlp train --engine plain`. The other engines
compute the same numbers many times faster, and a test holds them to this one.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from mlp_cli.learning.progress import LearnedBlock, count_correct
from mlp_cli.learning.update_rule import GRADIENT_DESCENT, UpdateRule
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.encoding import one_hot, pixels_to_x
from mlp_cli.nn.network import Derivatives, Network
from mlp_cli.nn.types import Floats, ImagesOrX, Indices, Labels


class PlainEngine:
    """Trains a network by its own methods, mini-batch by mini-batch. See `engine.Engine`."""

    def __init__(
        self,
        network: Network,
        batch_size: int,
        rule: UpdateRule = GRADIENT_DESCENT,
    ) -> None:
        self.network = network
        self.batch_size = batch_size
        self.rule = rule
        self.velocities = rule.velocities_of(network)
        self.variant: str | None = None

    def learn(self, images: ImagesOrX, labels: Labels, order: Indices, eta: float) -> float:
        """Learn from every example once, in this order, and return the sum of their costs."""
        return sum(block.cost for block in self.blocks(images, labels, order, eta))

    def blocks(
        self, images: ImagesOrX, labels: Labels, order: Indices, eta: float
    ) -> Iterator[LearnedBlock]:
        """Learn from every example once, in this order, and yield each mini-batch."""
        decay = self.rule.decay(eta, len(order))
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            yield self._learn(images[batch], labels[batch], eta, decay)

    # An overflow is found by the check after the epoch, which says more than a warning would.
    @np.errstate(over="ignore", invalid="ignore")
    def _learn(self, images: ImagesOrX, labels: Labels, eta: float, decay: float) -> LearnedBlock:
        """Learn from one mini-batch: one turn of Train."""
        network, rule, m = self.network, self.rule, len(labels)
        x = pixels_to_x(images, network.dtype)
        y = one_hot(labels, network.sizes[-1], network.dtype)
        masks: Sequence[Floats] = ()
        if rule.dropout:
            masks = rule.dropout.draw_masks(network.sizes[1:-1], m, network.dtype)
        activations = network.feedforward(x, masks)
        derivatives = network.backpropagate(activations, y, masks)
        if rule.is_gradient_alone:
            network.descend(derivatives, step=eta / m)
        else:
            self._descend(derivatives, eta / m, decay)
        cost = COSTS[network.cost].value(activations[-1], y)
        return LearnedBlock(m, cost, count_correct(activations[-1], labels))

    def _descend(self, derivatives: Sequence[Derivatives], step: float, decay: float) -> None:
        """Move the parameters as momentum and L2 regularisation have it; only W shrinks, not b.

        V^l = mu V^l + step dW^l + decay W^l,   W^l -= V^l
        """
        network = self.network
        velocities = self.velocities or [np.zeros_like(p) for p in network.parameters]
        for W, b, d, velocity in zip(
            network.weights, network.biases, derivatives, velocities, strict=True
        ):
            velocity *= self.rule.momentum
            velocity[:, :-1] += step * d.dW + decay * W
            velocity[:, -1] += step * d.db
            W -= velocity[:, :-1]
            b -= velocity[:, -1]
