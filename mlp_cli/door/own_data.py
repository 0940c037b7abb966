"""Own arrays become a dataset: checked, of one kind, and in the shape of images."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.loading import Dataset, Split
from mlp_cli.datasets.source import DEFAULT_DATA_DIR
from mlp_cli.errors import DataError
from mlp_cli.nn.checks import check_images, check_labels, require_grey_levels, to_grey_levels
from mlp_cli.nn.encoding import pixels_to_x
from mlp_cli.nn.types import ImagesOrX, Labels

Pair = tuple[npt.ArrayLike, npt.ArrayLike]
"""images and labels"""


class Part(NamedTuple):
    """Images with their labels, each checked."""

    images: ImagesOrX
    labels: Labels


def make_dataset(
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    validation: Pair | None = None,
    test: Pair | None = None,
    *,
    grey_alone: str = "",
) -> Dataset:
    """Return own arrays as a dataset; the validation images are the last of its training set.

    grey_alone: what takes grey levels alone, if anything does.
    Raises ShapeError or DataError, naming the array, for wrong ones.
    """
    train = _check("", images, labels)
    if len(np.unique(train.labels)) < 2:
        found = f"all are {train.labels[0]}" if len(train.labels) else "none"
        raise DataError(f"labels: {found}, expected two classes at least.")
    pixels, classes = math.prod(train.images.shape[1:]), 1 + int(train.labels.max())
    more = [
        _check(f"{name} ", *_pair(name, pair), pixels, classes)
        for name, pair in (("validation", validation), ("test", test))
        if pair is not None
    ]
    kinds = _of_one_kind([part.images for part in (train, *more)])
    if grey_alone:
        kinds = [require_grey_levels(kind, grey_alone) for kind in kinds]
    shape = train.images.shape[1:] if train.images.ndim == 3 else _shape_of(pixels)
    splits = [
        Split(np.ascontiguousarray(each.reshape(-1, *shape)), part.labels)
        for each, part in zip(kinds, (train, *more), strict=True)
    ]
    learned = splits.pop(0)
    if validation is not None:
        held_out = splits.pop(0)
        learned = Split(
            np.concatenate([learned.images, held_out.images]),
            np.concatenate([learned.labels, held_out.labels]),
        )
    tested = splits.pop(0) if test is not None else Split(learned.images[:0], learned.labels[:0])
    return Dataset(DEFAULT_DATA_DIR, learned, tested)


def _pair(name: str, pair: object) -> Pair:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        number = ", or how many images to hold out" if name == "validation" else ""
        raise DataError(f"{name}: expected a pair of images and labels{number}.")
    images, labels = pair
    return images, labels


def _check(
    whose: str,
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    pixels: int | None = None,
    classes: int | None = None,
) -> Part:
    """Return a part of the data. whose: what its arrays are called, before `images`, `labels`."""
    name = f"{whose}images"
    checked = check_images(images, pixels, name=name)
    if not len(checked):
        raise DataError(f"{name}: none, expected {'one' if whose else 'two'} at least.")
    return Part(
        checked,
        check_labels(labels, len(checked), classes, name=f"{whose}labels", images=name),
    )


def _of_one_kind(arrays: Sequence[ImagesOrX]) -> Sequence[ImagesOrX]:
    """Return all as grey levels if they are such, else all as x of one type."""
    levels = [to_grey_levels(array) for array in arrays]
    grey = [array for array in levels if array is not None]
    if len(grey) == len(arrays):
        return grey
    dtype = np.result_type(*(array for array in arrays if array.dtype.kind == "f"))
    return [pixels_to_x(array, dtype) for array in arrays]


def _shape_of(pixels: int) -> tuple[int, int]:
    """Return rows and columns of images that came as rows of pixels: square, or else one row."""
    side = math.isqrt(pixels)
    return (side, side) if side * side == pixels else (1, pixels)
