"""Take off what people draw around digits: rules, cells of a form, frames and circles."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mlp_cli.images.components import Parts, find_parts
from mlp_cli.images.digit import widen
from mlp_cli.images.lines import column_lengths, thickened, turned
from mlp_cli.images.threshold import median
from mlp_cli.images.types import Mask

FRAME_WIDTH = 0.15
"""fraction of a frame's shorter side, in which it keeps to the border of its box"""
LEAST_IN_RING = 0.97
"""fraction of a frame's ink that does"""
MOST_ENCLOSURES = 400
"""the largest parts, which are asked"""
LARGE_CIRCLE = 1.3
"""heights of a digit: a smaller circle may be a 0"""
LEAST_DIRECTIONS = 62
"""of 64: a circle has ink in so many"""
LARGE = 1.5
"""heights of a digit: a larger part may be a frame, a table or a rule"""
LONG = 1.4
"""heights of a digit: a longer straight run of ink is a rule"""
RULE_TILTS = np.linspace(-0.2, 0.2, 41)
"""rows that a rule may rise per column: up to 11 degrees"""
SEARCH_SIDE = 256
"""columns in which the tilt is searched"""
TALL_INSIDE = 0.3
"""heights of an enclosure: what it encloses is taller"""


def without_enclosures(mask: Mask) -> Mask:
    """Return a mask without the frames and circles around other parts.

    Faint ones may have small gaps, which are bridged to know them.
    """
    for times in range(3):
        bridged = mask
        for _ in range(times):
            bridged = widen(bridged)
        mask = _without_rings(mask, bridged)
    return mask


def _without_rings(mask: Mask, bridged: Mask) -> Mask:
    parts = find_parts(bridged)
    large = np.argsort(-parts.extent)[:MOST_ENCLOSURES]
    gone = []
    for k in large:
        tall = parts.height > TALL_INSIDE * min(parts.height[k], parts.width[k])
        if (parts.within(k) & tall).any() and _is_ring(parts, int(k)):
            gone.append(k)
    return mask & ~parts.mask_of(np.array(gone, np.int64)) if gone else mask


def _is_ring(parts: Parts, k: int) -> bool:
    """Return whether a part keeps to the border of its box, or to the ellipse within it."""
    _, down, across = parts.places_in_box(k)
    # As far from the border of a long box at its short sides as at its long ones.
    side = min(parts.height[k], parts.width[k])
    edge = np.minimum((1 - np.abs(down)) * parts.height[k], (1 - np.abs(across)) * parts.width[k])
    in_frame = (edge / 2 < FRAME_WIDTH * side).mean()
    in_circle = (np.hypot(down, across) > 1 - 2 * FRAME_WIDTH).mean()
    return bool(max(in_frame, in_circle) > LEAST_IN_RING)


def without_circles(mask: Mask, height: float) -> Mask:
    """Return a mask without circles that a digit within them touches.

    Such a circle is larger than a digit. It has ink all around, and none in the corners of its box.

    height: of a digit, in pixels.
    """
    parts = find_parts(mask)
    rest = mask.copy()
    large = (np.minimum(parts.height, parts.width) > LARGE_CIRCLE * height).nonzero()[0]
    for k in large[:MOST_ENCLOSURES]:
        pixels, down, across = parts.places_in_box(k)
        radius = np.hypot(down, across)
        outside = radius > 1 - FRAME_WIDTH
        around = np.floor((np.arctan2(down, across) / np.pi + 1) * 32)[outside]
        if radius.max() < 1 + FRAME_WIDTH and np.unique(around).size >= LEAST_DIRECTIONS:
            rest.ravel()[pixels[outside]] = False
    return rest


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
    thick = thickened(mask)
    step = max(1, min(columns // SEARCH_SIDE, long // 16))
    found = [int(_runs(_sheared(thick, tilt, step), -(-long // step)).sum()) for tilt in RULE_TILTS]
    best = int(np.argmax(found))
    if not found[best]:
        return np.zeros_like(mask)
    level = int(np.argmin(np.abs(RULE_TILTS)))
    if found[level] >= 0.98 * found[best]:
        best = level
    run = _runs(_sheared(thick, RULE_TILTS[best], 1), long)
    line = _unsheared(run, RULE_TILTS[best], rows) & mask
    if not line.any():
        return line
    lengths = column_lengths(mask)
    width = float(median(lengths[line]))
    alone: Mask = line & (lengths <= 1.5 * width + 1)
    # The soft edges of a line that is two pixels thick lie outside the run's own rows.
    edge: Mask = thickened(alone) & mask & (lengths <= 1.5 * width + 1)
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
