"""The formats of pictures that are read, and what a file is that has none of them."""

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from io import SEEK_END
from typing import BinaryIO, NamedTuple

from PIL import Image

from mlp_cli.errors import PictureError


class Format(NamedTuple):
    """A format of pictures, by the name and the module that Pillow has for it."""

    name: str
    module: str
    endings: tuple[str, ...]
    """of files' names, in lower case"""


# Never EPS: Pillow gives it to Ghostscript, and a stranger's picture would run a program.
FORMATS = (
    Format("PNG", "PngImagePlugin", (".png", ".apng")),
    Format("JPEG", "JpegImagePlugin", (".jpg", ".jpeg", ".jfif", ".jpe")),
    Format("GIF", "GifImagePlugin", (".gif",)),
    Format("BMP", "BmpImagePlugin", (".bmp", ".dib")),
    Format("TIFF", "TiffImagePlugin", (".tif", ".tiff")),
    Format("WEBP", "WebPImagePlugin", (".webp",)),
    Format("AVIF", "AvifImagePlugin", (".avif",)),
    Format("PPM", "PpmImagePlugin", (".ppm", ".pgm", ".pbm", ".pnm")),
    Format("ICO", "IcoImagePlugin", (".ico",)),
)
"""what people have, the commonest first"""
ENDINGS = tuple(ending for known in FORMATS for ending in known.endings)
"""of the files in a folder that are read"""
FORMATS_IN_WORDS = "PNG, JPEG, GIF, BMP, TIFF, WebP, AVIF, PNM and ICO"
"""the formats, as people call them"""

EXPORT = "Export it as PNG or JPEG."
OTHER_BEGINNINGS: Mapping[bytes, str] = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript file, which is a program",
    b"\xc5\xd0\xd3\xc6": "a PostScript file, which is a program",
    b"8BPS": "a Photoshop file",
    b"gimp xcf": "a GIMP file",
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"PK\x03\x04": "a zip archive",
}
"""the first bytes of files that are taken for pictures, and what they are"""
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""what stands behind `ftyp` in the photographs of telephones"""
MARKUP_WITHIN = 1024
"""bytes at the beginning of a file in which a page or an SVG drawing says what it is"""


def available_formats() -> list[str]:
    """Return the formats that this Pillow reads, by its names, the modules loaded."""
    names = []
    for known in FORMATS:
        with suppress(ImportError):  # an older Pillow has no AVIF
            import_module(f"PIL.{known.module}")
        if known.name in Image.OPEN:
            names.append(known.name)
    return names


def not_a_picture(file: BinaryIO) -> PictureError:
    """Return the error for a file that has none of the formats: what it is, and the way on."""
    file.seek(0, SEEK_END)
    size = file.tell()
    file.seek(0)
    beginning = file.read(MARKUP_WITHIN)
    if not size:
        return PictureError("not a picture: empty. Check the file.")
    found = next(
        (what for start, what in OTHER_BEGINNINGS.items() if beginning.startswith(start)), ""
    )
    markup = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if beginning[4:8] == b"ftyp":
        brand = beginning[8:12]
        if brand in HEIF_BRANDS:
            return PictureError("a HEIC photograph, which mlp does not read. Export it as JPEG.")
        found = "an AVIF picture, or a film, that this Pillow does not read"
        return PictureError(f"{found}. {EXPORT}")
    if markup.startswith(b"<") and b"<svg" in markup:
        found = "an SVG drawing"
    elif markup.startswith((b"<!doctype html", b"<html")):
        return PictureError("a web page, not a picture. Save the picture itself.")
    if found:
        return PictureError(f"{found}; mlp reads pictures. {EXPORT}")
    return PictureError(
        f"not a picture that can be read, expected {FORMATS_IN_WORDS}. Save it as PNG or JPEG."
    )
