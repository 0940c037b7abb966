"""Read IDX files: two zero bytes, a type byte, a rank byte, big-endian sizes, then the data.

Source: the format's description on the MNIST page of Y. LeCun, C. Cortes and C. Burges.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.foreign import START_BYTES, TYPES, recognise
from mlp_cli.datasets.unpacking import open_unpacked
from mlp_cli.errors import DataError, ForeignFileError

IDX_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
IMAGES_MAGIC = 0x0803  # uint8, rank 3
LABELS_MAGIC = 0x0801  # uint8, rank 1
CONTENTS = {IMAGES_MAGIC: "images", LABELS_MAGIC: "labels"}
EXPECTED = {
    IMAGES_MAGIC: "bytes (uint8) from 0 to 255, of shape (n, rows, columns)",
    LABELS_MAGIC: "bytes (uint8) from 0 on, of shape (n,)",
}
MOST_DIMENSIONS = 32  # NumPy's limit before its version 2

MOST_UNPACKED_BYTES = 1 << 30
"""twenty times MNIST; a gzipped file of one megabyte can unpack to this much memory"""
READ_BYTES = 1 << 20


def read_idx(path: Path, magic: int | None = None) -> npt.NDArray[Any]:
    """Return the array in an IDX file, gzipped or not, in the machine's own byte order.

    The array may have any rank and any of the format's six types. The first bytes decide whether
    the file is gzipped, never its name. Memory grows with the data that is there, not with what
    the header claims, and a gzipped file may hold 1 GiB.

    A plain file of bytes is mapped, read-only: its pages come from the disk as they are used, and
    the system may drop them again, so a set larger than memory can be trained on. The file must
    stay unchanged while the array is used. Renaming another file over it does no harm. Writing
    into it changes the array, and if it is cut short the system ends the process (SIGBUS) where
    the missing part is used.

    magic: the only magic number (type and rank) to accept, such as IMAGES_MAGIC.
    Raises DataAccessError for a file that the system does not let us read, DataError for one that
    is not IDX, is of another kind, or holds more or fewer bytes than its header says.
    """
    with open_unpacked(path) as (stream, is_gzipped):
        dtype, shape = _read_header(path, stream, magic)
        if not is_gzipped:
            return _map_data(path, stream, dtype, shape)
        if (size := math.prod(shape) * dtype.itemsize) > MOST_UNPACKED_BYTES:
            raise DataError(
                f"{path}: {size:,} bytes in a gzipped file, by its header, expected "
                f"{MOST_UNPACKED_BYTES:,} at most. Unpack it with gunzip first."
            )
        return _read_data(path, stream, dtype, shape)


def _read_header(
    path: Path, file: IO[bytes], expected_magic: int | None
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return type and shape from the header of an unpacked stream."""
    start = file.read(4)
    if not start:
        raise DataError(f"{path}: empty, expected an IDX file.")
    magic = int.from_bytes(start, "big")
    rank = magic & 0xFF
    if len(start) < 4 or magic >> 16 or magic >> 8 not in IDX_DTYPES or rank > MOST_DIMENSIONS:
        if foreign := recognise(start + file.read(START_BYTES - len(start))):
            kind = ForeignFileError if foreign.way_on else DataError
            raise kind(f"{path}: {foreign.what}, expected an IDX file. {foreign.way_on}".strip())
        found = start.decode("ascii", "replace") if start.isascii() else f"0x{start.hex()}"
        raise DataError(
            f"{path}: begins with {found!r}, expected an IDX file "
            "(two zero bytes, a type and a rank)."
        )
    if expected_magic is not None and magic != expected_magic:
        contents = CONTENTS[expected_magic]
        said = f"{path}: magic number {magic}, expected {expected_magic} ({contents})."
        if magic in CONTENTS:
            raise DataError(f"{said} The file holds {CONTENTS[magic]}.")
        raise ForeignFileError(
            f"{said} The file holds {TYPES[magic >> 8]} in {rank} "
            f"dimension{'' if rank == 1 else 's'}.\n"
            f"Write the {contents} again as {EXPECTED[expected_magic]}: mlp convert does so."
        )
    header = file.read(4 * rank)
    if len(header) < 4 * rank:
        raise DataError(f"{path}: ends inside its header, expected {4 + 4 * rank} bytes of it.")
    return IDX_DTYPES[magic >> 8], tuple(int(n) for n in np.frombuffer(header, ">u4"))


def _read_data(
    path: Path, file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Return the data behind the header of an unpacked stream."""
    size = math.prod(shape) * dtype.itemsize
    data = bytearray()
    while chunk := file.read(min(READ_BYTES, size + 1 - len(data))):
        data += chunk
    _check_size(path, len(data), dtype, shape)
    try:
        array = np.frombuffer(data, dtype).reshape(shape)
    except ValueError as error:  # sizes such as 0 x 4294967295 x 4294967295
        raise DataError(f"{path}: its header's sizes are too large, expected an array.") from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def idx_header(magic: int, shape: Sequence[int]) -> bytes:
    """Return the header of an IDX file with this magic number and shape."""
    return b"".join(number.to_bytes(4, "big") for number in (magic, *shape))


def _map_data(
    path: Path, file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Map the data behind the header of a plain file; read it where it cannot be mapped."""
    offset = file.tell()
    found = os.fstat(file.fileno()).st_size - offset
    _check_size(path, found, dtype, shape)
    if dtype.itemsize > 1 or found == 0:  # copied into our byte order; or nothing to map
        return _read_data(path, file, dtype, shape)
    try:
        # As a plain array: NumPy slices a memmap in Python code, slowly.
        return np.asarray(np.memmap(file, dtype, "r", offset, shape))
    except OSError:  # some network file systems cannot
        file.seek(offset)
        return _read_data(path, file, dtype, shape)


def _check_size(path: Path, found: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Raise DataError where the number of bytes is not the one that the header gives."""
    size = math.prod(shape) * dtype.itemsize
    if found != size:
        said = f"more than {size:,}" if found > size else f"{found:,}"
        shown = " x ".join(f"{n:,}" for n in shape)
        raise DataError(
            f"{path}: {said} bytes of data, expected {size:,} ({shown}) from its header."
        )
