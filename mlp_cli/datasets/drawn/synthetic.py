"""Sets of drawn digits: drawn block by block, kept as IDX files, and read back.

The same seed gives the same bytes on one machine. Another processor's exponential may round a
grey level the other way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from errno import EISDIR
from pathlib import Path

import numpy as np

from mlp_cli.datasets.arrays import ImageArray, LabelArray
from mlp_cli.datasets.drawn.drawing import IMAGE_SIDE, draw_digits
from mlp_cli.datasets.idx import IMAGES_MAGIC, LABELS_MAGIC, idx_header, read_idx
from mlp_cli.datasets.steps import Received, Started, StepGenerator
from mlp_cli.errors import DataError
from mlp_cli.system.files import replacing, sweep_beside

STREAM_SEED = 0
MOST_DIFFERENCE = 0.5
"""grey levels: the mean difference of two images that only differ in rounding is far below"""


@dataclass(frozen=True)
class DigitSet:
    """A training set or a test set."""

    name: str
    """the beginning of the files' names"""
    count: int
    block: int
    """digits that are drawn together"""

    def labels(self) -> LabelArray:
        """Return the digits to draw: (count,), as many of each, in random order."""
        digits = (np.arange(self.count) % 10).astype(np.uint8)
        return np.random.default_rng([STREAM_SEED, self.count]).permutation(digits)

    def stream(self, start: int) -> np.random.Generator:
        """Return the random stream of the block that begins at this index."""
        return np.random.default_rng([STREAM_SEED, self.count, 1 + start])

    def draw(self, start: int) -> ImageArray:
        """Return the images of the block that begins at this index: (block, 28, 28), 0..255."""
        return draw_digits(self.labels()[start : start + self.block], self.stream(start))

    def blocks(self) -> Iterator[ImageArray]:
        """Yield the images, a block at a time."""
        for start in range(0, self.count, self.block):
            yield self.draw(start)

    def draw_all(self) -> tuple[ImageArray, LabelArray]:
        """Draw all images, and return them with their labels."""
        return np.concatenate(list(self.blocks())), self.labels()

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of the images: (count, 28, 28)."""
        return self.count, IMAGE_SIDE, IMAGE_SIDE

    def paths(self, folder: Path) -> tuple[Path, Path]:
        """Return where the images and the labels are kept."""
        return folder / f"{self.name}-images-idx3-ubyte", folder / f"{self.name}-labels-idx1-ubyte"


def keep(sets: Iterable[DigitSet], folder: Path, *, force: bool = False) -> StepGenerator:
    """Draw these sets into a folder, yielding each step.

    Files that are there are left alone unless forced. A file gets its name once it is complete.
    Two processes that draw at once write the same bytes.
    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for digits in sets:
        images, labels = digits.paths(folder)
        sweep_beside(images)
        sweep_beside(labels)
        for path in (images, labels):
            if path.is_dir():  # said before they are drawn
                raise IsADirectoryError(EISDIR, f"{path.name} is a folder")
        if force or not labels.is_file():
            with replacing(labels) as file:
                file.write(idx_header(LABELS_MAGIC, (digits.count,)) + digits.labels().tobytes())
        if force or not images.is_file():
            header = idx_header(IMAGES_MAGIC, digits.shape)
            with replacing(images) as file:
                yield Started(images.name, len(header) + int(np.prod(digits.shape)))
                yield Received(file.write(header))
                for block in digits.blocks():
                    yield Received(file.write(block.tobytes()))


def read(digits: DigitSet, folder: Path) -> tuple[ImageArray, LabelArray]:
    """Return the images and labels of a kept set.

    Raises DataError where the labels, or the first block of images, are not what would be drawn.
    """
    images_path, labels_path = digits.paths(folder)
    labels = read_idx(labels_path, LABELS_MAGIC)
    if not np.array_equal(labels, digits.labels()):
        raise DataError(f"{labels_path}: other labels than those of the drawn digits.")
    images = read_idx(images_path, IMAGES_MAGIC)
    if images.shape != digits.shape or _differ(images[: digits.block], digits.draw(0)):
        raise DataError(
            f"{images_path}: other images than the digits that this version of mlp draws."
        )
    return images, labels


def _differ(found: ImageArray, expected: ImageArray) -> bool:
    """Return whether images differ by more than rounding, as processors do."""
    apart = np.abs(found.astype(np.int16) - expected)
    return float(apart.mean()) > MOST_DIFFERENCE
