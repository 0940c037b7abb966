"""A page to draw on, with the network in it: one file that needs no server."""

from pathlib import Path
from typing import BinaryIO

from mlp_cli.errors import ExportError
from mlp_cli.measuring.confidence import LEAST_CONFIDENCE
from mlp_cli.pages.in_javascript import (
    check_networks,
    filled,
    in_javascript,
    script_json,
    scripts,
)
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.naming import names_of

PAGE = Path(__file__).parent
SCRIPTS = (
    *("network", "grid", "ground", "parts", "strokes", "normalise", "shapes", "lines", "wobbles"),
    *("several", "view", "drawing", "boxes", "units", "page"),
)
"""in an order in which each script comes after those that it uses"""
MIN_SIDE = 8
"""pixels: smaller images cannot show a drawing"""

SEVERAL = "Several beside each other are all read, but two that touch as one. "
"""help for networks whose classes are single letters: only these are written side by side"""


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
    check_networks(each.network for each in runs)
    classes = names_of(run.settings).all(run.network.sizes[-1])
    saved = {
        **_member(run),
        "others": [_member(other) for other in others],
        "shape": shape,
        "classes": classes,
        "leastConfidence": LEAST_CONFIDENCE,
    }
    kind, _ = names_of(run.settings).class_headings(run.network.sizes[-1])
    sizes = ", ".join(dict.fromkeys("-".join(map(str, each.network.sizes)) for each in runs))
    parts = {
        "style": (PAGE / "page.css").read_text("utf-8"),
        "title": "Draw a digit" if kind == "digit" else "Draw a picture",
        "whom": f"a committee of {len(runs)}: {sizes}" if others else f"a network of {sizes}",
        "hidden": "Hidden units of the first" if others else "Hidden units",
        "several": SEVERAL if all(len(name) == 1 for name in classes) else "",
        "network": script_json(saved),
        "images": script_json(shared_constants()),
        "script": scripts(PAGE / f"{name}.js" for name in SCRIPTS),
    }
    file.write(filled(PAGE / "page.html", parts))


def _member(run: Run) -> dict[str, object]:
    """Return what `network.js` computes a network's outputs from."""
    return {**in_javascript(run.network), "view": run.settings.view}
