"""One example through training's own steps, every quantity of the notes kept for reading.

The numbers are those that training computes: `MiniBatches` makes both passes, with one example and
in float64. What it overwrites on its way, z^l and d_a C, is computed beside it from what it keeps.
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
from mlp_cli.explanation.differences import CentralDifferences, Indices
from mlp_cli.learning.minibatch import MiniBatch
from mlp_cli.nn.activations import ACTIVATIONS, sigmoid_derivative
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.encoding import one_hot
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats

BUDGET = 400_000_000
"""multiplications for the cost at all values to be compared, each once: below a second"""
SIGMA = 20
"""multiplications that the activation of one unit takes as long as"""
LEAST = 10
"""entries that are compared of any large array, whatever they cost"""


@dataclass(frozen=True)
class Layer:
    """What one layer l = 2..L has in the two passes, in the notes' symbols."""

    l: int
    a_previous: Floats
    """a^{l-1}: (n_{l-1},)"""
    W: Floats
    b: Floats
    z: Floats
    a: Floats
    slope: Floats | None
    """sigma'(z^l); None where Fact 2 has another form, at the output of some costs"""
    d_a: Derivative
    d_z: Derivative
    d_b: Derivative
    D_W: Derivative
    Delta_b: Floats
    Delta_W: Floats

    @property
    def previous(self) -> int:
        """The layer before: l - 1."""
        return self.l - 1

    @property
    def derivatives(self) -> tuple[Derivative, ...]:
        """In the order of the Facts."""
        return self.d_a, self.d_z, self.d_b, self.D_W

    @property
    def new_biases(self) -> Floats:
        """The biases after the update."""
        return self.b + self.Delta_b

    @property
    def new_weights(self) -> Floats:
        """The weights after the update."""
        return self.W + self.Delta_W


@dataclass(frozen=True)
class Explanation:
    """One example's Feedforward and Backpropagate, every quantity of them."""

    network: Network
    """in float64"""
    x: Floats
    """(n_1,), values 0..1"""
    y: Floats
    """(n_L,), one-hot"""
    eta: float
    C: float
    floor: float
    """smaller derivatives are compared as if they were so large"""
    layers: list[Layer]
    """l = 2..L"""

    @property
    def label(self) -> int:
        """The right answer."""
        return int(self.y.argmax())

    @property
    def answer(self) -> int:
        """The network's answer: arg max of a^L."""
        return int(self.layers[-1].a.argmax())

    @property
    def backwards(self) -> Iterator[Layer]:
        """The layers from L down to 2."""
        return reversed(self.layers)

    def before(self, layer: Layer) -> Layer:
        """Return the layer before one, which must not be layer 2."""
        return self.layers[layer.l - 3]

    @property
    def derivatives(self) -> list[Derivative]:
        """All of them, in the order of Backpropagate."""
        return [derivative for layer in self.backwards for derivative in layer.derivatives]

    @property
    def parameters(self) -> int:
        """How many weights and biases there are."""
        return sum(parameters.size for parameters in self.network.parameters)

    @property
    def compared_parameters(self) -> int:
        """How many of them had their derivatives compared with a central difference."""
        return sum(layer.d_b.compared + layer.D_W.compared for layer in self.layers)

    @property
    def compared(self) -> int:
        """How many derivatives were compared, those by a and z among them."""
        return sum(derivative.compared for derivative in self.derivatives)

    @property
    def incomparable(self) -> int:
        """How many derivatives, of all those looked at, have no difference to compare with."""
        return sum(len(d.entries) - d.compared for d in self.derivatives)

    @property
    def worst(self) -> Derivative:
        """The derivative with the entry that deviates most."""
        return max(self.derivatives, key=lambda derivative: derivative.largest_deviation)

    @property
    def passes(self) -> bool:
        """Tell whether every derivative agrees with its central difference."""
        return self.worst.largest_deviation <= TOLERANCE


# Finite parameters may still be so large that their sums are not: then the comparison says so.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def explain(
    network: Network, x: Floats, label: int, eta: float, rng: np.random.Generator
) -> Explanation:
    """Take one example through Feedforward and Backpropagate, and keep every quantity.

    x: (n_1,), values 0..1.  label: the right answer, below n_L.
    rng: draws the entries of large arrays that are compared with central differences.

    The parameters stay as they are: the update is only told.
    """
    network = _in_float64(network)
    cost, L = COSTS[network.cost], len(network.sizes)
    x_row, y = x[None].astype(np.float64), one_hot(np.array([label]), network.sizes[-1], np.float64)
    X = np.column_stack([x_row, [1.0]]).T

    batch = MiniBatch(network, 1)
    batch.feedforward(X)
    batch.backpropagate(X, y.T, np.array(eta))
    changes = [-layer.gradient for layer in batch.layers]
    batch.backpropagate(X, y.T, np.array(1.0))

    outputs = batch.layers[-1].A.T
    C = cost.value(outputs, y)
    floor = 1e-4 * C + 1e-9
    activations = [x_row[0], *(layer.A[:, 0] for layer in batch.layers)]
    d_a = cost.d_a(outputs, y)[0]
    differences = CentralDifferences(network, x_row, y, floor)
    counts = _counts(network.sizes)

    def compare(symbol: Symbol, l: int, fact: int, values: Floats) -> Derivative:
        slopes_of = {
            "d_a": differences.by_activations,
            "d_z": differences.by_weighted_inputs,
            "d_b": differences.by_biases,
            "D_W": differences.by_weights,
        }[symbol]
        entries = _choose(values, counts[l - 2], rng)
        slopes = slopes_of(l, entries)
        deviations = relative_deviations(values[tuple(entries.T)], slopes, floor)
        return Derivative(symbol, l, fact, values, entries, slopes[0], deviations)

    layers: list[Layer] = []
    for l in range(L, 1, -1):
        W, b, a = network.weights[l - 2], network.biases[l - 2], activations[l - 1]
        d_z, gradient = batch.layers[l - 2].dZ[:, 0], batch.layers[l - 2].gradient
        change = changes[l - 2]
        layers.append(
            Layer(
                l=l,
                a_previous=activations[l - 2],
                W=W,
                b=b,
                z=W @ activations[l - 2] + b,
                a=a,
                slope=_slope(network, l, a),
                d_a=compare("d_a", l, 1 if l == L else 6, d_a),
                d_z=compare("d_z", l, 2, d_z),
                d_b=compare("d_b", l, 3, gradient[:, -1]),
                D_W=compare("D_W", l, 5, gradient[:, :-1]),
                Delta_b=change[:, -1],
                Delta_W=change[:, :-1],
            )
        )
        d_a = W.T @ d_z
    layers.reverse()
    return Explanation(network, x_row[0], y[0], eta, C, floor, layers)


def _in_float64(network: Network) -> Network:
    """Return the same network with its parameters in float64."""
    weights, biases = (
        [array.astype(np.float64) for array in arrays]
        for arrays in (network.weights, network.biases)
    )
    return Network(weights, biases, network.activation, network.cost)


def _slope(network: Network, l: int, a: Floats) -> Floats | None:
    """Return sigma'(z^l) where Fact 2 multiplies by it."""
    if l < len(network.sizes):
        return ACTIVATIONS[network.activation].derivative(a)
    return sigmoid_derivative(a) if network.cost == "quadratic" else None


def _counts(sizes: list[int]) -> list[int]:
    """Return how many entries of an array of each layer 2..L are compared at most.

    An entry of layer l costs its row of W^l, and the feedforward from there on.
    """
    layers = list(pairwise(sizes))
    work = [n_in * n_out + SIGMA * n_in for n_in, n_out in layers]
    share = BUDGET // (4 * len(layers))
    return [
        max(share // (n_in + sum(work[l:])), LEAST) for l, (n_in, _) in enumerate(layers, start=1)
    ]


def _choose(array: Floats, count: int, rng: np.random.Generator) -> Indices:
    """Return the entries of an array to be compared: all, or the largest and a sample.

    Of an array that is shown in full it is always all.
    """
    if array.size <= count or is_small(array):
        flat = np.arange(array.size)
    else:
        largest = np.ravel_multi_index(tuple(digest(array).largest.T), array.shape)
        flat = np.union1d(largest, rng.choice(array.size, count, replace=False))
    return np.column_stack(np.unravel_index(flat, array.shape))
