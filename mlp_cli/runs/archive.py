"""The arrays of a .npz file, each unpacked when it is read, up to a bound."""

import json
import lzma
import struct
import tokenize
import warnings
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import CheckpointError

DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error),  # the archive
    *(ValueError, TypeError, SyntaxError, tokenize.TokenError),  # a .npy header, or a pickle
    *(LookupError, AttributeError),  # a .npy header whose type is none
    *(MemoryError, OverflowError),  # a header that claims more than there is
    RuntimeError,  # an encrypted member, or an unknown packing
)
"""the exceptions that reading a damaged .npz can raise"""
MAX_HEADER = 1 << 16
"""bytes before an array's data"""
MAX_PACKING = 100
"""times the size of the file: no array of parameters is larger, since parameters hardly pack"""

MAX_TEXT = 1 << 25
"""bytes of meta, four a letter: enough for the history of the most epochs that a run can have"""


class Archive:
    """A .npz file from an untrusted source.

    A few kilobytes can unpack to gigabytes. So the size in the archive's directory is checked
    first, and no more than this size is unpacked. Raises CheckpointError where the file, or an
    array that is read, is damaged.
    """

    def __init__(self, file: BinaryIO) -> None:
        start = file.read(4)
        if not start:
            raise CheckpointError("empty, expected a checkpoint (.npz).")
        if start != b"PK\x03\x04":
            raise CheckpointError(f"begins with {start!r}, expected a checkpoint (.npz).")
        try:
            self._zip = zipfile.ZipFile(file)
        except DAMAGE as error:
            raise _damaged(error) from error
        self._size = file.seek(0, 2)
        self.names = {name[:-4] for name in self._zip.namelist() if name.endswith(".npy")}

    def read(self, name: str, most: int) -> npt.NDArray[Any] | None:
        """Return the array of this name, of at most so many bytes; None where there is none."""
        if name not in self.names:
            return None
        try:
            info = self._zip.getinfo(f"{name}.npy")
            if info.file_size > min(most, MAX_PACKING * self._size) + MAX_HEADER:
                raise CheckpointError(
                    f"array {name}: unpacks to {info.file_size:,} bytes, expected {most:,} at most"
                    f", and no more than {MAX_PACKING} times the file."
                )
            # NumPy warns of old ways to write a header, which do no harm.
            with warnings.catch_warnings(action="ignore"), self._zip.open(info) as member:
                array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
                if member.read(1):  # the checksum of a member is compared at its end
                    raise ValueError(f"data beyond the array {name}")
        except DAMAGE as error:
            raise _damaged(error) from error
        return array


def read_json(arrays: Archive, name: str) -> dict[str, Any]:
    """Return the JSON object under this name. Raises CheckpointError where there is none."""
    text = arrays.read(name, MAX_TEXT)
    try:
        value = json.loads(text.item()) if text is not None and text.dtype.kind == "U" else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise CheckpointError(f"no JSON object under {name!r}, expected a checkpoint's.")
    return value


def _damaged(error: BaseException) -> CheckpointError:
    return CheckpointError(f"damaged ({error}), expected an intact checkpoint.")
