"""The page on which one example is taken through both passes: one file that needs no server."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mlp_cli.explanation.comparison import MAX_SHOWN_UNITS, SHOWN_OF_LARGE
from mlp_cli.explanation.differences import MAX_BEND, MIN_DISTANCE, STEP_SIZES
from mlp_cli.explanation.passes import Explanation
from mlp_cli.explanation.rounding import ULPS
from mlp_cli.nn.network import Network
from mlp_cli.pages.in_javascript import check_networks, filled, in_javascript, script_json, scripts
from mlp_cli.pages.markup import Html, element

HERE = Path(__file__).parent
STEP_SCRIPTS = (
    HERE.parent / "canvas" / "network.js",
    *(
        HERE / f"{name}.js"
        for name in (
            "symbols",
            "passes",
            "differences",
            "steps",
            "arrays",
            "lines",
            "figure",
            "weight",
            "pointing",
            "learning",
            "page",
        )
    ),
)
"""in an order in which each script comes after those that it uses"""
MOST_EXACT_PARAMETERS = 5_000
"""Parameters of a larger network are shortened to float32, so that 784-30-10 stays small."""


def render_explanation(
    e: Explanation, about: Mapping[str, Sequence[str]], image_shape: Sequence[int] | None
) -> bytes:
    """Return the page about an explanation.

    The page holds the network and the example, and computes both passes, central differences and
    updates by itself.

    about: what is said about the network and the example, by heading.
    image_shape: rows and columns of the example where it is an image.
    Raises ExportError where the page cannot compute the network, or it is too large.
    """
    network = _shortened(e.network)
    check_networks([network])
    saved = {
        **in_javascript(network),
        "cost": e.network.cost,
        "x": e.x.tolist(),
        "y": e.y.tolist(),
        "eta": e.eta,
        "image": list(image_shape) if image_shape and min(image_shape) > 1 else None,
        "differences": {
            "STEP_SIZES": STEP_SIZES,
            "MAX_BEND": MAX_BEND,
            "MIN_DISTANCE": MIN_DISTANCE,
        },
        "limits": {
            "MAX_SHOWN_UNITS": MAX_SHOWN_UNITS,
            "SHOWN_OF_LARGE": SHOWN_OF_LARGE,
            "ROUNDING_ULPS": ULPS,
        },
    }
    return filled(
        HERE / "page.html",
        {
            "style": (HERE / "page.css").read_text("utf-8"),
            "about": _about(about),
            "proofs": (HERE / "proofs.html").read_text("utf-8"),
            "saved": script_json(saved),
            "script": scripts(STEP_SCRIPTS),
        },
    )


def _about(about: Mapping[str, Sequence[str]]) -> Html:
    """Return a line for each heading."""
    entries = (
        element("div", element("dt", name), element("dd", "; ".join(lines).replace("; (", " (")))
        for name, lines in about.items()
    )
    return element("dl", *entries, class_="about")


@np.errstate(over="ignore")
def _shortened(network: Network) -> Network:
    """Return the network in float32 where that is exact, as of a checkpoint, or much smaller."""
    weights, biases = (
        [array.astype(np.float32) for array in arrays]
        for arrays in (network.weights, network.biases)
    )
    short = Network(weights, biases, network.activation, network.cost)
    is_exact = all(
        np.array_equal(one, other, equal_nan=True)
        for one, other in zip(short.parameters, network.parameters, strict=True)
    )
    count = sum(parameters.size for parameters in network.parameters)
    is_within = short.is_finite() == network.is_finite()
    return short if is_exact or (count > MOST_EXACT_PARAMETERS and is_within) else network
