"""The dataset that needs no network and no file: 60,000 + 10,000 digits, drawn.

It is drawn once, block by block, and kept as the four IDX files, which are mapped or read like any
other's. The same seed gives the same bytes on one machine; another processor's exponential may
round a grey level the other way.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.catalogue import SYNTHETIC, download_command, download_folder
from mlp_cli.datasets.drawn.drawing import SIDE, draw_digits
from mlp_cli.datasets.idx import IMAGES_MAGIC, LABELS_MAGIC, idx_header, read_idx
from mlp_cli.errors import DataAccessError, DataError
from mlp_cli.system.files import replacing

Bytes = npt.NDArray[np.uint8]

SEED = 0
BLOCK = 1000
"""digits that are drawn together, from a random stream of their own; ten of each kind or so"""


@dataclass(frozen=True)
class Part:
    """The training or the test set."""

    name: str
    """as the files' names begin"""
    count: int

    def labels(self) -> Bytes:
        """Return the digits to draw: as many of each, in random order."""
        digits = (np.arange(self.count) % 10).astype(np.uint8)
        return np.random.default_rng([SEED, self.count]).permutation(digits)

    def draw(self, start: int) -> Bytes:
        """Return the images of the block that begins at this index: (BLOCK, 28, 28), 0..255."""
        rng = np.random.default_rng([SEED, self.count, 1 + start])
        return draw_digits(self.labels()[start : start + BLOCK], rng)

    def blocks(self) -> Iterator[Bytes]:
        """Yield the images, a block at a time."""
        for start in range(0, self.count, BLOCK):
            yield self.draw(start)

    def paths(self, folder: Path) -> tuple[Path, Path]:
        """Return where the images and the labels are kept."""
        return folder / f"{self.name}-images-idx3-ubyte", folder / f"{self.name}-labels-idx1-ubyte"


PARTS = Part("train", 60_000), Part("t10k", 10_000)
COUNT = sum(part.count for part in PARTS)


def is_kept(data_dir: Path) -> bool:
    """Tell whether the four files are in the data folder."""
    folder = download_folder(SYNTHETIC, data_dir)
    return all(os.path.isfile(path) for part in PARTS for path in part.paths(folder))


def keep(data_dir: Path, *, force: bool = False) -> Iterator[int]:
    """Draw the digits into `<data-dir>/synthetic/`, and yield how many with every block.

    Files that are there are left alone unless forced. Each file gets its name when it is whole;
    of two processes that draw at once, both write the same.

    Raises DataAccessError, before the first digit where possible, if they cannot be written.
    """
    folder = download_folder(SYNTHETIC, data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            images, labels = part.paths(folder)
            if force or not labels.exists():
                with replacing(labels) as file:
                    file.write(idx_header(LABELS_MAGIC, (part.count,)) + part.labels().tobytes())
            if force or not images.exists():
                with replacing(images) as file:
                    file.write(idx_header(IMAGES_MAGIC, (part.count, SIDE, SIDE)))
                    for block in part.blocks():
                        file.write(block.tobytes())
                        yield len(block)
    except OSError as error:
        raise DataAccessError(
            f"{folder}: cannot be written ({error.strerror or error}).\n"
            "Check the disk and its permissions, or name another folder with --data-dir."
        ) from error


def load(data_dir: Path) -> Sequence[tuple[Bytes, Bytes]]:
    """Return images and labels of the training and the test set, kept or else drawn anew.

    Raises DataError where the files are damaged, or are not what this version draws.
    """
    if not is_kept(data_dir):
        return [(np.concatenate(list(part.blocks())), part.labels()) for part in PARTS]
    return [_read(part, data_dir) for part in PARTS]


def _read(part: Part, data_dir: Path) -> tuple[Bytes, Bytes]:
    """Read a kept set, and compare its labels and its first block with what would be drawn."""
    images_path, labels_path = part.paths(download_folder(SYNTHETIC, data_dir))
    path = labels_path
    try:
        labels = read_idx(path, LABELS_MAGIC)
        if not np.array_equal(labels, part.labels()):
            raise DataError(f"{path}: other labels than those of the drawn digits.")
        path = images_path
        images = read_idx(path, IMAGES_MAGIC)
        # The mean, because processors may round differently; 33 is the mean of an image.
        if images.shape != (part.count, SIDE, SIDE) or _differ(images[:BLOCK], part.draw(0)):
            raise DataError(f"{path}: other images than the digits that this version of mlp draws.")
    except DataAccessError:
        raise
    except DataError as error:
        raise DataError(
            f"{error}\nDraw them anew, in place of all four there, with: "
            f"{download_command(SYNTHETIC, data_dir)} --force"
        ) from error
    return images, labels


def _differ(found: Bytes, expected: Bytes) -> bool:
    return float(np.abs(found.astype(np.int16) - expected).mean()) > 0.5
