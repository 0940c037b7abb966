"""Where checkpoints are: a separate path for each run, and the newest."""

import os
from collections.abc import Sequence
from contextlib import suppress
from errno import EACCES
from pathlib import Path
from stat import S_ISREG

from mlp_cli.errors import CheckpointError, NoCheckpointError
from mlp_cli.system.files import rehearse, sweep, sweep_beside

FOLDER = Path("checkpoints")
NEW_RUN = "Train one with: mlp train"


def claim(path: Path) -> None:
    """Claim a path for a new run: create an empty file there, before the run begins.

    Of two runs that want one path, one gets it. A folder that cannot be written is noticed before
    the first epoch, not after it. Raises CheckpointError where the path is taken or cannot be
    written.
    """
    if not _create(path):
        found = "exists, empty: its run has no epoch yet" if is_claim(path) else "exists"
        raise CheckpointError(
            f"{path}: {found}, expected a new file; a run never overwrites another.\n"
            "Continue that run with --resume, or name another path with --checkpoint."
        )
    sweep_beside(path)


def claim_next(folder: Path, dataset: str, sizes: Sequence[int]) -> Path:
    """Claim the next free path for a run: `mnist-784-30-10-001.npz`, then 002, and so on.

    Raises CheckpointError where the folder cannot be written.
    """
    stem = "-".join([dataset, *map(str, sizes)])
    endings = [path.stem.rpartition("-")[2] for path in folder.glob(f"{stem}-*.npz")]
    number = max((int(digits) for digits in endings if digits.isdecimal()), default=0)
    sweep(folder, f"{stem}-*.npz")
    while True:
        number += 1
        path = folder / f"{stem}-{number:03}.npz"
        if _create(path):  # if not, another run was faster
            return path


def is_claim(path: Path) -> bool:
    """Return whether this is the empty file of a run that has not finished an epoch."""
    try:
        stat = path.stat()
    except OSError:
        return False
    return S_ISREG(stat.st_mode) and stat.st_size == 0


def release(path: Path) -> None:
    """Remove the claim on a path if no epoch was saved to it."""
    with suppress(OSError):
        if is_claim(path):
            path.unlink()


def check_room(path: Path, size: int) -> None:
    """Check that `path` can be written, and that its disk has room for so many bytes.

    A file of this size is written beside it and removed again, so that a full disk is noticed
    before the first epoch. Raises CheckpointError where that fails.
    """
    try:
        # A read-only file is not replaced, although the folder would allow it.
        effective = os.access in os.supports_effective_ids
        if path.exists() and not os.access(path, os.W_OK, effective_ids=effective):
            raise PermissionError(EACCES, "Read-only")
        rehearse(path, size)
    except OSError as error:
        raise _no_place(path, error) from error


def newest_checkpoint(folder: Path) -> Path:
    """Return the checkpoint in the folder that was written last.

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
    for path in (folder / name for name in names if name.endswith(".npz")):
        with suppress(OSError):  # it may vanish while we look
            stat = path.stat()
            # An empty file is the claim of a run that is still in its first epoch.
            if S_ISREG(stat.st_mode) and stat.st_size:
                written.append((stat.st_mtime_ns, path))
    if not written:
        raise NoCheckpointError(
            f"{folder}: no checkpoint (.npz) here, expected one.\n"
            f"{NEW_RUN}; or name a file with --checkpoint."
        )
    return max(written)[1]


def _create(path: Path) -> bool:
    """Create an empty file, and its folder where needed; False where the path is taken."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise CheckpointError(
            f"{path.parent}: a file, expected a folder to keep {path.name} in.\n"
            "Move it away, or name another path with --checkpoint."
        ) from error
    except OSError as error:
        raise _no_place(path.parent, error) from error
    try:
        path.open("xb").close()
    except FileExistsError:
        return False
    except OSError as error:
        raise _no_place(path, error) from error
    return True


def _no_place(path: Path, error: OSError) -> CheckpointError:
    """Return the error for a place where a run cannot be kept."""
    return CheckpointError(
        f"{path}: cannot be written ({error.strerror or error}).\n"
        "Check the disk and its permissions, or name another path with --checkpoint."
    )
