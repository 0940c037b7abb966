"""Choose the frame of a picture that is read: the first that is not blank."""

import math
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from mlp_cli.errors import PictureError
from mlp_cli.images.bounded import BoundedFile
from mlp_cli.images.digit import MIN_CONTRAST
from mlp_cli.images.opening import DECODER_ERRORS, check_pixels, has_room_for_next
from mlp_cli.images.types import Grey

MOST_BLANK = 20
"""frames at the beginning that may be blank"""
MOST_COUNTED_BYTES = {"GIF": 1 << 24, "TIFF": 1 << 20}
"""read to count the frames; to visit more may take minutes"""
ALONE = ("JPEG", "MPO")
"""the formats whose further pictures belong to the first, such as its depth in a photograph"""


def read_first(
    picture: ImageFile, file: BoundedFile, read: Callable[[Image.Image], Grey]
) -> tuple[Grey, tuple[str, ...]]:
    """Return the grey levels of the first frame that is not blank, and what is not read.

    file: that of the picture.  read: returns the grey levels of the frame that the picture is at.
    """
    grey = read(picture)
    with suppress(*DECODER_ERRORS, PictureError):  # in a later frame: the first one stands
        if picture.format not in ALONE and getattr(picture, "is_animated", False):
            name = "page" if picture.format == "TIFF" else "frame"
            number, grey = _find(picture, read, grey)
            return grey, (_remark(name, number, _count(picture, file)),)
    return grey, ()


def _find(picture: ImageFile, read: Callable[[Image.Image], Grey], first: Grey) -> tuple[int, Grey]:
    """Return the first frame that is not blank, counted from 1; the first of all if none is."""
    grey = first
    with suppress(EOFError):
        for number in range(1, MOST_BLANK + 1):
            if np.ptp(grey) >= MIN_CONTRAST:
                return number, grey
            if not has_room_for_next(picture):
                break
            picture.seek(number)
            check_pixels(picture)
            grey = read(picture)
    return 1, first


def _count(picture: ImageFile, file: BoundedFile) -> int | None:
    """Return how many frames a picture has, or None where they are too many to visit."""
    file.left = MOST_COUNTED_BYTES.get(picture.format or "", math.inf)
    try:
        return int(getattr(picture, "n_frames", 1))
    except PictureError:
        return None


def _remark(name: str, number: int, count: int | None) -> str:
    of = "several" if count is None else f"{count:,}"
    if number == 1:
        return f"only the first of {of} {name}s is read"
    return f"only {name} {number} of {of} is read; those before it are blank"
