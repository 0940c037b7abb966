"""One mini-batch through the network and back, without allocating anything: the NumPy hot loop.

The formulas are those of `nn.network`, which a test holds this to; it is written for speed. Of a
step's 40 microseconds (784-30-10, m = 10, float32, one thread of an AMD EPYC) the product W a'
of the first layer takes 12.5, its dW 10.5, its update 3, and all the rest 14. Measured, too:

- One example per COLUMN, as the derivation writes its vectors, so z = W a' + b stands here as it
  does there. With one per row the first product takes 17 instead of 12.5.
- The bias is the last column of W, and every activation ends in a 1. So the product adds b, and
  db is the last column of dW. To add b and to sum db separately costs 2 more per layer.
- Every result goes into an array made once. An array's own `dot` is 0.9 faster a call than
  `np.matmul`, and a NumPy scalar array as operand 0.4 faster than a Python number. But `dot`
  copies (W^l)^T, a view with gaps, and `np.matmul` does not: 3.1 instead of 5.8 for 800 units.
- The step size is multiplied into dZ^L, the smallest array of all. Facts 2 to 6 are linear in
  it, so it reaches every derivative from there.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mlp_cli.learning.dropout import Dropout
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats


@dataclass(slots=True, eq=False)
class LayerArrays:
    """The arrays of one layer l = 2..L, made once and filled at every step; examples in columns."""

    W_b: Floats
    """(W^l | b^l), the network's own: (n_l, n_{l-1} + 1)"""
    W_T: Floats
    """(W^l)^T, a view of it: (n_{l-1}, n_l)"""
    Z: Floats
    """(n_l, m)"""
    A: Floats
    """before dropout: (n_l, m)"""
    mask: Floats | None
    """M^l of dropout, or None: (n_l, m)"""
    kept: Floats
    """A^l * M^l, or A^l itself without dropout: (n_l, m)"""
    sent: Floats
    """(A^l * M^l; 1), what the next layer receives: (n_l + 1, m); `kept` is a view of it"""
    slope: Floats
    """room for sigma'(Z^l): (n_l, m)"""
    dZ: Floats
    """times the step size: (n_l, m)"""
    gradient: Floats
    """(dW^l | db^l), times the step size: (n_l, n_{l-1} + 1)"""


class MiniBatch:
    """The arrays for a mini-batch of m examples, and both passes through the network.

    layers: the arrays of the layers 2..L, which hold the last mini-batch.

    `feedforward` and `backpropagate` are the passes. Each is split at Z^2, so that another way to
    multiply with the pixels (see `groups`) can take the place of layer 2's products.
    """

    def __init__(self, network: Network, m: int, dropout: Dropout | None = None) -> None:
        hidden, cost = ACTIVATIONS[network.activation], COSTS[network.cost]
        self._sigma, self._sigma_derivative = hidden.function, hidden.derivative
        self._output, self._output_derivative = cost.output, cost.d_z
        if dropout:
            self._draw = dropout.draw
        hidden_layers = len(network.parameters) - 1
        self.layers = [
            _make_arrays(W_b, m, has_mask=dropout is not None and number < hidden_layers)
            for number, W_b in enumerate(network.parameters)
        ]
        # l and l + 1 for l = 2..L-1, forward; l and l - 1 for l = L..3, backward.
        self._upward = list(pairwise(self.layers))
        self._downward = list(pairwise(reversed(self.layers)))
        # The output activation takes one example per row, because softmax sums along rows.
        self._output_rows = self.layers[-1].Z.T, self.layers[-1].A.T

    def feedforward(self, X: Floats) -> None:
        """Fill Z and A of every layer, and draw the masks.

        Z^l = (W^l | b^l) (A^{l-1}; 1),   A^l = sigma(Z^l)

        With dropout A^{l-1} * M^{l-1} stands in place of A^{l-1}, for l >= 3.
        X: (A^1; 1), (n_1 + 1, m).
        """
        self.layers[0].W_b.dot(X, self.layers[0].Z)
        self.feedforward_from_z2()

    def feedforward_from_z2(self) -> None:
        """Fill A^2 and all of the layers above, from Z^2."""
        for layer, above in self._upward:
            self._sigma(layer.Z, layer.A)
            if layer.mask is not None:
                self._draw(layer.mask)
                np.multiply(layer.A, layer.mask, layer.kept)
            above.W_b.dot(layer.sent, above.Z)
        self._output(*self._output_rows)

    def backpropagate(self, X: Floats, Y: Floats, step: Floats) -> None:
        """Fill dZ and the gradient of every layer, after `feedforward`.

            dZ^L = step (A^L - Y) * A^L (1 - A^L)            Facts 1, 2
            (dW^l | db^l) = dZ^l (A^{l-1}; 1)^T              Facts 3, 5
            dZ^{l-1} = (W^l)^T dZ^l * A^{l-1} (1 - A^{l-1})  Facts 6, 2

        Facts 1 and 2 are the quadratic cost's and the sigmoid's; others have their own. With
        dropout Fact 5 has A^{l-1} * M^{l-1}, which the layer received, and Fact 6 a factor M^{l-1}.

        X: as in `feedforward`.  Y: (n_L, m), one-hot.  step: eta / m, of no dimension.
        """
        self.backpropagate_to_z2(Y, step)
        self.layers[0].dZ.dot(X.T, self.layers[0].gradient)

    def backpropagate_to_z2(self, Y: Floats, step: Floats) -> None:
        """Fill dZ of every layer, and all gradients but the one of layer 2."""
        output = self.layers[-1]
        self._output_derivative(output.A, Y, output.dZ)
        np.multiply(output.dZ, step, output.dZ)
        for layer, below in self._downward:
            layer.dZ.dot(below.sent.T, layer.gradient)
            np.matmul(layer.W_T, layer.dZ, below.dZ)
            self._sigma_derivative(below.A, below.slope)
            np.multiply(below.dZ, below.slope, below.dZ)
            if below.mask is not None:
                np.multiply(below.dZ, below.mask, below.dZ)


def _make_arrays(W_b: Floats, m: int, *, has_mask: bool) -> LayerArrays:
    """Return a layer's arrays for m examples, from its parameters."""
    n = len(W_b)
    sent = np.ones((n + 1, m), W_b.dtype)
    kept = sent[:-1]
    return LayerArrays(
        W_b=W_b,
        W_T=W_b[:, :-1].T,
        Z=np.empty((n, m), W_b.dtype),
        A=np.empty((n, m), W_b.dtype) if has_mask else kept,
        mask=np.empty((n, m), W_b.dtype) if has_mask else None,
        kept=kept,
        sent=sent,
        slope=np.empty((n, m), W_b.dtype),
        dZ=np.empty((n, m), W_b.dtype),
        gradient=np.empty_like(W_b),
    )
