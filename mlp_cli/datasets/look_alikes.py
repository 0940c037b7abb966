"""What lies in a folder in place of a dataset's files: other names, archives, tables."""

import gzip
import os
import re
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mlp_cli.datasets.foreign import GZIP_MAGIC, START_BYTES, STORE, is_idx, recognise
from mlp_cli.errors import DataAccessError
from mlp_cli.system.files import open_regular

MOST_LINES = 6
MOST_NAMES = 1000
"""that are looked at: a folder of pictures may have many more"""
ROLE = re.compile(r"(train|t10k|test)[^a-z]{0,3}(image|label)")
STEMS = {
    ("train", "image"): "train-images-idx3-ubyte",
    ("train", "label"): "train-labels-idx1-ubyte",
    ("t10k", "image"): "t10k-images-idx3-ubyte",
    ("t10k", "label"): "t10k-labels-idx1-ubyte",
}
UNFINISHED = (".part", ".crdownload", ".download", ".partial", ".tmp")
TABLES = (".csv", ".npz", ".npy", ".mat", ".pkl", ".parquet", ".h5")
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar")


def describe_others(folder: Path, missing: Collection[str], *, subfolders: bool) -> list[str]:
    """Return a line for each thing that may be meant for a missing file: what it is, the way on.

    missing: names of FILES.  subfolders: whether a folder in this one may be meant.
    """
    try:
        names = sorted(islice(os.listdir(folder), MOST_NAMES))
    except OSError:
        return []
    left = set(missing)
    lines = list(_renamed(folder, names, left))
    if len(left) == len(STEMS):  # nothing by these names: what else is there?
        lines += _others(folder, names, subfolders)
    return lines[:MOST_LINES]


def _renamed(folder: Path, names: list[str], left: set[str]) -> Iterator[str]:
    """Yield a line for each file whose name tells which one it is; take that from `left`."""
    for name in names:
        path, role = folder / name, ROLE.search(name.lower())
        if role is None:
            continue
        stem = STEMS["train" if role[1] == "train" else "t10k", role[2]]
        if stem in left and (said := _describe(path, stem)):
            left.discard(stem)
            yield f"{path}: {said}"


def _describe(path: Path, stem: str) -> str | None:
    """Return what a file is that may be meant for this one, and the way on."""
    if os.path.isdir(path):
        return f"a folder, expected a file. Move the file in it to {path.parent}."
    if path.name.lower().endswith(UNFINISHED):
        return "an unfinished download. Fetch it again."
    start = read_start(path)
    if foreign := recognise(start.inner):
        return f"{foreign.what}, expected an IDX file. {foreign.way_on}".strip()
    if is_idx(start.inner):
        return f"rename it to {stem}{'.gz' if start.is_gzipped else ''}"
    return None


def _others(folder: Path, names: list[str], subfolders: bool) -> Iterator[str]:
    """Yield a line for each archive, table, or folder that has all that is missing."""
    from mlp_cli.datasets.files import find_files, is_complete

    for name in names:
        path, lower = folder / name, name.lower()
        if os.path.isdir(path):
            with suppress(DataAccessError):
                if subfolders and is_complete(find_files([path], "")):
                    yield f"{path}: all four files are in this folder. Name it instead."
        elif lower.endswith((*ARCHIVES, *TABLES)):
            foreign = recognise(read_start(path).inner)
            if foreign is None and lower.endswith(ARCHIVES):
                yield f"{path}: an archive. Unpack it there."
            elif foreign is None:
                yield f"{path}: not an IDX file. {STORE}"
            else:
                yield f"{path}: {foreign.what}. {foreign.way_on}".strip()


class Start(NamedTuple):
    """How a file begins."""

    inner: bytes
    """its first bytes, unpacked where it is gzipped"""
    is_gzipped: bool = False


def read_start(path: Path) -> Start:
    """Return how a file begins; what is no file, or cannot be read, has no bytes."""
    with suppress(OSError, EOFError, zlib.error), open_regular(path) as file:
        start = file.read(START_BYTES)
        if not start.startswith(GZIP_MAGIC):
            return Start(start)
        file.seek(0)
        with gzip.open(file) as unpacked:
            return Start(unpacked.read(START_BYTES), is_gzipped=True)
    return Start(b"")
