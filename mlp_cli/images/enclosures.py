"""Find what a digit was written in: a frame, a circle, a card, a panel with axes; and go inside.

A frame is a part of the ink with another part, as large as a digit, in its hole. A card is a solid,
convex part whose hole has the shape of strokes: a black card on white paper, a light card on a dark
table, a page on the black ground of a scanner.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.images.components import Parts, find_parts
from mlp_cli.images.outlines import Outline
from mlp_cli.images.types import Grey, IndexArray, Mask
from mlp_cli.images.windows import window_maximum

MOST_CANDIDATES = 40
"""parts, the largest ones, that may be frames or cards"""
LEAST_CONTENT, LEAST_CONTENT_OF_LOOP = 0.1, 0.3
"""fractions of the hole's size: content that is smaller is a speck, in a rectangle or in a loop"""
LEAST_RECTANGLE = 0.88
"""fraction of the smallest rectangle around it, at any angle, that a rectangle fills"""
LEAST_CONVEX = 0.92
"""fraction of its convex hull that a card fills"""
LEAST_CARD = 0.5
"""fraction of a card that is not taken by what is on it"""
MOST_STROKE, MOST_STROKE_ON_RECTANGLE = 0.75, 0.88
"""fractions of its convex hull that strokes fill; the loop of a 0 fills more"""
LEAST_ASPECT = 0.4
"""fraction of its length: a rectangle that is narrower is a printed 1"""
MOST_BAR = 0.22
"""fraction of the card's width that a straight stroke takes; the loop of a bold 0 takes more"""
LARGEST_OPENING = 0.04
"""fraction of a frame's size: a gap twice this wide, in a circle drawn by hand, is closed"""
CONVEX_FRAME, MOST_WALL = 0.95, 0.08
"""fraction of its hull that a frame fills, and of its size that its wall takes, where a digit
touches it"""
COARSE_SIDE = 100
"""pixels: a larger part is reduced to about this side before it is asked whether it is a frame"""
SOFT_EDGE = 0.012
"""fraction of the inside's size that is left out along its border, and at least a pixel"""


@dataclass(frozen=True)
class Enclosure:
    """A part that encloses something, and one of the regions that are inside it."""

    number: int
    """of the part, among those of the mask"""
    inside: Mask
    """(rows, columns) of the box: a hole with all that is in it, or a whole card"""
    top: int
    left: int
    """of the box in the picture"""

    @property
    def area(self) -> int:
        """The number of pixels inside."""
        return int(np.count_nonzero(self.inside))

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and the columns of the picture that the inside takes."""
        rows, columns = self.inside.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + columns)


def find_enclosures(parts: Parts, seeds: Mask) -> list[Enclosure]:
    """Return the frames and cards among the parts of a mask, the largest inside first.

    A grid of cells has an enclosure for each cell with content. An enclosure may lie in another.
    `Enclosure.number` says which parts are no digits.

    seeds: pixels that are surely ink; a part without any is no content.
    """
    seeded = parts.sum(seeds) > 0
    found = []
    for number in _candidates(parts, seeded):
        found += _card(parts, number) or _frames(parts, number, seeded)
    return sorted(found, key=lambda enclosure: -enclosure.area)


def inside_of(grey: Grey, enclosure: Enclosure) -> tuple[Grey, Mask]:
    """Return the picture inside an enclosure, and where it shows the inside rather than its edge.

    A pixel of the edge gets the grey level of the nearest pixel of its row that is inside.
    """
    inside = np.pad(enclosure.inside, 1)
    soft = max(1, round(SOFT_EDGE * max(inside.shape)))
    kept = ~window_maximum(~inside, 2 * soft + 1)[1:-1, 1:-1]
    rows = np.flatnonzero(kept.any(axis=1))
    if not rows.size:
        return grey[enclosure.box], enclosure.inside
    rows = rows[0] + np.arange(rows[-1] + 1 - rows[0])
    grey, kept = grey[enclosure.box][rows], kept[rows]
    place = np.where(kept, np.arange(kept.shape[1]), -1)
    before = np.maximum.accumulate(place, axis=1)
    after = np.where(kept, place, kept.shape[1] * 4)
    after = np.minimum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
    column = np.arange(kept.shape[1])
    nearest = np.where((before >= 0) & (column - before <= after - column), before, after)
    filled: Grey = np.take_along_axis(grey, nearest.clip(0, kept.shape[1] - 1), axis=1)
    return filled, kept


def _candidates(parts: Parts, seeded: npt.NDArray[np.bool_]) -> IndexArray:
    """Return the parts that have another in their box, or fill much of it."""
    large = np.flatnonzero(seeded & (parts.extent >= 8))
    # Noise has thousands of parts, and each is looked at among all others.
    large = np.sort(large[np.argsort(-parts.extent[large], kind="stable")][:MOST_CANDIDATES])
    others = np.flatnonzero(seeded)
    chosen = []
    for number in large:
        is_dense = parts.area[number] > 0.4 * parts.height[number] * parts.width[number]
        within = _within(parts, others, int(number))
        within &= parts.extent[others] >= LEAST_CONTENT * parts.extent[number]
        if is_dense or np.count_nonzero(within) > 1:
            chosen.append(number)
    return np.array(chosen, np.int64)


def _within(parts: Parts, others: IndexArray, number: int) -> npt.NDArray[np.bool_]:
    """Return which of the other parts have their box in that of this part."""
    within: npt.NDArray[np.bool_] = parts.top[others] >= parts.top[number]
    within &= parts.left[others] >= parts.left[number]
    within &= parts.bottom[others] <= parts.bottom[number]
    within &= parts.right[others] <= parts.right[number]
    return within


def _own(parts: Parts, number: int) -> Mask:
    """Return the mask of one part in its box, with a margin of one pixel."""
    pixels = parts.pixels[parts.owner == number]
    rows, columns = np.divmod(pixels, parts.shape[1])
    mask = np.zeros((parts.height[number] + 2, parts.width[number] + 2), np.bool_)
    mask[rows - parts.top[number] + 1, columns - parts.left[number] + 1] = True
    return mask


def _frames(parts: Parts, number: int, seeded: npt.NDArray[np.bool_]) -> list[Enclosure]:
    """Return the holes of a part that hold something of a digit's size."""
    top, left = parts.top[number], parts.left[number]
    others = np.flatnonzero(seeded)
    others = others[others != number]
    others = others[_within(parts, others, number)]
    if not others.size:
        return []
    own = _own(parts, number)
    for reach in (0, round(LARGEST_OPENING * max(own.shape))):
        closed = window_maximum(np.pad(own, reach), 2 * reach + 1) if reach else own
        holes = find_parts(~closed, corners=False)
        y, x = int(top) - 1 - reach, int(left) - 1 - reach
        found = [
            Enclosure(
                number, _box_mask(holes, hole), y + int(holes.top[hole]), x + int(holes.left[hole])
            )
            for hole in range(1, holes.area.size)
            if _holds(parts, others, holes, hole, y, x)
        ]
        if found:
            return found
    return []


def _holds(parts: Parts, others: IndexArray, holes: Parts, hole: int, top: int, left: int) -> bool:
    """Return whether one of these parts lies in a hole and is as large as a digit in it."""
    size = holes.extent[hole]
    near = (parts.top[others] >= top + holes.top[hole]) & (
        parts.bottom[others] <= top + holes.bottom[hole]
    )
    near &= parts.left[others] >= left + holes.left[hole]
    near &= parts.right[others] <= left + holes.right[hole]
    near &= parts.extent[others] >= LEAST_CONTENT * size
    if not near.any():
        return False
    if parts.extent[others[near]].max() >= LEAST_CONTENT_OF_LOOP * size:
        return True
    return Outline.of(_box_mask(holes, hole)).rectangle >= LEAST_RECTANGLE


def _card(parts: Parts, number: int) -> list[Enclosure]:
    """Return a part as a card, where it is one, with what is on it."""
    own = _own(parts, number)
    holes = find_parts(~own, corners=False)
    card = own | ~holes.mask_of(np.array([0]))
    if np.count_nonzero(own) < LEAST_CARD * np.count_nonzero(card):
        return []
    outline = Outline.of(card)
    is_rectangle = outline.rectangle >= LEAST_RECTANGLE
    if outline.convex < LEAST_CONVEX:
        return []
    large = 1 + np.flatnonzero(holes.extent[1:] >= LEAST_CONTENT * max(card.shape))
    if large.size:
        top, left = parts.top[number] - 1, parts.left[number] - 1
        is_card = any(
            _is_stroke(parts, holes, int(hole), int(top), int(left), outline) for hole in large
        )
    else:
        is_card = is_rectangle and outline.width > LEAST_ASPECT * max(card.shape)
    if not is_card:
        return []
    return [Enclosure(number, card[1:-1, 1:-1], int(parts.top[number]), int(parts.left[number]))]


def _is_stroke(parts: Parts, holes: Parts, hole: int, top: int, left: int, card: Outline) -> bool:
    """Return whether a hole of a card is something written, rather than the loop of a bold digit.

    top, left: where the holes' picture begins in that of the parts.
    """
    inside = _box_mask(holes, hole)
    own = np.zeros(parts.shape, np.bool_)
    own.ravel()[parts.pixels] = True
    rows = slice(top + holes.top[hole], top + holes.bottom[hole])
    stroke = inside & ~own[rows, left + holes.left[hole] : left + holes.right[hole]]
    shape, is_rectangle = Outline.of(inside), card.rectangle >= LEAST_RECTANGLE
    is_bar = is_rectangle and shape.width <= MOST_BAR * card.width
    most = MOST_STROKE_ON_RECTANGLE if is_rectangle else MOST_STROKE
    return is_bar or bool(np.count_nonzero(stroke) < most * shape.hull)


def touches_frame(parts: Parts, number: int) -> bool:
    """Return whether a part looks like a digit that touches a frame or circle around it.

    It is convex, its wall is thin, and within the wall there is something large.
    """
    pixels = parts.pixels[parts.owner == number]
    step = 1 + int(parts.extent[number]) // COARSE_SIDE
    rows, columns = np.divmod(pixels, parts.shape[1])
    rows, columns = (rows - parts.top[number]) // step, (columns - parts.left[number]) // step
    own = np.zeros((rows.max() + 1, columns.max() + 1), np.bool_)
    own[rows, columns] = True
    size = max(own.shape)
    first, last = own.argmax(axis=1), own.shape[1] - own[:, ::-1].argmax(axis=1)
    across = np.arange(own.shape[1])
    filled = (across >= first[:, None]) & (across < last[:, None])
    if np.count_nonzero(filled) < CONVEX_FRAME * Outline.of(filled).hull:
        return False
    wall = max(2, round(MOST_WALL * size))
    within = ~window_maximum(np.pad(~filled, wall, constant_values=True), 2 * wall + 1)
    content = own & within[wall:-wall, wall:-wall]
    rows, columns = np.flatnonzero(content.any(axis=1)), np.flatnonzero(content.any(axis=0))
    if not rows.size or np.count_nonzero(own) > LEAST_CARD * np.count_nonzero(filled):
        return False
    extent = max(np.ptp(rows), np.ptp(columns))
    # In the middle, since the wall of a 0 is thicker in places.
    middle = content[own.shape[0] // 3 : -own.shape[0] // 3, own.shape[1] // 3 : -own.shape[1] // 3]
    return bool(extent > LEAST_CONTENT_OF_LOOP * size and middle.any())


def _box_mask(parts: Parts, number: int) -> Mask:
    return _own(parts, number)[1:-1, 1:-1]
