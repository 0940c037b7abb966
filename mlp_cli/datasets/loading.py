"""The arrays of a dataset: read from its four files, and checked to belong together."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from mlp_cli.datasets.arrays import ExampleIndices, ImageArray, LabelArray
from mlp_cli.datasets.class_names import MOST_CLASSES
from mlp_cli.datasets.holding_out import hold_out_sample
from mlp_cli.datasets.idx import IMAGES_MAGIC, LABELS_MAGIC, read_idx
from mlp_cli.errors import DataError, OptionError

SplitName = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Split:
    """Images with their labels."""

    images: ImageArray
    """(n, rows, columns), grey levels 0..255; from Python perhaps floats, which are x in 0..1"""
    labels: LabelArray
    """(n,), classes counted from 0"""

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: ExampleIndices) -> "Split":
        """Return the examples at these ascending indices: a view of neighbours, or else a copy."""
        first, last = (int(indices[0]), int(indices[-1])) if len(indices) else (0, -1)
        if last - first + 1 == len(indices):
            return Split(self.images[first : last + 1], self.labels[first : last + 1])
        return Split(self.images[indices], self.labels[indices])


class Division(NamedTuple):
    """A training set in two parts, each the ascending indices of its examples."""

    kept: ExampleIndices
    """those to learn from"""
    held_out: ExampleIndices


@dataclass(frozen=True)
class Dataset:
    """A training set and a test set whose images have the same size."""

    folder: Path
    """the folder of its files"""
    train: Split
    test: Split
    class_names: tuple[str, ...] = ()
    """of labels 0, 1, ...; none where labels stand for themselves"""

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of every image."""
        _, rows, columns = self.train.images.shape
        return rows, columns

    @property
    def pixels(self) -> int:
        """The number of pixels of every image: the size of the input layer."""
        return math.prod(self.image_shape)

    @property
    def classes(self) -> int:
        """The number of classes: that of their names, or else one more than the highest label."""
        return len(self.class_names) or 1 + self.highest_label

    @property
    def highest_label(self) -> int:
        """The highest label of all images."""
        return max(int(split.labels.max(initial=0)) for split in (self.train, self.test))

    @property
    def labels_in_use(self) -> list[int]:
        """The labels that any image has, ascending."""
        labels: list[int] = np.union1d(self.train.labels, self.test.labels).tolist()
        return labels

    def relabelled(self, labels: Mapping[int, int]) -> "Dataset":
        """Return the same images with other labels, without names: a label for each in use."""
        table = np.zeros(MOST_CLASSES, np.uint8)
        for old, new in labels.items():
            table[old] = new
        train, test = (Split(s.images, table[s.labels]) for s in (self.train, self.test))
        return replace(self, train=train, test=test, class_names=())

    def require(self, image_shape: tuple[int, ...], classes: int) -> None:
        """Raise DataError where a network for such images and classes cannot use this dataset."""
        if self.image_shape != image_shape:
            raise DataError(
                f"{self.folder}: images of {_by(self.image_shape)} pixels, "
                f"expected {_by(image_shape)} as the network was trained on."
            )
        if self.highest_label >= classes:
            raise DataError(
                f"{self.folder}: labels up to {self.highest_label}, "
                f"expected {classes - 1} at most as the network was trained on."
            )

    def divide(self, count: int, rng: np.random.Generator | None = None) -> Division:
        """Return which examples of the training set to learn from, and which to hold out.

        count: how many to hold out.  rng: draws them, from every class; None: they are the last.
        Raises OptionError where no example would be left to train on.
        """
        size = len(self.train)
        if size - count < 1:
            raise OptionError(
                f"--validation {count}: the training set holds {size:,} images, "
                f"and none would be left to train on. Choose 0 to {size - 1}."
            )
        if rng is None or not count:
            return Division(np.arange(size - count), np.arange(size - count, size))
        is_kept = np.ones(size, bool)
        is_kept[hold_out_sample(self.train.labels, count, rng)] = False
        return Division(np.flatnonzero(is_kept), np.flatnonzero(~is_kept))

    def split_validation(
        self, count: int, rng: np.random.Generator | None = None
    ) -> tuple[Split, Split]:
        """Return the examples to learn from, and those to hold out: see `divide`."""
        kept, held_out = self.divide(count, rng)
        return self.train.take(kept), self.train.take(held_out)

    def split(
        self, name: SplitName, validation: int, rng: np.random.Generator | None = None
    ) -> Split:
        """Return one split, for a run that held out `validation` training images.

        rng: the run's, which drew them; None: they are the last.
        Raises OptionError for the validation split of a run that held out none, DataError where
        the training set is too small to be the run's.
        """
        if name == "test":
            return self.test
        if name == "validation" and not validation:
            raise OptionError(
                "--split validation: the run held no images out. Choose --split test or "
                "--split train, or train again with: mlp train --validation 10000"
            )
        if validation >= len(self.train):
            raise DataError(
                f"{self.folder}: {len(self.train):,} training images, expected more than the "
                f"{validation:,} that the run held out."
            )
        kept, held_out = self.divide(validation, rng)
        return self.train.take(kept if name == "train" else held_out)

    def fingerprint(self) -> str:
        """Return the SHA-256 over all four arrays and their shapes, in hexadecimal.

        It is computed once: to read all of a large set takes a while.
        """
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for split in (self.train, self.test):
            for array in (split.images, split.labels):
                digest.update(repr(array.shape).encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


class KnownClasses(NamedTuple):
    """What is known of a dataset's classes before its files are read."""

    names: Sequence[str] = ()
    """of labels 0, 1, ...: no other label may occur; none where nothing is known"""
    whose: str = ""
    """where the names are from, for an error: `the classes of mnist`"""
    least: int = 1
    """how many there are, with or without an image; others are there if an image has them"""


ANY_CLASSES = KnownClasses()


def read_files(paths: Sequence[Path], known: KnownClasses = ANY_CLASSES) -> Dataset:
    """Return the arrays of four files, in the order of FILES.

    Raises DataAccessError where the system does not let us read one, DataError where one is
    damaged, is of another kind, or does not fit the others.
    """
    train_images, train_labels, test_images, test_labels = paths
    train = _read_split(train_images, train_labels, known)
    test = _read_split(test_images, test_labels, known)
    train_shape, test_shape = train.images.shape[1:], test.images.shape[1:]
    if train_shape != test_shape:
        raise DataError(
            f"{test_images}: images of {_by(test_shape)} pixels, "
            f"expected {_by(train_shape)} as in {train_images.name}."
        )
    classes = max(known.least, 1 + int(train.labels.max()), 1 + int(test.labels.max()))
    return Dataset(train_images.parent, train, test, tuple(known.names[:classes]))


def _read_split(images_path: Path, labels_path: Path, known: KnownClasses) -> Split:
    images = read_idx(images_path, IMAGES_MAGIC)
    labels = read_idx(labels_path, LABELS_MAGIC)
    if images.size == 0:
        raise DataError(f"{images_path}: {_by(images.shape)} pixels, expected at least one image.")
    if len(images) != len(labels):
        raise DataError(
            f"{labels_path}: {len(labels):,} labels, expected {len(images):,}, "
            f"one for each image of {images_path.name}."
        )
    most = len(known.names) or MOST_CLASSES
    if labels.max() >= most:
        first = int((labels >= most).argmax())
        raise DataError(
            f"{labels_path}: label {labels[first]} at index {first:,}, "
            f"expected 0 to {most - 1}, {known.whose}."
        )
    return Split(images, labels)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{n:,}" for n in shape)
