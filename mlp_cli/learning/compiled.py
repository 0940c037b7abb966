"""The compiled engine: the passes in C, over inked pixels alone. See `_kernel.c`.

It is an optional extension module. Where it could not be built, `variants` is empty and the NumPy
engine learns instead.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from mlp_cli.learning.batches import by_size
from mlp_cli.learning.progress import LearnedBlock
from mlp_cli.learning.update_rule import GRADIENT_DESCENT, UpdateRule
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.encoding import one_hot
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, ImagesOrX, Indices, Labels

_kernel: ModuleType | None
try:
    _kernel = import_module("mlp_cli.learning._kernel")
except ImportError:  # there was no C compiler
    _kernel = None

EXAMPLES_PER_CALL = 5000
"""at most, in one call of the kernel: what a call costs in Python is shared by many mini-batches"""

WEIGHTS_PER_CALL = 120_000_000
"""Examples times weights in one call, if a mini-batch is not more: a signal waits until its end.

Measured on one core of an AMD EPYC, float32, the slowest of the kernel's versions: 784-30-10 takes
0.01 s a call, 784-1000-500-10 0.02 s with m = 100 and 0.1 s with m = 1, where its weights come from
memory for each example; with 5,000 examples a call the last were 7 s."""

ALIGNMENT = 64
"""bytes of the widest vector: a unit's row is padded to a multiple of these"""

ACTIVATION_NUMBERS = {"sigmoid": 0, "tanh": 1, "relu": 2}


def variants() -> list[str]:
    """Return the processors' versions of the kernel that can run here, the fastest first."""
    names: list[str] = _kernel.variants() if _kernel else []
    return names


class KernelLayer:
    """The parameters of one layer as the kernel has them: transposed, and rows padded with zeros.

    M: (W^l | b^l)^T, (n_{l-1} + 1, width).  W: W^l, (n_l, width of the layer below), for Fact 6;
    None in layer 2, which needs none.  Their velocities V_M and V_W, or None without momentum.
    """

    def __init__(self, W_b: Floats, below: "KernelLayer | None", *, has_velocity: bool) -> None:
        self.units, inputs = len(W_b), W_b.shape[1] - 1
        lanes = ALIGNMENT // W_b.itemsize
        self.width = -(-self.units // lanes) * lanes
        self.M = _aligned_zeros((inputs + 1, self.width), W_b.dtype)
        self.V_M = _aligned_zeros(self.M.shape, W_b.dtype) if has_velocity else None
        self.W: Floats | None = None
        self.V_W: Floats | None = None
        if below:
            self.W = _aligned_zeros((self.units, below.width), W_b.dtype)
            self.V_W = _aligned_zeros(self.W.shape, W_b.dtype) if has_velocity else None

    def take(self, W_b: Floats, velocity: Floats | None) -> None:
        """Copy the parameters of the network, and the velocity, into these arrays."""
        for M, W, given in ((self.M, self.W, W_b), (self.V_M, self.V_W, velocity)):
            if M is not None and given is not None:
                M[:, : self.units] = given.T
            if W is not None and given is not None:
                W[:, : given.shape[1] - 1] = given[:, :-1]

    def give(self, W_b: Floats, velocity: Floats | None) -> None:
        """Copy them back."""
        W_b[...] = self.M[:, : self.units].T
        if velocity is not None and self.V_M is not None:
            velocity[...] = self.V_M[:, : self.units].T

    @property
    def buffers(self) -> tuple[int, Floats, Floats | None, Floats | None, Floats | None]:
        """What the kernel takes."""
        return self.units, self.M, self.W, self.V_M, self.V_W


def kernel_layers(network: Network, *, has_velocity: bool) -> list[KernelLayer]:
    """Return arrays for the parameters of the layers 2..L, which `take` fills."""
    layers: list[KernelLayer] = []
    for W_b in network.parameters:
        below = layers[-1] if layers else None
        layers.append(KernelLayer(W_b, below, has_velocity=has_velocity))
    return layers


class CompiledEngine:
    """Trains a network by the kernel. See `engine.Engine`."""

    def __init__(
        self,
        network: Network,
        batch_size: int,
        rule: UpdateRule = GRADIENT_DESCENT,
        *,
        variant: str | None = None,
    ) -> None:
        self.network = network
        self.batch_size = batch_size
        self.rule = rule
        self.velocities = rule.velocities_of(network)
        self.variant: str | None = variant or variants()[0]
        self._layers = kernel_layers(network, has_velocity=rule.momentum > 0)

    def learn(self, images: ImagesOrX, labels: Labels, order: Indices, eta: float) -> float:
        """Learn from every example once, in this order, and return the sum of their costs."""
        return sum(block.cost for block in self.blocks(images, labels, order, eta))

    def blocks(
        self, images: ImagesOrX, labels: Labels, order: Indices, eta: float
    ) -> Iterator[LearnedBlock]:
        """Learn from every example once, in this order, and yield each block."""
        parameters = self.network.parameters
        velocities: Sequence[Floats | None] = self.velocities or [None] * len(parameters)
        for layer, W_b, velocity in zip(self._layers, parameters, velocities, strict=True):
            layer.take(W_b, velocity)
        images = np.ascontiguousarray(images).reshape(len(images), -1)
        labels, order = np.ascontiguousarray(labels), np.ascontiguousarray(order, np.int64)
        decay = self.rule.decay(eta, len(order))
        weights = sum(W_b.size for W_b in parameters)
        for part, m in by_size(order, self.batch_size):
            room = max(min(EXAMPLES_PER_CALL, WEIGHTS_PER_CALL // weights) // m, 1) * m
            for start in range(0, len(part), room):
                yield self._learn(images, labels, part[start : start + room], m, eta, decay)
        for layer, W_b, velocity in zip(self._layers, parameters, velocities, strict=True):
            layer.give(W_b, velocity)

    def _learn(
        self, images: ImagesOrX, labels: Labels, block: Indices, m: int, eta: float, decay: float
    ) -> LearnedBlock:
        """Learn from the mini-batches of a block, which all have m examples."""
        network = self.network
        classes, dtype = network.sizes[-1], network.dtype
        value, is_softmax = COSTS[network.cost].value, network.cost == "log-likelihood"
        outputs, masks = np.empty((len(block), classes), dtype), None
        if self.rule.dropout:
            masks = np.empty(len(block) * sum(network.sizes[1:-1]), dtype)
            self.rule.dropout.draw(masks)
        assert _kernel is not None
        correct: int = _kernel.learn(
            self.variant,
            tuple(layer.buffers for layer in self._layers),
            ACTIVATION_NUMBERS[network.activation],
            is_softmax,
            network.cost == "quadratic",
            images,
            labels,
            block,
            m,
            eta / m,
            self.rule.momentum,
            decay,
            masks,
            outputs,
        )
        cost = value(outputs, one_hot(labels[block], classes, dtype))
        return LearnedBlock(len(block), cost, correct)


def _aligned_zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Floats:
    """Return an array of zeros that begins where a vector does."""
    size = int(np.prod(shape)) * dtype.itemsize
    room = np.zeros(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)
