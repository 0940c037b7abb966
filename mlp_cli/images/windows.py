"""Compute the largest and the mean value in a window around every pixel.

Windows are squares with an odd side. Beyond the picture, the values of its border are repeated.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Values = TypeVar("Values", bound=npt.NDArray[np.generic])


def odd(length: float) -> int:
    """Return the side of a window of about this length: odd, and at least 3."""
    return max(3, int(length) | 1)


def window_maximum(values: Values, side: int) -> Values:
    """Return the largest value in the window around every pixel.

    The maximum over 2 n pixels is that of two maxima over n, which takes log2(side) steps.
    """
    for axis in (0, 1):
        values = _running_maximum(_extended(values, side // 2, axis), side, axis)
    return values


def window_mean(values: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """Return the mean of the window around every pixel, computed from running sums."""
    for axis in (0, 1):
        extended = _extended(values, side // 2, axis)
        shape = list(extended.shape)
        shape[axis] += 1
        sums = np.zeros(shape)
        np.cumsum(extended, axis=axis, dtype=np.float64, out=_slice(sums, 1, None, axis))
        n = values.shape[axis]
        over = _slice(sums, side, side + n, axis) - _slice(sums, 0, n, axis)
        over /= side
        values = over.astype(np.float32)
    return values


def closing(values: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """Return the values with every low part filled that is narrower than the window.

    It takes the largest value around each pixel, and then the least of these: a stroke narrower
    than the window vanishes, while a step from light to shadow stays where it was.
    Source: J. Serra, Image Analysis and Mathematical Morphology (1982).
    """
    return -window_maximum(-window_maximum(values, side), side)


def opening(values: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """Return the values with every high part levelled that is narrower than the window."""
    return -closing(-values, side)


def _extended(values: Values, by: int, axis: int) -> Values:
    """Repeat the first and the last values along an axis, in a tenth of the time of np.pad."""
    first, last = _slice(values, 0, 1, axis), _slice(values, -1, None, axis)
    ends = [np.repeat(end, by, axis=axis) for end in (first, last)]
    return np.concatenate([ends[0], values, ends[1]], axis=axis)  # type: ignore[return-value]


def _running_maximum(values: Values, side: int, axis: int) -> Values:
    length = 1
    while length < side:
        step = min(length, side - length)
        n = values.shape[axis]
        values = np.maximum(_slice(values, 0, n - step, axis), _slice(values, step, n, axis))
        length += step
    return values


def _slice(values: Values, start: int, stop: int | None, axis: int) -> Values:
    part = (slice(start, stop), slice(None)) if axis == 0 else (slice(None), slice(start, stop))
    return values[part]  # type: ignore[return-value]
