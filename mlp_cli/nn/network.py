"""The multilayer perceptron: its parameters, Feedforward and Backpropagate.

Layers are numbered 1..L as in the derivation (docs/derivation.md). Layer 1 is the input and has no
parameters, so `weights[0]` is W^2, `(n_2, n_1)`, and `biases[0]` is b^2, `(n_2,)`. A mini-batch
keeps one example per row: the activations of layer l are A^l, `(m, n_l)`.

`mlp train --engine plain` trains by these very lines. The other engines compute the same numbers,
written for speed, and a test holds them to this.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import ShapeError
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.checks import check_images, check_parameters, check_x
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.encoding import pixels_to_x
from mlp_cli.nn.names import ActivationName, CostName, InitName
from mlp_cli.nn.types import Floats, ImagesOrX

IMAGES_AT_ONCE = 1000
"""images whose outputs are computed together, so that they never all become floats at once"""


class Derivatives(NamedTuple):
    """The derivatives of the cost at one layer l; dW and db are summed over the mini-batch."""

    dA: Floats
    """with respect to the layer's activations, (m, n_l)"""
    dZ: Floats
    """with respect to its weighted inputs z = W a' + b, (m, n_l)"""
    dW: Floats
    """with respect to its weights, (n_l, n_{l-1})"""
    db: Floats
    """with respect to its biases, (n_l,)"""


class Network:
    """A multilayer perceptron.

    weights: W^2..W^L, each (n_l, n_{l-1}).  biases: b^2..b^L, each (n_l,).  All have one
    floating type; they are copied. Raises ShapeError where two neighbouring layers do not fit,
    DataError where the types differ.
    activation: of the hidden layers.  cost: the function that training minimises; it decides the
    activation of the output layer.
    """

    def __init__(
        self,
        weights: Sequence[Floats],
        biases: Sequence[Floats],
        activation: ActivationName = "sigmoid",
        cost: CostName = "quadratic",
    ) -> None:
        weights, biases = check_parameters(weights, biases)
        self.sizes = [weights[0].shape[1], *(len(b) for b in biases)]
        self.dtype = weights[0].dtype
        self.activation: ActivationName = activation
        self.cost: CostName = cost
        # Row by row in memory, as `dot` needs its results: weights from a file may lie otherwise.
        self.parameters = [
            np.ascontiguousarray(np.column_stack(layer))
            for layer in zip(weights, biases, strict=True)
        ]
        """(W^l | b^l) for l = 2..L, each (n_l, n_{l-1} + 1). Times (a; 1) this is W^l a + b^l"""

    @property
    def weights(self) -> list[Floats]:
        """W^2..W^L, each (n_l, n_{l-1}): views, so a change to them changes the network."""
        return [parameters[:, :-1] for parameters in self.parameters]

    @property
    def biases(self) -> list[Floats]:
        """b^2..b^L, each (n_l,): views, so a change to them changes the network."""
        return [parameters[:, -1] for parameters in self.parameters]

    @classmethod
    def initialise(
        cls,
        sizes: Sequence[int],
        rng: "np.random.Generator",
        init: InitName = "scaled",
        dtype: npt.DTypeLike = np.float32,
        activation: ActivationName = "sigmoid",
        cost: CostName = "quadratic",
    ) -> Self:
        """Return a network of these layer sizes with random parameters.

        Biases are N(0, 1). With `scaled`, weights are N(0, 1 / n_{l-1}), so that z begins with a
        spread near 1 whatever the width. With `normal`, they are N(0, 1), the book's choice.
        """
        weights, biases = [], []
        for n_in, n_out in pairwise(sizes):
            deviation = 1.0 if init == "normal" else n_in**-0.5
            weights.append((deviation * rng.standard_normal((n_out, n_in))).astype(dtype))
            biases.append(rng.standard_normal(n_out).astype(dtype))
        return cls(weights, biases, activation, cost)

    def copy(self) -> Self:
        """Return a network with the same parameters in separate arrays."""
        return type(self)(self.weights, self.biases, self.activation, self.cost)

    def is_finite(self) -> bool:
        """Return whether every parameter is a finite number."""
        return all(bool(np.isfinite(parameters).all()) for parameters in self.parameters)

    def feedforward(self, x: Floats, masks: Sequence[Floats] = ()) -> list[Floats]:
        """Return the activations of every layer, A^1..A^L.

        A^1 = x,   Z^l = A^{l-1} (W^l)^T + b^l,   A^l = sigma(Z^l)

        sigma is the hidden layers' activation, and at L the cost's output activation.
        x: floats, (m, n_1).  masks: M^2..M^{L-1} of dropout, each (m, n_l), or none. With them the
        next layer receives A^l * M^l in place of A^l.
        Raises ShapeError where x disagrees with the input layer, DataError where it is no floats.
        """
        x = check_x(x, self.sizes[0])
        hidden, output = ACTIVATIONS[self.activation].function, COSTS[self.cost].output
        activations = [x]
        for l, (W, b) in enumerate(zip(self.weights, self.biases, strict=True), start=2):
            a_previous = activations[-1]
            if masks and l > 2:
                a_previous = a_previous * masks[l - 3]
            z = a_previous @ W.T + b
            activations.append(hidden(z) if l < len(self.sizes) else output(z))
        return activations

    def backpropagate(
        self, activations: Sequence[Floats], y: Floats, masks: Sequence[Floats] = ()
    ) -> list[Derivatives]:
        """Return the derivatives of the cost at the layers 2..L, for a mini-batch.

            dA^L     = A^L - Y                     Fact 1
            dZ^l     = dA^l * sigma'(Z^l)          Fact 2, sigma' = A^l (1 - A^l)
            db^l     = sum over rows of dZ^l       Fact 3
            dW^l     = (dZ^l)^T A^{l-1}            Fact 5 (Fact 4 column by column)
            dA^{l-1} = dZ^l W^l                    Fact 6

        activations: A^1..A^L from `feedforward`.  y: (m, n_L), one-hot.
        masks: the ones that `feedforward` was given. With them Fact 5 has A^{l-1} * M^{l-1}, which
        the layer received, and Fact 6 has M^{l-1} as a factor.
        Raises ShapeError where y disagrees with the output layer.

        The formulas above are those of the sigmoid and the quadratic cost. Another cost has
        another Fact 1, which Fact 2 may simplify (see `costs`); another activation has its own
        sigma'.

        Nothing is updated here, so Fact 6 sees every W^l from before its update. dA^1 is left out,
        because nothing uses it.
        """
        if y.shape != activations[-1].shape:
            raise ShapeError(f"y: shape {y.shape}, expected {activations[-1].shape}.")
        cost, hidden = COSTS[self.cost], ACTIVATIONS[self.activation]
        dA, dZ = cost.d_a(activations[-1], y), cost.d_z(activations[-1], y)
        derivatives = []
        for l in range(len(self.sizes), 1, -1):
            a_previous, W = activations[l - 2], self.weights[l - 2]
            mask = masks[l - 3] if masks and l > 2 else None
            received = a_previous if mask is None else a_previous * mask
            derivatives.append(Derivatives(dA=dA, dZ=dZ, dW=dZ.T @ received, db=dZ.sum(axis=0)))
            if l > 2:
                dA = dZ @ W if mask is None else dZ @ W * mask
                dZ = dA * hidden.derivative(a_previous)
        derivatives.reverse()
        return derivatives

    def descend(self, derivatives: Sequence[Derivatives], step: float) -> None:
        """Move every parameter against its derivative, in place.

        W^l -= step dW^l,   b^l -= step db^l;   step = eta / m for a mini-batch of m.
        """
        for W, b, d in zip(self.weights, self.biases, derivatives, strict=True):
            W -= step * d.dW
            b -= step * d.db

    # Finite weights may still be so large that z is not: sigma of infinity is 0 or 1, but where
    # infinities of both signs meet in a sum, z and its output are no number.
    @np.errstate(over="ignore", invalid="ignore")
    def outputs(self, images: ImagesOrX, batch_size: int = IMAGES_AT_ONCE) -> Floats:
        """Return the output activations A^L for images: (n, n_L).

        images: (n, rows, columns) or (n, pixels), grey levels of type uint8; or floats, which are
        x from 0 to 1 as they are. Computed `batch_size` images at a time.
        Raises ShapeError or DataError for others.
        """
        images = check_images(images, self.sizes[0])
        outputs = np.empty((len(images), self.sizes[-1]), self.dtype)
        for start in range(0, len(images), batch_size):
            batch = slice(start, start + batch_size)
            outputs[batch] = self.feedforward(pixels_to_x(images[batch], self.dtype))[-1]
        return outputs
