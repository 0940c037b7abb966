"""Draw an image and a network's outputs as lines of text."""

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from mlp_cli.system.characters import padded, width_of_text

HALF_BLOCKS = " ▀▄█"
"""characters for two pixels, one above the other: neither is light, the upper, the lower, both"""
SHADES = " .:-=+*#%@"
"""characters from dark to light"""
LIGHT_LEVEL = 96
"""grey level above which a pixel is shown as light"""
LONGEST_BAR = 20
"""characters of the bar of an output of 1"""
MOST_BARS = 12
"""classes that are all shown; of more, only as many, with the highest outputs"""


def draw_image(image: npt.NDArray[np.uint8], blocks: bool) -> list[str]:
    """Return an image as text, each line showing two rows of pixels.

    With `blocks` each pixel is half a character, light or not. Otherwise each pair of pixels is an
    ASCII character, denser the lighter they are.
    """
    even = np.pad(image, ((0, len(image) % 2), (0, 0)))
    upper, lower = even[::2], even[1::2]
    if blocks:
        numbers, characters = (upper > LIGHT_LEVEL) + 2 * (lower > LIGHT_LEVEL), HALF_BLOCKS
    else:
        means = (upper.astype(int) + lower) / 2
        numbers, characters = (means / 255 * (len(SHADES) - 1)).round().astype(int), SHADES
    return ["".join(characters[number] for number in row) for row in numbers]


def draw_bars(outputs: npt.NDArray[np.floating], names: Sequence[str], blocks: bool) -> list[str]:
    """Return one line per class: its name, a bar in proportion to its output, and the output.

    Of many classes, those with the highest outputs are shown, the highest first. An output that
    is not a number has no bar.
    """
    shown = range(len(outputs))
    if len(outputs) > MOST_BARS:
        shown = np.nan_to_num(outputs, nan=-1.0).argsort(kind="stable")[::-1][:MOST_BARS].tolist()
    width = max(width_of_text(names[label]) for label in shown)
    lines = []
    for label in shown:
        output = float(outputs[label])
        # max(0, nan) is 0, and max(nan, 0) is nan
        bar = ("█" if blocks else "#") * round(LONGEST_BAR * min(max(0, output), 1))
        lines.append(f"{padded(names[label], width)}  {bar:<{LONGEST_BAR}}  {output:.3f}")
    return lines


def draw_reading(
    image: npt.NDArray[np.uint8],
    outputs: npt.NDArray[np.floating],
    names: Sequence[str],
    blocks: bool,
    width: int | None = None,
) -> str:
    """Return the image with the outputs as bars beside it, centred on its height.

    width: characters of the terminal; where it is narrower, the bars stand below the image.
    """
    left, right = draw_image(image, blocks), draw_bars(outputs, names, blocks)
    blank = " " * image.shape[1]
    if width is not None and max(map(width_of_text, right)) + len(blank) + 3 > width:
        return "\n".join(line.rstrip() for line in [*left, "", *right])
    right = [""] * ((len(left) - len(right)) // 2) + right
    pairs = zip_longest(left, right, fillvalue="")
    return "\n".join(f"{row or blank}   {bar}".rstrip() for row, bar in pairs)
