"""Open a file that may be gzipped: its first bytes decide, never its name."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from mlp_cli.datasets.files import unreadable
from mlp_cli.datasets.foreign import GZIP_MAGIC
from mlp_cli.errors import DataError
from mlp_cli.system.files import open_regular


class Unpacked(NamedTuple):
    """A file that is open for reading."""

    stream: IO[bytes]
    """what is in it, unpacked"""
    is_gzipped: bool


@contextmanager
def open_unpacked(path: Path, expected: str = "an IDX file") -> Iterator[Unpacked]:
    """Open a file for reading, and unpack it where it is gzipped.

    expected: what is to be in it, for an error.
    Raises DataAccessError, also from the block, where the system does not let us read the file,
    DataError where it is damaged.
    """
    try:
        with open_regular(path) as file:
            is_gzipped = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if not is_gzipped:
                yield Unpacked(file, is_gzipped=False)
                return
            with gzip.open(file) as unpacked:
                yield Unpacked(cast(IO[bytes], unpacked), is_gzipped=True)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: damaged gzip data ({str(error).rstrip('.')}), expected a complete file."
        ) from error
    except OSError as error:
        raise unreadable(path, error, expected) from error
