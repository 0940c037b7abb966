"""Sums that are 0 except for rounding are shown as 0.

A sum whose terms are of size 1 and whose exact value is 0 may come out as 5.6e-17: that depends
on the order in which the processor's BLAS adds, and says nothing about the example. So the text
shows 0 where a value is below `ULPS` ulps of the sum of its absolute terms, which is the error
that rounding may leave in it. A product or a sum of such values has their errors as well, so this
sum of absolute terms, the scale, follows the passes layer by layer. JSON and the comparison with
central differences keep every value as it was computed.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mlp_cli.explanation.comparison import Derivative
from mlp_cli.explanation.passes import Explanation, LayerPasses
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.types import Floats

ULPS = 8
"""A sum of n terms is off by n / 2 ulps at most. A layer that is shown in full has eleven terms at
most, and each of them is itself rounded."""


def rounded(value: Floats, scale: Floats) -> Floats:
    """Return the values, with 0 where rounding alone may have kept one from being 0.

    scale: the sum of the absolute terms of each value; a sum that is not finite changes nothing.
    """
    is_rounding = (np.abs(value) < ULPS * np.finfo(np.float64).eps * scale) & np.isfinite(scale)
    return np.where(is_rounding, 0.0, value)


# What is not finite in an explanation stays so, and its scale is not finite either.
@np.errstate(over="ignore", invalid="ignore")
def for_reading(e: Explanation) -> Explanation:
    """Return the explanation as the text shows it, with every sum rounded at its scale.

    z^l                |W^l| |a^{l-1}| + |b^l|
    a^L - y            |a^L| + |y|
    d_z = d_a sigma'   that of d_a, times |sigma'|;  d_b likewise
    D_W = d_z a^t      that of d_z, times |a^{l-1}|
    d_a = W^t d_z      |W|^t times that of d_z
    b + Delta b        |b| + eta times that of d_b;  W likewise
    """
    layers, scales = _forward(e)
    return replace(e, layers=_backward(e, layers, scales))


def _forward(e: Explanation) -> tuple[list[LayerPasses], list[Floats]]:
    """Return the layers with z and a rounded, and the scales of a^1..a^L."""
    sigma = ACTIVATIONS[e.network.activation].function
    a, scales, layers = e.x, [np.abs(e.x)], []
    for layer in e.layers:
        a_previous, scale = a, np.abs(layer.W) @ scales[-1] + np.abs(layer.b)
        z, a = rounded(layer.z, scale), layer.a
        scales.append(np.abs(a))
        if layer is not e.layers[-1]:  # relu and tanh leave as much of a rounded z as there is
            is_rounding = (z == 0) & (layer.z != 0)
            a = np.where(is_rounding, sigma(z), a)
            scales[-1] = np.where(is_rounding, scale, scales[-1])
        layers.append(replace(layer, a_previous=a_previous, z=z, a=a))
    return layers, scales


def _backward(
    e: Explanation, layers: Sequence[LayerPasses], scales: Sequence[Floats]
) -> list[LayerPasses]:
    """Return the layers with derivatives and updates rounded, given the scales of a^1..a^L."""
    finished: list[LayerPasses] = []
    difference = scales[-1] + np.abs(e.y)
    d_a = difference if e.network.cost == "quadratic" else np.abs(layers[-1].d_a.values)
    for layer, a_previous in zip(reversed(layers), reversed(scales[:-1]), strict=True):
        d_z = difference if layer.slope is None else d_a * np.abs(layer.slope)
        D_W = np.outer(d_z, a_previous)
        finished.append(
            replace(
                layer,
                d_a=_rounded(layer.d_a, d_a),
                d_z=_rounded(layer.d_z, d_z),
                d_b=_rounded(layer.d_b, d_z),
                D_W=_rounded(layer.D_W, D_W),
                Delta_b=rounded(layer.Delta_b, e.eta * d_z),
                Delta_W=rounded(layer.Delta_W, e.eta * D_W),
                new_b=rounded(layer.new_b, np.abs(layer.b) + e.eta * d_z),
                new_W=rounded(layer.new_W, np.abs(layer.W) + e.eta * D_W),
            )
        )
        d_a = np.abs(layer.W).T @ d_z
    return finished[::-1]


def _rounded(d: Derivative, scale: Floats) -> Derivative:
    return replace(d, values=rounded(d.values, scale))
