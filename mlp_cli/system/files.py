"""Write files that are complete or absent, and open files without waiting for them."""

import glob
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EINVAL, ELOOP
from io import BufferedRandom
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from mlp_cli.system.locks import FILES_STAY_OPEN, lock_file

LEFT_BEHIND_SECONDS = 3600.0
"""after this time without a write, a part file is nobody's, where there are no locks to ask"""


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
def replacing(path: Path, check: Callable[[], None] = lambda: None) -> Iterator[BinaryIO]:
    """Open a new file that replaces `path` when the block succeeds.

    The file is written beside `path`, synced to the disk and renamed: a reader sees the old file
    or the new one, never half of one. Where the block fails, `path` is unchanged and nothing else
    is left behind. Where `path` is a link, the file it points to is replaced.
    The file is locked, where the system has locks: whoever duplicates its descriptor in the block
    keeps the lock after it.

    check: called when the file is complete, right before it replaces the other; it may raise.
    Raises OSError as the file system does.
    """

    def replace(partial: Path, path: Path) -> None:
        check()
        os.replace(partial, path)

    with _placing(_behind_links(path), replace) as file:
        yield file


@contextmanager
def creating(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that gets the name `path` when the block succeeds, as `replacing` does.

    Raises FileExistsError, at the end of the block, where there is anything of that name.
    """
    with _placing(path, _give_name) as file:
        yield file


@contextmanager
def _placing(path: Path, place: Callable[[Path, Path], None]) -> Iterator[BinaryIO]:
    """Open a part file beside `path`, and place it there when the block succeeds."""
    partial = part_of(path)
    try:
        with create_part(partial) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if FILES_STAY_OPEN:  # and locked: nobody takes it for left behind
                place(partial, path)
        if not FILES_STAY_OPEN:
            place(partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    sync_folder(path.parent)


def _give_name(partial: Path, path: Path) -> None:
    """Rename a file. Raises FileExistsError where the new name is taken."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # some file systems have no links: reserve the name, then replace that
        path.open("xb").close()
        os.replace(partial, path)
    else:
        partial.unlink()


def _behind_links(path: Path) -> Path:
    """Return the file that a path means, links followed.

    Raises OSError for a link that leads back to itself.
    """
    if path.is_symlink():
        path = Path(os.path.realpath(path))  # Path.resolve raises a RuntimeError for a loop
        if path.is_symlink():
            raise OSError(ELOOP, os.strerror(ELOOP))
    return path


def part_of(path: Path) -> Path:
    """Return the path of a new part file for `path`, beside it.

    Its name is drawn: the number of a process is not unique where two containers, or two
    machines, share a folder.
    """
    return path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")


def create_part(partial: Path) -> BufferedRandom:
    """Create a part file, to write and to read, and lock it where the system has locks."""
    while True:
        file = partial.open("x+b")
        with suppress(OSError):  # no locks here: its age tells that it is new
            lock_file(file.fileno(), wait=True)
        # Whoever had the lock before us has swept the file away.
        if _has_name(file.fileno(), partial):
            return file
        file.close()


def open_locked(path: Path, open_it: Callable[[], int]) -> int:
    """Open the file that stands at a path and lock it; return its descriptor.

    Where the file system has no locks, it is only opened.
    open_it: opens it, and raises what it will.
    Raises BlockingIOError where another process has locked it.
    """
    while True:
        descriptor = open_it()
        try:
            lock_file(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:  # no locks here
            pass
        if _has_name(descriptor, path):
            return descriptor
        os.close(descriptor)  # it was replaced before we had the lock


def _has_name(descriptor: int, path: Path) -> bool:
    """Return whether this open file is the one of this name."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def is_same_place(one: Path, other: Path) -> bool:
    """Return whether two paths mean the same place, links followed; nothing has to be there."""
    try:
        return os.path.realpath(one) == os.path.realpath(other)
    except OSError:  # the current folder was removed, and relative names mean nothing
        return one == other


def sweep(folder: Path, pattern: str) -> None:
    """Delete part files that nobody writes any more, made for files of this name pattern.

    Whoever writes one has it locked. Where there are no locks, its age tells.
    """
    try:
        partials = list(folder.glob(f".{pattern}.*.part"))
    except OSError:  # a folder with such a name cannot be, or cannot be listed
        return
    for partial in partials:
        with suppress(OSError):  # another process was faster, or it is not ours
            _remove_left_behind(partial)


def sweep_beside(path: Path) -> None:
    """Delete part files that nobody writes any more, made for this file."""
    sweep(path.parent, glob.escape(path.name))


def _remove_left_behind(partial: Path) -> None:
    """Delete a part file whose writer has ended.

    The lock is ours until the file is gone, so that nobody begins to write it meanwhile.
    """
    # A link or a pipe of that name is not ours.
    flags = os.O_RDWR | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(partial, flags)
    try:
        left_behind = _is_left_behind(descriptor) and _has_name(descriptor, partial)
        if left_behind and FILES_STAY_OPEN:
            partial.unlink()
    finally:
        os.close(descriptor)
    if left_behind and not FILES_STAY_OPEN:  # there, a file that somebody has open stays
        partial.unlink()


def _is_left_behind(descriptor: int) -> bool:
    """Return whether an open part file is nobody's, and lock it where the system has locks."""
    stat = os.fstat(descriptor)
    if not S_ISREG(stat.st_mode):
        return False
    try:
        lock_file(descriptor)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - stat.st_mtime > LEFT_BEHIND_SECONDS
    return True


def rehearse(path: Path) -> None:
    """Create a file as `replacing` would, and remove it again.

    Raises OSError as writing `path` itself would.
    """
    partial = part_of(_behind_links(path))
    try:
        create_part(partial).close()
    finally:
        with suppress(OSError):
            partial.unlink()


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut, where the system can."""
    with suppress(OSError):  # not every system or folder allows this
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
