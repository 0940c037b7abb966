"""Read a network from JSON: its weights and biases as the derivation writes them, or the book's.

    {"weights": [W^2, W^3], "biases": [b^2, b^3]}         a matrix is a list of its rows

Beside them may stand "activation" (of the hidden layers, `sigmoid`), "cost" (`quadratic`) and
"sizes". The file of the book's `network2.save` is such a document: it calls the costs by names of
its own, and a bias there is a row of one number.
"""

import reprlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np

from mlp_cli.errors import NetworkFileError
from mlp_cli.exports.nielsen import BOOK_COSTS
from mlp_cli.exports.rows import Bounds, read_rows
from mlp_cli.nn.names import ActivationName, CostName
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats

BOUNDS = Bounds(
    size=320 << 20,
    numbers=14_000_000,  # more than the largest network for MNIST has
    lists=200_000,  # two for every unit
    row=16 << 20,
    rest=4 << 20,
)
"""of a file to read"""

Name = TypeVar("Name", CostName, ActivationName)

COSTS_BY_NAME: dict[str, CostName] = {
    **{name: name for name in get_args(CostName)},
    **{theirs: ours for ours, theirs in BOOK_COSTS.items()},
}
ACTIVATIONS_BY_NAME: dict[str, ActivationName] = {name: name for name in get_args(ActivationName)}


def read_network(path: Path) -> Network:
    """Return the network in a file, every part of which is checked.

    It is float32 where that holds every number exactly, else float64: an export comes back as it
    was.
    Raises NetworkFileError, naming the file and the part, where the file is not such a network.
    """
    try:
        document = read_rows(path, BOUNDS)
        if not isinstance(document, dict):
            raise NetworkFileError("not a JSON object.")
        return _parse(document)
    except NetworkFileError as error:
        raise NetworkFileError(
            f"{path}: {error}\nExpected the JSON of weights and biases that docs/formats.md "
            "describes, or what the book's network2.save writes."
        ) from error


def _parse(document: Mapping[str, Any]) -> Network:
    cost = _choice(document, "cost", "quadratic", COSTS_BY_NAME)
    activation = _choice(document, "activation", "sigmoid", ACTIVATIONS_BY_NAME)
    sizes = _small(document, "sizes") if "sizes" in document else _sizes_of_weights(document)
    if not isinstance(sizes, list) or len(sizes) < 2 or not all(map(_is_size, sizes)):
        raise NetworkFileError(
            f"sizes {reprlib.repr(sizes)}, expected at least two integers above 0."
        )
    weights = _read_layers(document, "weights", [(n, m) for m, n in pairwise(sizes)])
    biases = [b[:, 0] for b in _read_layers(document, "biases", [(n, 1) for n in sizes[1:]])]
    if all(map(_fits_float32, [*weights, *biases])):
        weights = [W.astype(np.float32) for W in weights]
        biases = [b.astype(np.float32) for b in biases]
    return Network(weights, biases, activation, cost)


def _choice(document: Mapping[str, Any], key: str, default: str, known: Mapping[str, Name]) -> Name:
    """Return what a name in the document stands for."""
    name = _small(document, key) if key in document else default
    if not isinstance(name, str) or name not in known:
        raise NetworkFileError(f"{key} {reprlib.repr(name)}, expected {' or '.join(known)}.")
    return known[name]


def _sizes_of_weights(document: Mapping[str, Any]) -> list[int]:
    """Return the units of every layer by the rows of the weights and the length of the first."""
    layers = document.get("weights")
    if not isinstance(layers, list) or not layers or not all(map(_is_matrix, layers)):
        raise NetworkFileError("weights: expected a list of matrices, each a list of rows.")
    return [len(layers[0][0]), *map(len, layers)]


def _is_matrix(layer: object) -> bool:
    return isinstance(layer, list) and bool(layer) and isinstance(layer[0], np.ndarray)


def _small(document: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  as JSON is
    """Return the value under this name, as Python has it; the beginning of a list too long."""
    value = document.get(name)
    return value[: BOUNDS.lists].tolist() if isinstance(value, np.ndarray) else value


def _is_size(value: object) -> bool:
    return type(value) is int and value > 0


def _read_layers(
    document: Mapping[str, Any], name: str, shapes: list[tuple[int, int]]
) -> list[Floats]:
    """Return the matrices under this name, checked to have these shapes."""
    layers = document.get(name)
    if not isinstance(layers, list) or len(layers) != len(shapes):
        raise NetworkFileError(f"{name}: expected a list of {len(shapes)}, one for each layer.")
    matrices: list[Floats] = []
    for number, (rows, (height, width)) in enumerate(zip(layers, shapes, strict=True)):
        if name == "biases" and isinstance(rows, np.ndarray):
            rows = list(rows[:, None])  # a vector, as the derivation has it
        if (
            not isinstance(rows, list)
            or len(rows) != height
            or not all(isinstance(row, np.ndarray) and len(row) == width for row in rows)
        ):
            raise NetworkFileError(
                f"{name}[{number}]: expected {height} rows of {width} numbers, to match the sizes."
            )
        matrix = np.array(rows, np.float64)
        if not np.isfinite(matrix).all():
            raise NetworkFileError(f"{name}[{number}]: a number too large for float64.")
        rows.clear()  # a layer need not be in memory twice
        matrices.append(matrix)
    return matrices


# A number too large for float32 becomes infinite there, so that it differs from itself.
@np.errstate(over="ignore", under="ignore")
def _fits_float32(array: Floats) -> bool:
    return bool((array.astype(np.float32) == array).all())
