"""IDX files: two zero bytes, a type byte, a rank byte, big-endian sizes, then the data.

Source: the format's description on the MNIST page of Y. LeCun, C. Cortes and C. Burges.
"""

import gzip
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import DataAccessError, DataError

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
CHUNK = 1 << 20


def read_idx(path: Path, magic: int | None = None) -> npt.NDArray[Any]:
    """Return the array in an IDX file, gzipped or not, in the machine's own byte order.

    Any rank, any of the format's six types. Whether it is gzipped is decided by its first bytes,
    never by its name. Memory grows with the data that is really there, not with what the header
    claims.

    magic: the only magic number (type and rank) to accept, say IMAGES_MAGIC.
    Raises DataError for a file that cannot be read, is not IDX, is of another kind, or holds
    more or fewer bytes than its header says.
    """
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if gzipped:
                with gzip.open(file) as unpacked:
                    return _parse(path, cast(IO[bytes], unpacked), magic)
            return _parse(path, file, magic)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: damaged gzip data ({str(error).rstrip('.')}), expected a whole file."
        ) from error
    except OSError as error:
        raise DataAccessError(
            f"{path}: cannot be read ({error.strerror or error}), expected an IDX file.\n"
            "Check its permissions and the disk."
        ) from error


def _parse(path: Path, file: IO[bytes], expected_magic: int | None) -> npt.NDArray[Any]:
    """Read header and data from an open, unpacked stream."""
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
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4"))
    dtype = TYPES[magic >> 8]
    size = math.prod(shape) * dtype.itemsize

    data = bytearray()
    while chunk := file.read(min(CHUNK, size + 1 - len(data))):
        data += chunk
    if len(data) != size:
        found = f"more than {size:,}" if len(data) > size else f"{len(data):,}"
        shown = " x ".join(f"{n:,}" for n in shape)
        raise DataError(
            f"{path}: {found} bytes of data, expected {size:,} ({shown}) from its header."
        )
    try:
        array = np.frombuffer(data, dtype).reshape(shape)
    except ValueError as error:  # sizes such as 0 x 4294967295 x 4294967295
        raise DataError(f"{path}: its header's sizes are too large, expected an array.") from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def idx_header(magic: int, shape: Sequence[int]) -> bytes:
    """Return what an IDX file of this magic number and shape begins with."""
    return b"".join(number.to_bytes(4, "big") for number in (magic, *shape))
