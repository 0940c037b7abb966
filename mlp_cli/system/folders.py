"""Make folders that appear with all their files, or not at all."""

import glob
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlp_cli.system.files import LEFT_BEHIND_SECONDS, part_of, sync_folder
from mlp_cli.system.locks import lock_file

YOUNG_SECONDS = 60.0
"""before this time a folder may have been made and not been locked yet"""


@contextmanager
def new_folder(folder: Path, *, replaces: bool = False) -> Iterator[Path]:
    """Make a folder that gets the name `folder` when the block succeeds, with what is in it then.

    It is made beside its place, synced to the disk and renamed. Where the block fails, nothing is
    left behind, nor are the folders above it that were not there before. An empty folder of that
    name is replaced.

    replaces: replace a folder with files in it, too.
    Raises OSError as the file system does: FileExistsError, or a folder that is not empty, where
    the name is taken at the end.
    """
    path = Path(os.path.realpath(folder))
    above = [parent for parent in path.parents if not os.path.lexists(parent)]
    partial, lock = part_of(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep_folders(path)
        partial.mkdir()
        lock = _lock(partial)
        yield partial
        sync_folder(partial)
        _place(partial, path, replaces=replaces)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        for parent in above:
            with suppress(OSError):
                parent.rmdir()
        raise
    finally:
        if lock is not None:
            os.close(lock)
    sync_folder(path.parent)


def _place(partial: Path, path: Path, *, replaces: bool) -> None:
    """Rename a folder. What it replaces is moved aside first, and back where that fails."""
    if not os.path.lexists(path):
        os.rename(partial, path)
        return
    if not replaces:
        path.rmdir()  # fails where it is not empty; Windows renames over nothing
        os.rename(partial, path)
        return
    aside = part_of(path)
    try:
        os.rename(path, aside)
        os.rename(partial, path)
    except BaseException:
        with suppress(OSError):
            os.rename(aside, path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _lock(folder: Path) -> int | None:
    """Lock a folder, where the system can, and return its descriptor."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        with suppress(OSError):
            lock_file(descriptor)
        return descriptor
    return None


def _sweep_folders(path: Path) -> None:
    """Delete unfinished folders that nobody fills any more, made for this one."""
    for partial in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError):
            if _is_abandoned(partial):
                shutil.rmtree(partial, ignore_errors=True)


def _is_abandoned(partial: Path) -> bool:
    age = time.time() - partial.lstat().st_mtime
    if partial.is_symlink() or not partial.is_dir() or age < YOUNG_SECONDS:
        return False
    try:
        descriptor = os.open(partial, os.O_RDONLY)
    except OSError:  # Windows opens no folders: its age tells
        return age > LEFT_BEHIND_SECONDS
    try:
        lock_file(descriptor)
    except BlockingIOError:
        return False
    except OSError:
        return age > LEFT_BEHIND_SECONDS
    finally:
        os.close(descriptor)
    return True
