"""The arrays of a .npz file, each unpacked when it is read, up to a bound."""

import io
import json
import warnings
import zipfile
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.npy import DAMAGE, PACKINGS, SippedFile, check_npy_header
from mlp_cli.errors import CheckpointError

MAX_HEADER = 1 << 16
"""bytes before an array's data"""
UNPACKED_FREELY = 48 << 20
"""bytes that the arrays of any file may take: a small checkpoint of 25 million zeros still opens"""
MAX_PACKING = 2
"""times the size of the file, beyond these bytes: parameters hardly pack"""
MAX_TEXT = 36 << 20
"""bytes of meta, four a letter: enough for the history of the most epochs that a run can have"""


class Archive:
    """A .npz file from an untrusted source.

    A few kilobytes can unpack to gigabytes, by one array or by many, which may even share their
    bytes in the file. So the size in the archive's directory is checked first, and no more than
    this size is unpacked; and all arrays that are read have one budget. Raises CheckpointError
    where the file, or an array that is read, is damaged.
    """

    def __init__(self, file: BinaryIO) -> None:
        start = file.read(4)
        if not start:
            raise CheckpointError("empty, expected a checkpoint (.npz).")
        if start != b"PK\x03\x04":
            raise CheckpointError(f"begins with {start!r}, expected a checkpoint (.npz).")
        sipped = SippedFile(io.FileIO(file.fileno(), closefd=False))
        try:
            self._zip = zipfile.ZipFile(sipped)
        except DAMAGE as error:
            raise _damaged(error) from error
        sipped.most = None
        self._left = UNPACKED_FREELY + MAX_PACKING * file.seek(0, 2)
        self.names = {name[:-4] for name in self._zip.namelist() if name.endswith(".npy")}

    def read(self, name: str, most: int) -> npt.NDArray[Any] | None:
        """Return the array of this name, of at most so many bytes; None where there is none."""
        if name not in self.names:
            return None
        try:
            info = self._zip.getinfo(f"{name}.npy")
            if info.compress_type not in PACKINGS:
                raise ValueError(f"array {name}: a packing that NumPy does not write")
            self._pay(info, name, most)
            # NumPy warns of old ways to write a header, which do no harm.
            with warnings.catch_warnings(action="ignore"):
                with self._zip.open(info) as member:
                    check_npy_header(member, info.file_size)
                with self._zip.open(info) as member:
                    array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
                    if member.read(1):  # the checksum of a member is compared at its end
                        raise ValueError(f"data beyond the array {name}")
        except DAMAGE as error:
            raise _damaged(error) from error
        return array

    def _pay(self, info: zipfile.ZipInfo, name: str, most: int) -> None:
        """Take what a member unpacks to from the budget. Raises CheckpointError beyond it."""
        size = info.file_size
        if size > most + MAX_HEADER:
            raise CheckpointError(
                f"array {name}: unpacks to {size:,} bytes, expected {most:,} at most."
            )
        if size > self._left:
            raise CheckpointError(
                f"array {name}: unpacks to {size:,} bytes, and the file with it to more than "
                "a network that is stored as it is."
            )
        self._left -= size


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
