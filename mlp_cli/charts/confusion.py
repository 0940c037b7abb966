"""The confusion matrix as a chart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mlp_cli.charts.drawing import CHART_WIDTH, COLOURS, TITLE_SIZE
from mlp_cli.charts.figures import panels, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL_SIDE = 0.3
"""inches of the chart for each class of a confusion matrix, where it can be so large"""
MAX_SIDE = 20.0
"""inches of the largest confusion matrix"""
FEW_CLASSES = 15
"""classes whose confusion matrix is as wide as other charts"""
COUNT_SIZE, TICK_SIZE = 7.5, 9.0
"""points of the counts and of the headings of few classes"""
MOST_COUNTED = 30
"""classes whose counts are written into the cells of their matrix"""
LONGEST_TICK = 16
"""characters of a class's heading beside its row"""
LONGEST_LEVEL = 2
"""characters of the headings that stand side by side over the columns; longer ones are turned"""


def confusion_heat_map(
    confusion: npt.NDArray[np.int64], headings: Sequence[str], title: str = ""
) -> "Figure":
    """Return the confusion matrix as a heat map: a mistake is darker, the larger its fraction.

    The colours are partly transparent, so that they suit a light and a dark background. The more
    classes, the larger the chart and the smaller its text; of many, no counts are written.

    confusion: counts[i, j], how many examples of class i were predicted as j.  headings: one for
    each class.  title: what was read; none where the page says so.
    """
    classes = len(confusion)
    side = min(CELL_SIDE * classes, MAX_SIDE) if classes > FEW_CLASSES else CHART_WIDTH
    cell = 72 * 0.85 * side / classes  # points, with room for the headings
    size, tick_size = min(COUNT_SIZE, 0.4 * cell), min(TICK_SIZE, 0.75 * cell)
    is_right = np.eye(classes, dtype=bool)
    fractions = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    worst = fractions[~is_right].max(initial=0) or 1.0
    rgba = np.empty((classes, classes, 4))
    # The root keeps a mistake visible that is a hundred times rarer than the worst.
    rgba[..., 3] = np.where(is_right, 0.25, 0.75 * np.sqrt(np.minimum(fractions / worst, 1)))
    with styled():
        from matplotlib.colors import to_rgb

        rgba[..., :3] = np.where(is_right[..., None], to_rgb(COLOURS[0]), to_rgb(COLOURS[1]))
        figure, (axes,) = panels(side, side - 0.2)
        # One picture instead of a path for each of up to 65,536 cells.
        axes.pcolormesh(rgba, edgecolor="none", rasterized=classes > MOST_COUNTED)
        for (i, j), count in np.ndenumerate(confusion):
            if count and classes <= MOST_COUNTED:
                axes.text(j + 0.5, i + 0.5, f"{count}", ha="center", va="center", fontsize=size)
        centres = np.arange(classes) + 0.5
        short = [shortened(heading) for heading in headings]
        is_wide = max(map(len, short)) > LONGEST_LEVEL
        axes.set_xticks(centres, short, rotation=90 if is_wide else 0, fontsize=tick_size)
        axes.set_yticks(centres, short, fontsize=tick_size)
        axes.set_xlabel("prediction")
        axes.set_ylabel("correct class")
        axes.xaxis.set_label_position("top")
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        axes.grid(visible=False)
        axes.set_aspect("equal")
        axes.invert_yaxis()
        if title:
            figure.suptitle(title, fontsize=TITLE_SIZE)
    return figure


def shortened(heading: str) -> str:
    """Return a heading as it fits beside a chart, its end cut off where it is long."""
    return heading if len(heading) <= LONGEST_TICK else f"{heading[: LONGEST_TICK - 1]}…"
