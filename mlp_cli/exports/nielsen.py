"""The JSON of the book's `network2.py`: its `load` reads what is written here, and vice versa.

    {"sizes": [784, 30, 10],
     "weights": [W^2, W^3], "biases": [b^2, b^3],   lists of rows; a bias is a row of one number
     "cost": "QuadraticCost" or "CrossEntropyCost"}

Sigmoids everywhere. Source: M. Nielsen, Neural Networks and Deep Learning (2015), chapter 3.
"""

import json
import reprlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from mlp_cli.errors import ExportError, NetworkFileError
from mlp_cli.nn.names import CostName
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats
from mlp_cli.runs.checkpoint import Run

COSTS: dict[CostName, str] = {"quadratic": "QuadraticCost", "cross-entropy": "CrossEntropyCost"}
"""the book's names for our costs"""
MAX_BYTES = 320 << 20
"""of a file that is read: some 14 million parameters, more than the largest known for MNIST"""
MAX_LISTS = 1_000_000
"""in a file: one for every unit's weights and bias. An empty one is 2 bytes there and 60 here"""


def write_nielsen(run: Run, file: BinaryIO) -> None:
    """Write the network, every number with all its digits.

    Raises ExportError for a network that is not of the book's kind.
    """
    network = run.network
    if network.cost not in COSTS:
        raise ExportError(f"cost {network.cost}: the format knows {' and '.join(COSTS)}.")
    # Without a hidden layer there is no unit that its activation would be of.
    if network.activation != "sigmoid" and len(network.sizes) > 2:
        raise ExportError(f"activation {network.activation}: the format knows only sigmoid.")
    whole = {
        "sizes": network.sizes,
        "weights": [W.tolist() for W in network.weights],
        "biases": [b[:, None].tolist() for b in network.biases],
        "cost": COSTS[network.cost],
    }
    file.write(json.dumps(whole).encode())


def read_nielsen(path: Path) -> Network:
    """Return the network in a file, and trust nothing in it.

    float32 where that holds every number exactly, else float64: both come back as they went.
    Raises NetworkFileError, naming the file and the part, where it is not such a network.
    """
    try:
        return _parse(_read_json(path))
    except NetworkFileError as error:
        raise NetworkFileError(
            f"{path}: {error}\nExpected the JSON that the book's network2.save writes."
        ) from error


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NetworkFileError(f"cannot be read ({error.strerror or error}).") from error
    if len(text) > MAX_BYTES:
        raise NetworkFileError(f"more than {MAX_BYTES:,} bytes.")
    if text.count(b"[") > MAX_LISTS or text.count(b"{") > 1:
        raise NetworkFileError("more lists or objects than a network has.")
    try:
        whole = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError, too
        raise NetworkFileError(f"not JSON ({error}).") from error
    if not isinstance(whole, dict):
        raise NetworkFileError("no JSON object.")
    return whole


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _parse(whole: Mapping[str, Any]) -> Network:
    cost = next((ours for ours, theirs in COSTS.items() if theirs == whole.get("cost")), None)
    if cost is None:
        expected = " or ".join(COSTS.values())
        raise NetworkFileError(f"cost {reprlib.repr(whole.get('cost'))}, expected {expected}.")
    sizes = whole.get("sizes")
    if not isinstance(sizes, list) or len(sizes) < 2 or not all(map(_is_size, sizes)):
        raise NetworkFileError(
            f"sizes {reprlib.repr(sizes)}, expected whole numbers above 0, two at least."
        )
    weights = _read_layers(whole, "weights", [(n, m) for m, n in pairwise(sizes)])
    biases = [b[:, 0] for b in _read_layers(whole, "biases", [(n, 1) for n in sizes[1:]])]
    if all(map(_fits_float32, [*weights, *biases])):
        weights = [W.astype(np.float32) for W in weights]
        biases = [b.astype(np.float32) for b in biases]
    return Network(weights, biases, cost=cost)


def _is_size(value: object) -> bool:
    return type(value) is int and value > 0


def _read_layers(
    whole: Mapping[str, Any], name: str, shapes: list[tuple[int, int]]
) -> list[Floats]:
    """Return the matrices under this name, each of the shape that the sizes give it."""
    layers = whole.get(name)
    if not isinstance(layers, list) or len(layers) != len(shapes):
        raise NetworkFileError(f"{name}: expected a list of {len(shapes)}, one for each layer.")
    matrices: list[Floats] = []
    for number, (rows, (height, width)) in enumerate(zip(layers, shapes, strict=True)):
        if (
            not isinstance(rows, list)
            or len(rows) != height
            or not all(isinstance(row, list) and len(row) == width for row in rows)
            or not all(set(map(type, row)) <= {int, float} for row in rows)
        ):
            raise NetworkFileError(
                f"{name}[{number}]: expected {height} rows of {width} numbers, as by the sizes."
            )
        try:
            matrix = np.array(rows, np.float64)
            if not np.isfinite(matrix).all():
                raise OverflowError
        except OverflowError as error:  # NumPy's own, for a whole number, too
            raise NetworkFileError(f"{name}[{number}]: a number too large for float64.") from error
        matrices.append(matrix)
    return matrices


# A number too large for float32 becomes infinite there, and is not what it was.
@np.errstate(over="ignore", under="ignore")
def _fits_float32(array: Floats) -> bool:
    return bool((array.astype(np.float32) == array).all())
