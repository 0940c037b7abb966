"""The largest and the mean value of a window around every pixel.

Windows are squares of an odd number of pixels; beyond the picture its border is continued.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Values = TypeVar("Values", bound=npt.NDArray[np.generic])


def odd(length: float) -> int:
    """Return the side of a window of about this length: odd, 3 at least."""
    return max(3, int(length) | 1)


def window_maximum(values: Values, side: int) -> Values:
    """Return the largest value in the window around every pixel.

    A maximum over 2 n pixels is that of two over n: log2(side) steps, rows then columns.
    """
    for axis in (0, 1):
        values = _moved_maximum(_continued(values, side // 2, axis), side, axis)
    return values


def window_mean(values: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """Return the mean of the window around every pixel, from running sums."""
    for axis in (0, 1):
        sums = np.cumsum(_continued(values, side // 2, axis), axis=axis, dtype=np.float64)
        sums = np.insert(sums, 0, 0, axis=axis)
        n = values.shape[axis]
        over = _part(sums, side, side + n, axis) - _part(sums, 0, n, axis)
        values = (over / side).astype(np.float32)
    return values


def closing(values: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """Return the values with everything low that a window does not fit into filled up.

    The largest value around each pixel, and of those the least around it: a stroke narrower
    than the window vanishes, while a step from light to shadow stays where it was.
    Source: J. Serra, Image Analysis and Mathematical Morphology (1982).
    """
    return -window_maximum(-window_maximum(values, side), side)


def opening(values: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """Return the values with everything high that a window does not fit into levelled."""
    return -closing(-values, side)


def _continued(values: Values, by: int, axis: int) -> Values:
    """Return the values with the first and the last repeated: np.pad, at a tenth of its price."""
    first, last = _part(values, 0, 1, axis), _part(values, -1, None, axis)
    ends = [np.repeat(end, by, axis=axis) for end in (first, last)]
    return np.concatenate([ends[0], values, ends[1]], axis=axis)  # type: ignore[return-value]


def _moved_maximum(values: Values, side: int, axis: int) -> Values:
    length = 1
    while length < side:
        step = min(length, side - length)
        n = values.shape[axis]
        values = np.maximum(_part(values, 0, n - step, axis), _part(values, step, n, axis))
        length += step
    return values


def _part(values: Values, start: int, stop: int | None, axis: int) -> Values:
    part = (slice(start, stop), slice(None)) if axis == 0 else (slice(None), slice(start, stop))
    return values[part]  # type: ignore[return-value]
