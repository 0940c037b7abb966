"""How certain a network is of an image: what it reads while the image wobbles a little.

A network that learned only digits is often certain of a letter or a blot. But its answer changes
when these are turned or moved slightly, and that to a digit does not.
"""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.types import Outputs, ReadImages

Images = npt.NDArray[np.uint8]

TURN, SLANT, STRETCH, STEP = math.radians(9), 0.18, 0.1, 1.0
"""of a wobble: radians, columns per row, fraction, pixels of 28"""


def mean_outputs(images: Images, read: ReadImages) -> tuple[Outputs, Outputs]:
    """Return the outputs for images, and their mean over the wobbles: (n, classes) twice.

    images: (n, rows, columns).
    """
    n = len(images)
    outputs = read(np.concatenate([images, *_wobbled(images)]))
    return outputs[:n], outputs.reshape(-1, n, outputs.shape[1]).mean(axis=0)


def _wobbled(images: Images) -> list[Images]:
    """Return these images once for each wobble, by bilinear interpolation."""
    n, rows, columns = images.shape
    flat = images.reshape(n, -1).astype(np.float32)
    wobbled = []
    for pixels, weights in _samples(rows, columns):
        values = sum(flat[:, pixels[k]] * weights[k] for k in range(4))
        wobbled.append(np.rint(values).astype(np.uint8).reshape(images.shape))
    return wobbled


@cache
def _samples(rows: int, columns: int) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]]:
    """Return, for each wobble, the four pixels of each pixel and their weights: (4, pixels)."""
    step = STEP * min(rows, columns) / 28
    wobbles = (
        [(_turn(angle), (0.0, 0.0)) for angle in (-TURN, TURN)]
        + [(np.array([[1.0, 0.0], [slant, 1.0]]), (0.0, 0.0)) for slant in (-SLANT, SLANT)]
        + [
            (np.diag([1 + down, 1 + across]), (0.0, 0.0))
            for down, across in ((STRETCH, -STRETCH), (-STRETCH, STRETCH), (STRETCH, STRETCH))
        ]
        + [
            (np.eye(2), (down * step, across * step))
            for down, across in ((1, 0), (-1, 0), (0, 1), (0, -1))
        ]
    )
    return [_sample(matrix, move, rows, columns) for matrix, move in wobbles]


def _turn(angle: float) -> npt.NDArray[np.float64]:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _sample(
    matrix: npt.NDArray[np.float64], move: tuple[float, float], rows: int, columns: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    grid = np.stack(np.mgrid[:rows, :columns]).reshape(2, -1).astype(np.float64)
    middle = np.array([[rows / 2], [columns / 2]])
    # Columns move with rows where the digit is slanted.
    source = matrix @ (grid - middle) + middle + np.array(move)[:, None]
    low = np.floor(source).astype(np.intp)
    part = source - low
    pixels, weights = [], []
    for down in (0, 1):
        for across in (0, 1):
            row, column = low[0] + down, low[1] + across
            inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
            weight = np.abs(1 - down - part[0]) * np.abs(1 - across - part[1])
            pixels.append(row.clip(0, rows - 1) * columns + column.clip(0, columns - 1))
            weights.append((weight * inside).astype(np.float32))
    return np.stack(pixels), np.stack(weights)
