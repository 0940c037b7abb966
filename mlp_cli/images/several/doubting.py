"""What is doubtful about the shapes that are read as digits, each by itself and among the others.

Some letters are written as digits are, and a shape alone does not tell. But they stand among others
that are no digits. So the company counts.
"""

from itertools import compress

import numpy as np

from mlp_cli.images.digit import AT_EDGE
from mlp_cli.images.several.crowd import BAR, UNSURE, Crowd
from mlp_cli.images.several.marks import pen_width
from mlp_cli.images.several.shapes import Page, Shape
from mlp_cli.images.several.words import in_numbers
from mlp_cli.images.types import Mask

UNLIKE, UNLIKE_PIECE = 0.3, 0.1
"""likeness: a shape, or one that was cut, with less may be no digit"""
FEW, UNLIKE_OF_FEW, UNSURE_OF_FEW = 4, 0.7, 0.75
"""where there are so few shapes that their company says little, likeness and mean output have to be
higher, and so have those of the pieces of a shape, none of which is surely a digit"""
MOST_STRANGE = 0.5
"""fraction of the shapes on a page or in a line: with more strange ones, they are not digits"""
THREAD = 1 / 12
"""width of a straight shape, in lengths: a 1 that is alone in its picture is wider; a bar needs the
company of digits to be a 1"""
THIN = 1 / 45
"""of the longer side: no pen that writes a bar so long has thinner lines"""
SIMILAR = 0.35
"""fraction of its height by which a digit in the company of a line may differ"""

NO_DIGIT = "perhaps no digit"
AMONG_OTHERS = "among shapes that are no digits"
SOLID = "a solid shape without strokes, perhaps no digit"
BARE = "a bare line without other digits of its length, perhaps no digit"


def doubts_of(crowd: Crowd, lines: list[list[int]], page: Page) -> list[tuple[str, ...]]:
    """Return the doubts about each shape, as clauses.

    lines: the numbers of the shapes of each line.
    """
    rows, columns = page.mask.shape
    few = len(crowd.shapes) <= FEW
    heights = np.array([shape.box.height for shape in crowd.shapes])
    good, bars, in_bad_company = crowd.good, crowd.bars, _in_bad_company(crowd, lines)
    # A 1 may be alone, but not a thread, and two bars may be anything.
    alone = crowd.slender < (THREAD if len(crowd.shapes) == 1 else BAR)
    unlike = (crowd.likeness < UNLIKE_OF_FEW) | (crowd.certainty < UNSURE_OF_FEW)
    if not few:
        unlike &= _of_strange_wholes(crowd)
        unlike |= crowd.likeness < np.where(crowd.is_cut, UNLIKE_PIECE, UNLIKE)
        unlike |= crowd.certainty < UNSURE
    doubts = []
    for k, shape in enumerate(crowd.shapes):
        own = []
        apart = np.abs(heights[good] - heights[k])
        if crowd.solid[k]:
            own.append(SOLID)
        elif alone[k] and not (apart < SIMILAR * heights[k]).any():
            own.append(BARE)
        elif unlike[k] or (few and bars[k] and is_thread(shape)):
            own.append(NO_DIGIT)
        elif in_bad_company[k]:
            own.append(AMONG_OTHERS)
        box = shape.box
        if min(box.left, box.top, columns - box.right, rows - box.bottom) <= 0:
            own.append(AT_EDGE)
        doubts.append(tuple(own))
    return doubts


def _of_strange_wholes(crowd: Crowd) -> Mask:
    """Return which shapes are pieces of a larger one of which no piece is good company."""
    known = {id(shape.whole) for shape in compress(crowd.shapes, crowd.good)}
    return np.array(
        [shape.is_cut and id(shape.whole) not in known for shape in crowd.shapes], np.bool_
    )


def is_thread(shape: Shape) -> bool:
    """Return whether a shape's lines are far thinner than a pen's, for its size."""
    return bool(pen_width(shape.mask) < THIN * max(shape.mask.shape))


def _in_bad_company(crowd: Crowd, lines: list[list[int]]) -> Mask:
    """Return which shapes stand on a page, or in a line, of other shapes than digits.

    A shape that belongs to a number is in good company everywhere.
    """
    telling = ~crowd.bars | crowd.solid
    strange = crowd.strange & telling
    in_number = in_numbers(crowd, lines)
    few = len(crowd.shapes) <= FEW
    most = max(1 if few else 2, MOST_STRANGE * np.count_nonzero(telling))
    # Where one shape of few was cut wrongly, the others are its pieces.
    if np.count_nonzero(strange) >= most or (few and (strange & crowd.is_cut).any()):
        return ~in_number
    bad = np.zeros(len(crowd.shapes), np.bool_)
    for line in lines:
        most_of_line = max(2, MOST_STRANGE * np.count_nonzero(telling[line]))
        bad[line] = np.count_nonzero(strange[line]) >= most_of_line
    return bad & ~in_number
