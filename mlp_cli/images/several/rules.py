"""Take off what people draw around digits: rules, cells of a form, frames and circles."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mlp_cli.images.components import Parts, find_parts
from mlp_cli.images.lines import column_lengths, turned
from mlp_cli.images.threshold import median
from mlp_cli.images.types import Mask

LARGE = 1.7
"""heights of a digit: a larger part may be a frame, a table or a rule"""
LONG = 1.4
"""heights of a digit: a longer straight run of ink is a rule"""
TILTS = np.linspace(-0.2, 0.2, 41)
"""rows that a rule may rise per column: up to 11 degrees"""
SEARCH_SIDE = 256
"""columns in which the tilt is searched"""
TALL_INSIDE = 0.3
"""heights of an enclosure: what it encloses is taller"""


def without_enclosures(mask: Mask) -> Mask:
    """Return a mask without the frames and circles around other parts."""
    parts = find_parts(mask)
    order = np.argsort(-parts.area)
    large = order[: min(order.size, 400)]
    gone = []
    for k in large:
        height, width = int(parts.height[k]), int(parts.width[k])
        inside = (parts.top > parts.top[k]) & (parts.bottom < parts.bottom[k])
        inside &= (parts.left > parts.left[k]) & (parts.right < parts.right[k])
        inside &= parts.height > TALL_INSIDE * min(height, width)
        if (
            inside.any()
            and parts.area[k] < 0.5 * height * width
            and _surrounds(parts, int(k), inside)
        ):
            gone.append(k)
    return mask & ~parts.mask_of(np.array(gone, np.int64)) if gone else mask


def _surrounds(parts: Parts, k: int, inside: npt.NDArray[np.bool_]) -> bool:
    """Return whether a part is on all four sides of what is inside its box."""
    rows, columns = np.divmod(parts.pixels[parts.owner == k], parts.shape[1])
    for n in np.flatnonzero(inside):
        middle = (parts.top[n] + parts.bottom[n]) // 2, (parts.left[n] + parts.right[n]) // 2
        beside = columns[rows == middle[0]]
        over = rows[columns == middle[1]]
        if not (beside.size and over.size):
            continue
        if (
            beside.min() < parts.left[n]
            and beside.max() >= parts.right[n]
            and over.min() < parts.top[n]
            and over.max() >= parts.bottom[n]
        ):
            return True
    return False


def without_rules(mask: Mask, height: float) -> Mask:
    """Return a mask without straight lines longer than digits, but with the strokes across them.

    height: of a digit, in pixels.
    """
    parts = find_parts(mask)
    large = np.flatnonzero(parts.extent > LARGE * height)
    if not large.size:
        return mask
    rest = mask.copy()
    suspects = parts.mask_of(large)
    for upright in (False, True):
        rule = _rules(turned(suspects, upright), max(8, round(LONG * height)))
        if rule.any():
            turned(rest, upright)[rule] = False
    return rest


def _rules(mask: Mask, long: int) -> Mask:
    """Return the pixels of straight lines across a mask where no stroke crosses them."""
    rows, columns = mask.shape
    if long >= columns:
        return np.zeros_like(mask)
    thick = mask.copy()
    thick[1:] |= mask[:-1]
    thick[:-1] |= mask[1:]
    step = max(1, min(columns // SEARCH_SIDE, long // 16))
    found = [int(_runs(_sheared(thick, tilt, step), -(-long // step)).sum()) for tilt in TILTS]
    best = int(np.argmax(found))
    if not found[best]:
        return np.zeros_like(mask)
    level = int(np.argmin(np.abs(TILTS)))
    if found[level] >= 0.98 * found[best]:
        best = level
    run = _runs(_sheared(thick, TILTS[best], 1), long)
    line = _unsheared(run, TILTS[best], rows) & mask
    if not line.any():
        return line
    lengths = column_lengths(mask)
    width = float(median(lengths[line]))
    alone: Mask = line & (lengths <= 1.5 * width + 1)
    # The soft edges of a line that is two pixels thick lie outside the run's own rows.
    near = alone.copy()
    near[1:] |= alone[:-1]
    near[:-1] |= alone[1:]
    edge: Mask = near & mask & (lengths <= 1.5 * width + 1)
    return edge


def _shift(tilt: float, columns: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    moved: npt.NDArray[np.int64] = np.rint(tilt * (columns - count / 2)).astype(np.int64)
    return moved


def _sheared(mask: Mask, tilt: float, step: int) -> Mask:
    """Return every `step`-th column, moved so that lines of this tilt become level."""
    rows, columns = mask.shape
    taken = np.arange(0, columns, step)
    reach = int(abs(tilt) * columns / 2) + 1
    place = np.arange(-reach, rows + reach)[:, None] + _shift(tilt, taken, columns)
    inside = (place >= 0) & (place < rows)
    moved: Mask = mask[place.clip(0, rows - 1), taken] & inside
    return moved


def _unsheared(moved: Mask, tilt: float, rows: int) -> Mask:
    columns = moved.shape[1]
    reach = int(abs(tilt) * columns / 2) + 1
    taken = np.arange(columns)
    place = np.arange(rows)[:, None] - _shift(tilt, taken, columns) + reach
    back: Mask = moved[place.clip(0, len(moved) - 1), taken]
    return back


def _runs(mask: Mask, long: int) -> Mask:
    """Return the pixels of a mask in unbroken rows of at least this length."""
    wide = np.pad(mask, ((0, 0), (1, 1)))
    change = np.flatnonzero(np.diff(wide.ravel().astype(np.int8)))
    start, end = change[::2], change[1::2]
    keep = end - start >= long
    marks = np.zeros(wide.size + 1, np.int8)
    marks[start[keep] + 1] += 1
    marks[end[keep] + 1] -= 1
    runs: Mask = np.cumsum(marks[:-1]).astype(np.bool_).reshape(wide.shape)[:, 1:-1]
    return runs
