"""Pages whose scripts compute a network: its parameters in the page, and the page in one file."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from mlp_cli.errors import ExportError
from mlp_cli.nn.activations import Elementwise, sigmoid, softmax
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.names import ActivationName
from mlp_cli.nn.network import Network

HIDDEN_NAMES: tuple[ActivationName, ...] = ("sigmoid", "tanh", "relu")
"""the activations that `canvas/network.js` can compute"""
OUTPUT_NAMES: dict[Elementwise, str] = {sigmoid: "sigmoid", softmax: "softmax"}
MAX_PARAMETER_BYTES = 256 << 20
"""of the parameters: browsers refuse strings of 512 MiB"""


def check_networks(networks: Iterable[Network]) -> None:
    """Raise ExportError where a page cannot compute these networks, or they are too large."""
    size = 0
    for network in networks:
        if network.activation not in HIDDEN_NAMES:
            known = " and ".join(HIDDEN_NAMES)
            raise ExportError(f"activation {network.activation}: the page knows {known}.")
        size += sum(array.nbytes for array in network.parameters)
    if size > MAX_PARAMETER_BYTES:
        raise ExportError(
            f"{size:,} bytes of parameters, expected {MAX_PARAMETER_BYTES:,} at most."
        )


def in_javascript(network: Network) -> dict[str, object]:
    """Return what `canvas/network.js` computes a network's activations from.

    The parameters W^2, b^2, .., W^L, b^L are base64, in the network's precision, little-endian as
    on every machine with a browser.
    """
    kind = np.dtype(network.dtype).newbyteorder("<")
    layers = zip(network.weights, network.biases, strict=True)
    data = b"".join(array.astype(kind).tobytes() for layer in layers for array in layer)
    return {
        "sizes": network.sizes,
        "activation": network.activation,
        "output": OUTPUT_NAMES[COSTS[network.cost].output],
        "dtype": network.dtype.name,
        "parameters": b64encode(data).decode("ascii"),
    }


def script_json(value: object) -> str:
    """Return JSON in which nothing looks like the script's end or a comment's beginning."""
    return json.dumps(value).replace("<", "\\u003c")


def scripts(paths: Iterable[Path]) -> str:
    """Return several scripts as one."""
    return "\n".join(path.read_text("utf-8") for path in paths)


def filled(template: Path, parts: Mapping[str, str]) -> bytes:
    """Return a page with a part in each of its places, which are marked as {{name}}."""
    # One pass, so that no part of the content is taken for a place to fill.
    page = re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template.read_text("utf-8"))
    return page.encode()
