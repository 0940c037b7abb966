"""Pictures of every mode, format and number of frames, of absurd sizes, and what is none."""

import io
import struct

import numpy as np
from PIL import Image

from tests.makers import draw_seven

KINDS = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "GIF": ("L", "P", "RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16", "I", "F"),
    "WEBP": ("L", "RGB", "RGBA"),
    "PPM": ("1", "L", "RGB", "I;16"),
    "ICO": ("L", "RGB", "RGBA"),
    "TGA": ("L", "RGB"),
    "PCX": ("L",),
    "EPS": ("L", "RGB"),
    "ICNS": ("RGBA",),
}
"""formats that are read, and some that are not, with the modes that Pillow writes"""
SEVERAL = ("GIF", "TIFF", "PNG", "WEBP")
BEGINNINGS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{} loop\n",
    *(b"\xc5\xd0\xd3\xc6", b"%PDF-1", b"8BPS\0\1", b"\xff\x0a", b"<svg", b"<?xml", b"<html"),
    *(b"\0\0\0\x18ftypheic", b"\0\0\0\x18ftypmif1", b"\0\0\0\x18ftypavif"),
    *(b"P1 9 9 ", b"P3 9 9 255 ", b"P6 99999 99999 255 ", b"Pf 9 9 1 ", b"BM", b"GIF87a"),
    *(b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"RIFF\xff\0\0\0WEBPVP8X", b"\0\0\1\0"),
)
NUMBERS = (0, 1, 2, 255, 256, 1023, 1025, 20_000, 65_535)


def choice(rng, values):
    return values[int(rng.integers(len(values)))]


def draw(rng, mode, size):
    """A digit, a blank page or noise, in this mode."""
    kind = int(rng.integers(3))
    if mode in ("F", "I", "I;16"):
        levels = np.asarray(draw_seven("L", size=size, at=(8, 8), scale=size[0] / 200)).astype(
            np.float32
        )
        levels = levels / 255 * choice(rng, (1, 2, -1, 255, 65_535)) - choice(rng, (0, 0.5, 1))
        if mode == "F":
            levels.ravel()[0] = choice(rng, (0, 0.5, np.nan, np.inf, -np.inf, 3e38, 1e-45))
            return Image.fromarray(levels)
        whole = np.abs(levels).clip(0, 65_535)
        return Image.fromarray(whole.astype(np.uint16 if mode == "I;16" else np.int32))
    if kind == 0:
        picture = Image.new("RGBA", size, tuple(map(int, rng.integers(256, size=4))))
    elif kind == 1:
        picture = draw_seven(
            "RGBA", (0, 0, 0, 255), (255, 255, 255, 0), size=size, at=(8, 8), scale=size[0] / 200
        )
    else:
        picture = Image.fromarray(rng.integers(256, size=(size[1], size[0], 4), dtype=np.uint8))
    return picture.convert("RGB").convert(mode) if mode == "LAB" else picture.convert(mode)


def make_odd_picture(rng):
    """A picture of any of the kinds, with another size perhaps, or another file."""
    if rng.random() < 0.2:
        return choice(rng, BEGINNINGS) + rng.bytes(int(rng.integers(0, 2000)))
    kind = choice(rng, list(KINDS))
    side = choice(rng, (1, 2, 16, 48, 1100)) if kind != "ICNS" else 16
    size = (side, max(1, side // choice(rng, (1, 1, 7)))) if kind != "ICNS" else (16, 16)
    picture, options = draw(rng, choice(rng, KINDS[kind]), size), {}
    if kind in SEVERAL and rng.random() < 0.5:
        count = choice(rng, (1, 2, 30)) if side < 1100 else 1  # to write many takes a minute
        more = [draw(rng, picture.mode, size) for _ in range(count)]
        options = {"save_all": True, "append_images": more}
    if kind in ("PNG", "JPEG", "WEBP", "TIFF") and rng.random() < 0.3:
        exif = Image.Exif()
        exif[0x0112] = choice(rng, (0, 1, 3, 6, 8, 99))
        options["exif"] = exif
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return _resized(rng, kind, file.getvalue()) if rng.random() < 0.3 else file.getvalue()


def _resized(rng, kind, whole):
    """The picture with another size in its header, by the format's own place for it."""
    data, one, other = bytearray(whole), choice(rng, NUMBERS), choice(rng, NUMBERS)
    if kind == "PNG":
        data[16:24] = struct.pack(">II", one * choice(rng, (1, 9999)), other)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", one, other)
    elif kind == "BMP":
        data[18:26] = struct.pack("<II", one, other)
    elif kind == "JPEG" and (at := whole.find(b"\xff\xc0")) > 0:
        data[at + 5 : at + 9] = struct.pack(">HH", one, other)
    elif kind == "TIFF":
        first = struct.unpack_from("<I", data, 4)[0] % len(data)
        for number in range(8):
            place = first + 2 + 12 * number
            if data[place : place + 2] in (b"\0\1", b"\1\1"):
                data[place + 8 : place + 10] = struct.pack("<H", choice(rng, (one, other)))
    return bytes(data)
