"""Whether a file is the published one, and the record of those found so.

The record is `.verified.json` beside the files. A file that has the size and the time it had when
its sum was last taken is trusted to have that sum still. The record only saves time: where it is
missing, damaged or out of date the sum is taken again, and of two processes that write it at once
one is not heard.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from mlp_cli.datasets.catalogue import PublishedFile
from mlp_cli.system.files import replacing

RECORD = ".verified.json"
LIMIT = 1 << 16
"""bytes of a record that are read: far more than one has"""

Entry = list[int | str]
"""size in bytes, time of the last change in nanoseconds, SHA-256"""


def is_published(path: Path, file: PublishedFile, *, trusting: bool = True) -> bool:
    """Tell whether the file at `path` has the published size and SHA-256.

    trusting: let the record stand for the sum where size and time are as they were.
    Raises OSError where the file is there and cannot be read.
    """
    try:
        stat = path.stat()
        if stat.st_size != file.size:
            return False
        if trusting and _read(path.parent).get(path.name) == _entry(stat, file):
            return True
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
    except FileNotFoundError:
        return False


def remember(path: Path, file: PublishedFile) -> None:
    """Record that the file at `path` was found to be the published one, if its folder lets us."""
    with suppress(OSError):
        entry, record = _entry(path.stat(), file), _read(path.parent)
        if record.get(path.name) != entry:
            record[path.name] = entry
            with replacing(path.parent / RECORD) as stream:
                stream.write(json.dumps(record, indent=1).encode())


def _entry(stat: os.stat_result, file: PublishedFile) -> Entry:
    return [stat.st_size, stat.st_mtime_ns, file.sha256]


def _read(folder: Path) -> dict[str, Entry]:
    """Return the folder's record, empty where there is none that makes sense."""
    try:
        with (folder / RECORD).open("rb") as stream:
            record = json.loads(stream.read(LIMIT))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
