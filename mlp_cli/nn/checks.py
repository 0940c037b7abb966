"""Arrays from outside, checked once where they come in: their type, their shape, their range.

Images are grey levels, uint8 from 0 to 255, or floats, which are x from 0 to 1 as they are. Nothing
is guessed: floats up to 255 may be grey levels or a mistake, so they are refused with the way on.
"""

from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import DataError, ShapeError
from mlp_cli.nn.types import Floats, Images, ImagesOrX, Labels

MOST_LABELS = 256
"""classes that labels of one byte can name"""
IMAGES_AT_A_TIME = 1000
FEATURES = "features of any range are for mlp_cli.sklearn.MLPClassifier."


def check_images(
    images: npt.ArrayLike, pixels: int | None = None, *, name: str = "images"
) -> ImagesOrX:
    """Return images as an array that a network takes: uint8, or floats of the machine's own kind.

    images: (n, rows, columns) or (n, pixels).  pixels: how many an image has; None: any number.
    Raises DataError for another type, a number that is not finite or a range that is neither;
    ShapeError for another shape.
    """
    array = _as_array(images, name)
    if array.ndim not in (2, 3) or not all(array.shape[1:]):
        more = " Leave out the last axis." if array.ndim == 4 and array.shape[-1] == 1 else ""
        raise ShapeError(
            f"{name}: shape {array.shape}, expected (n, rows, columns) or (n, pixels).{more}"
        )
    found = int(np.prod(array.shape[1:]))
    if pixels is not None and found != pixels:
        raise ShapeError(
            f"{name}: shape {array.shape}, {found:,} pixels each; "
            f"expected {pixels:,}, one for each unit of the input layer."
        )
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise DataError(
            f"{name}: {array.dtype}, expected uint8 (grey levels 0 to 255) or floats (x, 0 to 1)."
            f"{_way_to_images(array, name)}"
        )
    x = _native(array)
    low, high = _range(x, name)
    if low < 0 or high > 1:
        way = f"Scale them to 0 to 1 first; {FEATURES}"
        if low >= 0 and high <= 255:
            way = f"Divide them by 255, or take whole grey levels: {_word(name)}.astype(np.uint8)"
        raise DataError(
            f"{name}: floats from {low:.6g} to {high:.6g}, expected x from 0 to 1.\n{way}"
        )
    return x


def check_labels(
    labels: npt.ArrayLike,
    count: int,
    classes: int | None = None,
    *,
    name: str = "labels",
    images: str = "images",
) -> Labels:
    """Return labels as an array of bytes, or of whole numbers where there are more classes.

    labels: (count,), one for each image.  classes: every label is below; None: below MOST_LABELS.
    images: what they are the labels of, for a message.
    Raises DataError for another type or range, ShapeError for another shape.
    """
    array = _as_array(labels, name)
    if array.shape == (0,):  # an empty list has the type of floats
        array = array.astype(np.uint8)
    if array.ndim != 1:
        way = f"Of one-hot rows take {_word(name)}.argmax(axis=1)"
        if array.ndim == 2 and array.shape[1] == 1:
            way = f"Take {_word(name)}[:, 0]"
        raise ShapeError(f"{name}: shape {array.shape}, expected (n,), a number each. {way}")
    if len(array) != count:
        raise ShapeError(f"{name}: {len(array):,}, expected {count:,}, one for each of {images}.")
    if array.dtype.kind not in "iu":
        raise DataError(
            f"{name}: {array.dtype}, expected whole numbers, classes counted from 0.\n"
            f"Count the classes: np.unique({_word(name)}, return_inverse=True)[1]"
        )
    most = (MOST_LABELS if classes is None else classes) - 1
    if len(array) and not (array.min() >= 0 and array.max() <= most):
        at = int(((array < 0) | (array > most)).argmax())
        outputs = "" if classes is None else ", one for each unit of the output layer"
        raise DataError(
            f"{name}: {array[at]} at index {at:,}, expected 0 to {most}{outputs}.\n"
            f"Count the classes from 0: np.unique({_word(name)}, return_inverse=True)[1]"
        )
    return array.astype(np.uint8 if most < MOST_LABELS else np.intp, copy=False)


def check_x(x: npt.ArrayLike, units: int) -> Floats:
    """Return x for a network's input layer: floats of any range, (m, units).

    Raises DataError for another type, such as the uint8 of images; ShapeError for another shape.
    """
    array = _as_array(x, "x")
    if array.dtype.kind != "f":
        raise DataError(f"x: {array.dtype}, expected floats. Images are read by Network.outputs.")
    if array.ndim != 2 or array.shape[1] != units:
        raise ShapeError(f"x: shape {array.shape}, expected (m, {units}).")
    return array


def check_parameters(
    weights: Sequence[npt.ArrayLike], biases: Sequence[npt.ArrayLike]
) -> tuple[list[Floats], list[Floats]]:
    """Return the parameters of a network, W^2..W^L and b^2..b^L, as arrays.

    Raises ShapeError where they do not fit together, DataError where they are not floats of one
    type.
    """
    if not weights or len(weights) != len(biases):
        raise ShapeError(
            f"{len(weights)} arrays of weights and {len(biases)} of biases, "
            "expected one of each for each of the layers 2..L."
        )
    all_W = [_as_array(W, f"W{l}") for l, W in enumerate(weights, start=2)]
    all_b = [_as_array(b, f"b{l}") for l, b in enumerate(biases, start=2)]
    dtype, n_in = all_W[0].dtype, all_W[0].shape[-1] if all_W[0].ndim == 2 else 0
    for l, (W, b) in enumerate(zip(all_W, all_b, strict=True), start=2):
        if b.ndim != 1 or not len(b):
            raise ShapeError(f"b{l}: shape {b.shape}, expected (n,), one for each unit.")
        if not n_in or W.shape != (len(b), n_in):
            raise ShapeError(f"W{l}: shape {W.shape}, expected ({len(b)}, {n_in or 'inputs'}).")
        for name, array in ((f"W{l}", W), (f"b{l}", b)):
            if array.dtype.kind != "f" or array.dtype != dtype:
                expected = dtype if dtype.kind == "f" else "floats"
                raise DataError(f"{name}: {array.dtype}, expected {expected}.")
        n_in = len(b)
    return all_W, all_b


def to_grey_levels(x: ImagesOrX) -> Images | None:
    """Return the grey levels whose x = level / 255 these are, every one exactly; None for others.

    Who divides MNIST by 255 has grey levels in another spelling: no information is lost on the way
    back, and all that takes grey levels can take them.
    """
    if is_grey(x):
        return x
    levels = np.empty(x.shape, np.uint8)
    for start in range(0, len(x), IMAGES_AT_A_TIME):  # the first others end it
        block = x[start : start + IMAGES_AT_A_TIME]
        grey = np.rint(block * 255).astype(np.uint8)
        if not np.array_equal(grey.astype(x.dtype) / x.dtype.type(255), block):
            return None
        levels[start : start + IMAGES_AT_A_TIME] = grey
    return levels


def require_grey_levels(images: ImagesOrX, need: str) -> Images:
    """Return grey levels, also where the images are floats that are exactly such.

    need: what takes grey levels alone.  Raises DataError for other floats: to round them would
    change them behind somebody's back.
    """
    grey = to_grey_levels(images)
    if grey is None:
        raise DataError(
            f"images: floats between grey levels, and {need} takes grey levels alone.\n"
            "Round them: np.rint(255 * images).astype(np.uint8)"
        )
    return grey


def is_grey(images: ImagesOrX) -> TypeGuard[Images]:
    """Return whether these images are grey levels, not x."""
    return images.dtype == np.uint8


def _as_array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Return values as an array. Raises DataError for what is none, such as lists of lengths."""
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as error:
        reason = f"{error}".partition("\n")[0]
        raise DataError(f"{name}: no array can be made of it ({reason}).") from error


def _word(name: str) -> str:
    """Return what an array is called in a line of Python, where its name has several words."""
    return name.rpartition(" ")[2]


def _native(array: npt.NDArray[Any]) -> Floats:
    """Return floats as float32 or float64 in the machine's own order of bytes."""
    floats: Floats = array.astype(np.float32 if array.itemsize <= 4 else np.float64, copy=False)
    return floats


def _range(x: Floats, name: str) -> tuple[float, float]:
    """Return the least and the largest number. Raises DataError where one is not finite."""
    if not x.size:
        return 0.0, 0.0
    low, high = float(x.min()), float(x.max())
    if not np.isfinite([low, high]).all():
        at = np.unravel_index(int((~np.isfinite(x)).argmax()), x.shape)
        raise DataError(f"{name}: {x[at]} at index {tuple(map(int, at))}, expected x from 0 to 1.")
    return low, high


def _way_to_images(array: npt.NDArray[Any], name: str) -> str:
    """Return how to make images of an array of another type, if it can be said."""
    if array.dtype.kind == "b":
        return f"\nMake x of them: {_word(name)}.astype(np.float32)"
    if array.dtype.kind in "iu" and array.size:
        low, high = int(array.min()), int(array.max())
        if low >= 0 and high <= 255:
            return f"\nIf they are grey levels: {_word(name)}.astype(np.uint8)"
        return f" They go from {low} to {high}."
    if array.dtype.kind == "O":
        return f"\nMake numbers of them first: np.array({_word(name)}.tolist(), np.uint8)"
    return ""
