"""The `.part` file: what has come of a download, for the next one to go on with."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path

from mlp_cli.system.files import sync_folder

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Partial:
    """The beginning of a file, open to be written on."""

    def __init__(self, path: Path, stream: BufferedRandom) -> None:
        self.path = path
        self._stream = stream
        self.size = stream.seek(0, os.SEEK_END)
        """how many bytes have come"""

    def write(self, chunk: bytes) -> None:
        """Add the next bytes, and hand them to the system: they are there if we are killed."""
        self._stream.write(chunk)
        self._stream.flush()
        self.size += len(chunk)

    def begin_again(self) -> None:
        """Throw away what has come."""
        self._stream.seek(0)
        self._stream.truncate()
        self.size = 0

    def sha256(self) -> str:
        """Return the SHA-256 of what the file holds, whoever wrote it, in hexadecimal."""
        self._stream.seek(0)
        return hashlib.file_digest(self._stream, "sha256").hexdigest()

    def replace(self, target: Path) -> None:
        """Put the file, synced to the disk, in the place of `target`."""
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
        # An open file is neither renamed nor removed there. Elsewhere it is better done while we
        # hold the lock: nobody can have begun to write to what has its final name.
        if sys.platform == "win32":
            self._stream.close()


@contextmanager
def receiving(target: Path) -> Iterator[Partial]:
    """Open what has come of `target` so far: `NAME.part` beside it.

    One process at a time has that file, by a lock of the operating system, which ends with the
    process however it ends. Where another one has it, or the file system cannot lock, there is a
    private file instead, begun anew and gone after the block: two downloads at once do the work
    twice, and both end well.

    What has come stays in `NAME.part` for the next download to go on with.
    Raises OSError where nothing can be written here.
    """
    path = _part(target)
    stream = _open_locked(path)
    private = stream is None
    if stream is None:
        path = target.with_name(f".{target.name}.{os.getpid()}.part")
        stream = path.open("w+b")
    with stream:
        partial = Partial(path, stream)
        try:
            yield partial
        finally:
            if private or not partial.size:
                partial.discard()


def discard_part(target: Path) -> None:
    """Remove what came of a file that is not wanted any more, unless another process is at it."""
    path = _part(target)
    if os.path.lexists(path) and (stream := _open_locked(path)) is not None:
        with stream:
            Partial(path, stream).discard()


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _open_locked(path: Path) -> BufferedRandom | None:
    """Open a file, created where needed, for us alone; None where that cannot be had."""
    try:
        stream = path.open("a+b")
    except OSError:
        return None
    try:
        _lock(stream)
        # Whoever had the lock before may have renamed the file since we opened it.
        if os.path.samestat(os.fstat(stream.fileno()), path.stat()):
            return stream
    except OSError:
        pass
    stream.close()
    return None


def _lock(stream: BufferedRandom) -> None:
    """Lock a file until it is closed. Raises OSError where another process has locked it."""
    if sys.platform == "win32":
        # What is locked there cannot be read by others: a byte that no file of ours has.
        stream.seek(1 << 30)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
