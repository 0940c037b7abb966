"""Draw on a picture where its digits are, and what they are read as."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, features

from mlp_cli.images.several import Box
from mlp_cli.images.types import Grey

BOX_COLOUR = (220, 30, 30)
LABEL_COLOUR = (255, 255, 255)
LEAST_SIDE = 600
"""pixels: a picture whose longer side is shorter is enlarged, so that labels can be read"""
LABEL_SIZES = 11, 28
"""pixels: the least and the largest height of a label's letters"""
LABEL_SHARE = 1 / 3
"""height of a label's letters, as a fraction of the boxes' mean height"""


def draw_boxes(grey: Grey, digits: Iterable[tuple[Box, str]]) -> npt.NDArray[np.uint8]:
    """Return a picture with a box around every digit, and its name above: (rows, columns, 3).

    A small picture is enlarged.

    grey: (rows, columns), 0..255.  digits: of each, its box and its name, in ASCII.
    """
    picture = Image.fromarray(grey.round().astype(np.uint8)).convert("RGB")
    scale = -(-LEAST_SIDE // max(picture.size)) if max(picture.size) < LEAST_SIDE else 1
    picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BOX)
    boxes = [(Box(*(scale * side for side in box)), name) for box, name in digits]
    if boxes:
        draw = ImageDraw.Draw(picture)
        height = sum(box.bottom - box.top for box, _ in boxes) / len(boxes)
        least, most = LABEL_SIZES
        # Without FreeType, Pillow has a font of one size.
        is_scalable = features.check_module("freetype2")
        wanted = min(max(least, height * LABEL_SHARE), most)
        font = ImageFont.load_default(wanted if is_scalable else None)
        for box, _ in boxes:
            draw.rectangle((box.left - 1, box.top - 1, box.right, box.bottom), outline=BOX_COLOUR)
        for box, name in boxes:
            _label(draw, box, name, font)
    return np.asarray(picture)


def _label(
    draw: ImageDraw.ImageDraw,
    box: Box,
    name: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Write a name above a box; inside it where the picture ends above."""
    left, top, right, bottom = draw.textbbox((0, 0), name, font=font)
    x, y = box.left - 1, max(0, box.top - 2 - (bottom - top))
    draw.rectangle((x, y, x + right - left + 1, y + bottom - top + 1), fill=BOX_COLOUR)
    draw.text((x + 1 - left, y + 1 - top), name, fill=LABEL_COLOUR, font=font)
