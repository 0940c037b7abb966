"""A user's picture to what MNIST looks like: a light digit on black, scaled and centred.

MNIST's own recipe: the digit's box is scaled to fit 20 x 20 keeping its aspect, antialiased,
and placed in 28 x 28 with its centre of mass in the middle. What comes before it here finds
the digit: which pixels are ink, and which way round light and dark are.
"""

import struct
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from mlp_cli.errors import PictureError

Grey = npt.NDArray[np.float64]
"""Grey levels 0..255 as floats: (rows, columns)."""

MAX_SIDE = 2048
"""pixels: a larger picture is reduced to this first, which a digit of 20 pixels does not notice"""
MIN_CONTRAST = 16.0
"""grey levels between the lightest and the darkest pixel of a picture that holds something"""
DECODER_ERRORS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RuntimeError, struct.error),
)
"""what Pillow's decoders raise for damaged files, most of it not on purpose"""
DIGIT_SHARE = 20 / 28
"""of the image's side that the digit's box fills"""


def read_picture(path: Path) -> Grey:
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
            with path.open("rb") as file, Image.open(file) as picture:
                picture.load()
                return _to_grey(_upright(picture))
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


def take_as_is(grey: Grey, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return a picture that has MNIST's form already as it is.

    Raises PictureError where it is not of this shape (rows, columns).
    """
    if grey.shape != shape:
        found, expected = (f"{columns} x {rows}" for rows, columns in (grey.shape, shape))
        raise PictureError(f"{found} pixels, expected {expected} with --raw.")
    return grey.round().astype(np.uint8)


def normalise(grey: Grey, shape: tuple[int, ...] = (28, 28)) -> npt.NDArray[np.uint8]:
    """Return the digit of a picture in MNIST's form: (rows, columns), grey levels 0..255.

    Raises PictureError for a blank picture.
    """
    ink = find_ink(grey)
    return centre(scale_to_fit(crop(ink), shape), shape)


def find_ink(grey: Grey) -> Grey:
    """Return how much ink each pixel holds, 0..255: light on dark whichever way it was drawn.

    The ground is what the border mostly is; ink is the distance from it, as a share of the
    distance that most ink has. What is nearer to the ground than a quarter of that is paper, or
    noise. Raises PictureError where nothing stands out.
    """
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    ground = np.median(border)
    threshold = otsu_threshold(grey)
    ink = ground - grey if ground > threshold else grey - ground
    ink = np.clip(ink, 0, None)
    if np.ptp(grey) < MIN_CONTRAST or not ink.any():
        raise PictureError("blank, nothing stands out from its ground; expected a digit.")
    level = np.median(ink[ink > abs(threshold - ground)])
    ink[ink < level / 4] = 0
    strength: Grey = np.minimum(ink / level, 1) * 255
    return strength


def otsu_threshold(grey: Grey) -> float:
    """Return the grey level that splits a picture's pixels best into two groups.

    It maximises the variance between the groups, w_0 w_1 (mu_0 - mu_1)^2.
    Source: N. Otsu, IEEE Trans. Syst. Man Cybern. 9 (1979), 62-66.
    """
    counts = np.bincount(grey.astype(np.uint8).ravel(), minlength=256)
    below = np.cumsum(counts)[:-1]
    above = grey.size - below
    sums = np.cumsum(counts * np.arange(256))
    means_apart = sums[:-1] * above - (sums[-1] - sums[:-1]) * below
    spread = np.divide(
        means_apart.astype(float) ** 2,
        below * above.astype(float),
        out=np.zeros(255),
        where=(below > 0) & (above > 0),
    )
    # Between two groups far apart every level splits them alike: take the middle of the plateau.
    best = np.flatnonzero(spread == spread.max())
    return float(best.mean()) + 0.5


def crop(ink: Grey) -> Grey:
    """Return the box around all ink."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def scale_to_fit(ink: Grey, shape: tuple[int, ...]) -> Grey:
    """Return the box scaled, antialiased and keeping its aspect, to fit 20/28 of this shape."""
    rows, columns = ink.shape
    factor = DIGIT_SHARE * min(shape[0] / rows, shape[1] / columns)
    size = max(1, round(columns * factor)), max(1, round(rows * factor))
    picture = Image.fromarray(ink.astype(np.float32))
    return np.clip(np.asarray(picture.resize(size, Image.Resampling.LANCZOS), np.float64), 0, 255)


def centre(ink: Grey, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return an image of this shape with the centre of mass of the ink in its middle.

    The middle is the pixel of index n / 2, as in MNIST: in all but one or two of its 70,000
    images the centre of mass lies within half a pixel of row 14 and column 14. A digit so
    lopsided that it would leave the image stops at the edge.
    """
    image = np.zeros(shape, np.uint8)
    place = []
    for axis, (length, room) in enumerate(zip(ink.shape, shape, strict=True)):
        mass = ink.sum(axis=1 - axis)
        middle = mass @ np.arange(length) / mass.sum()
        start = min(max(round(room / 2 - float(middle)), 0), room - length)
        place.append(slice(start, start + length))
    image[tuple(place)] = ink.round()
    return image


def _upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF says; where that is broken, leave it as it is."""
    try:
        return ImageOps.exif_transpose(picture)
    except DECODER_ERRORS:
        return picture


def _to_grey(picture: Image.Image) -> Grey:
    """Return the grey levels of a picture of any mode."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _to_eight_bits(np.asarray(picture, np.float64))
    if "A" in picture.getbands() or "transparency" in picture.info:
        return _on_ground(_reduce(picture.convert("RGBA").convert("LA")))
    return np.asarray(_reduce(picture.convert("L")), np.float64)


def _reduce(picture: Image.Image) -> Image.Image:
    """Make a picture small enough for arithmetic on eight bytes a pixel."""
    picture.thumbnail((MAX_SIDE, MAX_SIDE), reducing_gap=2.0)
    return picture


def _to_eight_bits(deep: Grey) -> Grey:
    """Bring numbers of more than eight bits, or fractions, to 0..255.

    Their range is not in the file: what goes beyond 255 is scaled down to it, and what stays
    within 0..1 up.
    """
    if not np.isfinite(deep).all():
        raise PictureError("pixels that are not finite numbers, expected grey levels.")
    deep = deep - min(deep.min(), 0)
    top = deep.max()
    grey: Grey = deep * (255 / top) if top > 255 or 0 < top <= 1 else deep
    return grey


def _on_ground(picture: Image.Image) -> Grey:
    """Lay a transparent picture on white, or on black where its ink is light."""
    grey, alpha = (np.asarray(band, np.float64) for band in picture.split())
    ink = np.average(grey, weights=alpha) if alpha.any() else 0.0
    ground = 255.0 if ink < 128 else 0.0
    picture_on_ground: Grey = ground + (grey - ground) * (alpha / 255)
    return picture_on_ground
