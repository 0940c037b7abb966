"""Images and labels as the network takes them: x in [0, 1] and y one-hot."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mlp_cli.nn.types import Floats, Images, Labels

_WHITE = np.array(255, np.float32)


def pixels_to_x(images: Images, dtype: npt.DTypeLike) -> Floats:
    """Return x = pixel / 255, one example per row: (m, rows * columns), values 0..1."""
    x = images.reshape(len(images), -1).astype(dtype)
    x /= 255
    return x


def one_hot(labels: Labels, classes: int, dtype: npt.DTypeLike) -> Floats:
    """Return y = e_label, one row per label: (m, classes).

    Every label must be below `classes`; an IndexError would be a bug of the caller.
    """
    y = np.zeros((len(labels), classes), dtype)
    y[np.arange(len(labels)), labels] = 1
    return y


class ExampleBlock:
    """Room for some groups of mini-batches of m examples, made ready at once for the training loop.

    x: (groups, count m, n_1 + 1), pixel / 255, every row ending in a 1.
    y: (groups, count, n_L, m), one-hot, one example per column.  outputs: likewise, for the A^L.
    groups: the x of each, and y^T and outputs of each of its mini-batches; views, made once.
    """

    def __init__(
        self, groups: int, count: int, m: int, sizes: Sequence[int], dtype: npt.DTypeLike
    ) -> None:
        pixels, classes = sizes[0], sizes[-1]
        self.x = np.empty((groups, count * m, pixels + 1), dtype)
        self.y = np.empty((groups, count, classes, m), dtype)
        self.outputs = np.empty_like(self.y)
        self.groups = [
            (x, [(y.T, outputs) for y, outputs in zip(ys, group_outputs, strict=True)])
            for x, ys, group_outputs in zip(self.x, self.y, self.outputs, strict=True)
        ]
        self._pixels = np.empty((groups * count * m, pixels), np.uint8)
        self._classes = np.arange(classes)[:, None]

    def fill(self, images: Images, labels: Labels, indices: npt.NDArray[np.intp]) -> int:
        """Encode the examples at these indices and return how many groups they make.

        images: (n, pixels).  labels: (n,).  indices: whole groups, no more than there is room for.
        """
        _, count, _, m = self.y.shape
        pixels, groups = self._pixels[: len(indices)], len(indices) // (count * m)
        # "clip" never clips here: the default, "raise", would copy through a buffer.
        images.take(indices, 0, pixels, "clip")
        # To floats first, and whole rows: dividing bytes, or rows but for their last number, takes
        # three times as long. So the 1 that a row ends in is a white pixel before.
        x = self.x[:groups]
        x[..., :-1] = pixels.reshape(groups, count * m, -1)
        x[..., -1] = 255
        np.divide(x, _WHITE, x)
        self.y[:groups] = labels[indices].reshape(groups, count, 1, m) == self._classes
        return groups
