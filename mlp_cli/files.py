"""Write files that are whole or not there."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block ends well.

    It is written beside `path`, synced to the disk and renamed: a reader sees the old file or
    the new one, never half of one. Where the block fails, `path` is as it was and nothing else
    is left behind. Raises OSError as the file system does.
    """
    # The process's number keeps two writers of one path apart.
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    sync_folder(path.parent)


def rehearse(path: Path, size: int) -> None:
    """Write a file of this size beside `path`, and take it away again.

    Raises OSError as writing `path` itself would.
    """
    with tempfile.TemporaryFile(dir=path.parent) as file:
        for start in range(0, size, CHUNK):
            file.write(bytes(min(CHUNK, size - start)))
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder last through a power cut, where the system can."""
    with contextlib.suppress(OSError):  # not every system, nor every folder, lets itself be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
