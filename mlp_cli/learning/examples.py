"""Examples as the NumPy engine takes them, encoded for many mini-batches at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.nn.checks import is_grey
from mlp_cli.nn.types import Floats, ImagesOrX, Indices, Labels

_WHITE = np.array(255, np.float32)


class MiniBatchExamples(NamedTuple):
    """The examples of one mini-batch, one per column, and room for what the network outputs."""

    X: Floats
    """(A^1; 1), pixel / 255 and a last row of ones: (n_1 + 1, m)"""
    Y: Floats
    """one-hot: (n_L, m)"""
    outputs: Floats
    """A^L: (n_L, m)"""


class ExampleBlock:
    """Room for the examples of `count` mini-batches of m, encoded together.

    What a NumPy call costs by itself is shared by many mini-batches. In memory an example is a
    row, because a copied image is one; a mini-batch is a view of these rows as columns.

    x: (count m, n_1 + 1).  y, outputs: (count, n_L, m), for the cost of the whole block at once.
    mini_batches: the views of each mini-batch.
    """

    def __init__(self, count: int, m: int, sizes: Sequence[int], dtype: npt.DTypeLike) -> None:
        pixels, classes = sizes[0], sizes[-1]
        self.x = np.empty((count * m, pixels + 1), dtype)
        self.y = np.empty((count, classes, m), dtype)
        self.outputs = np.empty_like(self.y)
        self.mini_batches = [
            MiniBatchExamples(self.x[i * m : (i + 1) * m].T, self.y[i], self.outputs[i])
            for i in range(count)
        ]
        self._m = m
        self._pixels = np.empty((count * m, pixels), np.uint8)
        self._classes = np.arange(classes)[:, None]

    def fill(self, images: ImagesOrX, labels: Labels, indices: Indices) -> int:
        """Encode the examples at these indices, and return how many mini-batches they make.

        images: (n, pixels), grey levels or x.  labels: (n,).  indices: a multiple of m, no more
        than there is room.
        """
        count, pixels = len(indices) // self._m, self._pixels[: len(indices)]
        x = self.x[: len(indices)]
        if is_grey(images):
            # "clip" never clips here: the default, "raise", copies through a buffer.
            images.take(indices, 0, pixels, "clip")
            # To floats first, and whole rows: to divide bytes, or rows but for their last number,
            # takes three times as long. So the 1 that a row ends in is a white pixel before.
            x[:, :-1] = pixels
            x[:, -1] = 255
            np.divide(x, _WHITE, x)
        else:
            x[:, :-1] = images[indices]
            x[:, -1] = 1
        self.y[:count] = labels[indices].reshape(count, 1, self._m) == self._classes
        return count
