"""Place a digit in the image with its centre of mass in the middle, as in MNIST."""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.strokes import DIGIT_FRACTION
from mlp_cli.images.types import Grey, Ink

MOST_OFF_CENTRE = 0.51
"""pixels between image centre and centre of mass: all but one or two of MNIST's images have less"""


def has_mnist_form(grey: Grey, shape: tuple[int, ...]) -> bool:
    """Return whether a picture has MNIST's form already.

    It is then light on black, the longer side of its box has MNIST's length, and its centre of
    mass is at the pixel of index n / 2 along both axes.
    """
    if grey.shape != shape or not grey.any():
        return False
    spans, offsets = [], []
    for axis, n in enumerate(shape):
        mass = grey.sum(axis=1 - axis, dtype=np.float64)
        held = np.flatnonzero(mass)
        spans.append(held[-1] - held[0] + 1)
        offsets.append(abs(mass @ np.arange(n) / mass.sum() - n / 2))
    return bool(
        max(spans) == round(DIGIT_FRACTION * min(shape)) and max(offsets) <= MOST_OFF_CENTRE
    )


def place(ink: Ink, scale: float, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return an image of this shape with the ink scaled into it, antialiased.

    The ink's centre of mass goes to the pixel of index n / 2 along both axes. A lopsided digit
    that would leave the image stops at its edge.

    ink: 0..1.  scale: image pixels per pixel of the ink.
    """
    weights = [
        _coverage(ink.sum(axis=1 - axis, dtype=np.float64), scale, n)
        for axis, n in enumerate(shape)
    ]
    image = weights[0] @ ink @ weights[1].T * 255
    return image.clip(0, 255).round().astype(np.uint8)


def _coverage(mass: npt.NDArray[np.float64], scale: float, n: int) -> npt.NDArray[np.float64]:
    """Return the fraction of each of n image pixels that each ink pixel covers: (n, m).

    mass: the sums of the ink along this axis, (m,).
    """
    m = mass.size
    held = np.flatnonzero(mass)
    middle = mass @ (np.arange(m) + 0.5) / mass.sum()
    # Where the ink's pixel 0 begins in the image; the middle of image pixel i is at i + 1 / 2.
    origin = n / 2 + 0.5 - middle * scale
    first, last = held[0] * scale, (held[-1] + 1) * scale
    if last - first <= n:
        origin = min(max(origin, -first), n - last)
    start = origin + np.arange(m) * scale
    pixel = np.arange(n)[:, None]
    overlap = np.minimum(start + scale, pixel + 1) - np.maximum(start, pixel)
    covered: npt.NDArray[np.float64] = np.maximum(overlap, 0)
    return covered
