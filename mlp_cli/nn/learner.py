"""Learn from a training set once, mini-batch by mini-batch: the one training path.

`sgd` calls it for every epoch; `minibatch` has the passes through the network.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.encoding import ExampleBlock
from mlp_cli.nn.minibatch import MiniBatch
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, Images, Labels

BLOCK = 500
"""examples made ready at once: their float32 numbers, 1.5 MB, stay near the processor, and what a
call costs by itself is shared by many mini-batches"""

Indices = npt.NDArray[np.intp]


class Learner:
    """Trains a network, in place, and keeps from epoch to epoch what its update rule remembers.

    momentum: mu, 0 <= mu < 1.  l2: lambda, 0 or above.
    """

    def __init__(
        self, network: Network, batch_size: int, *, momentum: float = 0.0, l2: float = 0.0
    ) -> None:
        self.network = network
        self.batch_size = batch_size
        self.momentum = momentum
        self.l2 = l2
        self.velocities = [np.zeros_like(p) for p in network.parameters] if momentum else []
        """of (W^l | b^l), l = 2..L; none without momentum"""
        self._scratch = [np.empty_like(p) for p in network.parameters] if l2 else []
        self._arrays: dict[int, tuple[MiniBatch, ExampleBlock]] = {}

    # An overflow is found by the check after the epoch, which says more than a warning would.
    @np.errstate(over="ignore", invalid="ignore")
    def learn(
        self,
        images: Images,
        labels: Labels,
        order: Indices,
        eta: float,
    ) -> float:
        """Learn from every example once, in this order, and return the sum of their costs.

        The examples come `batch_size` at a time. The last mini-batch may be smaller: its own
        length is its m, and no example is dropped. Each cost is taken from the activations that
        are learnt from, so it is the one just before its example's update.

        images: (n, rows, columns) or (n, pixels), grey levels 0..255.  labels: (n,), below n_L.
        order: indices of images.
        """
        images = np.asarray(images).reshape(len(images), -1)
        value = COSTS[self.network.cost].value
        decay = eta * self.l2 / len(order)
        cost = 0.0
        for indices in self._cut(order):
            m = min(self.batch_size, len(indices))
            batch, block = self._arrays_for(m)
            step = np.array(eta / m, self.network.dtype)
            steps = block.fill(images, labels, indices)
            for x, y, outputs in zip(block.x[:steps], block.y, block.outputs, strict=False):
                batch.feedforward(x)
                outputs[...] = batch.activations[-1]
                batch.backpropagate(x, y.T, step)
                self._descend(batch.gradients, decay)
            cost += value(block.outputs[:steps], block.y[:steps])
        return cost

    def _cut(self, order: Indices) -> Iterator[Indices]:
        """Yield whole mini-batches, many at a time, and at last the smaller one, if any."""
        m = self.batch_size
        whole, block = len(order) // m * m, _batches_per_block(m) * m
        for start in range(0, whole, block):
            yield order[start : min(start + block, whole)]
        if whole < len(order):
            yield order[whole:]

    def _arrays_for(self, m: int) -> tuple[MiniBatch, ExampleBlock]:
        """Return the arrays for mini-batches of m examples, made at the first call."""
        if m not in self._arrays:
            network = self.network
            block = ExampleBlock(_batches_per_block(m), m, network.sizes, network.dtype)
            self._arrays[m] = MiniBatch(network, m), block
        return self._arrays[m]

    def _descend(self, gradients: list[Floats], decay: float) -> None:
        """Move the parameters against these gradients, which the step size is already in.

        W^l -= G^l,  G^l = (eta / m) dW^l,  and so for b^l
        l2           G^l += (eta lambda / n) W^l,  n training examples;  not for b^l
        momentum     V^l = mu V^l + G^l,  W^l -= V^l
        """
        parameters = self.network.parameters
        if self.l2:
            for W_b, gradient, shrinkage in zip(parameters, gradients, self._scratch, strict=True):
                np.multiply(W_b, decay, shrinkage)
                shrinkage[:, -1] = 0
                np.add(gradient, shrinkage, gradient)
        if self.momentum:
            for velocity, gradient in zip(self.velocities, gradients, strict=True):
                np.multiply(velocity, self.momentum, velocity)
                np.add(velocity, gradient, velocity)
            gradients = self.velocities
        for W_b, change in zip(parameters, gradients, strict=True):
            np.subtract(W_b, change, W_b)


def _batches_per_block(m: int) -> int:
    return max(BLOCK // m, 1)
