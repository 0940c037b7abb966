"""What reading a .npz from a stranger has to check before NumPy believes it."""

import io
import math
import struct
import tokenize
import zipfile
import zlib
from typing import IO, Any

import numpy as np

DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, struct.error),  # the archive
    *(ValueError, TypeError, SyntaxError, tokenize.TokenError),  # a .npy header, or a pickle
    *(LookupError, AttributeError),  # a .npy header whose type is none
    OverflowError,  # a header that claims more than there is
    RuntimeError,  # an encrypted member, or an unknown packing
)
"""the exceptions that reading a damaged .npz can raise"""
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""what NumPy writes; another packing may ask for gigabytes to work in"""
MAX_DIRECTORY = 2 << 20
"""bytes of an archive's directory, which lists each array: enough for 5,000 layers"""


class SippedFile(io.BufferedReader):
    """A file that is read in sips, since zipfile reads an archive's directory at one go."""

    most: int | None = MAX_DIRECTORY
    """bytes in one sip; None: any number"""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes. Raises ValueError where too many are asked for."""
        if self.most is not None and size is not None and size > self.most:
            raise ValueError(f"a directory of {size:,} bytes, expected {self.most:,} at most")
        return super().read(size)


def check_npy_header(member: IO[bytes], size: int) -> np.dtype[Any]:
    """Return the type of the array in a .npy file. Raise ValueError where it claims too much.

    Otherwise NumPy would ask for the memory first, and the lack of it would look like damage.
    size: bytes of the file. Objects of Python have no size: NumPy refuses to read them.
    """
    version = np.lib.format.read_magic(member)
    read_header = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    try:
        shape, _, dtype = read_header(member)
    except MemoryError as error:  # Python's parser has no other word for "nested too deeply"
        raise ValueError("a header that is nested too deeply") from error
    if not dtype.hasobject and member.tell() + math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"a header that claims {dtype} {shape} in {size:,} bytes")
    return dtype
