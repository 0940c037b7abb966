"""One writer: the file of a run belongs to the process that trains it."""

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from mlp_cli.errors import CheckpointError, ClaimError
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.glance import Mark, read_mark
from mlp_cli.runs.places import check_writable, create, take_next, unwritable
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.system.files import open_locked, open_regular, replacing, sweep_beside
from mlp_cli.system.locks import FILES_STAY_OPEN


class Claim:
    """The file of a run, which this process alone writes until the claim is closed.

    The file that stands under the run's name is always locked by the process that trains the
    run: each save locks the new file before it gets that name. So the claim ends with the process,
    however it ends, and a suspended process keeps it.

    Where there are no locks (another machine, some file systems, Windows), every save looks first
    at what stands there. If somebody else wrote it, it stays, and this process has lost the run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._token = os.urandom(8).hex()
        self._held: int | None = None
        """descriptor of the file that stands there, open and locked"""
        self._written: int | None = None
        """descriptor of the file that has been written, and is about to stand there"""
        self._mark: Mark | None = None
        """what the file that stands there says of its writer, where it is ours"""
        self._is_new = False
        """whether the run began here and has had no epoch"""

    @classmethod
    def begin(cls, path: Path, run: Run) -> Self:
        """Write a new run, as a rule before its first epoch, to a new file.

        Raises TakenError where the path is taken, another CheckpointError where it cannot be
        written.
        """
        claim = cls(path)
        claim._mark, claim._is_new = claim._mark_of(run), not run.history
        is_written = False
        try:
            create(path, lambda file: claim._write(file, run))
            is_written = True
        finally:
            if not is_written:  # a signal may come when the file has just got its name
                claim.close()
        claim._settle(run)
        return claim

    @classmethod
    def begin_next(cls, folder: Path, dataset: str, run: Run) -> Self:
        """Write a new run, before its first epoch, to the next free file of the folder.

        Raises CheckpointError where the folder cannot be written.
        """
        return take_next(folder, dataset, run.settings.sizes, lambda path: cls.begin(path, run))

    @classmethod
    def take(cls, path: Path) -> Self:
        """Take over the file of a run that nobody trains.

        Raises ClaimError where another process trains it, CheckpointError where it is no file
        that can be read.
        """
        try:
            descriptor = open_locked(path, lambda: _open(path))
        except BlockingIOError as error:
            raise ClaimError(
                f"{path}: another mlp{_process(read_mark(path))} is training it.\n"
                "Wait until it ends, or stop it; then resume the run."
            ) from error
        claim = cls(path)
        claim._mark = read_mark(path)
        if FILES_STAY_OPEN:
            claim._held = descriptor
        else:
            os.close(descriptor)
        sweep_beside(path)
        return claim

    def save(self, run: Run) -> None:
        """Write the run: a reader sees the file before or this one complete.

        Raises ClaimError where another process has written the file meanwhile, which then stays;
        CheckpointError where the file cannot be written, and the one before is untouched.
        """
        check_writable(self.path)
        try:
            with replacing(self.path, check=self._require_ours) as file:
                self._write(file, run)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._settle(run)
        self._is_new = self._is_new and not run.history

    def close(self) -> None:
        """Give the claim up. A run that began here and has had no epoch is removed."""
        if self._is_new:
            with suppress(OSError, ClaimError):
                self._require_ours()
                self.path.unlink()
        _close(self._written)
        _close(self._held)
        self._written = self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_kept(self) -> bool:
        """Whether the file stays when the claim is closed."""
        return not self._is_new

    def _write(self, file: BinaryIO, run: Run) -> None:
        """Write the run to a file that is about to get the run's name, and keep its lock."""
        mark = self._mark_of(run)
        if mark.process is None:
            run.write(file)
        else:
            run.write(file, writer={"process": mark.process, "token": mark.token})
        _close(self._written)  # of a save that failed
        self._written = os.dup(file.fileno()) if FILES_STAY_OPEN else None

    def _settle(self, run: Run) -> None:
        """Hold the file that has just got the run's name, in place of the one before."""
        _close(self._held)
        self._held, self._written = self._written, None
        self._mark = self._mark_of(run)

    def _mark_of(self, run: Run) -> Mark:
        """Return the mark of the run in our file. A run that has ended names no process."""
        if run.has_ended:
            return Mark(None, None, len(run.history))
        return Mark(os.getpid(), self._token, len(run.history))

    def _require_ours(self) -> None:
        """Raise ClaimError where another process has written the file meanwhile.

        Where it was removed, nothing is lost by writing it again.
        """
        try:
            # Opened, not only asked for: a network file system then looks it up anew.
            with open_regular(self.path) as file:
                if self._held is not None and os.path.sameopenfile(self._held, file.fileno()):
                    return
        except FileNotFoundError:
            return
        if (mark := read_mark(self.path)) != self._mark:
            raise ClaimError(
                f"{self.path}: another mlp{_process(mark)} has trained this run meanwhile.\n"
                "Its file stays as it is, and this process ends."
            )


def _open(path: Path) -> int:
    """Open the file of a run, to lock it.

    Raises CheckpointError as reading it does.
    """
    for mode in (os.O_RDWR, os.O_RDONLY):  # some network file systems lock only what one may write
        with suppress(OSError):
            return os.open(path, mode | getattr(os, "O_NONBLOCK", 0))
    load_checkpoint(path)  # says why not
    raise CheckpointError(f"{path}: cannot be opened, expected a checkpoint. Try again.")


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _process(mark: Mark | None) -> str:
    return f" (process {mark.process})" if mark and mark.process else ""
