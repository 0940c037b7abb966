"""Mini-batches through the network and back, without allocating anything: the hot loop.

The formulas are those of `network`, which the tests hold this to; it is written for speed. Of a
step's 40 microseconds (784-30-10, m = 10, float32, one thread of an AMD EPYC) the product W a'
of the first layer takes 12.5, its dW 10.5, its update 3, and all the rest 14. Measured, too:

- One example per COLUMN, as the notes write their vectors, so that z = W a' + b stands here as
  it does there. With one per row the first product takes 17 instead of 12.5.
- The bias is the last column of W, and every activation ends in a 1. So the product adds b, and
  db is the last column of dW. Adding b and summing db by themselves costs 2 more per layer.
- Every result goes into an array made once. An array's own `dot` is 0.9 faster a call than
  `np.matmul`, a NumPy number as operand 0.4 faster than a Python one.
- The step size is multiplied into dZ^L, the smallest array of all. Facts 2 to 6 are linear in
  it, so it reaches every derivative from there.
"""

from collections.abc import Sequence

import numpy as np

from mlp_cli.learning.dropout import Dropout
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats


class MiniBatches:
    """A group of mini-batches, of m examples each, and the passes of one after the other.

    Layer 2 reads the pixels of the whole group in one product, `begin`, and learns from it in
    another, `end`; its parameters stand still in between. What they would have moved by before
    mini-batch i is the gradients of those before it, and the step size is in dZ already, so

        Z^2_i = (W^2 | b^2) (A^1_i; 1) - sum over j < i of dZ^2_j  (A^1_j; 1)^T (A^1_i; 1)

    is what it would be if they had moved every time. The other layers do move every time. With
    momentum or l2 the update is not the gradients alone: there `count` has to be 1.

    activations: A^2..A^L, each (n_l, m), before dropout.
    masks: M^2..M^{L-1} of dropout, each (n_l, m); none without it.
    dZ: of the layers 2..L, each (n_l, m).
    gradients: (dW^l | db^l) of the layers 2..L, each (n_l, n_{l-1} + 1).
    All hold the last mini-batch, but the first of the gradients the sum over the group. dZ and the
    gradients are multiplied by the step size.
    """

    def __init__(
        self, network: Network, m: int, count: int = 1, dropout: Dropout | None = None
    ) -> None:
        units, dtype = network.sizes[1:], network.dtype
        hidden, cost = ACTIVATIONS[network.activation], COSTS[network.cost]
        self._sigma, self._sigma_derivative = hidden.function, hidden.derivative
        self._output, self._delta = cost.output, cost.delta

        inputs_to_next = [np.ones((n + 1, m), dtype) for n in units]  # (A^l; 1)
        self.activations = [A_1[:-1] for A_1 in inputs_to_next]
        kept = self.activations[:-1]  # what dropout leaves of A^l, l = 2..L-1
        self.masks: list[Floats] = []
        if dropout:
            self._draw = dropout.draw
            self.activations[:-1] = [np.empty_like(a) for a in kept]
            self.masks = [np.empty_like(a) for a in kept]
        masks: Sequence[Floats | None] = self.masks or [None] * len(kept)
        self.outputs = self.activations[-1].T
        """A^L, one example per row: (m, n_L)"""
        self.dZ = [np.empty((n, m), dtype) for n in units]
        self.gradients = [np.empty_like(parameters) for parameters in network.parameters]

        # What each layer needs in the two passes, gathered once: looking it up costs as much as
        # a small product. Forward, for l = 2..L-1: A^l, M^l, A^l * M^l; and W^{l+1},
        # (A^l * M^l; 1), Z^{l+1}.
        self._forward = list(
            zip(
                self.activations[:-1],
                masks,
                kept,
                network.parameters[1:],
                inputs_to_next[:-1],
                self.activations[1:],
                strict=True,
            )
        )
        # Backward, for l = L..3: dZ^l, (A^{l-1} * M^{l-1}; 1)^T, the gradient; and (W^l)^T,
        # dZ^{l-1}, A^{l-1}, room for sigma', M^{l-1}.
        self._backward = [
            (
                self.dZ[l],
                inputs_to_next[l - 1].T,
                self.gradients[l],
                network.weights[l].T,
                self.dZ[l - 1],
                self.activations[l - 1],
                np.empty_like(self.dZ[l - 1]),
                masks[l - 1],
            )
            for l in range(len(units) - 1, 0, -1)
        ]

        # Layer 2 has Z^2 and dZ^2 of the whole group, and of mini-batch i: its columns in them; its
        # examples; dZ^2_j of those before it; and their overlaps with it, (A^1_j; 1)^T (A^1_i; 1).
        self._W_b, self._Z, self._dZ = network.parameters[0], self.activations[0], self.dZ[0]
        self._members = []
        if count > 1:
            self._Z, self._dZ = (np.empty((units[0], count * m), dtype) for _ in range(2))
            self._correction = np.empty((units[0], m), dtype)
            self._members = [
                (
                    self._Z[:, start : start + m],
                    self._dZ[:, start : start + m],
                    slice(start, start + m),
                    self._dZ[:, :start],
                    np.empty((start, m), dtype),
                )
                for start in range(0, count * m, m)
            ]

    def begin(self, x: Floats) -> None:
        """Take the pixels of the group to layer 2, with its parameters as they are now.

        x: (count m, n_1 + 1), one example per row, every row ending in a 1.
        """
        self._W_b.dot(x.T, self._Z)
        for _, _, examples, _, overlaps in self._members[1:]:
            x[: examples.start].dot(x[examples].T, overlaps)

    def feedforward(self, i: int) -> None:
        """Fill the activations of mini-batch i, and draw its masks.

        Z^l = (W^l | b^l) (A^{l-1}; 1),   A^l = sigma(Z^l)

        With dropout A^{l-1} * M^{l-1} stands in place of A^{l-1}, for l >= 3.
        """
        if self._members:
            Z, _, _, dZ_before, overlaps = self._members[i]
            dZ_before.dot(overlaps, self._correction)
            np.subtract(Z, self._correction, self.activations[0])
        for a, mask, a_kept, W_b, a_1, z_next in self._forward:
            self._sigma(a, a)
            if mask is not None:
                self._draw(mask)
                np.multiply(a, mask, a_kept)
            W_b.dot(a_1, z_next)
        self._output(self.outputs, self.outputs)

    def backpropagate(self, i: int, y: Floats, step: Floats) -> None:
        """Fill dZ and all gradients but the first, after `feedforward` of mini-batch i.

            dZ^L = step (A^L - Y) * A^L (1 - A^L)          Facts 1, 2
            (dW^l | db^l) = dZ^l (A^{l-1}; 1)^T            Facts 3, 5
            dZ^{l-1} = (W^l)^T dZ^l * A^{l-1} (1 - A^{l-1})  Facts 6, 2

        Facts 1 and 2 are the quadratic cost's and the sigmoid's; others have their own. With
        dropout Fact 5 has what the layer got, A^{l-1} * M^{l-1}, and Fact 6 a factor M^{l-1}.

        y: (m, n_L), one-hot.  step: eta / m, of no dimension.
        """
        dZ = self.dZ[-1]
        self._delta(self.outputs, y, dZ.T)
        np.multiply(dZ, step, dZ)
        for dZ, a_1_T, gradient, W_T, dZ_previous, a_previous, slope, mask in self._backward:
            dZ.dot(a_1_T, gradient)
            W_T.dot(dZ, dZ_previous)
            self._sigma_derivative(a_previous, slope)
            np.multiply(dZ_previous, slope, dZ_previous)
            if mask is not None:
                np.multiply(dZ_previous, mask, dZ_previous)
        if self._members:
            np.copyto(self._members[i][1], self.dZ[0])

    def end(self, x: Floats) -> None:
        """Fill the first of the gradients, the sum of dZ^2_i (A^1_i; 1)^T over the group.

        x: as in `begin`.
        """
        self._dZ.dot(x, self.gradients[0])
