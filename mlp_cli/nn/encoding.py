"""Images and labels as the network takes them: x in [0, 1] and y one-hot."""

import math

import numpy as np
import numpy.typing as npt

from mlp_cli.nn.types import Floats, ImagesOrX, Labels


def pixels_to_x(images: ImagesOrX, dtype: npt.DTypeLike) -> Floats:
    """Return x = pixel / 255, one example per row: (m, rows * columns), values 0..1.

    Images that are floats are x already.
    """
    pixels = images.reshape(len(images), math.prod(images.shape[1:]))
    x: Floats = pixels.astype(dtype)
    if images.dtype.kind != "f":
        x /= 255
    return x


def one_hot(labels: Labels, classes: int, dtype: npt.DTypeLike) -> Floats:
    """Return y = e_label, one row per label: (m, classes).

    Every label must be below `classes`; an IndexError is a bug of the caller.
    """
    y = np.zeros((len(labels), classes), dtype)
    y[np.arange(len(labels)), labels] = 1
    return y
