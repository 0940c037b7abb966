"""Read a picture file as grey levels: upright, on a ground, in the colours that show ink best."""

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
"""0..255: (rows, columns, 3) for red, green and blue, or (rows, columns, 4) with the opacity"""

MOST_SIDE = 1024
"""pixels: a larger picture is reduced first, which makes no difference to a digit of 20 pixels"""
MOST_PIPED_BYTES = 2**28
"""a pipe may have no end"""
COLOUR_SAMPLE_SIDE = 64
"""pixels: colours are compared in a picture reduced to this side"""
LUMINANCE = np.array([0.299, 0.587, 0.114])
"""the brightness of red, green and blue: ITU-R BT.601"""
DECODER_ERRORS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RuntimeError, struct.error),
)
"""the errors that Pillow's decoders raise for damaged files, most of them by accident"""


def read_picture(source: Path | BinaryIO) -> Grey:
    """Return the grey levels of a picture: (rows, columns), 0..255.

    The picture is turned upright, and transparent parts get a fitting ground.
    Raises PictureError where it cannot be read or is not a picture; the caller adds the name.
    """
    try:
        with warnings.catch_warnings():
            # Ignore Pillow's warnings about odd metadata, but refuse a picture that unpacks to
            # hundreds of megabytes.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if isinstance(source, Path):
                with open_regular(source) as file:
                    return _read(file)
            return _read(source)
    except FileNotFoundError as error:
        raise PictureError("no such file, expected a picture. Check the name.") from error
    except UnidentifiedImageError as error:
        raise PictureError("not a picture that can be read. Save it as PNG or JPEG.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise PictureError(
            f"too many pixels, expected {Image.MAX_IMAGE_PIXELS or 0:,} at most. "
            "Make the picture smaller."
        ) from error
    except DECODER_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"cannot be read ({reason}), expected a complete picture.") from error


def read_stream(stream: TextIO | None, most_bytes: int = MOST_PIPED_BYTES) -> Grey:
    """Return the grey levels of a picture that comes through a pipe, such as sys.stdin.

    most_bytes: the longest input to accept.
    Raises PictureError where the pipe is closed, too long, or not a picture.
    """
    if stream is None:
        raise PictureError("closed, expected a picture.")
    try:
        data = stream.buffer.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        raise PictureError(f"cannot be read ({error}), expected a picture.") from error
    if len(data) > most_bytes:
        raise PictureError(f"more than {most_bytes:,} bytes, expected a picture.")
    return read_picture(BytesIO(data))


def take_as_is(grey: Grey, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return a picture that has MNIST's form already, unchanged but for rounding.

    Raises PictureError where it does not have this shape (rows, columns).
    """
    if grey.shape != shape:
        found, expected = (f"{columns} x {rows}" for rows, columns in (grey.shape, shape))
        raise PictureError(
            f"{found} pixels, expected {expected} with --raw. "
            "Leave it out: mlp then scales the picture."
        )
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
    """Convert a picture of any mode to L, RGB, RGBA or F, and reduce a large one."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        plain = picture.convert("F")
    elif "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info:
        plain = picture.convert("RGBA")
        # Paint programs save opaque pictures with an alpha channel too.
        if plain.getchannel("A").getextrema() == (255, 255):
            plain = plain.convert("RGB")
    else:
        plain = picture.convert("L" if picture.mode in ("1", "L") else "RGB")
    if max(plain.size) > MOST_SIDE:
        plain.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.BOX, reducing_gap=None)
    return plain


def _upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF says; leave it unchanged where the EXIF is damaged."""
    try:
        return ImageOps.exif_transpose(picture)
    except DECODER_ERRORS:
        return picture


def to_grey(colours: Colours) -> Grey:
    """Return the mix of red, green and blue in which a picture varies most: (rows, columns).

    Thus red ink shows on green paper of the same brightness. The mix w is the direction of the
    largest variance of d, the deviation from the median colour, found by power iteration:
    C = sum of d d^T, w := C w / |C w|_1. A colour with a weight below 0 counts from its upper
    end, so that the mix stays within 0..255.

    colours: (rows, columns, 3), 0..255.
    """
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return red.astype(np.float32)
    step = max(1, max(colours.shape[:2]) // COLOUR_SAMPLE_SIDE)
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
    """Return a transparent picture on a ground against which it is visible.

    Where most of it is opaque, the ground is the median colour of the opaque part. Otherwise it
    is white, or black where the ink is light.

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
    """Scale numbers of more than eight bits, or fractions, to 0..255.

    The file does not say their range: numbers beyond 255 are scaled down to it, and numbers
    within 0..1 are scaled up.
    """
    if not np.isfinite(deep).all():
        raise PictureError("pixels that are not finite numbers, expected grey levels.")
    # In float64, neither the range of a float32 nor the scale of its smallest number overflows.
    levels = deep.astype(np.float64)
    levels -= min(levels.min(), 0)
    top = levels.max()
    if top > 255 or 0 < top <= 1:
        levels *= 255 / top
    grey: Grey = levels.astype(np.float32)
    return grey
