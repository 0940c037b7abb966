"""Reduce a picture of any mode to grey levels or colours of a small size, in little memory."""

import math
from collections.abc import Callable, Iterator

from PIL import Image

MOST_SIDE = 1024
"""pixels: a larger picture is reduced first, which makes no difference to a digit of 20 pixels"""
STRIP_PIXELS = 1 << 20
"""converted at once"""
OPAQUE = (255, 255)
"""the least and the largest opacity of a picture without transparent parts"""


def reduce(picture: Image.Image) -> Image.Image:
    """Return a picture of any mode as L, RGB, RGBA or F, no side longer than MOST_SIDE.

    A large one is converted strip by strip, and each strip is narrowed at once. The pixels are
    those of the whole picture converted and then reduced, in a fraction of the memory.
    """
    mode, (columns, rows) = _plain_mode(picture), _fit(*picture.size)
    if (columns, rows) == picture.size:
        plain = picture.convert(mode)
    else:
        # Colours are multiplied by their opacity, so that a transparent pixel has none.
        inner = "RGBa" if mode == "RGBA" else mode
        narrow = Image.new(inner, (columns, picture.height))
        for top, strip in _strips(picture):
            short = _in_mode(_in_mode(strip, mode), inner)
            narrow.paste(short.resize((columns, short.height), Image.Resampling.BOX), (0, top))
        plain = _in_mode(narrow.resize((columns, rows), Image.Resampling.BOX), mode)
    plain.info = picture.info.copy()
    return plain


def _in_mode(picture: Image.Image, mode: str) -> Image.Image:
    """Return a picture in a mode: itself where it has that one, which Pillow would copy."""
    return picture if picture.mode == mode else picture.convert(mode)


def _strips(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Yield the picture in strips of full width, each with the row that it begins at."""
    height = max(1, STRIP_PIXELS // picture.width)
    for top in range(0, picture.height, height):
        yield top, picture.crop((0, top, picture.width, min(top + height, picture.height)))


def _plain_mode(picture: Image.Image) -> str:
    """Return the mode to convert a picture to: L, RGB, RGBA or F."""
    bands = picture.getbands()
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return "F"
    if "A" in bands or "a" in bands or "transparency" in picture.info:
        # Paint programs save opaque pictures with an alpha channel too.
        return "RGB" if _is_opaque(picture) else "RGBA"
    return "L" if picture.mode in ("1", "L") else "RGB"


def _is_opaque(picture: Image.Image) -> bool:
    if "A" in picture.getbands():
        return picture.getchannel("A").getextrema() == OPAQUE
    strips = (strip.convert("RGBA") for _, strip in _strips(picture))
    return all(strip.getchannel("A").getextrema() == OPAQUE for strip in strips)


def _fit(width: int, height: int) -> tuple[int, int]:
    """Return the size within MOST_SIDE, the aspect kept as well as whole pixels can."""
    if max(width, height) <= MOST_SIDE:
        return width, height
    aspect = width / height
    if aspect <= 1:
        across = MOST_SIDE * aspect
        return _nearest(across, lambda n: abs(aspect - n / MOST_SIDE)), MOST_SIDE
    down = MOST_SIDE / aspect
    return MOST_SIDE, _nearest(down, lambda n: abs(aspect - MOST_SIDE / n) if n else 0)


def _nearest(number: float, error: Callable[[int], float]) -> int:
    """Return the whole number next to this one, 1 or above, that has the smaller error."""
    return max(min(math.floor(number), math.ceil(number), key=error), 1)
