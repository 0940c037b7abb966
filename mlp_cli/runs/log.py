"""A log of a run: one line of JSON per epoch, each line complete."""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from errno import ENXIO, EPIPE
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import Self

from mlp_cli.errors import LogError
from mlp_cli.system.locks import lock_file

MAX_LINE = 1 << 16
"""bytes, far more than a line of ours has"""


class EpochLog:
    """Appends lines to a file; use it as a context manager.

    A line goes to the system in one piece, so a killed process leaves complete lines. Where an
    earlier process left a part of a line, a line break ends it first. Raises LogError, as soon as
    the log is opened, where the file cannot be written.

    A pipe, a terminal or another device will do, too. It is never read, and has to have a reader.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = open(path, "a+b", buffering=0, opener=_open_to_append)  # noqa: SIM115
            self._is_plain = S_ISREG(os.fstat(self._file.fileno()).st_mode)
            if self._is_plain:  # a terminal or a device is anybody's
                self._claim()
            if self._is_plain and self._file.seek(0, os.SEEK_END):
                self._file.seek(-1, os.SEEK_END)
                if self._file.read(1) != b"\n":
                    self._write(b"\n")
        except OSError as error:
            raise self._unwritable(error) from error

    @property
    def waits(self) -> bool:
        """Whether a line may have to wait for a reader."""
        return not self._is_plain

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def _claim(self) -> None:
        """Lock the log until it is closed. Raises LogError where another run is logged there."""
        try:
            lock_file(self._file.fileno())
        except BlockingIOError as error:
            self._file.close()
            raise LogError(
                f"{self._path}: another mlp is writing it, expected a log of this run alone.\n"
                "Name another file with --log, or wait until that run ends."
            ) from error
        except OSError:  # no locks here; lines are appended whole all the same
            pass

    def complete(self, history: Iterable[Mapping[str, object]]) -> None:
        """Add the epochs for which the file has no line.

        A process may be killed after it saved an epoch and before it logged the epoch.
        """
        missing = {_line(entry): entry for entry in history}
        if self._is_plain:
            try:
                with self._path.open("rb") as lines:
                    # Somebody's file may have no line breaks.
                    while line := lines.readline(MAX_LINE):
                        missing.pop(line, None)
            except OSError as error:
                raise self._unwritable(error) from error
        for entry in missing.values():
            self.append(entry)

    def append(self, entry: Mapping[str, object]) -> None:
        """Add a line. Where the disk takes only a part of it, that part is removed again."""
        try:
            self._write(_line(entry))
        except OSError as error:
            raise self._unwritable(error) from error

    def _write(self, line: bytes) -> None:
        before = self._file.seek(0, os.SEEK_END) if self._is_plain else 0
        rest = memoryview(line)
        try:
            while rest:  # a full disk may take a part; writing the rest then raises the reason
                rest = rest[self._file.write(rest) :]
        except OSError:
            with suppress(OSError):  # a device has no length
                self._file.truncate(before)
            raise

    def _unwritable(self, error: OSError) -> LogError:
        if error.errno in (ENXIO, EPIPE):
            return LogError(
                f"{self._path}: nobody reads it ({error.strerror}), expected a reader at the other "
                "end.\nStart it first and let it read to the end, or name a file with --log."
            )
        return LogError(
            f"{self._path}: cannot be written ({error.strerror or error}), expected a log file.\n"
            "Check the disk and its permissions, or name another file with --log."
        )


def _open_to_append(path: str, flags: int) -> int:
    """Open a file to append to and to read; a pipe or a device only to write, without waiting.

    Who has a pipe open to read is its reader: it fills up and never breaks. One without a reader
    is an error at once, ENXIO, instead of a wait.
    """
    if os.path.lexists(path) and not os.path.isfile(path) and hasattr(os, "O_NONBLOCK"):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(descriptor, True)  # a line waits for a slow reader
        return descriptor
    return os.open(path, flags, 0o666)


def _line(entry: Mapping[str, object]) -> bytes:
    return json.dumps(entry).encode() + b"\n"
