"""The constants of images/ for the drawing page, whose JavaScript normalises as images/ does."""

from types import ModuleType

import numpy as np

from mlp_cli.images import components, digit, ground, placing, reading, strokes, threshold

SHARED: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (threshold, ("BINS", "LEAST", "CLEAR", "SEED", "GROWTH")),
    (ground, ("BAND", "CORNER", "EVEN_LEVELS", "EVEN_SHARE", "SMALL", "LIGHT", "DARKEST")),
    (components, ("EDGE_DEPTH", "AT_BORDER", "SPECK", "GAP", "BESIDE", "AS_TALL")),
    (
        strokes,
        ("BOX", "DIGIT_SHARE", "STROKE_SHARE", "SOLID", "DEEPEST", "FAINTEST", "REACH"),
    ),
    (placing, ("OFF_CENTRE",)),
    (digit, ("MIN_CONTRAST", "MIN_EXTENT", "FAINT", "COARSE")),
    (reading, ("MAX_SIDE", "LUMINANCE")),
)
"""modules, and those of their constants that a script of the page reads"""


def shared_constants() -> dict[str, dict[str, float | list[float]]]:
    """Return the constants as they are now, by module and name, as JSON can hold them."""
    return {
        module.__name__.rpartition(".")[2]: {
            name: np.asarray(getattr(module, name)).tolist() for name in names
        }
        for module, names in SHARED
    }
