"""Read a picture file as grey levels: upright, on a ground, in the colours that show ink best."""

import math
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TextIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from mlp_cli.errors import PictureError
from mlp_cli.images.digit import MIN_CONTRAST, Digit, find_digit
from mlp_cli.images.formats import not_a_picture
from mlp_cli.images.frames import read_first
from mlp_cli.images.opening import DECODER_ERRORS, ORIENTATION, UPRIGHT, opened
from mlp_cli.images.reducing import reduce
from mlp_cli.images.threshold import median
from mlp_cli.images.types import Grey
from mlp_cli.system.characters import one_line
from mlp_cli.system.files import open_regular

if TYPE_CHECKING:
    from mlp_cli.images.several import Box

Colours = npt.NDArray[np.uint8]
"""0..255: (rows, columns, 3) for red, green and blue, or (rows, columns, 4) with the opacity"""

MOST_PIPED_BYTES = 1 << 26
"""a pipe may have no end, and what comes through it is in memory beside the picture"""
MOST_EXIF_BYTES = 1 << 20
COLOUR_SAMPLE_SIDE = 64
"""pixels: colours are compared in a picture reduced to this side"""
LUMINANCE = np.array([0.299, 0.587, 0.114])
"""the brightness of red, green and blue: ITU-R BT.601"""


class Picture(NamedTuple):
    """A picture that was read."""

    grey: Grey
    """(rows, columns), 0..255"""
    remarks: tuple[str, ...] = ()
    """what of the file was not read, each as a clause"""
    size: tuple[int, int] = (0, 0)
    """rows and columns of the picture in the file, upright: those of `grey`, or more"""

    def in_file(self, box: "Box") -> "Box":
        """Return where a box of `grey` is in the file's picture, upright."""
        rows, columns = self.size
        down, across = rows / self.grey.shape[0], columns / self.grey.shape[1]
        return box._replace(
            left=int(box.left * across),
            top=int(box.top * down),
            right=min(math.ceil(box.right * across), columns),
            bottom=min(math.ceil(box.bottom * down), rows),
        )


def read_picture(source: str | Path | BinaryIO) -> Grey:
    """Return the grey levels of a picture, a file by its name or open: (rows, columns), 0..255.

    The picture is turned upright, and transparent parts get a fitting ground. Of several frames
    or pages, the first is read that is not blank.
    Raises PictureError where it cannot be read or is not a picture; the caller adds the name.
    """
    return open_picture(Path(source) if isinstance(source, str) else source).grey


def open_picture(source: Path | BinaryIO) -> Picture:
    """Return what `read_picture` does, and say what of the file was not read.

    Raises PictureError where it cannot be read or is not a picture; the caller adds the name.
    """
    try:
        if isinstance(source, Path):
            with open_regular(source) as file:
                return _read(file)
        return _read(source)
    except FileNotFoundError as error:
        raise PictureError("no such file, expected a picture. Check the name.") from error
    except MemoryError as error:
        raise PictureError("not enough memory to read it. Make the picture smaller.") from error
    except DECODER_ERRORS as error:
        reason = one_line(getattr(error, "strerror", None) or error)
        raise PictureError(f"cannot be read ({reason}), expected a complete picture.") from error


def open_stream(stream: TextIO | None, most_bytes: int = MOST_PIPED_BYTES) -> Picture:
    """Return a picture that comes through a pipe, such as sys.stdin.

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
        raise PictureError(
            f"more than {most_bytes:,} bytes, expected a picture. Give the file by its name."
        )
    return open_picture(BytesIO(data))


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


def digit_in(picture: Picture, shape: tuple[int, ...], *, raw: bool) -> Digit:
    """Return the digit in a picture, or with `raw` the picture itself, with reasons to doubt it.

    Raises PictureError for a blank picture, and with `raw` for one of another shape.
    """
    digit = Digit(take_as_is(picture.grey, shape)) if raw else find_digit(picture.grey, shape)
    return replace(digit, warnings=(*picture.remarks, *digit.warnings))


def _read(file: BinaryIO) -> Picture:
    try:
        with opened(file) as (picture, bounded, full):
            grey, remarks = read_first(picture, bounded, _grey)
            # A JPEG has one picture, which may be decoded at a part of its size.
            size = full if isinstance(picture, JpegImageFile) else picture.size
            return Picture(grey, remarks, _turned(size, grey.shape))
    except UnidentifiedImageError as error:
        raise not_a_picture(file) from error


def _grey(picture: Image.Image) -> Grey:
    """Return the grey levels of the frame that a picture is at."""
    plain = _upright(reduce(picture))
    pixels = np.asarray(plain)
    if plain.mode == "F":
        return _to_eight_bits(pixels)
    if plain.mode == "L":
        return pixels.astype(np.float32)
    return to_grey(lay_on_ground(pixels) if plain.mode == "RGBA" else pixels)


def _turned(size: tuple[int, int], shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the rows and columns of a picture that was turned upright, or not, to this shape.

    size: its columns and rows before.
    """
    rows, columns = shape
    wide, high = size
    is_turned = abs(high * columns - wide * rows) > abs(wide * columns - high * rows)
    return (wide, high) if is_turned else (high, wide)


def _upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF says; leave it unchanged where the EXIF is damaged or endless."""
    if len(picture.info.get("exif", b"")) > MOST_EXIF_BYTES:
        return picture
    try:
        # Without this, a picture that is upright already would be copied.
        is_turned = picture.getexif().get(ORIENTATION, UPRIGHT) != UPRIGHT
        return ImageOps.exif_transpose(picture) if is_turned else picture
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
    # Along rows first, where neighbours in memory are added: a quarter of the time of a mean.
    sums = blocks.sum(axis=1, dtype=np.int64).sum(axis=2).reshape(-1, 3)
    means = sums / (height * width)
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
        ground = median(colours[opaque]).astype(np.float32)
    else:
        brightness = (colours * alpha).sum(axis=(0, 1)) / max(float(alpha.sum()), 1.0) @ LUMINANCE
        ground = np.full(3, 255 if brightness < 128 else 0, np.float32)
    on_ground: Colours = (ground + (colours - ground) * alpha).round().astype(np.uint8)
    return on_ground


def _to_eight_bits(deep: Grey) -> Grey:
    """Scale numbers of more than eight bits, or fractions, to 0..255.

    The file does not say their range. Numbers below 0, beyond 255 or within 0..1 are scaled by
    their own range; so are fractions that differ by less than a picture that is not blank.
    """
    if not np.isfinite(deep).all():
        raise PictureError("pixels that are not finite numbers, expected grey levels.")
    # In float64, neither the range of a float32 nor the scale of its smallest number overflows.
    levels = deep.astype(np.float64)
    least = min(levels.min(), 0)
    levels -= least
    top = levels.max()
    is_small = top < MIN_CONTRAST and (least < 0 or (levels % 1).any())
    if top > 255 or 0 < top <= 1 or (top > 0 and is_small):
        levels *= 255 / top
    grey: Grey = levels.astype(np.float32)
    return grey
