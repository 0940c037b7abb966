"""Find a dataset's four files, read them, and check that they belong together."""

import hashlib
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.catalogue import (
    CATALOGUE,
    DEFAULT_DATASET,
    SYNTHETIC,
    Source,
    download_command,
    download_folder,
)
from mlp_cli.datasets.drawn import synthetic
from mlp_cli.datasets.idx import IMAGES_MAGIC, LABELS_MAGIC, read_idx
from mlp_cli.errors import DataAccessError, DataError, MissingDataError, OptionError

SplitName = Literal["train", "validation", "test"]

FILES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]
CLASSES = 10
"""digits 0..9: no label may be above 9"""


@dataclass(frozen=True)
class Split:
    """Images with their labels."""

    images: npt.NDArray[np.uint8]
    """(n, rows, columns), grey levels 0..255"""
    labels: npt.NDArray[np.uint8]
    """(n,), digits"""

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Dataset:
    """A training set and a test set of the same kind of images."""

    folder: Path
    train: Split
    test: Split

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of every image."""
        _, rows, columns = self.train.images.shape
        return rows, columns

    @property
    def pixels(self) -> int:
        """How many pixels every image has: the size of the input layer."""
        return math.prod(self.image_shape)

    @property
    def classes(self) -> int:
        """How many classes the labels tell of: the highest label and one."""
        return 1 + max(int(self.train.labels.max()), int(self.test.labels.max()))

    def require(self, image_shape: tuple[int, ...], classes: int) -> None:
        """Raise DataError where a network for such images and classes cannot take this dataset."""
        if self.image_shape != image_shape:
            raise DataError(
                f"{self.folder}: images of {_by(self.image_shape)} pixels, "
                f"expected {_by(image_shape)} as the network was trained on."
            )
        if self.classes > classes:
            raise DataError(
                f"{self.folder}: labels up to {self.classes - 1}, "
                f"expected {classes - 1} at most as the network was trained on."
            )

    def split_validation(self, count: int) -> tuple[Split, Split]:
        """Return the training set without its last `count` examples, and these examples.

        Raises OptionError where that leaves nothing to train on.
        """
        kept = len(self.train) - count
        if kept < 1:
            raise OptionError(
                f"validation {count:,}: the training set holds {len(self.train):,} images, "
                f"and none would be left to train on. Choose 0 to {len(self.train) - 1:,}."
            )
        images, labels = self.train.images, self.train.labels
        return Split(images[:kept], labels[:kept]), Split(images[kept:], labels[kept:])

    def split(self, name: SplitName, validation: int) -> Split:
        """Return the split of this name, with `validation` images held out of the training set.

        Raises OptionError for the validation split of a run that held nothing out.
        """
        if name == "test":
            return self.test
        if name == "validation" and not validation:
            raise OptionError(
                "split validation: the run held no images out, expected some. "
                "Choose test or train, or train with --validation 10000."
            )
        train, held_out = self.split_validation(validation)
        return train if name == "train" else held_out

    def fingerprint(self) -> str:
        """Return the SHA-256 over all four arrays and their shapes, in hexadecimal."""
        digest = hashlib.sha256()
        for split in (self.train, self.test):
            for array in (split.images, split.labels):
                digest.update(repr(array.shape).encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def load_dataset(name: str, data_dir: Path) -> Dataset:
    """Return the dataset from the first of its folders that holds all four files.

    One of the catalogue is looked for in `<data-dir>/<name>/`, then where torchvision keeps it, in
    `<data-dir>/MNIST/raw/` say, then in `<data-dir>/` itself. `synthetic` is drawn where it is not
    kept. Any other name is a folder of one's own. The numbers of images and the image size come
    from the files, so 12 images of one's own load like the 70,000.

    Raises MissingDataError where no folder holds all four, DataError where a file is not what its
    place asks for or the files disagree.
    """
    if name == SYNTHETIC:
        train, test = (Split(*arrays) for arrays in synthetic.load(data_dir))
        return Dataset(download_folder(name, data_dir), train, test)
    folder, paths = _find(name, data_dir)
    train_images, train_labels, test_images, test_labels = paths
    try:
        train = _read_split(train_images, train_labels)
        test = _read_split(test_images, test_labels)
        train_shape, test_shape = train.images.shape[1:], test.images.shape[1:]
        if train_shape != test_shape:
            raise DataError(
                f"{test_images}: images of {_by(test_shape)} pixels, "
                f"expected {_by(train_shape)} as in {train_images.name}."
            )
    except DataAccessError:
        raise
    except DataError as error:
        raise DataError(f"{error}\n{_how_to_replace(paths, name, data_dir)}") from error
    return Dataset(folder, train, test)


def _how_to_replace(paths: list[Path], name: str, data_dir: Path) -> str:
    """Say how to mend a file. Whose it is only the user knows: a download is not for one's own."""
    if name not in CATALOGUE:
        return "Replace it, or name another folder with --dataset."
    target = download_folder(name, data_dir)
    mended_by_download = all(path.parent == target and path.suffix == ".gz" for path in paths)
    how = f"fetch it again with: {download_command(name, data_dir)}"
    how = f"{how} --force" if mended_by_download else f"delete it and {how}"
    return f"Replace it; if it is {name}'s own, {how}"


def _find(name: str, data_dir: Path) -> tuple[Path, list[Path]]:
    """Return the first folder that holds all four files, and their paths."""
    fullest: dict[str, Path] = {}
    for folder in _folders(name, data_dir):
        found = _find_files(folder)
        if len(found) == len(FILES):
            return folder, [found[stem] for stem in FILES]
        fullest = max(fullest, found, key=len)
    paths = list(fullest.values())
    missing = ", ".join(stem for stem in FILES if stem not in fullest)
    if name in CATALOGUE:
        place, what = data_dir, name
        other_way = f"fetch the published ones with: {download_command(name, data_dir)}"
    else:
        place, what = Path(name), "dataset"
        other_way = "name another folder with --dataset."
    raise MissingDataError(
        f"{paths[0].parent if paths else place}: no {what} here, expected its four files. "
        f"Missing: {missing}.\n"
        f"Put them there, or {other_way}",
        paths,
    )


def _folders(name: str, data_dir: Path) -> Iterator[Path]:
    source = CATALOGUE.get(name)
    if source is None:
        yield Path(name)
        return
    yield download_folder(name, data_dir)
    if source.torchvision is not None:
        yield data_dir / source.torchvision / "raw"
    # Files that lie loose have the same names whatever they hold, and are most often mnist's.
    if name == DEFAULT_DATASET or _has_published_sizes(data_dir, source):
        yield data_dir


def _has_published_sizes(folder: Path, source: Source) -> bool:
    with suppress(OSError):
        return all((folder / file.name).stat().st_size == file.size for file in source.files)
    return False


def _find_files(folder: Path) -> dict[str, Path]:
    """Return the files that are in a folder, plain before gzipped, in either spelling."""
    try:
        names = set(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise DataAccessError(
            f"{folder}: cannot be read ({error.strerror}), expected a folder of IDX files.\n"
            "Check its permissions, or name another folder with --data-dir."
        ) from error
    found = {}
    for stem in FILES:
        dotted = stem.replace("-idx", ".idx")
        for name in (stem, dotted, f"{stem}.gz", f"{dotted}.gz"):
            if name in names:
                found[stem] = folder / name
                break
    return found


def _read_split(images_path: Path, labels_path: Path) -> Split:
    images = read_idx(images_path, IMAGES_MAGIC)
    labels = read_idx(labels_path, LABELS_MAGIC)
    if images.size == 0:
        raise DataError(f"{images_path}: {_by(images.shape)} pixels, expected at least one image.")
    if len(images) != len(labels):
        raise DataError(
            f"{labels_path}: {len(labels):,} labels, expected {len(images):,}, "
            f"one for each image of {images_path.name}."
        )
    if labels.max() >= CLASSES:
        first = int((labels >= CLASSES).argmax())
        raise DataError(
            f"{labels_path}: label {labels[first]} at index {first:,}, expected 0 to {CLASSES - 1}."
        )
    return Split(images, labels)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{n:,}" for n in shape)
