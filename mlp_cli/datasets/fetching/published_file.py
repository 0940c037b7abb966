"""One file as its publisher gives it out."""

from typing import NamedTuple


class PublishedFile(NamedTuple):
    """The name, size and checksum of a published file."""

    name: str
    size: int
    """bytes"""
    sha256: str
    """hexadecimal"""

    def url(self, mirror: str) -> str:
        """Return the file's address at a mirror, whether or not that ends in a slash."""
        return f"{mirror.rstrip('/')}/{self.name}"
