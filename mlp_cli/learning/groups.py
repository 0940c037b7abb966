"""Small mini-batches of a wide network, in groups that share their products with the pixels.

A product of W^2 with ten images reaches half the speed of one with forty. So layer 2 reads the
pixels of a group of mini-batches in one product and learns from them in another. In between its
parameters stand still, and what they would have moved by is corrected for: the numbers are those
of one mini-batch after the other, up to rounding.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.examples import ExampleBlock
from mlp_cli.learning.learner import EXAMPLES_PER_BLOCK, NumpyEngine
from mlp_cli.learning.minibatch import MiniBatch
from mlp_cli.learning.progress import LearnedBlock
from mlp_cli.learning.update_rule import UpdateRule
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, ImagesOrX, Indices, Labels

EXAMPLES_PER_GROUP = 40
"""Examples whose pixels are multiplied at once. With 10, 20, 40 and 80, mini-batches of 10 take 1,
0.80, 0.65 and 0.62 of the time where 784-800-10 learns, 1, 0.90, 0.81 and 0.82 for 784-100-10."""

UNITS_THAT_PAY = 50
"""Grouping pays from this many units in layer 2. A mini-batch saves part of the time of its
products with W^2, and costs the product of its pixels with those before it: it takes 0.94 of the
time with 50 units, 1.03 with 30."""


def grouping_pays(units: int, batch_size: int) -> bool:
    """Return whether groups are faster: for this many units in layer 2, without momentum and l2."""
    return units >= UNITS_THAT_PAY and 2 * batch_size <= EXAMPLES_PER_GROUP


class Member(NamedTuple):
    """One mini-batch i of a group; examples in columns."""

    rows: slice
    """its examples among those of the group"""
    Z: Floats
    """its columns of the group's Z^2, before the correction: (n_2, m)"""
    dZ: Floats
    """its columns of the group's dZ^2: (n_2, m)"""
    dZ_before: Floats
    """dZ^2 of the mini-batches before it: (n_2, i m)"""
    overlaps: Floats
    """(A^1_j; 1)^T (A^1_i; 1) with the mini-batches j before it: (i m, m)"""


class MiniBatchGroup:
    """Layer 2 for a group of mini-batches, of m examples each; `batch` has the layers above.

    The parameters of layer 2 stand still from `begin` to `end`. Before mini-batch i they would
    have moved by the gradients of the mini-batches before it, and the step size is in dZ, so

        Z^2_i = (W^2 | b^2) (A^1_i; 1) - sum over j < i of dZ^2_j  (A^1_j; 1)^T (A^1_i; 1)

    is what it would be. With momentum or l2 the update is not the gradient alone, so these do
    without groups. The other layers move after every mini-batch.
    """

    def __init__(self, batch: MiniBatch, count: int) -> None:
        self._batch = batch
        self._layer_2 = layer_2 = batch.layers[0]
        n, m = layer_2.Z.shape
        dtype = layer_2.Z.dtype
        self._Z, self._dZ = (np.empty((n, count * m), dtype) for _ in range(2))
        self._correction = np.empty((n, m), dtype)
        self._members = [
            Member(
                rows=slice(start, start + m),
                Z=self._Z[:, start : start + m],
                dZ=self._dZ[:, start : start + m],
                dZ_before=self._dZ[:, :start],
                overlaps=np.empty((start, m), dtype),
            )
            for start in range(0, count * m, m)
        ]

    def begin(self, x: Floats) -> None:
        """Take the pixels of the group to layer 2, with its parameters as they are now.

        x: one example per row, every row ending in a 1: (count m, n_1 + 1).
        """
        self._layer_2.W_b.dot(x.T, self._Z)
        for member in self._members[1:]:
            x[: member.rows.start].dot(x[member.rows].T, member.overlaps)

    def feedforward(self, i: int) -> None:
        """Fill the layers of `batch` for mini-batch i."""
        member = self._members[i]
        member.dZ_before.dot(member.overlaps, self._correction)
        np.subtract(member.Z, self._correction, self._layer_2.Z)
        self._batch.feedforward_from_z2()

    def backpropagate(self, i: int, Y: Floats, step: Floats) -> None:
        """Fill dZ, and all gradients but the one of layer 2, for mini-batch i."""
        self._batch.backpropagate_to_z2(Y, step)
        np.copyto(self._members[i].dZ, self._layer_2.dZ)

    def end(self, x: Floats) -> None:
        """Fill the gradient of layer 2 with the sum of dZ^2_i (A^1_i; 1)^T over the group."""
        self._dZ.dot(x, self._layer_2.gradient)


class GroupedEngine(NumpyEngine):
    """The NumPy engine with groups of mini-batches. See `engine.Engine`.

    What is left over of an epoch after its last complete group is learned one by one.
    """

    def __init__(
        self,
        network: Network,
        batch_size: int,
        dropout: Dropout | None = None,
        *,
        examples_per_group: int = EXAMPLES_PER_GROUP,
    ) -> None:
        super().__init__(network, batch_size, UpdateRule(dropout=dropout))
        self._count = examples_per_group // batch_size
        groups = max(EXAMPLES_PER_BLOCK // (self._count * batch_size), 1)
        self._block = ExampleBlock(groups * self._count, batch_size, network.sizes, network.dtype)
        self._group = MiniBatchGroup(self.steps_for(batch_size).batch, self._count)

    def blocks(
        self, images: ImagesOrX, labels: Labels, order: Indices, eta: float
    ) -> Iterator[LearnedBlock]:
        """Learn from every example once, in this order, and yield each block."""
        group_size, room = self._count * self.batch_size, len(self._block.x)
        end = len(order) // group_size * group_size
        images = np.asarray(images).reshape(len(images), -1)
        for start in range(0, end, room):
            yield self._learn_groups(images, labels, order[start : min(start + room, end)], eta)
        if end < len(order):
            yield from super().blocks(images, labels, order[end:], eta)

    @np.errstate(over="ignore", invalid="ignore")
    def _learn_groups(
        self, images: ImagesOrX, labels: Labels, indices: Indices, eta: float
    ) -> LearnedBlock:
        """Learn from the complete groups of a block."""
        (layer_2, *above), block = self.steps_for(self.batch_size).updates, self._block
        batch, group = self.steps_for(self.batch_size).batch, self._group
        step = np.array(eta / self.batch_size, self.network.dtype)
        count = block.fill(images, labels, indices)
        for first in range(0, count, self._count):
            x = block.x[first * self.batch_size : (first + self._count) * self.batch_size]
            group.begin(x)
            members = block.mini_batches[first : first + self._count]
            for i, examples in enumerate(members):
                group.feedforward(i)
                examples.outputs[...] = batch.layers[-1].A
                group.backpropagate(i, examples.Y, step)
                self._descend(above, decay=0.0)
            group.end(x)
            self._descend([layer_2], decay=0.0)
        return self._learned(block, count, labels[indices])
