"""Datasets in memory that the workers of this machine share: unpacked once, and mapped by all."""

import math
import mmap
import os
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.datasets.loading import Dataset, Split
from mlp_cli.errors import MlpError


class Layout(NamedTuple):
    """Where the arrays of a dataset lie in a file, one behind the other, a byte for each number."""

    descriptor: int
    """of the file, open in every worker"""
    folder: str
    """of the dataset"""
    shapes: tuple[tuple[int, ...], ...]
    """of training images, training labels, test images and test labels"""


class SharedData:
    """Holds each dataset in a file without a name, which goes with the last of its processes.

    Eight workers that unpack MNIST for themselves have it eight times, 55 MB each. Files that are
    not packed are mapped as they are.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._files = ExitStack()
        self._tried: set[str] = set()
        self.layouts: dict[str, Layout] = {}
        """of the datasets that are shared, by name"""

    def share(self, name: str) -> None:
        """Share a dataset, where it is packed and the system can: else each worker reads it."""
        if os.name != "posix" or name in self._tried:
            return
        self._tried.add(name)
        with suppress(MlpError, OSError, MemoryError):  # the workers say what is wrong with it
            dataset = load_dataset(name, self._data_dir)
            splits = dataset.train, dataset.test
            arrays = [array for split in splits for array in (split.images, split.labels)]
            if any(array.dtype != np.uint8 for array in arrays) or _is_mapped(arrays[0]):
                return
            unnamed = tempfile.TemporaryFile()  # noqa: SIM115  on the stack
            file = self._files.enter_context(unnamed)
            for array in arrays:
                file.write(np.ascontiguousarray(array).data)
            file.flush()
            shapes = tuple(array.shape for array in arrays)
            self.layouts[name] = Layout(file.fileno(), str(dataset.folder), shapes)

    def close(self) -> None:
        """Give the files up; the workers keep what they have mapped."""
        self._files.close()
        self._tried.clear()
        self.layouts.clear()


def map_dataset(layout: Layout) -> Dataset:
    """Return a shared dataset; its arrays are read-only."""
    pages = mmap.mmap(layout.descriptor, 0, access=mmap.ACCESS_READ)
    arrays: list[npt.NDArray[np.uint8]] = []
    at = 0
    for shape in layout.shapes:
        count = math.prod(shape)
        arrays.append(np.frombuffer(pages, np.uint8, count, at).reshape(shape))
        at += count
    return Dataset(Path(layout.folder), Split(*arrays[:2]), Split(*arrays[2:]))


def _is_mapped(array: npt.NDArray[np.uint8]) -> bool:
    """Return whether an array lies in a file that is mapped."""
    base: object = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return False
