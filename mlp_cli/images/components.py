"""Pixels that hang together, and which of these parts are the digit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.images.types import Ink, Mask

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """The connected parts of a mask, numbered from 0.

    pixels: of the mask, as indices into the raveled picture.  owner: the part of each.  top,
    bottom, left, right: the box of each part, the ends excluded.  area: its pixels.
    """

    shape: tuple[int, ...]
    pixels: Counts
    owner: Counts
    top: Counts
    bottom: Counts
    left: Counts
    right: Counts
    area: Counts

    @property
    def height(self) -> Counts:
        """Rows of each part."""
        return self.bottom - self.top

    @property
    def width(self) -> Counts:
        """Columns of each part."""
        return self.right - self.left

    @property
    def extent(self) -> Counts:
        """The longer side of each part's box."""
        return np.maximum(self.height, self.width)

    def sum(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        """Return the sum of these values over each part."""
        weights = values.ravel()[self.pixels].astype(np.float64)
        return np.bincount(self.owner, weights, self.area.size).astype(np.float64)

    def mask_of(self, numbers: Counts) -> Mask:
        """Return the pixels of these parts."""
        wanted = np.zeros(self.area.size, np.bool_)
        wanted[numbers] = True
        mask = np.zeros(self.shape, np.bool_)
        mask.ravel()[self.pixels] = wanted[self.owner]
        return mask


def find_parts(mask: Mask) -> Parts:
    """Return the parts of a mask: pixels that touch by a side or a corner belong together.

    Works on runs, the stretches of a row without a gap. Two runs of neighbouring rows that
    touch get the lower number of the two, until nothing changes.
    """
    # A column of nothing at the right keeps runs from going on in the next row.
    stride = mask.shape[1] + 1
    framed = np.zeros(mask.shape[0] * stride + 1, np.bool_)
    framed[1:].reshape(-1, stride)[:, :-1] = mask
    ends = np.flatnonzero(framed[1:] != framed[:-1])
    row, left = np.divmod(ends[::2], stride)
    right = ends[1::2] - row * stride
    roots = _join(len(row), *_touching(row, left, right, stride))
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


def _touching(row: Counts, left: Counts, right: Counts, stride: int) -> tuple[Counts, Counts]:
    """Return pairs of runs that touch: the upper and the lower one of each.

    Runs come in reading order, so that those of the next row that may touch one follow each
    other: from the first that does not end before it begins to the last that does not begin
    after it ends.  stride: more than any column's number.
    """
    stride += 1
    start, end = row * stride + left, row * stride + right
    first = np.searchsorted(end, start + stride, side="left")
    last = np.searchsorted(start, end + stride, side="right")
    count = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(row.size), count)
    lower = np.arange(upper.size) + np.repeat(first - (np.cumsum(count) - count), count)
    return upper, lower


def _join(n: int, one: Counts, other: Counts) -> Counts:
    """Return the least number that each of n things is joined to, through any chain of pairs."""
    roots = np.arange(n)
    while (roots[one] != roots[other]).any():
        low = np.minimum(roots[one], roots[other])
        high = np.maximum(roots[one], roots[other])
        np.minimum.at(roots, high, low)  # of the roots themselves, so that whole trees join
        while (roots[roots] != roots).any():
            roots = roots[roots]
    return roots


EDGE_DEPTH = 1 / 8
"""of the picture's side: a part that stays within this of the border is the edge of the page"""
AT_BORDER = 0.15
"""how much a part that touches the border counts beside one that does not"""
SPECK = 0.08
"""of the digit's size: a part less long, and of less than the square of it in area, is a speck"""
GAP = 0.25
"""of the digit's size: parts further away are not the digit's"""
BESIDE, AS_TALL = 0.1, 0.6
"""of the digit's size: a part this tall that stands this far to the side is another digit"""


@dataclass(frozen=True)
class Choice:
    """The digit among the parts of a picture."""

    mask: Mask
    """its pixels"""
    top: int
    bottom: int
    left: int
    right: int
    """the box around them, the ends excluded"""
    others: int
    """how many parts of a digit's size are left over"""
    share: float
    """of all the ink, the share that is the digit's"""
    at_border: bool
    """it touches the border"""

    @property
    def extent(self) -> int:
        """The longer side of the box."""
        return max(self.bottom - self.top, self.right - self.left)


def choose_digit(ink: Ink, mask: Mask, seeds: Mask) -> Choice | None:
    """Return the digit among what a mask holds, or None where no part has a seed.

    The digit's main part is the one with much ink, long, near the middle, and away from the
    border. To it belong parts close by: a 5's roof, the halves of a broken 8. Left out are
    specks, the page's edge, and what stands beside it as tall as itself.
    """
    parts = find_parts(mask)
    seeded = parts.sum(seeds) > 0
    candidates = np.flatnonzero(seeded)
    if not candidates.size:
        return None
    rows, columns = mask.shape
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
    score = mass * parts.extent * (1 - off) * np.where(touches, AT_BORDER, 1)
    score[page] /= 1e3  # chosen only where there is nothing else
    main = int(candidates[score[candidates].argmax()])
    allowed = candidates[~touches[candidates] | (touches[main] & ~page[candidates])]
    chosen = _gather(parts, main, allowed)

    left_over = seeded & ~page
    left_over[chosen] = False
    tall = left_over & (parts.height > AS_TALL * parts.height[main])
    return Choice(
        mask=parts.mask_of(chosen),
        top=int(parts.top[chosen].min()),
        bottom=int(parts.bottom[chosen].max()),
        left=int(parts.left[chosen].min()),
        right=int(parts.right[chosen].max()),
        others=int(tall.sum()),
        share=float(mass[chosen].sum() / (mass[chosen].sum() + mass[left_over].sum())),
        at_border=bool(touches[chosen].any()),
    )


def _gather(parts: Parts, main: int, allowed: Counts) -> Counts:
    """Return the numbers of the main part and of those that belong to it, near first."""
    chosen = np.array([main])
    size = parts.extent[main]
    large = (parts.extent >= SPECK * size) | (parts.area >= SPECK**2 * parts.area[main])
    waiting = allowed[large[allowed] & (allowed != main)]
    while True:
        top, bottom = parts.top[chosen].min(), parts.bottom[chosen].max()
        left, right = parts.left[chosen].min(), parts.right[chosen].max()
        size = max(bottom - top, right - left)
        down = np.maximum(parts.top[waiting] - bottom, top - parts.bottom[waiting])
        across = np.maximum(parts.left[waiting] - right, left - parts.right[waiting])
        beside = (across > BESIDE * size) & (parts.height[waiting] > AS_TALL * (bottom - top))
        near = (np.maximum(down, across) <= GAP * size) & ~beside
        if not near.any():
            return chosen
        chosen, waiting = np.concatenate([chosen, waiting[near]]), waiting[~near]
