"""A file of which no more than a number of bytes can be read."""

import math
from typing import Any, BinaryIO

from mlp_cli.errors import PictureError


class BoundedFile:
    """Lets a foreign decoder read so many bytes of a file, and no more.

    Pillow keeps what it reads of a file before its pixels, several times over: a list of a million
    strips, or metadata without end.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = math.inf
        """bytes that may still be read"""

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises PictureError where they are too many."""
        if 0 <= size <= self.left:
            data = self._file.read(size)
        else:
            data = self._file.read(-1 if math.isinf(self.left) else int(self.left) + 1)
        self.left -= len(data)
        if self.left < 0:
            raise PictureError("too much metadata. Save it without layers and metadata.")
        return data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever else a file has
        return getattr(self._file, name)
