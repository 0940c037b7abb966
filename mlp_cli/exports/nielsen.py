"""The JSON of the book's `network2.py`, written for its `load` and read from its `save`.

    {"sizes": [784, 30, 10],
     "weights": [W^2, W^3], "biases": [b^2, b^3],   lists of rows; a bias is a row of one number
     "cost": "QuadraticCost" or "CrossEntropyCost"}

Sigmoids everywhere. Source: M. Nielsen, Neural Networks and Deep Learning (2015), chapter 3.
"""

import json
import reprlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mlp_cli.errors import ExportError, NetworkFileError
from mlp_cli.exports.rows import Bounds, read_rows
from mlp_cli.nn.names import CostName
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats
from mlp_cli.runs.checkpoint import Run

BOOK_COSTS: dict[CostName, str] = {
    "quadratic": "QuadraticCost",
    "cross-entropy": "CrossEntropyCost",
}
"""the book's names of the costs"""
BOUNDS = Bounds(
    size=320 << 20,
    numbers=14_000_000,  # more than the largest network for MNIST has
    lists=200_000,  # two for every unit
    row=16 << 20,
    rest=4 << 20,
)
"""of a file to read"""


def write_nielsen(run: Run, file: BinaryIO) -> None:
    """Write the network; every number has all its digits.

    Raises ExportError for a network that the book's program cannot represent.
    """
    network = run.network
    if network.cost not in BOOK_COSTS:
        raise ExportError(f"cost {network.cost}: the format knows {' and '.join(BOOK_COSTS)}.")
    # Without a hidden layer the activation of hidden units does not matter.
    if network.activation != "sigmoid" and len(network.sizes) > 2:
        raise ExportError(f"activation {network.activation}: the format knows only sigmoid.")
    if run.settings.view != "plain":
        raise ExportError(f"view {run.settings.view}: the format's readers see images as they are.")
    file.write(f'{{"sizes": {json.dumps(network.sizes)}, "weights": '.encode())
    _write_layers(network.weights, file)
    file.write(b', "biases": ')
    _write_layers([b[:, None] for b in network.biases], file)
    file.write(f', "cost": {json.dumps(BOOK_COSTS[network.cost])}}}'.encode())


def _write_layers(layers: Sequence[Floats], file: BinaryIO) -> None:
    """Write matrices row by row: all numbers as Python's would take ten times their memory."""
    for number, matrix in enumerate(layers):
        file.write(b", [" if number else b"[[")
        for row, numbers in enumerate(matrix):
            file.write((", " if row else "").encode() + json.dumps(numbers.tolist()).encode())
        file.write(b"]")
    file.write(b"]")


def read_nielsen(path: Path) -> Network:
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
            f"{path}: {error}\nExpected the JSON that the book's network2.save writes."
        ) from error


def _parse(document: Mapping[str, Any]) -> Network:
    named, sizes = _small(document, "cost"), _small(document, "sizes")
    cost = next((ours for ours, theirs in BOOK_COSTS.items() if theirs == named), None)
    if cost is None:
        expected = " or ".join(BOOK_COSTS.values())
        raise NetworkFileError(f"cost {reprlib.repr(named)}, expected {expected}.")
    if not isinstance(sizes, list) or len(sizes) < 2 or not all(map(_is_size, sizes)):
        raise NetworkFileError(
            f"sizes {reprlib.repr(sizes)}, expected at least two integers above 0."
        )
    weights = _read_layers(document, "weights", [(n, m) for m, n in pairwise(sizes)])
    biases = [b[:, 0] for b in _read_layers(document, "biases", [(n, 1) for n in sizes[1:]])]
    if all(map(_fits_float32, [*weights, *biases])):
        weights = [W.astype(np.float32) for W in weights]
        biases = [b.astype(np.float32) for b in biases]
    return Network(weights, biases, cost=cost)


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
