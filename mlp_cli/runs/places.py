"""Where checkpoints are: a separate path for each run, and the newest."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from errno import EACCES
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, TypeVar

from mlp_cli.errors import CheckpointError, NoCheckpointError, TakenError, UnwritableError
from mlp_cli.system.files import creating, rehearse, sweep, sweep_beside

FOLDER = Path("checkpoints")
NEW_RUN = "Train one with: mlp train"
AHEAD_SECONDS = 3600.0
"""A file's time that lies further in the future than this comes from a clock that was wrong."""

Write = Callable[[BinaryIO], None]
"""writes a checkpoint to an open file"""
Taken = TypeVar("Taken")


def check_free(path: Path) -> None:
    """Check that a new run can be kept at this path, before any work is done for it.

    Raises CheckpointError where the path is taken or cannot be written.
    """
    if os.path.lexists(path):
        raise _taken(path)
    _make_folder(path)
    try:
        rehearse(path)
    except OSError as error:
        raise _no_place(path, error) from error


def create(path: Path, write: Write) -> Path:
    """Create a checkpoint: it gets its name when it is complete, and never replaces a file.

    Returns the path. Of two runs that want one path, one gets it.
    Raises TakenError where the path is taken, another CheckpointError where it cannot be written.
    """
    _make_folder(path)
    try:
        with creating(path) as file:
            write(file)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise _no_place(path, error) from error
    sweep_beside(path)
    return path


def take_next(
    folder: Path, dataset: str, sizes: Sequence[int], take: Callable[[Path], Taken]
) -> Taken:
    """Take the next free path for a run: `mnist-784-30-10-001.npz`, then 002, and so on.

    take: creates a checkpoint at a path, or raises TakenError where another run was faster.
    Returns what `take` returns. Raises CheckpointError where the folder cannot be written.
    """
    stem = "-".join([dataset, *map(str, sizes)])
    endings = [path.stem.rpartition("-")[2] for path in folder.glob(f"{stem}-*.npz")]
    number = max((int(digits) for digits in endings if digits.isdecimal()), default=0)
    sweep(folder, f"{stem}-*.npz")
    while True:
        number += 1
        with suppress(TakenError):
            return take(folder / f"{stem}-{number:03}.npz")


def check_writable(path: Path) -> None:
    """Raise CheckpointError for a read-only file: the folder would allow to replace it."""
    effective = os.access in os.supports_effective_ids
    if path.exists() and not os.access(path, os.W_OK, effective_ids=effective):
        raise unwritable(path, PermissionError(EACCES, "Read-only"))


def newest_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in the folder, the one that was written last first.

    One whose time lies in the future comes last: it would stay the newest for ever.
    Raises NoCheckpointError where there is none, CheckpointError where the folder is unreadable.
    """
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        names = []
    except OSError as error:
        raise CheckpointError(
            f"{folder}: cannot be read ({error.strerror}), expected a folder of checkpoints.\n"
            "Name a file with --checkpoint."
        ) from error
    written = []
    latest = time.time() + AHEAD_SECONDS
    # No checkpoint of ours has a name with a line break, which would break the lines that show it.
    ours = (name for name in names if name.endswith(".npz") and "\n" not in name)
    for path in (folder / name for name in ours):
        with suppress(OSError):  # it may vanish while we look
            stat = path.stat()
            if S_ISREG(stat.st_mode) and stat.st_size:
                written.append((stat.st_mtime <= latest, stat.st_mtime_ns, path))
    if not written:
        raise NoCheckpointError(
            f"{folder}: no checkpoint (.npz) here, expected one.\n"
            f"Name a file with --checkpoint. {NEW_RUN}"
        )
    return [path for *_, path in sorted(written, reverse=True)]


def unwritable(path: Path, error: OSError) -> UnwritableError:
    """Return the error for a checkpoint that cannot be written."""
    return UnwritableError(
        f"{path}: cannot be written ({error.strerror or error}). "
        "Check the disk and its permissions."
    )


def _no_place(path: Path, error: OSError) -> UnwritableError:
    """Return the error for a place where a new run cannot be kept."""
    return UnwritableError(
        f"{path}: cannot be written ({error.strerror or error}).\n"
        "Check the disk and its permissions, or name another path with --checkpoint."
    )


def _taken(path: Path) -> TakenError:
    return TakenError(
        f"{path}: exists, expected a new file; a run never overwrites another.\n"
        "Resume that run with --resume, or name another path with --checkpoint."
    )


def _make_folder(path: Path) -> None:
    """Make the folder of a path where it is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise CheckpointError(
            f"{path.parent}: a file, expected a folder to keep {path.name} in.\n"
            "Move it away, or name another path with --checkpoint."
        ) from error
    except OSError as error:
        raise _no_place(path.parent, error) from error
