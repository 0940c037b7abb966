"""The `.part` file: the part of a file that has arrived, from which the next download resumes."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from stat import S_ISREG

from mlp_cli.system.files import create_part, part_of, sweep_beside, sync_folder
from mlp_cli.system.locks import FILES_STAY_OPEN, lock_file


class Partial:
    """The first bytes of a file, open for more to be written."""

    def __init__(self, path: Path, stream: BufferedRandom) -> None:
        self.path = path
        self._stream = stream
        self.size = stream.seek(0, os.SEEK_END)
        """bytes that have arrived"""

    def write(self, piece: bytes) -> None:
        """Add the next bytes, and hand them to the system: they are kept if we are killed."""
        self._stream.write(piece)
        self._stream.flush()
        self.size += len(piece)

    def begin_again(self) -> None:
        """Discard the bytes that have arrived."""
        self._stream.seek(0)
        self._stream.truncate()
        self.size = 0

    def sha256(self) -> str:
        """Return the SHA-256 of all bytes in the file, in hexadecimal."""
        self._stream.seek(0)
        return hashlib.file_digest(self._stream, "sha256").hexdigest()

    def replace(self, target: Path) -> None:
        """Sync the file to the disk and rename it to `target`, replacing a file of that name."""
        os.fsync(self._stream.fileno())
        self._close_for_windows()
        os.replace(self.path, target)
        sync_folder(target.parent)

    def discard(self) -> None:
        """Remove the file."""
        self._close_for_windows()
        with suppress(OSError):
            self.path.unlink()

    def _close_for_windows(self) -> None:
        # Windows neither renames nor removes an open file. Elsewhere we keep the lock meanwhile,
        # so that no other process writes to a file that has its final name.
        if not FILES_STAY_OPEN:
            self._stream.close()


@contextmanager
def receiving(target: Path, lock: Callable[[int], None] = lock_file) -> Iterator[Partial]:
    """Open `NAME.part` beside `target`, with the bytes that have arrived so far.

    One process at a time has that file, by a lock of the operating system that ends with the
    process. Where another process has it, or the file system cannot lock, the block gets an empty
    private file, which is removed after it: two downloads at once do the work twice, and both
    succeed. Otherwise the bytes stay in `NAME.part`, and the next download resumes from them.

    lock: locks an open file, by its descriptor, or raises OSError.
    Raises OSError where nothing can be written here.
    """
    path = _part(target)
    stream = _open_locked(path, lock)
    private = stream is None
    if stream is None:
        sweep_beside(target)
        stream = create_part(path := part_of(target))
    with stream:
        partial = Partial(path, stream)
        try:
            yield partial
        finally:
            if private or not partial.size:
                partial.discard()


def discard_part(target: Path) -> None:
    """Remove the part of a file that is complete by now, unless another process has it."""
    path = _part(target)
    if os.path.lexists(path) and (stream := _open_locked(path, lock_file)) is not None:
        with stream:
            Partial(path, stream).discard()


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _open_itself(path: str, flags: int) -> int:
    """Open a file, not one that a link leads to, and without waiting for a pipe's other end."""
    more = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # Windows has neither
    return os.open(path, flags | more, 0o666)


def _open_locked(path: Path, lock: Callable[[int], None]) -> BufferedRandom | None:
    """Open a file for us alone, and create it where needed; return None where we cannot."""
    try:
        stream = open(path, "a+b", opener=_open_itself)  # noqa: SIM115  returned, or closed below
    except OSError:
        return None
    try:
        lock(stream.fileno())
        # The process that had the lock before may have renamed the file since we opened it.
        stat = os.fstat(stream.fileno())
        # A second name would be somebody's copy, which must not grow with ours.
        if S_ISREG(stat.st_mode) and stat.st_nlink == 1 and os.path.samestat(stat, path.lstat()):
            return stream
    except OSError:
        pass
    stream.close()
    return None
