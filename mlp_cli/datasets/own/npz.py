"""Read a .npz of images and labels, such as Keras has MNIST. Nothing in it is ever run."""

import io
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.files import unreadable
from mlp_cli.datasets.idx import MOST_UNPACKED_BYTES
from mlp_cli.datasets.loading import Split
from mlp_cli.datasets.npy import DAMAGE, PACKINGS, SippedFile, check_npy_header
from mlp_cli.datasets.own.material import Form, Material, naming, paired
from mlp_cli.errors import DataError
from mlp_cli.system.characters import one_line
from mlp_cli.system.files import open_regular

EXPECTED_NAMES = "x_train, y_train, x_test and y_test"
PARTS = {"train": "train", "training": "train", "test": "test", "testing": "test", "": "train"}
ROLES = {
    **dict.fromkeys(("x", "image", "images", "img", "imgs", "data"), "images"),
    **dict.fromkeys(("y", "label", "labels", "target", "targets"), "labels"),
}
MOST_NAMED = 10
"""arrays that an error lists"""


class ArrayRole(NamedTuple):
    """What an array is, by its name."""

    part: str
    """train or test"""
    contents: str
    """images or labels"""


def read_npz(path: Path, form: Form) -> Material:
    """Return the images and labels of a .npz.

    The arrays have Keras's names, x_train, y_train, x_test and y_test, or are called train_images,
    test_labels and the like; without a part in their names, they are all training data.
    Raises DataError where they are not there, are no images and labels, or are stored as objects of
    Python.
    """
    try:
        with open_regular(path) as file:
            archive = _open(file)
            found = {role: name for name in _names(archive) if (role := role_of(name))}
            unread = [name for name in _names(archive) if name not in found.values()]
            train = _split(archive, found, "train", form)
            has_test = any(role.part == "test" for role in found)
            test = _split(archive, found, "test", form) if has_test else None
    except OSError as error:
        raise unreadable(path, error, "arrays (.npz)") from error
    except DAMAGE as error:
        raise DataError(f"{path}: damaged ({one_line(error)}), expected arrays (.npz).") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    notes = (f"not read: {_listed(unread)}",) if unread else ()
    return Material(train, test, notes=notes)


def role_of(name: str) -> ArrayRole | None:
    """Return what an array is by its name, such as x_train, train_labels or images; or None."""
    words = [word for word in re.split(r"[^a-z]+", name.lower()) if word]
    roles = [word for word in words if word in ROLES]
    parts = [word for word in words if word in PARTS]
    if len(roles) != 1 or len(parts) > 1 or len(roles) + len(parts) != len(words):
        return None
    return ArrayRole(PARTS[parts[0] if parts else ""], ROLES[roles[0]])


def _open(file: BinaryIO) -> zipfile.ZipFile:
    sipped = SippedFile(io.FileIO(file.fileno(), closefd=False))
    archive = zipfile.ZipFile(sipped)
    sipped.most = None
    return archive


def _names(archive: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _split(archive: zipfile.ZipFile, found: dict[ArrayRole, str], part: str, form: Form) -> Split:
    """Return the images and labels of a part. Raises DataError where they do not fit together."""
    names = [found.get(ArrayRole(part, role)) for role in ("images", "labels")]
    if None in names:
        raise DataError(f"arrays {_listed(_names(archive))}, expected {EXPECTED_NAMES}.")
    images_name, labels_name = names[0] or "", names[1] or ""
    with naming(images_name):
        images = form.images(_read(archive, images_name))
    with naming(labels_name):
        labels = form.labels(_read(archive, labels_name))
    return paired(images, labels, images_name, labels_name)


def _read(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """Return one array. Raises ValueError and others of DAMAGE where it is damaged."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type not in PACKINGS:
        raise ValueError(f"array {name}: a packing that NumPy does not write")
    if info.file_size > MOST_UNPACKED_BYTES:
        raise DataError(
            f"unpacks to {info.file_size:,} bytes, expected {MOST_UNPACKED_BYTES:,} at most. "
            "Store the images as uint8."
        )
    with warnings.catch_warnings(action="ignore"):  # of old ways to write a header
        with archive.open(info) as member:
            if check_npy_header(member, info.file_size).hasobject:
                raise DataError(
                    "objects of Python, which only running a program brings back, expected "
                    "numbers.\nStore it again as numbers, such as array.astype('uint8')."
                )
        with archive.open(info) as member:
            array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
    return array


def _listed(names: list[str]) -> str:
    shown = ", ".join(one_line(name) for name in names[:MOST_NAMED])
    return f"{shown} and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else shown
