"""A digit's place in the image: its centre of mass in the middle, as in MNIST."""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.strokes import DIGIT_SHARE
from mlp_cli.images.types import Grey, Ink

OFF_CENTRE = 0.51
"""pixels: in all but one or two of MNIST's 70,000 images the centre of mass is no further away"""


def has_mnist_form(grey: Grey, shape: tuple[int, ...]) -> bool:
    """Tell whether a picture is already what a digit becomes here.

    Light on black, the longer side of its box as long as it should be, its centre of mass at
    the pixel of index n / 2 along both axes.
    """
    if grey.shape != shape or not grey.any():
        return False
    spans, offsets = [], []
    for axis, n in enumerate(shape):
        mass = grey.sum(axis=1 - axis, dtype=np.float64)
        held = np.flatnonzero(mass)
        spans.append(held[-1] - held[0] + 1)
        offsets.append(abs(mass @ np.arange(n) / mass.sum() - n / 2))
    return bool(max(spans) == round(DIGIT_SHARE * min(shape)) and max(offsets) <= OFF_CENTRE)


def place(ink: Ink, scale: float, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return an image of this shape with the ink scaled into it, antialiased.

    The pixel of index n / 2 along both axes gets the ink's centre of mass. A digit so lopsided
    that it would leave the image stops at the edge.

    ink: 0..1.  scale: image pixels per pixel of the ink.
    """
    weights = [
        _coverage(ink.sum(axis=1 - axis, dtype=np.float64), scale, n)
        for axis, n in enumerate(shape)
    ]
    image = weights[0] @ ink @ weights[1].T * 255
    return image.clip(0, 255).round().astype(np.uint8)


def _coverage(mass: npt.NDArray[np.float64], scale: float, n: int) -> npt.NDArray[np.float64]:
    """Return the share of each of n image pixels that each pixel of the ink covers: (n, m).

    mass: the ink's, along this axis, (m,).
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
