"""Files that a command makes beside a run: written whole, and never in place of one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlp_cli.errors import OutputError
from mlp_cli.system.files import rehearse, replacing

ARCHIVE = b"PK\x03\x04"
"""how a checkpoint begins, as every zip archive does"""


def check_output(path: Path) -> None:
    """See that a file can be written here, before the work for it is done.

    Raises OutputError where its folder cannot be written, or where something stands there that
    must not be lost: a checkpoint, or anything but a plain file.
    """
    try:
        if path.exists() and not path.is_file():
            raise OutputError(f"{path}: not a plain file, expected one or a new name.")
        if _is_checkpoint(path):
            raise OutputError(
                f"{path}: a checkpoint, or the claim of a run, expected another file or a new "
                "name; a run is never overwritten."
            )
        rehearse(path, 0)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path`, whole, when the block ends well.

    Raises OutputError where `check_output` does, or where the file system does not take it; what
    stood there before is untouched.
    """
    check_output(path)
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise _unwritable(path, error) from error


def _is_checkpoint(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        return path.suffix == ".npz" or file.read(len(ARCHIVE)) == ARCHIVE


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path}: cannot be written ({error.strerror or error}).\n"
        "Check the folder, the disk and its permissions, or name another file."
    )
