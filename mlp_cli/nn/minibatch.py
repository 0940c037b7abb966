"""A mini-batch through the network and back, without allocating anything: the hot loop.

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

import numpy as np

from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats


class MiniBatch:
    """The arrays for mini-batches of m examples, and the passes that fill them.

    activations: A^2..A^L, each (n_l, m).  dZ: of the layers 2..L, each (n_l, m).
    gradients: (dW^l | db^l) of the layers 2..L, each (n_l, n_{l-1} + 1).
    All hold the last mini-batch; dZ and the gradients are multiplied by the step size.
    """

    def __init__(self, network: Network, m: int) -> None:
        units, dtype = network.sizes[1:], network.dtype
        hidden, cost = ACTIVATIONS[network.activation], COSTS[network.cost]
        self._sigma, self._sigma_derivative = hidden.function, hidden.derivative
        self._output, self._delta = cost.output, cost.delta

        inputs_to_next = [np.ones((n + 1, m), dtype) for n in units]  # (A^l; 1)
        self.activations = [A_1[:-1] for A_1 in inputs_to_next]
        self.outputs = self.activations[-1].T
        """A^L, one example per row: (m, n_L)"""
        self.dZ = [np.empty((n, m), dtype) for n in units]
        self.gradients = [np.empty_like(parameters) for parameters in network.parameters]

        # What each layer needs in the two passes, gathered once: looking it up costs as much as
        # a small product. Forward, for l = 2..L-1 and L:
        *self._forward, self._last_forward = zip(
            network.parameters, self.activations, inputs_to_next, strict=True
        )
        # Backward, for l = L..3: dZ^l, (A^{l-1}; 1)^T, the gradient; and (W^l)^T, dZ^{l-1},
        # A^{l-1}, room for sigma'.
        self._backward = [
            (
                self.dZ[l],
                inputs_to_next[l - 1].T,
                self.gradients[l],
                network.weights[l].T,
                self.dZ[l - 1],
                self.activations[l - 1],
                np.empty_like(self.dZ[l - 1]),
            )
            for l in range(len(units) - 1, 0, -1)
        ]

    def feedforward(self, x: Floats) -> None:
        """Fill the activations.

            (A^1; 1) = x^T,   Z^l = (W^l | b^l) (A^{l-1}; 1),   A^l = sigma(Z^l)

        x: (m, n_1 + 1), one example per row, every row ending in a 1.
        """
        a_previous = x.T
        for W_b, a, a_1 in self._forward:
            W_b.dot(a_previous, a)
            self._sigma(a, a)
            a_previous = a_1
        W_b, a, _ = self._last_forward
        W_b.dot(a_previous, a)
        self._output(self.outputs, self.outputs)

    def backpropagate(self, x: Floats, y: Floats, step: Floats) -> None:
        """Fill dZ and the gradients, both multiplied by the step, after `feedforward` of x.

            dZ^L = step (A^L - Y) * A^L (1 - A^L)          Facts 1, 2
            (dW^l | db^l) = dZ^l (A^{l-1}; 1)^T            Facts 3, 5
            dZ^{l-1} = (W^l)^T dZ^l * A^{l-1} (1 - A^{l-1})  Facts 6, 2

        Facts 1 and 2 are the quadratic cost's and the sigmoid's; others have their own.

        x: as in `feedforward`.  y: (m, n_L), one-hot.  step: eta / m, of no dimension.
        """
        dZ = self.dZ[-1]
        self._delta(self.outputs, y, dZ.T)
        np.multiply(dZ, step, dZ)
        for dZ, a_1_T, gradient, W_T, dZ_previous, a_previous, slope in self._backward:
            dZ.dot(a_1_T, gradient)
            W_T.dot(dZ, dZ_previous)
            self._sigma_derivative(a_previous, slope)
            np.multiply(dZ_previous, slope, dZ_previous)
        self.dZ[0].dot(x, self.gradients[0])
