"""Write files that are complete or absent, and open files without waiting for them."""

import contextlib
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL, ELOOP
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

REHEARSED_BYTES = 1 << 20


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    A named pipe would keep us waiting for a writer, and a device may have no end. Raises OSError
    for both, as for a file that the system does not let us read.
    """
    file = open(path, "rb", opener=_open_at_once)  # noqa: SIM115  the caller closes it
    if S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(EINVAL, "A pipe or a device")


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has neither


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that replaces `path` when the block succeeds.

    The file is written beside `path`, synced to the disk and renamed: a reader sees the old file
    or the new one, never half of one. Where the block fails, `path` is unchanged and nothing else
    is left behind. Where `path` is a link, the file it points to is replaced.
    Raises OSError as the file system does.
    """
    path, partial = _beside(path)
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


def _beside(path: Path) -> tuple[Path, Path]:
    """Return the file to replace, links followed, and the temporary file beside it.

    Raises OSError for a link that leads back to itself.
    """
    if path.is_symlink():
        path = Path(os.path.realpath(path))  # Path.resolve raises a RuntimeError for a loop
        if path.is_symlink():
            raise OSError(ELOOP, os.strerror(ELOOP))
    # The number of the process keeps two writers of one path apart.
    return path, path.with_name(f".{path.name}.{os.getpid()}.part")


def is_same_place(one: Path, other: Path) -> bool:
    """Return whether two paths mean the same place, links followed; nothing has to be there."""
    try:
        return os.path.realpath(one) == os.path.realpath(other)
    except OSError:  # the current folder was removed, and relative names mean nothing
        return one == other


def sweep(folder: Path, pattern: str) -> None:
    """Delete temporary files of killed processes, made for files of this name pattern."""
    for partial in folder.glob(f".{pattern}.*.part"):
        if not _is_running(partial.suffixes[-2].removeprefix(".")):
            with contextlib.suppress(OSError):  # another process was faster, or it is not ours
                partial.unlink()


def sweep_beside(path: Path) -> None:
    """Delete temporary files of killed processes, made for this file."""
    sweep(path.parent, glob.escape(path.name))


def _is_running(process: str) -> bool:
    """Return whether a process with this number exists or may exist."""
    if os.name != "posix":  # elsewhere signal 0 is a real signal
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OverflowError, OSError):  # no number, or somebody else's process
        return True
    return True


def rehearse(path: Path, size: int) -> None:
    """Write a file of this many bytes as `replacing` would, and remove it again.

    Raises OSError as writing `path` itself would.
    """
    _, partial = _beside(path)
    try:
        with partial.open("wb") as file:
            for start in range(0, size, REHEARSED_BYTES):
                # Random bytes, since some file systems store zeros without using space.
                file.write(os.urandom(min(REHEARSED_BYTES, size - start)))
            file.flush()
            os.fsync(file.fileno())
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut, where the system can."""
    with contextlib.suppress(OSError):  # not every system or folder allows this
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
