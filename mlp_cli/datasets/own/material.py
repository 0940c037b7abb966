"""What a source of one's own data holds, and its arrays in the form of IDX files."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.arrays import ImageArray, LabelArray
from mlp_cli.datasets.loading import Split
from mlp_cli.errors import DataError

MOST_LABEL = 255
"""a label is a byte"""
BLOCK = 1 << 22
"""numbers that are converted together"""


@dataclass(frozen=True)
class Material:
    """The images and labels of a source, in its own order."""

    train: Split
    test: Split | None = None
    """None where the source has no test part"""
    names: tuple[str, ...] = ()
    """of labels 0, 1, ...; empty where the source has none"""
    notes: tuple[str, ...] = ()
    """what of the source was not read, or was changed, each as a clause"""


@dataclass(frozen=True)
class Form:
    """How the arrays of a source are to be understood."""

    image_shape: tuple[int, int] | None = None
    """rows and columns of an image that is stored as one row of pixels; None: it is square"""
    label_column: int | None = None
    """which of several columns has the labels, counted from 0"""
    transposed: bool = False
    """whether the images lie on their side"""

    def images(self, numbers: npt.NDArray[Any]) -> ImageArray:
        """Return images as bytes: (n, rows, columns), 0..255.

        Whole numbers are grey levels. Fractions from 0 to 1 are multiplied by 255.
        numbers: (n, pixels), (n, rows, columns), or one of these with a dimension of size 1.
        Raises DataError, without a name, for another shape and for numbers beyond.
        """
        shape = self._shape_of(numbers.shape)
        levels = _to_bytes(numbers).reshape(shape)
        return np.ascontiguousarray(levels.transpose(0, 2, 1)) if self.transposed else levels

    def labels(self, numbers: npt.NDArray[Any]) -> LabelArray:
        """Return labels as bytes: (n,).

        numbers: (n,) or (n, columns).
        Raises DataError, without a name, for another shape, and for what is no label.
        """
        if numbers.ndim == 2 and numbers.shape[1] == 1:
            numbers = numbers[:, 0]
        if numbers.ndim == 2:
            numbers = self._column_of(numbers)
        elif self.label_column is not None and numbers.ndim == 1:
            raise DataError("labels in one column, expected several with --label-column.")
        if numbers.ndim != 1 or numbers.dtype.kind not in "uif":
            raise DataError(
                f"labels of type {numbers.dtype}, {_by(numbers.shape)}, "
                "expected whole numbers of shape (n,)."
            )
        wrong = ~((numbers >= 0) & (numbers <= MOST_LABEL))
        if numbers.dtype.kind == "f":
            wrong |= numbers != np.floor(numbers)
        if wrong.any():
            first = int(wrong.argmax())
            raise DataError(
                f"label {numbers[first]} at index {first:,}, "
                f"expected a whole number from 0 to {MOST_LABEL}."
            )
        return numbers.astype(np.uint8)

    def _column_of(self, numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
        columns = numbers.shape[1]
        if self.label_column is None:
            raise DataError(
                f"labels in {columns:,} columns, expected one. Choose it with --label-column, "
                "counted from 0. Labels as one-hot rows are to be stored as .argmax(axis=1)."
            )
        if self.label_column >= columns:
            raise DataError(
                f"labels in {columns:,} columns, expected more with "
                f"--label-column {self.label_column}, counted from 0."
            )
        column: npt.NDArray[Any] = numbers[:, self.label_column]
        return column

    def _shape_of(self, found: tuple[int, ...]) -> tuple[int, int, int]:
        """Return (n, rows, columns) for the shape of an array. Raises DataError for no images."""
        if len(found) > 1 and 0 in found:
            raise DataError(f"images of shape {_by(found)}, expected at least one.")
        if len(found) == 4 and 1 in (found[1], found[3]):
            found = (found[0], *(found[1:3] if found[3] == 1 else found[2:]))
        if len(found) == 2:
            return found[0], *self.rows_and_columns(found[1])
        if len(found) != 3:
            colours = "; in colour?" if len(found) == 4 and found[3] in (3, 4) else ""
            raise DataError(
                f"images of shape {_by(found)}{colours}, "
                "expected grey ones: (n, rows, columns) or (n, pixels)."
            )
        return found

    def rows_and_columns(self, pixels: int) -> tuple[int, int]:
        """Return the size of an image that is stored as one row of so many pixels.

        Raises DataError, without a name, where it is neither square nor as was said.
        """
        side = math.isqrt(pixels)
        shape = self.image_shape or (side, side)
        if math.prod(shape) != pixels or not pixels:
            size = _by(shape) if self.image_shape else "a square"
            raise DataError(
                f"{pixels:,} pixels in a row, expected {size}. "
                "Give rows and columns with --image-shape."
            )
        return shape


@contextmanager
def naming(name: object) -> Iterator[None]:
    """Put the name of a file or an array before an error that lacks it."""
    try:
        yield
    except DataError as error:
        raise type(error)(f"{name}: {error}") from error


def paired(images: ImageArray, labels: LabelArray, images_name: str, labels_name: str) -> Split:
    """Return images with their labels. Raises DataError where there are not as many of them."""
    if len(images) != len(labels):
        raise DataError(
            f"{labels_name}: {len(labels):,} labels, expected {len(images):,}, "
            f"one for each image of {images_name}."
        )
    return Split(images, labels)


def _to_bytes(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return grey levels, flat: (images, pixels). Raises DataError for what is none."""
    if numbers.dtype == np.uint8:
        return numbers
    if numbers.dtype.kind not in "buif":
        raise DataError(f"images of type {numbers.dtype}, expected whole numbers from 0 to 255.")
    flat = numbers.reshape(-1)
    least, most = flat.min(), flat.max()
    if not (least >= 0 and most <= 255):  # nan, too
        raise DataError(
            f"pixels from {least} to {most}, expected 0 to 255, or fractions from 0 to 1."
        )
    # A picture of 0.0 and 1.0 alone may be either; light pixels are the likelier ones.
    scale = 255 if numbers.dtype.kind == "b" or (numbers.dtype.kind == "f" and most <= 1) else 1
    levels = np.empty(flat.shape, np.uint8)
    for start in range(0, len(flat), BLOCK):
        part = flat[start : start + BLOCK]
        if part.dtype.kind == "f":
            scaled = part.astype(np.float64) * scale
            whole = np.rint(scaled)
            if scale == 1 and (scaled != whole).any():
                wrong = part[int((scaled != whole).argmax())]
                raise DataError(
                    f"a pixel of {wrong} among some up to {most}, "
                    "expected whole numbers, or fractions from 0 to 1."
                )
            part = whole
        levels[start : start + BLOCK] = part
        if part.dtype.kind == "b":
            levels[start : start + BLOCK] *= np.uint8(scale)
    return levels


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{n:,}" for n in shape) or "a single number"
