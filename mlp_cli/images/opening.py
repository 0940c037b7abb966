"""Open a picture's file within a bound of memory."""

import math
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import SEEK_END
from typing import BinaryIO, NamedTuple, cast

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import ROWSPERSTRIP, TiffImageFile

from mlp_cli.errors import PictureError
from mlp_cli.images.bounded import BoundedFile
from mlp_cli.images.formats import available_formats
from mlp_cli.images.reducing import MOST_SIDE

MOST_BYTES = 160_000_000
"""of memory for a picture while it is decoded: mlp as a whole then stays below 300 MB"""
MOST_FILE_BYTES = 400_000_000
"""of a file of plain pixels: more is not needed for as many as are read"""
MOST_PACKED_BYTES = 75_000_000
"""of another file, whose parts may be in memory three times"""
MOST_HEADER_BYTES = 1 << 22
"""read of a file before its pixels"""
PLAIN = (b"BM", b"II", b"MM", b"P5", b"P6")
"""the first bytes of BMP, TIFF and PNM, whose pixels may be stored as they are"""
MOST_JPEG_PIXELS = 500_000_000
"""to decode so many at an eighth of the width takes a few seconds"""
MOST_ICON_PIXELS = 1 << 20
"""an icon has 256 x 256 pixels at most, whatever the PNG in it says"""
ANIMATED_BYTES = 16
"""of memory for each pixel of a GIF or a PNG from the second frame on, measured"""
ANIMATED = ("GIF", "PNG")
BYTES_OF_MODE = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
"""of memory for each decoded pixel; other modes have 4"""
BESIDES = {"WEBP": 8, "AVIF": 7, "bmp_rle": 2, "ppm": 4, "ppm_plain": 4}
"""of formats and Pillow's decoders: bytes for each pixel, by which all of mlp stays below 300 MB"""
READ_WHOLE_BEGINNINGS = (b"RIFF", b"\0\0\1\0")
READ_WHOLE = ("WEBP", "AVIF", "ICO")
"""the formats whose files are in memory as a whole"""
ORIENTATION, UPRIGHT = 0x0112, 1
"""a tag of EXIF and TIFF, and what it says of a picture that is not turned"""
DIVISORS = (8, 4, 2)
"""of the width and height at which a JPEG can be decoded"""
SMALLER = "Make the picture smaller, or save it as JPEG."
DECODER_ERRORS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RuntimeError, struct.error),
)
"""the errors that Pillow's decoders raise for damaged files, most of them by accident"""


class Opened(NamedTuple):
    """A picture of which nothing has been decoded yet."""

    picture: ImageFile
    file: BoundedFile
    size: tuple[int, int]
    """columns and rows as the file has them; a JPEG may be decoded at a part of these"""


@contextmanager
def opened(file: BinaryIO) -> Iterator[Opened]:
    """Open the picture in a file, in one of the formats that are read.

    Decoding in the block takes a bounded memory.
    Raises UnidentifiedImageError for another format, PictureError for a picture that is too large.
    """
    size = file.seek(0, SEEK_END)
    file.seek(0)
    beginning = file.read(12)
    _check_file(size, beginning)
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = _most_pixels(beginning)
    try:
        with warnings.catch_warnings():
            # Ignore Pillow's warnings about odd metadata.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            bounded = BoundedFile(file)
            if not beginning.startswith(READ_WHOLE_BEGINNINGS) and beginning[4:8] != b"ftyp":
                bounded.left = MOST_HEADER_BYTES
            formats = available_formats()
            with Image.open(cast("BinaryIO", bounded), formats=formats) as picture:
                bounded.left = math.inf
                full = picture.size
                check_pixels(picture, size)
                yield Opened(picture, bounded, full)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        found, most = re.search(r"\d+", str(error)), Image.MAX_IMAGE_PIXELS
        raise PictureError(
            f"{int(found[0]) if found else 0:,} pixels, expected {most:,} at most in this format. "
            f"{SMALLER}"
        ) from error
    finally:
        Image.MAX_IMAGE_PIXELS = before


def has_room_for_next(picture: Image.Image) -> bool:
    """Return whether the frame after this one can be decoded: Pillow then keeps this one too."""
    pixels = picture.width * picture.height
    return picture.format not in ANIMATED or pixels * ANIMATED_BYTES <= MOST_BYTES


def check_pixels(picture: Image.Image, file_size: int = 0) -> None:
    """Raise PictureError for a frame of a picture that takes too much memory to decode.

    A JPEG that is too large is decoded at a part of its width and height.
    """
    pixels = picture.width * picture.height
    most = MOST_BYTES - (file_size if picture.format in READ_WHOLE else 0)
    decoded, besides = float(BYTES_OF_MODE.get(picture.mode, 4)), _bytes_besides(picture)
    if pixels * (decoded + besides) <= most:
        return
    advice = SMALLER
    if isinstance(picture, JpegImageFile):
        advice = "Make the picture smaller, or save it as JPEG that is not progressive."
        divisor = _divisor(picture.size)
        decoded /= divisor**2
        if pixels * (decoded + besides) <= most:
            picture.draft(None, (picture.width // divisor, picture.height // divisor))
            return
    raise PictureError(
        f"{picture.width:,} x {picture.height:,} pixels, expected "
        f"{int(most / (decoded + besides)):,} pixels at most of this kind "
        f"({picture.format}, {picture.mode}). {advice}"
    )


def _check_file(size: int, beginning: bytes) -> None:
    most = MOST_FILE_BYTES if beginning.startswith(PLAIN) else MOST_PACKED_BYTES
    if size > most:
        raise PictureError(f"a file of {size:,} bytes, expected {most:,} at most. {SMALLER}")


def _most_pixels(beginning: bytes) -> int:
    """Return how many pixels a file that begins so may have, and a picture within it."""
    if beginning.startswith(b"\xff\xd8"):
        return MOST_JPEG_PIXELS
    if beginning.startswith(b"\0\0\1\0"):
        return MOST_ICON_PIXELS
    return MOST_BYTES  # one byte is the least that a pixel takes


def _divisor(size: tuple[int, int]) -> int:
    """Return the largest divisor that leaves the pixels that are kept, or else the smallest."""
    return next((d for d in DIVISORS if max(size) // d >= MOST_SIDE), DIVISORS[-1])


def _bytes_besides(picture: Image.Image) -> float:
    """Return how much memory a decoder takes for each pixel besides the decoded ones."""
    decoded = BYTES_OF_MODE.get(picture.mode, 4)
    if isinstance(picture, JpegImageFile):
        return 0 if _is_in_one_scan(picture) else _bytes_of_coefficients(picture)
    if isinstance(picture, TiffImageFile):
        # To turn a picture, or to read it as one strip, takes another one of its size.
        is_turned: bool = picture.tag_v2.get(ORIENTATION, UPRIGHT) != UPRIGHT
        rows = picture.tag_v2.get(ROWSPERSTRIP)
        strip = min(rows / picture.height, 1) if isinstance(rows, int) else 1
        is_packed = _decoder(picture) == "libtiff"
        return decoded * (is_turned + strip * is_packed)
    return max(BESIDES.get(name or "", 0) for name in (picture.format, _decoder(picture)))


def _decoder(picture: Image.Image) -> str:
    """Return Pillow's name of the decoder of a picture's first tile."""
    tiles = picture.tile if isinstance(picture, ImageFile) else []
    return tiles[0][0] if tiles else ""


def _is_in_one_scan(picture: JpegImageFile) -> bool:
    """Return whether a JPEG can be decoded as it is read: its first scan has every component."""
    if picture.fp is None or picture.info.get("progressive"):
        return False
    # Pillow stops behind the header of the first scan.
    components = len(picture.layer)
    length, end = 6 + 2 * components, picture.fp.tell()
    picture.fp.seek(max(0, end - length))
    header = picture.fp.read(length)
    picture.fp.seek(end)
    return header[:3] == bytes([0, length, components])


def _bytes_of_coefficients(picture: JpegImageFile) -> float:
    """Return the memory for each pixel that a JPEG takes whose scans must be put together."""
    samples = [across * down for _, across, down, _ in picture.layer]
    return 2 * sum(samples) / max(samples, default=1) if samples else 8
