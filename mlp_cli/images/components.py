"""Find the connected parts of a picture, and choose those that are the digit."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.images.types import IndexArray, Ink, Mask

ALL = slice(None)
"""of the parts"""


class PlacesInBox(NamedTuple):
    """Where the pixels of a part are in its box."""

    pixels: IndexArray
    """indices in the raveled picture"""
    down: npt.NDArray[np.float64]
    """from -1 to 1"""
    across: npt.NDArray[np.float64]
    """from -1 to 1"""


@dataclass(frozen=True)
class Parts:
    """The connected parts of a mask, numbered from 0.

    pixels: indices of the mask's pixels in the raveled picture.  owner: the part of each pixel.
    top, bottom, left, right: the box of each part, ends excluded.  area: the number of its pixels.
    """

    shape: tuple[int, ...]
    pixels: IndexArray
    owner: IndexArray
    top: IndexArray
    bottom: IndexArray
    left: IndexArray
    right: IndexArray
    area: IndexArray

    @property
    def height(self) -> IndexArray:
        """The number of rows of each part."""
        return self.bottom - self.top

    @property
    def width(self) -> IndexArray:
        """The number of columns of each part."""
        return self.right - self.left

    @property
    def extent(self) -> IndexArray:
        """The longer side of each part's box."""
        return np.maximum(self.height, self.width)

    def sum(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        """Return the sum of these values over each part."""
        weights = values.ravel()[self.pixels].astype(np.float64)
        return np.bincount(self.owner, weights, self.area.size).astype(np.float64)

    def within(self, number: int, others: IndexArray | slice = ALL) -> Mask:
        """Return which of the others have their box inside that of this part, off its border."""
        inside: Mask = self.top[others] > self.top[number]
        inside &= self.bottom[others] < self.bottom[number]
        inside &= self.left[others] > self.left[number]
        inside &= self.right[others] < self.right[number]
        return inside

    def places_in_box(self, number: int) -> PlacesInBox:
        """Return where the pixels of a part are in its box."""
        pixels = self.pixels[self.owner == number]
        rows, columns = np.divmod(pixels, self.shape[1])
        down = (2 * rows + 1 - self.top[number] - self.bottom[number]) / self.height[number]
        across = (2 * columns + 1 - self.left[number] - self.right[number]) / self.width[number]
        return PlacesInBox(pixels, down, across)

    def mask_of(self, numbers: IndexArray) -> Mask:
        """Return the pixels of these parts."""
        wanted = np.zeros(self.area.size, np.bool_)
        wanted[numbers] = True
        mask = np.zeros(self.shape, np.bool_)
        mask.ravel()[self.pixels] = wanted[self.owner]
        return mask


def find_parts(mask: Mask, *, corners: bool = True) -> Parts:
    """Return the parts of a mask: pixels that touch at a side or a corner belong together.

    corners: those that touch only at a corner too. Without, the parts of a mask's complement are
    its holes, since a line's pixels may touch at corners only.

    It works on runs, which are stretches of a row without a gap. Two touching runs of
    neighbouring rows get the lower number of the two, until nothing changes.
    """
    # An empty column at the right keeps a run from continuing in the next row.
    stride = mask.shape[1] + 1
    framed = np.zeros(mask.shape[0] * stride + 1, np.bool_)
    framed[1:].reshape(-1, stride)[:, :-1] = mask
    ends = np.flatnonzero(framed[1:] != framed[:-1])
    row, left = np.divmod(ends[::2], stride)
    right = ends[1::2] - row * stride
    roots = _join(len(row), *_touching(row, left, right, stride, corners))
    _, number = np.unique(roots, return_inverse=True)
    n = int(number.max()) + 1 if number.size else 0

    box = {"top": np.full(n, mask.shape[0]), "bottom": np.zeros(n, int)}
    box |= {"left": np.full(n, stride), "right": np.zeros(n, int)}
    np.minimum.at(box["top"], number, row)
    np.maximum.at(box["bottom"], number, row + 1)
    np.minimum.at(box["left"], number, left)
    np.maximum.at(box["right"], number, right)
    area = np.bincount(number, right - left, minlength=n).astype(np.int64)
    owner = np.repeat(number, right - left)
    return Parts(mask.shape, np.flatnonzero(mask), owner, area=area, **box)


def _touching(
    row: IndexArray, left: IndexArray, right: IndexArray, stride: int, corners: bool
) -> tuple[IndexArray, IndexArray]:
    """Return the pairs of runs that touch: the upper one of each pair, and the lower one.

    Runs are in reading order, so the runs of the next row that touch a given run are neighbours:
    from the first that does not end before it begins, to the last that does not begin after it
    ends.

    stride: more than any column's number.
    """
    stride += 1
    start, end = row * stride + left, row * stride + right
    first = np.searchsorted(end, start + stride, side="left" if corners else "right")
    last = np.searchsorted(start, end + stride, side="right" if corners else "left")
    count = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(row.size), count)
    lower = np.arange(upper.size) + np.repeat(first - (np.cumsum(count) - count), count)
    return upper, lower


def _join(n: int, one: IndexArray, other: IndexArray) -> IndexArray:
    """Return, for each of n things, the lowest number that it is joined to by a chain of pairs."""
    roots = np.arange(n)
    while (roots[one] != roots[other]).any():
        low = np.minimum(roots[one], roots[other])
        high = np.maximum(roots[one], roots[other])
        np.minimum.at(roots, high, low)  # of the roots themselves, so that whole trees join
        while (roots[roots] != roots).any():
            roots = roots[roots]
    return roots


EDGE_DEPTH = 1 / 8
"""fraction of the picture's side: a part this close to the border is the edge of the page"""
BORDER_WEIGHT = 0.15
"""the weight of a part that touches the border, where others have 1"""
SPECK_SIZE = 0.08
"""fraction of the digit's size: a part shorter than this, and smaller in area than the square of it
times the digit's area, is a speck"""
LARGEST_GAP = 0.25
"""fraction of the digit's size: a part further away does not belong to the digit"""
NEIGHBOUR_DISTANCE, NEIGHBOUR_HEIGHT = 0.1, 0.6
"""fractions of the digit's size: a part this far away and this tall is another digit"""

MOST_OVERLAP = 0.4
"""fraction of the lower, and of the narrower: another digit, diagonally, overlaps less with both"""


@dataclass(frozen=True)
class ChosenParts:
    """The parts of a picture that were chosen as the digit."""

    main: int
    """the number of its main part"""
    mask: Mask
    """the digit's pixels"""
    top: int
    bottom: int
    left: int
    right: int
    """the box around them, ends excluded"""
    others: int
    """the number of parts of a digit's size that are left over"""
    fraction: float
    """the digit's fraction of all the ink"""
    at_border: bool
    """the digit touches the border"""

    @property
    def extent(self) -> int:
        """The longer side of the box."""
        return max(self.bottom - self.top, self.right - self.left)


def choose_digit(ink: Ink, parts: Parts, seeds: Mask) -> ChosenParts | None:
    """Return the digit among these parts, or None where no part has a seed.

    The main part has much ink, is long, is near the middle, and does not touch the border. Parts
    close by belong to it, such as a 5's roof or the halves of a broken 8. Specks, the page's edge
    and a neighbour as tall as the digit, wherever it stands, are left out.
    """
    seeded = parts.sum(seeds) > 0
    candidates = np.flatnonzero(seeded)
    if not candidates.size:
        return None
    rows, columns = parts.shape
    touches = (parts.top == 0) | (parts.left == 0) | (parts.bottom == rows)
    touches |= parts.right == columns
    deep, wide = rows * EDGE_DEPTH, columns * EDGE_DEPTH
    page = (parts.bottom <= deep) | (parts.top >= rows - deep)
    page |= (parts.right <= wide) | (parts.left >= columns - wide)
    page &= touches
    mass = parts.sum(ink)
    off = np.hypot(
        (parts.top + parts.bottom) / (2 * rows) - 0.5,
        (parts.left + parts.right) / (2 * columns) - 0.5,
    )
    score = mass * parts.extent * (1 - off) * np.where(touches, BORDER_WEIGHT, 1)
    score[page] /= 1e3  # chosen only where no other part is left
    main = int(candidates[score[candidates].argmax()])
    allowed = candidates[~touches[candidates] | (touches[main] & ~page[candidates])]
    chosen = _gather(parts, main, allowed)

    left_over = seeded & ~page
    left_over[chosen] = False
    tall = left_over & (parts.height > NEIGHBOUR_HEIGHT * parts.height[main])
    return ChosenParts(
        main=main,
        mask=parts.mask_of(chosen),
        top=int(parts.top[chosen].min()),
        bottom=int(parts.bottom[chosen].max()),
        left=int(parts.left[chosen].min()),
        right=int(parts.right[chosen].max()),
        others=int(tall.sum()),
        fraction=float(mass[chosen].sum() / (mass[chosen].sum() + mass[left_over].sum())),
        at_border=bool(touches[chosen].any()),
    )


def _gather(parts: Parts, main: int, allowed: IndexArray) -> IndexArray:
    """Return the numbers of the main part and of those that belong to it, the nearest first."""
    chosen = np.array([main])
    size = parts.extent[main]
    large = (parts.extent >= SPECK_SIZE * size) | (parts.area >= SPECK_SIZE**2 * parts.area[main])
    waiting = allowed[large[allowed] & (allowed != main)]
    while True:
        top, bottom = parts.top[chosen].min(), parts.bottom[chosen].max()
        left, right = parts.left[chosen].min(), parts.right[chosen].max()
        size = max(bottom - top, right - left)
        down = np.maximum(parts.top[waiting] - bottom, top - parts.bottom[waiting])
        across = np.maximum(parts.left[waiting] - right, left - parts.right[waiting])
        apart = np.maximum(down, across)
        low, narrow = parts.height[waiting], parts.width[waiting]
        diagonal = (-down < np.minimum(low, bottom - top) * MOST_OVERLAP) & (
            -across < np.minimum(narrow, right - left) * MOST_OVERLAP
        )
        another = (apart > NEIGHBOUR_DISTANCE * size) | diagonal
        another &= low > NEIGHBOUR_HEIGHT * (bottom - top)
        near = (apart <= LARGEST_GAP * size) & ~another
        if not near.any():
            return chosen
        chosen, waiting = np.concatenate([chosen, waiting[near]]), waiting[~near]
