"""Join the parts of one digit, such as a 5 and its loose bar, by their places."""

from dataclasses import dataclass

from mlp_cli.images.several.shapes import Shape, union
from mlp_cli.images.several.types import Box

TALL = 0.5
"""heights: a lower shape is a fragment or a mark"""
TALLEST_JOINED = 1.35
"""heights: more is two digits, one above another"""
OVERLAP = 0.4
"""fraction of the narrower shape's width: parts of one digit overlap so far across"""
NEAR = 0.25
"""heights between a fragment and its digit"""


@dataclass(frozen=True)
class Fragment:
    """A low shape, and the tall one that it may belong to."""

    number: int
    host: int
    certain: bool
    """their places leave no doubt; otherwise the network decides"""


def join_stacked(shapes: list[Shape], height: float) -> list[Shape]:
    """Return the shapes, those joined that lie within each other or closely above each other."""
    joined = list(shapes)
    changed = True
    while changed:
        changed = False
        joined.sort(key=lambda shape: shape.box.left)
        for k, one in enumerate(joined):
            for n in range(k + 1, len(joined)):
                other = joined[n]
                if other.box.left >= one.box.right:
                    break
                if _is_stacked(one, other, height):
                    joined[k] = union([one, other])
                    del joined[n]
                    changed = True
                    break
            if changed:
                break
    return joined


def _is_stacked(one: Shape, other: Shape, height: float) -> bool:
    """Return whether two shapes are parts of one digit by their places alone."""
    a, b = one.box, other.box
    across = min(a.right, b.right) - max(a.left, b.left)
    if across < OVERLAP * min(a.width, b.width):
        return False
    top, bottom = min(a.top, b.top), max(a.bottom, b.bottom)
    apart = max(a.top, b.top) - min(a.bottom, b.bottom)
    # Of two marks, none is a digit: the bars of an equals sign are left as they are.
    if max(a.height, b.height) < 0.3 * height:
        return False
    low = min(a.height, b.height)
    if apart < 0:
        return -apart >= 0.5 * low or (across >= 0.7 * min(a.width, b.width))
    return bottom - top <= TALLEST_JOINED * height and apart <= NEAR * height


def find_fragments(shapes: list[Shape], height: float) -> list[Fragment]:
    """Return the low shapes that may belong to a tall one beside them."""
    tall = [k for k, shape in enumerate(shapes) if shape.box.height >= TALL * height]
    fragments = []
    for k, shape in enumerate(shapes):
        if shape.box.height >= TALL * height:
            continue
        near = [(_distance(shape.box, shapes[n].box), n) for n in tall]
        near = [(apart, n) for apart, n in near if apart <= NEAR * shapes[n].box.height]
        if not near:
            continue
        host = min(near)[1]
        if not _is_punctuation(shape.box, shapes[host].box):
            fragments.append(Fragment(k, host, certain=False))
    return fragments


def _distance(a: Box, b: Box) -> float:
    across = max(a.left - b.right, b.left - a.right, 0)
    down = max(a.top - b.bottom, b.top - a.bottom, 0)
    return float(max(across, down))


def _is_punctuation(mark: Box, host: Box) -> bool:
    """Return whether a mark stands at the foot of a digit, beside it: a point or a comma."""
    beside = mark.left >= host.right - 0.15 * host.width or mark.right <= host.left + 1
    return beside and (mark.top + mark.bottom) / 2 > host.top + 0.7 * host.height
