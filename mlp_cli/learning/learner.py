"""Learn from a training set once, mini-batch by mini-batch: the one training path.

`sgd` calls it for every epoch; `minibatch` has the passes through the network.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.minibatch import MiniBatches
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.encoding import ExampleBlock
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, Images, Labels

BLOCK = 500
"""examples made ready at once: their float32 numbers, 1.5 MB, stay near the processor, and what a
call costs by itself is shared by many mini-batches"""

TOGETHER = 40
"""examples whose pixels are multiplied at once. With 10, 20, 40 and 80, mini-batches of 10 take 1,
0.80, 0.65 and 0.62 of the time where 784-800-10 learns, 1, 0.90, 0.81 and 0.82 for 784-100-10"""

ENOUGH_UNITS = 50
"""of layer 2, for TOGETHER to pay: a mini-batch saves part of the time of its products with W^2,
and costs the product of its pixels with those before it. 0.94 of the time with 50, 1.03 with 30"""

Indices = npt.NDArray[np.intp]


class Layer(NamedTuple):
    """The arrays that an update of one layer takes, each of the shape of its (W^l | b^l)."""

    W_b: Floats
    gradient: Floats
    velocity: Floats | None
    """None without momentum"""
    shrinkage: Floats | None
    """room for what l2 takes from W^l; None without l2"""


class Learner:
    """Trains a network, in place, and keeps from epoch to epoch what its update rule remembers.

    momentum: mu, 0 <= mu < 1.  l2: lambda, 0 or above.
    """

    def __init__(
        self,
        network: Network,
        batch_size: int,
        *,
        momentum: float = 0.0,
        l2: float = 0.0,
        dropout: Dropout | None = None,
    ) -> None:
        self.network = network
        self.batch_size = batch_size
        self.momentum = momentum
        self.l2 = l2
        self.dropout = dropout
        self.velocities = [np.zeros_like(p) for p in network.parameters] if momentum else []
        """of (W^l | b^l), l = 2..L; none without momentum"""
        self._shrinkages = [np.empty_like(p) for p in network.parameters] if l2 else []
        self._arrays: dict[tuple[int, int], tuple[ExampleBlock, MiniBatches, list[Layer]]] = {}

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
        for count, m, indices in self._cut(order):
            block, batches, layers = self._arrays_for(count, m)
            layer_2, layers_above = layers[:1], layers[1:]
            step = np.array(eta / m, self.network.dtype)
            groups = block.fill(images, labels, indices)
            for x, mini_batches in block.groups[:groups]:
                batches.begin(x)
                for i, (y, outputs) in enumerate(mini_batches):
                    batches.feedforward(i)
                    outputs[...] = batches.activations[-1]
                    batches.backpropagate(i, y, step)
                    self._descend(layers_above, decay)
                batches.end(x)
                self._descend(layer_2, decay)
            cost += value(block.outputs[:groups], block.y[:groups])
        return cost

    def _cut(self, order: Indices) -> Iterator[tuple[int, int, Indices]]:
        """Yield `count`, m and the indices of the examples of some groups of mini-batches.

        All groups have the same `count` of mini-batches, except those left over at the end; and
        the smaller mini-batch is a group by itself.
        """
        m, n = self.batch_size, len(order)
        by_gradient_alone = not (self.momentum or self.l2)
        pays = by_gradient_alone and self.network.sizes[1] >= ENOUGH_UNITS
        most = max(TOGETHER // m, 1) if pays else 1
        for count, size in ((most, m), (n // m % most, m), (1, n % m)):
            group = count * size
            if group:
                whole = len(order) // group * group
                step = _groups_per_block(group) * group
                for start in range(0, whole, step):
                    yield count, size, order[start : min(start + step, whole)]
                order = order[whole:]

    def _arrays_for(self, count: int, m: int) -> tuple[ExampleBlock, MiniBatches, list[Layer]]:
        """Return the arrays for groups of mini-batches of m examples, made at the first call."""
        if (count, m) not in self._arrays:
            network, parameters = self.network, self.network.parameters
            groups = _groups_per_block(count * m)
            block = ExampleBlock(groups, count, m, network.sizes, network.dtype)
            batches = MiniBatches(network, m, count, self.dropout)
            none = [None] * len(parameters)
            layers = [
                Layer(*arrays)
                for arrays in zip(
                    parameters,
                    batches.gradients,
                    self.velocities or none,
                    self._shrinkages or none,
                    strict=True,
                )
            ]
            self._arrays[count, m] = block, batches, layers
        return self._arrays[count, m]

    def _descend(self, layers: Iterable[Layer], decay: float) -> None:
        """Move the parameters against their gradients, which the step size is already in.

        W^l -= G^l,  G^l = (eta / m) dW^l,  and so for b^l
        l2           G^l += (eta lambda / n) W^l,  n training examples;  not for b^l
        momentum     V^l = mu V^l + G^l,  W^l -= V^l
        """
        for W_b, change, velocity, shrinkage in layers:
            if shrinkage is not None:
                np.multiply(W_b, decay, shrinkage)
                shrinkage[:, -1] = 0
                np.add(change, shrinkage, change)
            if velocity is not None:
                np.multiply(velocity, self.momentum, velocity)
                np.add(velocity, change, velocity)
                change = velocity
            np.subtract(W_b, change, W_b)


def _groups_per_block(group: int) -> int:
    return max(BLOCK // group, 1)
