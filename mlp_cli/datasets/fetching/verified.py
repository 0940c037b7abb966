"""Check that a file is the published one, and keep a record of the files that were.

The record is `.verified.json` beside the files. A file whose size and time of change are those of
the record is trusted to have the recorded checksum. The record only saves time: where it is
missing, damaged or out of date the checksum is computed again. Where two processes write it at
once, the last one wins.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import cast

from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.files import unreadable
from mlp_cli.system.files import open_regular, replacing, sweep_beside

RECORD = ".verified.json"
MOST_RECORD_BYTES = 1 << 16
"""far more than a record has"""

RecordEntry = list[int | str]
"""size in bytes, time of the last change in nanoseconds, SHA-256"""


def is_published(path: Path, file: PublishedFile, *, trusting: bool = True) -> bool:
    """Return whether the file at `path` has the published size and SHA-256.

    trusting: believe the record where size and time agree with it.
    Raises OSError where the file is there and cannot be read.
    """
    try:
        stat = path.stat()
        if stat.st_size != file.size:
            return False
        if trusting and _read(path.parent).get(path.name) == _entry(stat, file):
            return True
        with open_regular(path) as stream:
            return (
                hashlib.file_digest(cast(BufferedReader, stream), "sha256").hexdigest()
                == file.sha256
            )
    except FileNotFoundError:
        return False


def are_published(paths: Iterable[Path], folder: Path, files: Sequence[PublishedFile]) -> bool:
    """Return whether all these paths are published files in the folder, each by its own name.

    Raises DataAccessError where one of them cannot be read.
    """
    published = {folder / file.name: file for file in files}
    for path in paths:
        try:
            if path not in published or not is_published(path, published[path]):
                return False
        except OSError as error:
            raise unreadable(path, error) from error
    return True


def remember(path: Path, file: PublishedFile) -> None:
    """Record that the file at `path` is the published one, where its folder can be written."""
    with suppress(OSError):
        entry, record = _entry(path.stat(), file), _read(path.parent)
        if record.get(path.name) != entry:
            record[path.name] = entry
            target = path.parent / RECORD
            if target.is_symlink():  # `replacing` would write to where it leads
                target.unlink()
            sweep_beside(target)
            with replacing(target) as stream:
                stream.write(json.dumps(record, indent=1).encode())


def _entry(stat: os.stat_result, file: PublishedFile) -> RecordEntry:
    return [stat.st_size, stat.st_mtime_ns, file.sha256]


def _read(folder: Path) -> dict[str, RecordEntry]:
    """Return the folder's record; an empty one where it is missing or damaged."""
    try:
        with open_regular(folder / RECORD) as stream:
            record = json.loads(stream.read(MOST_RECORD_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
