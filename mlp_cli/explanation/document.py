"""The explanation of one example as one JSON document."""

from typing import Any

from mlp_cli.explanation.comparison import TOLERANCE, Derivative, Positions, digest, is_small
from mlp_cli.explanation.differences import Entries
from mlp_cli.explanation.passes import Explanation, LayerPasses
from mlp_cli.nn.types import Floats

Json = dict[str, Any]


def full_document(e: Explanation) -> Json:
    """Return all quantities of both passes: small arrays in full, large ones as digests."""
    return {
        **_head(e),
        "x": _array(e.x),
        "y": _array(e.y),
        "feedforward": [_forward(layer) for layer in e.layers],
        "C": e.C,
        "backpropagate": [_backward(layer) for layer in e.backwards],
        "check": _verdict(e),
    }


def check_document(e: Explanation) -> Json:
    """Return every derivative with its central differences; only the worst of a large one."""
    derivatives = [
        {
            "name": d.symbol,
            "layer": d.l,
            "fact": d.fact,
            "shape": list(d.values.shape),
            "compared": d.compared,
            "largest_deviation": d.largest_deviation,
            "entries": _entries(d, d.checked),
        }
        for d in e.derivatives
    ]
    return {**_head(e), "C": e.C, "derivatives": derivatives, "check": _verdict(e)}


def _head(e: Explanation) -> Json:
    return {
        "sizes": e.network.sizes,
        "activation": e.network.activation,
        "cost": e.network.cost,
        "label": e.label,
        "answer": e.prediction,
        "eta": e.eta,
    }


def _forward(layer: LayerPasses) -> Json:
    arrays = {"W": layer.W, "b": layer.b, "z": layer.z, "a": layer.a}
    return {"layer": layer.l, **{name: _array(values) for name, values in arrays.items()}}


def _backward(layer: LayerPasses) -> Json:
    return {
        "layer": layer.l,
        "slope": None if layer.slope is None else _array(layer.slope),
        **{d.symbol: _derivative(d) for d in layer.derivatives},
        "Delta_b": _array(layer.Delta_b),
        "Delta_W": _array(layer.Delta_W),
        "new_b": _array(layer.new_b),
        "new_W": _array(layer.new_W),
    }


def _array(values: Floats) -> Json:
    """Return the shape of an array, and all values or its digest."""
    if is_small(values):
        return {"shape": list(values.shape), "values": values.tolist()}
    d = digest(values)
    return {
        "shape": list(values.shape),
        "norm": d.norm,
        "min": d.min,
        "max": d.max,
        "largest": [
            {"index": index, "value": float(values[tuple(entry)])}
            for index, entry in zip(_indices(d.largest), d.largest, strict=True)
        ],
    }


def _derivative(d: Derivative) -> Json:
    """Return a derivative as an array with its central differences and deviations."""
    document = {**_array(d.values), "fact": d.fact, "compared": d.compared}
    if d.is_small:
        document["central"] = d.central.reshape(d.values.shape).tolist()
        document["deviations"] = d.deviations.reshape(d.values.shape).tolist()
    else:
        document["largest"] = _entries(d, d.shown)
    return {**document, "largest_deviation": d.largest_deviation}


def _entries(d: Derivative, positions: Positions) -> list[Json]:
    columns = (d.compared_values[positions], d.central[positions], d.deviations[positions])
    return [
        {
            "index": index,
            "value": value,
            "central": central,
            "deviation": deviation,
        }
        for index, value, central, deviation in zip(
            _indices(d.entries[positions]), *(column.tolist() for column in columns), strict=True
        )
    ]


def _verdict(e: Explanation) -> Json:
    d = e.worst
    return {
        "parameters": e.parameters,
        "compared_parameters": e.compared_parameters,
        "compared": e.compared,
        "incomparable": e.incomparable,
        "floor": e.floor,
        "tolerance": TOLERANCE,
        "largest_deviation": d.largest_deviation,
        "at": {"name": d.symbol, "layer": d.l, "index": _indices(d.entries[d.worst[:1]])[0]},
        "passes": e.passes,
    }


def _indices(entries: Entries) -> list[list[int]]:
    """Return entries counted from 1, as in the derivation."""
    return [[i + 1 for i in entry] for entry in entries.tolist()]
