"""A page to draw on, with the network in it: one file that needs no server."""

import json
import re
from base64 import b64encode
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mlp_cli.errors import ExportError
from mlp_cli.measuring.confidence import LEAST_CONFIDENCE
from mlp_cli.nn.activations import Elementwise, sigmoid, softmax
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.names import ActivationName
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.naming import names_of

PAGE = Path(__file__).parent
SCRIPTS = (
    *("network", "grid", "ground", "parts", "strokes", "normalise", "view", "drawing", "units"),
    "page",
)
"""in an order in which each script comes after those that it uses"""
MIN_SIDE = 8
"""pixels: smaller images cannot show a drawing"""
MAX_PARAMETER_BYTES = 256 << 20
"""of the parameters: browsers refuse strings of 512 MiB"""

HIDDEN_NAMES: tuple[ActivationName, ...] = ("sigmoid", "tanh", "relu")
"""the activations that `network.js` can compute"""
OUTPUT_NAMES: dict[Elementwise, str] = {sigmoid: "sigmoid", softmax: "softmax"}


def write_html(run: Run, file: BinaryIO, *others: Run) -> None:
    """Write a page with a canvas, the network, and its prediction for what is drawn.

    others: further members of a committee, whose outputs are averaged with the run's. The hidden
    activations that the page shows are those of the run.

    The parameters W^2, b^2, .., W^L, b^L are in the page as base64, in the precision of the run.
    Raises ExportError where the inputs are too few to draw on, the network is too large, or the
    page cannot compute its activation.
    """
    # Not at the top: it brings Pillow, which the other formats of an export do without.
    from mlp_cli.pages.canvas.constants import shared_constants

    runs, shape = (run, *others), run.settings.image_shape
    if min(shape) < MIN_SIDE:
        raise ExportError(
            f"inputs of {' x '.join(map(str, shape))}, expected an image to draw on, "
            f"at least {MIN_SIDE} x {MIN_SIDE}."
        )
    for each in runs:
        if each.network.activation not in HIDDEN_NAMES:
            known = " and ".join(HIDDEN_NAMES)
            raise ExportError(f"activation {each.network.activation}: the page knows {known}.")
    size = sum(array.nbytes for each in runs for array in each.network.parameters)
    if size > MAX_PARAMETER_BYTES:
        raise ExportError(
            f"{size:,} bytes of parameters, expected {MAX_PARAMETER_BYTES:,} at most."
        )
    saved = {
        **_member(run),
        "others": [_member(other) for other in others],
        "shape": shape,
        "classes": names_of(run.settings).all(run.network.sizes[-1]),
        "leastConfidence": LEAST_CONFIDENCE,
    }
    kind, _ = names_of(run.settings).class_headings(run.network.sizes[-1])
    sizes = ", ".join(dict.fromkeys("-".join(map(str, each.network.sizes)) for each in runs))
    parts = {
        "style": (PAGE / "page.css").read_text("utf-8"),
        "title": "Draw a digit" if kind == "digit" else "Draw a picture",
        "whom": f"a committee of {len(runs)}: {sizes}" if others else f"a network of {sizes}",
        "hidden": "Hidden units of the first" if others else "Hidden units",
        "network": _script_json(saved),
        "images": _script_json(shared_constants()),
        "script": "\n".join((PAGE / f"{name}.js").read_text("utf-8") for name in SCRIPTS),
    }
    page = (PAGE / "page.html").read_text("utf-8")
    # One pass, so that no part of the content is taken for a place to fill.
    file.write(re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], page).encode())


def _member(run: Run) -> dict[str, object]:
    """Return what `network.js` computes a network's outputs from."""
    network = run.network
    return {
        "sizes": network.sizes,
        "view": run.settings.view,
        "activation": network.activation,
        "output": OUTPUT_NAMES[COSTS[network.cost].output],
        "dtype": network.dtype.name,
        "parameters": _packed(run),
    }


def _script_json(value: object) -> str:
    """Return JSON in which nothing looks like the script's end or a comment's beginning."""
    return json.dumps(value).replace("<", "\\u003c")


def _packed(run: Run) -> str:
    """Return the parameters in base64, little-endian as on every machine with a browser."""
    kind = np.dtype(run.network.dtype).newbyteorder("<")
    layers = zip(run.network.weights, run.network.biases, strict=True)
    data = b"".join(array.astype(kind).tobytes() for layer in layers for array in layer)
    return b64encode(data).decode("ascii")
