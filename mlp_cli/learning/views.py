"""Views: how a network sees images, distorted ones too, alike in training and in reading.

plain    as they are
deslant  sheared along their rows until the mixed central moment of rows and columns is 0
width-N  the inked box stretched to N columns, its height kept, its centre of mass in the middle

Positions are multiples of 1/256 of a pixel, so that grey levels are whole numbers times 1/256: they
are exact, and the same on every machine and in the drawing page.

Sources: Y. LeCun et al., "Gradient-based learning applied to document recognition", Proceedings of
the IEEE 86 (1998), section III (deslanting); U. Meier, D. Ciresan, L. Gambardella and J.
Schmidhuber, "Better digit recognition with a committee of simple neural nets", ICDAR 2011 (widths).
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mlp_cli.learning.names import PLAIN, width_of
from mlp_cli.nn.types import Floats, Images, Indices

STEPS = 256
"""positions in a pixel"""
PIXELS_AT_ONCE = 1 << 20
"""few enough for the caches"""


def view(images: Images, name: str) -> Images:
    """Return the images by this view: (n, rows, columns), new ones unless it is `plain`.

    A blank image stays blank.
    """
    if name == PLAIN:
        return images
    seen = np.empty(images.shape, np.uint8)
    width = width_of(name)
    at_once = max(1, PIXELS_AT_ONCE // (images[0].size if len(images) else 1))
    for start in range(0, len(images), at_once):
        block = np.ascontiguousarray(images[start : start + at_once])
        seen[start : start + at_once] = _stretched(block, width) if width else _deslanted(block)
    return seen


def _deslanted(images: Images) -> Images:
    """Return the images sheared about their centres of mass.

    Every row moves by its own distance: pixel c of row r is read at c + slant (r - mean of r),
    linearly between two pixels, 0 outside.
    """
    n, rows, columns = images.shape
    moves = _moves(images)
    whole, part = (each.ravel() for each in np.divmod(moves, STEPS))
    # No ink leaves the image, so that an inked row moves by less than its length.
    padded = np.zeros((n * rows + 1, 2 * columns), np.uint8)
    padded[:-1, columns:] = images.reshape(-1, columns)
    starts = np.arange(n * rows) * (2 * columns) + columns + whole
    near = sliding_window_view(padded.ravel(), columns + 1)[starts].astype(np.uint16)
    part = part.astype(np.uint16)[:, None]
    levels = near[:, :-1] * (STEPS - part)
    levels += near[:, 1:] * part
    levels += STEPS // 2
    levels //= STEPS
    deslanted: Images = levels.astype(np.uint8).reshape(images.shape)
    return deslanted


def _moves(images: Images) -> Indices:
    """Return how far every row moves to the left, in STEPS of a pixel: (n, rows).

    slant = mu_11 / mu_02, columns per row: with the moments of c and r about the centre of mass,
    this shear makes mu_11 of the result 0. Where it would push ink out of the image, the slant is
    the largest of its sign that does not. An image whose ink is in a single row has none.
    """
    n, rows, columns = images.shape
    r, c = np.arange(rows, dtype=np.float64), np.arange(columns, dtype=np.float64)
    # The sums are whole numbers, which float64 holds exactly whatever the order of adding.
    mass, first = np.moveaxis(images @ np.stack([np.ones(columns), c], axis=1), 2, 0)
    total, sum_r, sum_c = mass.sum(axis=1), (mass * r).sum(axis=1), first.sum(axis=1)
    mixed = total * (first * r).sum(axis=1) - sum_r * sum_c
    spread = total * (mass * (r * r)).sum(axis=1) - sum_r * sum_r
    slant = mixed / np.maximum(spread, 1)
    below = (r * total[:, None] - sum_r[:, None]) / np.maximum(total, 1)[:, None]

    moves = slant[:, None] * below
    ink = images > 0
    free = np.where(moves > 0, ink.argmax(axis=2), ink[:, :, ::-1].argmax(axis=2))
    is_inked, distance = mass > 0, np.abs(moves)
    share = np.divide(free, distance, out=np.ones((n, rows)), where=is_inked & (distance > free))
    moves *= share.min(axis=1)[:, None]
    moves[~is_inked] = 0
    steps: Indices = np.floor(moves * STEPS + 0.5).astype(np.intp)
    return steps


def _stretched(images: Images, width: int) -> Images:
    """Return the images with their inked boxes stretched to so many columns, and centred.

    The centre of mass goes to the column of index columns / 2, as in MNIST, rounded to whole
    pixels; a lopsided digit that would leave the image stops at its edge.
    """
    _, rows, columns = images.shape
    inked = images.max(axis=1) > 0
    left = inked.argmax(axis=1)
    boxes = columns - inked[:, ::-1].argmax(axis=1) - left
    seen = np.zeros(images.shape, np.uint8)
    places = sliding_window_view(seen.reshape(-1), width, writeable=True)
    for box in np.unique(boxes).tolist():
        chosen = np.flatnonzero(boxes == box)
        lines = (chosen[:, None] * rows + np.arange(rows)) * columns  # where each row begins
        cut = sliding_window_view(images.reshape(-1), box)[lines + left[chosen, None]]
        # Whole numbers below 2^24, which float32 adds exactly in any order.
        levels = cut.astype(np.float32) @ _stretching(box, width)  # (k, rows, box) (box, width)
        levels = np.minimum(np.floor((levels + STEPS // 2) / STEPS), 255).astype(np.uint8)
        mass = levels.sum(axis=1, dtype=np.int64)
        total = np.maximum(mass.sum(axis=1), 1)
        at = (columns * total - 2 * (mass * np.arange(width)).sum(axis=1) + total) // (2 * total)
        places[lines + np.clip(at, 0, columns - width)[:, None]] = levels
    return seen


def _stretching(box: int, width: int) -> Floats:
    """Return the weight of each of `box` columns in each of `width`, in STEPS: (box, width).

    Column j is read at (j + 1 / 2) box / width - 1 / 2, linearly between two columns, 0 outside.
    Where the box shrinks, it is a mean over as many more columns, weighted by a triangle.
    """
    reach = max(1.0, box / width)
    at = (np.arange(width) + 0.5) * box / width - 0.5
    distance = np.abs(at - np.arange(box)[:, None]) / reach
    weights = np.floor(np.maximum(1 - distance, 0) / reach * STEPS + 0.5)
    return weights.astype(np.float32)
