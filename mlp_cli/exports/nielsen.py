"""The JSON of the book's `network2.py`, written for its `load`; `network_file` reads it.

    {"sizes": [784, 30, 10],
     "weights": [W^2, W^3], "biases": [b^2, b^3],   lists of rows; a bias is a row of one number
     "cost": "QuadraticCost" or "CrossEntropyCost"}

Sigmoids everywhere. Source: M. Nielsen, Neural Networks and Deep Learning (2015), chapter 3.
"""

import json
from collections.abc import Sequence
from typing import BinaryIO

from mlp_cli.errors import ExportError
from mlp_cli.nn.names import CostName
from mlp_cli.nn.types import Floats
from mlp_cli.runs.checkpoint import Run

BOOK_COSTS: dict[CostName, str] = {
    "quadratic": "QuadraticCost",
    "cross-entropy": "CrossEntropyCost",
}
"""the book's names of the costs"""


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
