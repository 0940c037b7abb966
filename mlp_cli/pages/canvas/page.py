"""The network as a page to draw on: one file that needs no server and no network."""

import json
import re
from base64 import b64encode
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mlp_cli.datasets.catalogue import find_source
from mlp_cli.errors import ExportError
from mlp_cli.nn.activations import Elementwise, sigmoid, softmax
from mlp_cli.nn.costs import COSTS
from mlp_cli.runs.checkpoint import Run

PAGE = Path(__file__).parent
SCRIPTS = ("network", "grid", "ground", "parts", "strokes", "normalise", "drawing", "page")
"""in the order in which they need each other"""
LEAST_SIDE = 8
"""pixels: in a smaller image no drawing can be told from another"""
MAX_BYTES = 256 << 20
"""of parameters: browsers refuse strings of 512 MiB"""

OUTPUT: dict[Elementwise, str] = {sigmoid: "sigmoid", softmax: "softmax"}


def write_html(run: Run, file: BinaryIO) -> None:
    """Write a page with a canvas, the network, and what it answers to a drawing.

    The parameters are in it as base64, W^2, b^2, .., W^L, b^L, in the run's own precision.
    Raises ExportError where the inputs are no image to draw, or the network is too large.
    """
    network, shape = run.network, run.settings.image_shape
    source = find_source(run.settings.dataset)
    if min(shape) < LEAST_SIDE:
        raise ExportError(
            f"inputs of {' x '.join(map(str, shape))}, expected an image to draw on, "
            f"{LEAST_SIDE} x {LEAST_SIDE} at least."
        )
    size = sum(array.nbytes for array in network.parameters)
    if size > MAX_BYTES:
        raise ExportError(f"{size:,} bytes of parameters, expected {MAX_BYTES:,} at most.")
    saved = {
        "sizes": network.sizes,
        "shape": shape,
        "activation": network.activation,
        "output": OUTPUT[COSTS[network.cost].output],
        "classes": [source.class_name(k) for k in range(network.sizes[-1])],
        "dtype": network.dtype.name,
        "parameters": _packed(run),
    }
    # No text in a script may look like the script's end, nor like a comment's beginning.
    text = json.dumps(saved).replace("<", "\\u003c")
    parts = {
        "style": (PAGE / "page.css").read_text("utf-8"),
        "sizes": "-".join(map(str, network.sizes)),
        "network": text,
        "script": "\n".join((PAGE / f"{name}.js").read_text("utf-8") for name in SCRIPTS),
    }
    page = (PAGE / "page.html").read_text("utf-8")
    # In one pass, so that nothing in a part is taken for a place to fill.
    file.write(re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], page).encode())


def _packed(run: Run) -> str:
    """Return the parameters, little-endian, as every browser's machine has them."""
    kind = np.dtype(run.network.dtype).newbyteorder("<")
    layers = zip(run.network.weights, run.network.biases, strict=True)
    data = b"".join(array.astype(kind).tobytes() for layer in layers for array in layer)
    return b64encode(data).decode("ascii")
