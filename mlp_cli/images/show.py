"""A picture and a network's answer as lines of text."""

from itertools import zip_longest

import numpy as np
import numpy.typing as npt

BLOCKS = " ▀▄█"
"""two pixels, one above the other, by which of them are light: neither, upper, lower, both"""
SHADES = " .:-=+*#%@"
LIGHT = 96
"""grey levels: a pixel above this is shown as light"""
BAR = 20
"""characters of the longest bar"""


def draw_image(image: npt.NDArray[np.uint8], blocks: bool) -> list[str]:
    """Return an image as text, two rows of pixels a line.

    With `blocks` each pixel is half a character, light or not; without them each line is a row
    of ASCII characters, the denser the lighter the two pixels are.
    """
    even = np.pad(image, ((0, len(image) % 2), (0, 0)))
    upper, lower = even[::2], even[1::2]
    if blocks:
        numbers, characters = (upper > LIGHT) + 2 * (lower > LIGHT), BLOCKS
    else:
        means = (upper.astype(int) + lower) / 2
        numbers, characters = (means / 255 * (len(SHADES) - 1)).round().astype(int), SHADES
    return ["".join(characters[number] for number in row) for row in numbers]


def draw_bars(outputs: npt.NDArray[np.floating], blocks: bool) -> list[str]:
    """Return one line per class: its number, a bar as long as its output, and the output.

    An output that is not a number has no bar.
    """
    lines = []
    for number, output in enumerate(outputs.tolist()):
        # max(0, nan) is 0, and max(nan, 0) is nan
        bar = ("█" if blocks else "#") * round(BAR * min(max(0, output), 1))
        lines.append(f"{number}  {bar:<{BAR}}  {output:.3f}")
    return lines


def draw_answer(
    image: npt.NDArray[np.uint8], outputs: npt.NDArray[np.floating], blocks: bool
) -> str:
    """Return the image with the outputs as bars beside it, in the middle of its height."""
    left, right = draw_image(image, blocks), draw_bars(outputs, blocks)
    right = [""] * ((len(left) - len(right)) // 2) + right
    blank = " " * image.shape[1]
    pairs = zip_longest(left, right, fillvalue="")
    return "\n".join(f"{row or blank}   {bar}".rstrip() for row, bar in pairs)
