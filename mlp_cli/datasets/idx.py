"""IDX files: two zero bytes, a type byte, a rank byte, big-endian sizes, then the data.

Source: the format's description on the MNIST page of Y. LeCun, C. Cortes and C. Burges.
"""

import gzip
import math
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import DataAccessError, DataError
from mlp_cli.system.files import open_regular

TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
IMAGES_MAGIC = 0x0803  # uint8, rank 3
LABELS_MAGIC = 0x0801  # uint8, rank 1
KINDS = {IMAGES_MAGIC: "images", LABELS_MAGIC: "labels"}
MAX_RANK = 32  # of a NumPy array, before NumPy 2

GZIP_MAGIC = b"\x1f\x8b"
MAX_UNPACKED = 1 << 30
"""bytes, twenty times MNIST: a gzip of one megabyte can hold as many, and they need memory"""
CHUNK = 1 << 20


def read_idx(path: Path, magic: int | None = None) -> npt.NDArray[Any]:
    """Return the array in an IDX file, gzipped or not, in the machine's own byte order.

    Any rank, any of the format's six types. Whether it is gzipped is decided by its first bytes,
    never by its name. Memory grows with the data that is really there, not with what the header
    claims, and a gzipped file may hold 1 GiB.

    A plain file of bytes is not read but mapped, read-only: its pages come from the disk as they
    are used, and the system may drop them again, so that a set larger than memory can be trained
    on. Such a file must stay as it is while the array lives. Another that takes its name does no
    harm; one that is written over changes the array, and if it is cut short the system ends the
    process (SIGBUS) where the missing part is used.

    magic: the only magic number (type and rank) to accept, say IMAGES_MAGIC.
    Raises DataError for a file that cannot be read, is not IDX, is of another kind, or holds
    more or fewer bytes than its header says.
    """
    try:
        with open_regular(path) as file:
            gzipped = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if gzipped:
                with gzip.open(file) as unpacked:
                    stream = cast(IO[bytes], unpacked)
                    dtype, shape = _read_header(path, stream, magic)
                    if (size := math.prod(shape) * dtype.itemsize) > MAX_UNPACKED:
                        raise DataError(
                            f"{path}: {size:,} bytes in a gzipped file, by its header, expected "
                            f"{MAX_UNPACKED:,} at most. Unpack a larger one with gunzip first."
                        )
                    return _read_data(path, stream, dtype, shape)
            return _map_data(path, file, *_read_header(path, file, magic))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: damaged gzip data ({str(error).rstrip('.')}), expected a whole file."
        ) from error
    except OSError as error:
        raise DataAccessError(
            f"{path}: cannot be read ({error.strerror or error}), expected an IDX file.\n"
            "Check its permissions and the disk."
        ) from error


def _read_header(
    path: Path, file: IO[bytes], expected_magic: int | None
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Read type and sizes from the start of an unpacked stream."""
    start = file.read(4)
    if not start:
        raise DataError(f"{path}: empty, expected an IDX file.")
    magic = int.from_bytes(start, "big")
    rank = magic & 0xFF
    if len(start) < 4 or magic >> 16 or magic >> 8 not in TYPES or rank > MAX_RANK:
        found = start.decode("ascii", "replace") if start.isascii() else f"0x{start.hex()}"
        raise DataError(
            f"{path}: begins with {found!r}, expected an IDX file "
            "(two zero bytes, a type and a rank)."
        )
    if expected_magic not in (None, magic):
        raise DataError(
            f"{path}: magic number {magic}, expected {expected_magic} ({KINDS[expected_magic]})."
            + (f" The file holds {KINDS[magic]}." if magic in KINDS else "")
        )
    header = file.read(4 * rank)
    if len(header) < 4 * rank:
        raise DataError(f"{path}: ends inside its header, expected {4 + 4 * rank} bytes of it.")
    return TYPES[magic >> 8], tuple(int(n) for n in np.frombuffer(header, ">u4"))


def _read_data(
    path: Path, file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Read the data behind the header of an unpacked stream."""
    size = math.prod(shape) * dtype.itemsize
    data = bytearray()
    while chunk := file.read(min(CHUNK, size + 1 - len(data))):
        data += chunk
    _check_size(path, len(data), dtype, shape)
    try:
        array = np.frombuffer(data, dtype).reshape(shape)
    except ValueError as error:  # sizes such as 0 x 4294967295 x 4294967295
        raise DataError(f"{path}: its header's sizes are too large, expected an array.") from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def idx_header(magic: int, shape: Sequence[int]) -> bytes:
    """Return what an IDX file of this magic number and shape begins with."""
    return b"".join(number.to_bytes(4, "big") for number in (magic, *shape))


def _map_data(
    path: Path, file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Map the data behind the header of a plain file, or read it where that is not possible."""
    offset = file.tell()
    found = os.fstat(file.fileno()).st_size - offset
    _check_size(path, found, dtype, shape)
    if dtype.itemsize > 1 or found == 0:  # to be copied into our byte order; nothing to map
        return _read_data(path, file, dtype, shape)
    try:
        # As a plain array: of a memmap every batch would be made in Python, and slowly.
        return np.asarray(np.memmap(file, dtype, "r", offset, shape))
    except OSError:  # some network file systems cannot
        file.seek(offset)
        return _read_data(path, file, dtype, shape)


def _check_size(path: Path, found: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Raise DataError where so many bytes of data are not what the header says."""
    size = math.prod(shape) * dtype.itemsize
    if found != size:
        said = f"more than {size:,}" if found > size else f"{found:,}"
        shown = " x ".join(f"{n:,}" for n in shape)
        raise DataError(
            f"{path}: {said} bytes of data, expected {size:,} ({shown}) from its header."
        )
