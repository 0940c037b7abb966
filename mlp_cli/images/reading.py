"""A picture file to grey levels: upright, on a ground, in the colours that show the ink best."""

import struct
import warnings
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from mlp_cli.errors import PictureError
from mlp_cli.images.threshold import median
from mlp_cli.images.types import Grey
from mlp_cli.system.files import open_regular

Colours = npt.NDArray[np.uint8]
"""0..255: (rows, columns, 3), red, green and blue, or 4, with the opacity"""

MAX_SIDE = 1024
"""pixels: a larger picture is reduced to this first, which a digit of 20 pixels does not notice"""
MAX_BYTES = 2**28
"""of a picture that comes through a pipe, which may have no end"""
COLOUR_SIDE = 64
"""pixels: colours are compared in a picture reduced to this"""
LUMINANCE = np.array([0.299, 0.587, 0.114])
"""how bright red, green and blue are: ITU-R BT.601"""
DECODER_ERRORS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RuntimeError, struct.error),
)
"""what Pillow's decoders raise for damaged files, most of it not on purpose"""


def read_picture(source: Path | BinaryIO) -> Grey:
    """Return the grey levels of a picture file, upright, transparency laid on a fitting ground.

    Raises PictureError, which leaves the naming of the file to the caller, where it cannot be
    read or is not a picture.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's remarks on odd metadata are nothing to the reader of a digit, but a picture
            # that unpacks to hundreds of megabytes is refused, not just warned about.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if isinstance(source, Path):
                with open_regular(source) as file:
                    return _read(file)
            return _read(source)
    except FileNotFoundError as error:
        raise PictureError("no such file, expected a picture.") from error
    except UnidentifiedImageError as error:
        raise PictureError(
            "not a picture that can be read, expected PNG, JPEG or another known format."
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise PictureError(
            f"too many pixels, expected {Image.MAX_IMAGE_PIXELS or 0:,} at most. "
            "Make the picture smaller."
        ) from error
    except DECODER_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"cannot be read ({reason}), expected a whole picture.") from error


def read_stream(stream: TextIO | None) -> Grey:
    """Return the grey levels of a picture that comes through a pipe, such as sys.stdin.

    Raises PictureError where it is closed, too long, or not a picture.
    """
    if stream is None:
        raise PictureError("closed, expected a picture.")
    try:
        data = stream.buffer.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PictureError(f"cannot be read ({error}), expected a picture.") from error
    if len(data) > MAX_BYTES:
        raise PictureError(f"more than {MAX_BYTES:,} bytes, expected a picture.")
    return read_picture(BytesIO(data))


def take_as_is(grey: Grey, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return a picture that has MNIST's form already as it is.

    Raises PictureError where it is not of this shape (rows, columns).
    """
    if grey.shape != shape:
        found, expected = (f"{columns} x {rows}" for rows, columns in (grey.shape, shape))
        raise PictureError(f"{found} pixels, expected {expected} with --raw.")
    return grey.round().astype(np.uint8)


def _read(file: BinaryIO) -> Grey:
    with Image.open(file) as picture:
        picture.load()
        plain = _upright(_plain(picture))
    if plain.mode == "F":
        return _to_eight_bits(np.asarray(plain))
    pixels = np.asarray(plain)
    if plain.mode == "L":
        return pixels.astype(np.float32)
    return to_grey(lay_on_ground(pixels) if plain.mode == "RGBA" else pixels)


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture of any mode as L, RGB, RGBA or F, small enough for arithmetic on floats."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        plain = picture.convert("F")
    elif "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info:
        plain = picture.convert("RGBA")
        if plain.getchannel("A").getextrema() == (
            255,
            255,
        ):  # as paint programs save what has no hole
            plain = plain.convert("RGB")
    else:
        plain = picture.convert("L" if picture.mode in ("1", "L") else "RGB")
    if max(plain.size) > MAX_SIDE:
        plain.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX, reducing_gap=None)
    return plain


def _upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF says; where that is broken, leave it as it is."""
    try:
        return ImageOps.exif_transpose(picture)
    except DECODER_ERRORS:
        return picture


def to_grey(colours: Colours) -> Grey:
    """Return the mix of red, green and blue in which a picture varies most.

    So red ink on green paper as bright as itself is seen. The mix w is the direction of the
    largest variance of the colours' deviation d from the middle colour, found by multiplying
    with their products again and again, C = sum of d d^T, w := C w / |C w|_1. A weight below 0
    counts from the colour's upper end, so that the mix stays within 0..255.

    colours: (rows, columns, 3), 0..255.
    """
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return red.astype(np.float32)
    step = max(1, max(colours.shape[:2]) // COLOUR_SIDE)
    height, width = (min(step, n) for n in colours.shape[:2])  # a strip is thinner than a step
    rows, columns = colours.shape[0] // height, colours.shape[1] // width
    blocks = colours[: rows * height, : columns * width].reshape(rows, height, columns, width, 3)
    means = blocks.mean(axis=(1, 3), dtype=np.float64).reshape(-1, 3)
    deviations = means - median(means)
    products = deviations.T @ deviations
    mix = LUMINANCE
    for _ in range(30):
        image = products @ mix
        if not (length := np.abs(image).sum()):
            break
        mix = image / length
    if mix.sum() < 0:
        mix = -mix
    grey: Grey = colours @ mix.astype(np.float32) - np.float32(255 * mix[mix < 0].sum())
    clipped: Grey = grey.clip(0, 255)
    return clipped


def lay_on_ground(picture: Colours) -> Colours:
    """Return a transparent picture on a ground that lets it be seen.

    Where most of it is opaque, the ground is the opaque part's middle colour; else it is white,
    or black where the ink is light.

    picture: (rows, columns, 4), 0..255.  Returns (rows, columns, 3).
    """
    colours, alpha = picture[..., :3], picture[..., 3:] / np.float32(255)
    opaque = alpha[..., 0] > 0.5
    if opaque.mean() > 0.5:
        ground = median(colours[opaque])
    else:
        brightness = (colours * alpha).sum(axis=(0, 1)) / max(float(alpha.sum()), 1.0) @ LUMINANCE
        ground = np.full(3, 255 if brightness < 128 else 0)
    on_ground: Colours = (ground + (colours - ground) * alpha).round().astype(np.uint8)
    return on_ground


def _to_eight_bits(deep: Grey) -> Grey:
    """Bring numbers of more than eight bits, or fractions, to 0..255.

    Their range is not in the file: what goes beyond 255 is scaled down to it, and what stays
    within 0..1 up.
    """
    if not np.isfinite(deep).all():
        raise PictureError("pixels that are not finite numbers, expected grey levels.")
    # In float64 neither the range of a float32 nor what scales its smallest number overflows.
    shares = deep.astype(np.float64)
    shares -= min(shares.min(), 0)
    top = shares.max()
    if top > 255 or 0 < top <= 1:
        shares *= 255 / top
    grey: Grey = shares.astype(np.float32)
    return grey
