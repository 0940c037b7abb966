"""What is doubtful about the shapes that are read as digits, each by itself and among the others.

A network that learned only digits reads many letters with high outputs, too. Among letters, though,
there are always some that it is unsure of, and far more than among digits. So the company counts.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.marks import pen_width, slenderness
from mlp_cli.images.several.shapes import Candidate, Page, Shape

UNSURE = 0.6
"""mean output: what is read less well may be no digit"""
SURE = 0.9
"""mean output: nearly all digits are read so well, unless they are cut"""
SURE_OF_FEW, FEW = 0.97, 4
"""mean output: where there are so few shapes that their company says little, it has to be higher"""
MOST_UNSURE, MOST_UNSURE_OF_LINE = 0.2, 0.4
"""fractions of the shapes on a page or in a line: where the network is unsure of more, they are not
digits"""
LEAST_CUT_WELL = 0.45
"""fraction of the pieces that were cut: where fewer are read well and not just bare lines, they are
strokes of letters"""
BLOT_FILL, BLOT_ASPECT = 0.62, 2.5
"""a shape that fills more of its box, and is not so many times longer than wide, is a blot"""
BAR, THREAD = 0.4, 1 / 12
"""widths of a straight shape, in lengths: a slimmer one needs the company of digits to be a 1; one
that is alone in the picture only if it is slimmer still"""
THIN = 1 / 45
"""of the longer side: no pen that writes a digit so large has thinner lines"""
LIKE = 0.35
"""fraction of its height by which a digit in the company of a line may differ"""

NO_DIGIT = "it may be no digit"
AMONG_OTHERS = "it stands among shapes that are no digits"
AT_EDGE = "it touches the picture's edge and may be cut off"
SOLID = "a solid shape without strokes; it may be no digit"
BARE = "a bare line without other digits of its length; it may be no digit"


def doubts_of(
    shapes: Sequence[Shape],
    candidates: Sequence[Candidate],
    certainty: npt.NDArray[np.floating],
    lines: list[list[int]],
    page: Page,
) -> list[tuple[str, ...]]:
    """Return the doubts about each shape, as clauses.

    certainty: the largest mean output for each.  lines: the numbers of the shapes of each line.
    """
    rows, columns = page.mask.shape
    slender = np.array([slenderness(shape.mask) for shape in shapes])
    bars = slender < BAR
    heights = np.array([shape.box.height for shape in shapes])
    solid = np.array(
        [each.solid or is_blot(shape) for each, shape in zip(candidates, shapes, strict=True)]
    )
    company = ~bars & ~solid & (certainty >= SURE)
    like = LIKE * heights
    # A 1 may be alone, but not a thread, and two bars may be anything.
    alone = slender < (THREAD if len(shapes) == 1 else BAR)
    least = SURE_OF_FEW if len(shapes) <= FEW else UNSURE
    doubtful = _in_bad_company(shapes, certainty, solid, bars, lines)
    doubts = []
    for k, shape in enumerate(shapes):
        own = []
        if solid[k]:
            own.append(SOLID)
        elif alone[k] and not (np.abs(heights[company] - heights[k]) < like[k]).any():
            own.append(BARE)
        elif (len(shapes) <= FEW and is_thread(shape)) or certainty[k] < least:
            own.append(NO_DIGIT)
        elif doubtful[k]:
            own.append(AMONG_OTHERS)
        box = shape.box
        if min(box.left, box.top, columns - box.right, rows - box.bottom) <= 0:
            own.append(AT_EDGE)
        doubts.append(tuple(own))
    return doubts


def is_thread(shape: Shape) -> bool:
    """Return whether a shape's lines are far thinner than a pen's, for its size."""
    return bool(pen_width(shape.mask) < THIN * max(shape.mask.shape))


def is_blot(shape: Shape) -> bool:
    """Return whether a shape fills its box as no digit does, but for a 1."""
    long, short = max(shape.mask.shape), min(shape.mask.shape)
    return shape.area > BLOT_FILL * shape.mask.size and long < BLOT_ASPECT * short


def _in_bad_company(
    shapes: Sequence[Shape],
    certainty: npt.NDArray[np.floating],
    solid: npt.NDArray[np.bool_],
    bars: npt.NDArray[np.bool_],
    lines: list[list[int]],
) -> npt.NDArray[np.bool_]:
    """Return which shapes stand on a page, or in a line, of other shapes than digits."""
    is_cut = np.array([shape.is_cut for shape in shapes])
    unsure = ((certainty < SURE) & ~is_cut) | (certainty < UNSURE) | solid
    uncut = int(np.count_nonzero(~is_cut))
    good = ~solid & ~bars & (certainty >= SURE)
    cut_well = np.count_nonzero(good & is_cut) >= LEAST_CUT_WELL * np.count_nonzero(is_cut)
    if is_cut.any() and not (cut_well and (good & ~is_cut).any()):
        return np.ones(len(shapes), np.bool_)
    least = 2
    if len(shapes) <= FEW:
        least, unsure = 1, certainty < SURE_OF_FEW
    if np.count_nonzero(unsure) >= max(least, MOST_UNSURE * uncut):
        return np.ones(len(shapes), np.bool_)
    bad = np.zeros(len(shapes), np.bool_)
    for line in lines:
        if np.count_nonzero(unsure[line]) >= max(2, MOST_UNSURE_OF_LINE * len(line)):
            bad[line] = True
    return bad
