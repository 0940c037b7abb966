"""One example through Feedforward and Backpropagate, with every quantity of the derivation.

The numbers come from `Network.feedforward` and `Network.backpropagate` in float64, the functions
that the derivation points at. Only z^l is computed here, since Feedforward does not keep it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mlp_cli.explanation.comparison import (
    TOLERANCE,
    Derivative,
    Symbol,
    digest,
    is_small,
    relative_deviations,
)
from mlp_cli.explanation.differences import CentralDifferences, Entries
from mlp_cli.nn.activations import ACTIVATIONS, sigmoid_derivative
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats

BUDGET = 400_000_000
"""multiplications that all evaluations of the cost may take together: below a second"""
ACTIVATION_WORK = 20
"""multiplications that take as long as the activation of one unit"""
MIN_SAMPLE = 10
"""entries of a large array that are compared, however long it takes"""


@dataclass(frozen=True)
class LayerPasses:
    """The quantities of one layer l = 2..L in the two passes, under the derivation's symbols."""

    l: int
    a_previous: Floats
    """a^{l-1}: (n_{l-1},)"""
    W: Floats
    b: Floats
    z: Floats
    a: Floats
    slope: Floats | None
    """sigma'(z^l); None at the output where the cost gives Facts 1 and 2 in one formula"""
    d_a: Derivative
    d_z: Derivative
    d_b: Derivative
    D_W: Derivative
    Delta_b: Floats
    Delta_W: Floats
    new_b: Floats
    """b^l after the update"""
    new_W: Floats
    """W^l after the update"""

    @property
    def derivatives(self) -> tuple[Derivative, ...]:
        """The derivatives of the cost at this layer, in the order of the Facts."""
        return self.d_a, self.d_z, self.d_b, self.D_W


@dataclass(frozen=True)
class Explanation:
    """Feedforward and Backpropagate of one example."""

    network: Network
    """in float64"""
    x: Floats
    """(n_1,)"""
    y: Floats
    """(n_L,), one-hot or any wanted outputs"""
    eta: float
    C: float
    floor: float
    """the least denominator of a relative deviation"""
    layers: list[LayerPasses]
    """l = 2..L"""

    @property
    def label(self) -> int | None:
        """The correct class; None where y is not one-hot."""
        is_one_hot = np.count_nonzero(self.y) == 1 and self.y.max() == 1
        return int(self.y.argmax()) if is_one_hot else None

    @property
    def prediction(self) -> int:
        """The class that the network predicts: arg max of a^L."""
        return int(self.layers[-1].a.argmax())

    @property
    def backwards(self) -> Iterator[LayerPasses]:
        """The layers from L down to 2."""
        return reversed(self.layers)

    def before(self, layer: LayerPasses) -> LayerPasses:
        """Return the layer before this one, which must not be layer 2."""
        return self.layers[layer.l - 3]

    @property
    def derivatives(self) -> list[Derivative]:
        """All derivatives, in the order of Backpropagate."""
        return [derivative for layer in self.backwards for derivative in layer.derivatives]

    @property
    def parameters(self) -> int:
        """How many weights and biases the network has."""
        return sum(parameters.size for parameters in self.network.parameters)

    @property
    def compared_parameters(self) -> int:
        """How many weights and biases have a derivative that was compared."""
        return sum(layer.d_b.compared + layer.D_W.compared for layer in self.layers)

    @property
    def compared(self) -> int:
        """How many derivatives were compared, those with respect to a and z included."""
        return sum(derivative.compared for derivative in self.derivatives)

    @property
    def incomparable(self) -> int:
        """How many of the chosen derivatives have no central difference to compare with."""
        return sum(len(d.entries) - d.compared for d in self.derivatives)

    @property
    def worst(self) -> Derivative:
        """The derivative that has the entry with the largest deviation."""
        return max(self.derivatives, key=lambda derivative: derivative.largest_deviation)

    @property
    def passes(self) -> bool:
        """Whether every derivative agrees with its central difference."""
        return self.worst.largest_deviation <= TOLERANCE


# Finite parameters may be so large that their sums are not finite: the comparison reports it.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def explain_example(
    network: Network, x: Floats, y: Floats, eta: float, rng: np.random.Generator
) -> Explanation:
    """Take one example through Feedforward and Backpropagate, and keep every quantity.

    The network does not change: the update is computed and not applied.

    x: (n_1,).  y: (n_L,), within 0..1; its sum is 1 where the outputs are a softmax, since Fact 2
    needs that.
    rng: draws the entries of large arrays that are compared with central differences.
    """
    network = _in_float64(network)
    cost, L = COSTS[network.cost], len(network.sizes)
    x_row, y_row = (each[None].astype(np.float64) for each in (x, y))
    activations = network.feedforward(x_row)
    gradient = network.backpropagate(activations, y_row)

    C = cost.value(activations[-1], y_row)
    floor = 1e-4 * C + 1e-9
    differences = CentralDifferences(network, x_row, y_row, floor)
    counts = _sample_sizes(network.sizes)

    def compare(symbol: Symbol, l: int, fact: int, values: Floats) -> Derivative:
        slopes_of = {
            "d_a": differences.wrt_activations,
            "d_z": differences.wrt_weighted_inputs,
            "d_b": differences.wrt_biases,
            "D_W": differences.wrt_weights,
        }[symbol]
        entries = _choose(values, counts[l - 2], rng)
        slopes = slopes_of(l, entries)
        deviations = relative_deviations(values[tuple(entries.T)], slopes, floor)
        return Derivative(symbol, l, fact, values, entries, slopes[0], deviations, floor)

    layers: list[LayerPasses] = []
    for l in range(L, 1, -1):
        W, b, d = network.weights[l - 2], network.biases[l - 2], gradient[l - 2]
        a_previous, a = activations[l - 2][0], activations[l - 1][0]
        Delta_b, Delta_W = -eta * d.db, -eta * d.dW
        layers.append(
            LayerPasses(
                l=l,
                a_previous=a_previous,
                W=W,
                b=b,
                z=W @ a_previous + b,
                a=a,
                slope=_slope(network, l, a),
                d_a=compare("d_a", l, 1 if l == L else 6, d.dA[0]),
                d_z=compare("d_z", l, 2, d.dZ[0]),
                d_b=compare("d_b", l, 3, d.db),
                D_W=compare("D_W", l, 5, d.dW),
                Delta_b=Delta_b,
                Delta_W=Delta_W,
                new_b=b + Delta_b,
                new_W=W + Delta_W,
            )
        )
    layers.reverse()
    return Explanation(network, x_row[0], y_row[0], eta, C, floor, layers)


def _in_float64(network: Network) -> Network:
    """Return the same network with its parameters in float64."""
    weights, biases = (
        [array.astype(np.float64) for array in arrays]
        for arrays in (network.weights, network.biases)
    )
    return Network(weights, biases, network.activation, network.cost)


def _slope(network: Network, l: int, a: Floats) -> Floats | None:
    """Return sigma'(z^l) where Fact 2 multiplies with it."""
    if l < len(network.sizes):
        return ACTIVATIONS[network.activation].derivative(a)
    return sigmoid_derivative(a) if network.cost == "quadratic" else None


def _sample_sizes(sizes: list[int]) -> list[int]:
    """Return how many entries are compared of a large array of each layer 2..L.

    An entry of layer l costs its row of W^l, and the feedforward from there on.
    """
    layers = list(pairwise(sizes))
    work = [n_in * n_out + ACTIVATION_WORK * n_in for n_in, n_out in layers]
    budget = BUDGET // (4 * len(layers))
    return [
        max(budget // (n_in + sum(work[l:])), MIN_SAMPLE)
        for l, (n_in, _) in enumerate(layers, start=1)
    ]


def _choose(array: Floats, count: int, rng: np.random.Generator) -> Entries:
    """Return the entries of an array to compare: all, or the largest and a random sample.

    An array that is shown in full is compared in full.
    """
    if array.size <= count or is_small(array):
        flat = np.arange(array.size)
    else:
        largest = np.ravel_multi_index(tuple(digest(array).largest.T), array.shape)
        flat = np.union1d(largest, rng.choice(array.size, count, replace=False))
    return np.column_stack(np.unravel_index(flat, array.shape))
