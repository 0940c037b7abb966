"""What somebody wants to convert: which kind of source it is, and what it holds."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from mlp_cli.datasets.class_names import read_classes_file
from mlp_cli.datasets.foreign import (
    CSV,
    HTML,
    LFS_POINTER,
    NPZ,
    START_BYTES,
    Foreign,
    is_idx,
    recognise,
)
from mlp_cli.datasets.loading import Split
from mlp_cli.datasets.own.class_names import name_labels
from mlp_cli.datasets.own.idx_files import read_idx_files, sets_in
from mlp_cli.datasets.own.material import Form, Material
from mlp_cli.datasets.own.npz import read_npz
from mlp_cli.datasets.own.table import read_own_table
from mlp_cli.datasets.unpacking import open_unpacked
from mlp_cli.errors import DataError
from mlp_cli.system.shell import command_line

SourceKind = Literal["pictures", "IDX files", "a table", "arrays"]

PICKLE_ENDINGS = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".sav", ".pkl.gz", ".pickle.gz")
PICKLE_BEGINNINGS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
TABLE_ENDINGS = (".csv", ".csv.gz", ".tsv", ".npz")
SAVE = (
    "In the program that wrote it, save the arrays instead, and convert that file:\n"
    "np.savez_compressed('own.npz', x_train=images, y_train=labels)"
)
EXPECTED_SOURCE = (
    "expected a folder with a folder of pictures for each class, a table (CSV), a .npz, "
    "or IDX files"
)


def kind_of(source: Path) -> SourceKind:
    """Return what kind of source this is, by what is in it.

    Raises DataError for what is none; it says what it is, and the way on.
    """
    if os.path.isdir(source):
        if sets_in(source):
            return "IDX files"
        _refuse_folder_of_tables(source)
        return "pictures"
    with open_unpacked(source, "something to convert") as (stream, _):
        start = stream.read(START_BYTES)
    if is_idx(start):
        return "IDX files"
    foreign = recognise(start)
    name = source.name.lower()
    if (
        name.endswith(PICKLE_ENDINGS)
        or start.startswith(PICKLE_BEGINNINGS)
        or (start.startswith(b"PK") and b"data.pkl" in start)
    ):
        raise DataError(
            f"{source}: a Python pickle, which can run any program when it is read, so mlp never "
            f"reads one.\n{SAVE}"
        )
    if foreign is NPZ or (start.startswith(b"PK") and name.endswith(".npz")):
        return "arrays"
    if foreign is not None and foreign is not CSV:
        raise DataError(f"{source}: {_refusal(foreign)}")
    if not start:
        raise DataError(f"{source}: empty, {EXPECTED_SOURCE}.")
    if b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{source}: begins with 0x{start[:4].hex()}, {EXPECTED_SOURCE}.")
    return "a table"


def read_source(source: Path, kind: SourceKind, form: Form) -> Material:
    """Return what a source holds that is not made of pictures.

    Raises DataError where it is damaged or holds something else.
    """
    readers: Mapping[SourceKind, Callable[[Path, Form], Material]] = {
        "IDX files": read_idx_files,
        "a table": read_own_table,
        "arrays": read_npz,
    }
    found = readers[kind](source, form)
    if kind == "IDX files":
        return found
    return Material(found.train, found.test, read_classes_file(source.parent), found.notes)


def check_material(material: Material, source: Path) -> Material:
    """Return what a source holds with a name for every label.

    Raises DataError where it has one class alone, labels without a name, or images of two sizes.
    """
    parts = [material.train, *([material.test] if material.test else [])]
    labels = {int(label) for part in parts for label in np.unique(part.labels)}
    names, highest = name_labels(labels, material.names), max(labels)
    if highest >= len(names):
        raise DataError(
            f"{source}: labels up to {highest}, expected {len(names) - 1} at most, "
            "as so many classes have names."
        )
    classes = np.unique(material.train.labels)
    if len(classes) < 2:
        raise DataError(
            f"{source}: one class alone ({names[classes[0]]}), expected two or more to tell apart."
        )
    shapes = [part.images.shape[1:] for part in parts]
    if shapes[0] != shapes[-1]:
        train, test = (" x ".join(map(str, shape)) for shape in shapes)
        raise DataError(f"{source}: test images of {test} pixels, expected {train} as in training.")
    return Material(material.train, material.test, names, material.notes)


def with_test(material: Material, other: Material, source: Path) -> Material:
    """Return the data with those of another source as their test part.

    Raises DataError where either has a test part already, or their classes have other names.
    """
    if material.test is not None or other.test is not None:
        raise DataError(f"{source}: has a test part of its own, expected none with --test.")
    if material.names != other.names and material.names and other.names:
        raise DataError(f"{source}: its classes have other names than those of the training part.")
    test = Split(other.train.images, other.train.labels)
    return Material(material.train, test, material.names, material.notes + other.notes)


def _refusal(foreign: Foreign) -> str:
    """Return what a file is that is no source, and the way on."""
    if foreign in (HTML, LFS_POINTER) or "npack" in foreign.way_on or "gunzip" in foreign.way_on:
        return f"{foreign.what}. {foreign.way_on}".strip()
    if foreign.what == "a picture":
        return "one picture, expected a folder with a folder of pictures for each class."
    return f"{foreign.what}, {EXPECTED_SOURCE}.\n{SAVE}"


def _refuse_folder_of_tables(folder: Path) -> None:
    """Raise DataError for a folder whose tables or archives are meant, and name them."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except OSError:
        return  # it is said when its folders are looked for
    tables = [name for name in names if name.lower().endswith(TABLE_ENDINGS)]
    if not tables or any(os.path.isdir(folder / name) for name in names):
        return
    train = next((name for name in tables if "train" in name.lower()), tables[0])
    test = next((name for name in tables if "test" in name.lower() and name != train), None)
    words = ["mlp", "convert", str(folder / train)]
    words += ["--test", str(folder / test)] if test else []
    raise DataError(
        f"{folder}: a folder of tables or arrays, expected one file. Name it: {command_line(words)}"
    )
