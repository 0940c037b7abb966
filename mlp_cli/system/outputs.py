"""Write the files that a command makes: complete, and never over a checkpoint."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlp_cli.errors import OutputError
from mlp_cli.system.files import rehearse, replacing, sweep_beside

ZIP_BEGINNING = b"PK\x03\x04"
"""the first bytes of a checkpoint, as of every zip archive"""


def check_output(path: Path) -> None:
    """Check that a file can be written here, before the work for it is done.

    What killed processes left of this file is deleted.
    Raises OutputError where its folder cannot be written, or where the path must not be replaced:
    it is a checkpoint, or anything but a plain file.
    """
    _check_free(path)
    try:
        sweep_beside(Path(os.path.realpath(path)))
        rehearse(path)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that replaces `path` when the block succeeds.

    Raises OutputError where `check_output` does, or where the file system refuses; an earlier file
    is then unchanged.
    """
    _check_free(path)
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise _unwritable(path, error) from error


def _check_free(path: Path) -> None:
    """Raise OutputError for a path that must not be replaced."""
    try:
        if path.exists() and not path.is_file():
            raise OutputError(f"{path}: not a plain file. Name another file.")
        if _is_checkpoint(path):
            raise OutputError(
                f"{path}: a checkpoint, which is never overwritten.\nName another file."
            )
    except OSError as error:
        raise _unwritable(path, error) from error


def _is_checkpoint(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        return path.suffix == ".npz" or file.read(len(ZIP_BEGINNING)) == ZIP_BEGINNING


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path}: cannot be written ({error.strerror or error}).\n"
        "Check the folder, the disk and its permissions, or name another file."
    )
