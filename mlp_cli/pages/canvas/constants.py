"""The constants of images/ for the drawing page, whose JavaScript normalises as images/ does."""

from types import ModuleType

import numpy as np

from mlp_cli.images import components, digit, ground, placing, reading, reducing, strokes, threshold
from mlp_cli.images.several import certainty, clearing, finding, joining, layout, marks

SHARED: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (
        threshold,
        (
            "HISTOGRAM_BINS",
            "LEAST_INK",
            "INK_TO_NOISE",
            "LEAST_ON_PATTERN",
            "MOST_BETWEEN",
            "SEED_FRACTION",
            "GROWTH_FRACTION",
        ),
    ),
    (
        ground,
        (
            "BORDER_BAND",
            "CORNER_SIDE",
            "EVEN_LEVELS",
            "EVEN_FRACTION",
            "DARK_TO_LIGHT",
            "LEAST_PAGE",
            "TWO_LEVELS_FRACTION",
            "LEAST_SIDE_FOR_LIGHT",
            "LIGHT_WINDOW",
            "LEAST_GROUND",
        ),
    ),
    (
        components,
        (
            "EDGE_DEPTH",
            "BORDER_WEIGHT",
            "SPECK_SIZE",
            "LARGEST_GAP",
            "NEIGHBOUR_DISTANCE",
            "NEIGHBOUR_HEIGHT",
            "MOST_OVERLAP",
        ),
    ),
    (
        strokes,
        (
            "WORKING_SIDE",
            "DIGIT_FRACTION",
            "STROKE_FRACTION",
            "SOLID_WIDTH",
            "MOST_EDGE_DISTANCE",
            "LEAST_STRENGTH",
            "COMPARED_REACH",
        ),
    ),
    (placing, ("MOST_OFF_CENTRE",)),
    (digit, ("MIN_CONTRAST", "MIN_EXTENT", "FAINT_INK", "COARSE_EXTENT")),
    (reading, ("LUMINANCE",)),
    (reducing, ("MOST_SIDE",)),
    (clearing, ("LEAST_EXTENT", "TOWERING")),
    (joining, ("TALL", "TALLEST_JOINED", "OVERLAP", "NEAR")),
    (marks, ("LOW", "FLAT", "THIN_BAR", "STRAIGHT_BAR")),
    (layout, ("WIDEST_GAP", "STEEPEST", "MOST_OFF_LINE", "LEAST_LINKS")),
    (certainty, ("TURN", "SLANT", "STRETCH", "STEP")),
    (finding, ("ONE_DIGIT_SIDE", "SAME")),
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
