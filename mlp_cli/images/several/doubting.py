"""What is doubtful about the shapes that are read as digits, each by itself and among the others."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.shapes import Candidate, Page, Shape

UNSURE = 0.6
"""mean output: what is read less well may be no digit"""
NO_DIGIT = "it may be no digit"
AMONG_OTHERS = "it stands among shapes that are no digits"
AT_EDGE = "it touches the picture's edge and may be cut off"
SOLID = "a solid shape without strokes; it may be no digit"


def doubts_of(
    shapes: Sequence[Shape],
    candidates: Sequence[Candidate],
    certainty: npt.NDArray[np.floating],
    lines: list[list[int]],
    page: Page,
) -> list[tuple[str, ...]]:
    """Return the doubts about each shape, as clauses."""
    doubts: list[list[str]] = [[] for _ in shapes]
    rows, columns = page.mask.shape
    for each, shape, candidate, sure in zip(doubts, shapes, candidates, certainty, strict=True):
        box = shape.box
        if candidate.solid:
            each.append(SOLID)
        elif sure < UNSURE:
            each.append(NO_DIGIT)
        if min(box.left, box.top, columns - box.right, rows - box.bottom) <= 0:
            each.append(AT_EDGE)
    return [tuple(each) for each in doubts]
