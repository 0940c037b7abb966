"""Find every digit in a picture, in reading order: lines from the top, each from the left.

What is dark enough falls into parts. The lines of the paper, frames and specks go, parts that
belong together are joined, and touching digits are split, by two networks that know how. A third
knows what is no digit: words are left out, and other such shapes are doubted.
"""

from mlp_cli.images.several.finding import find_digits
from mlp_cli.images.several.types import (
    Box,
    DigitsFound,
    Outputs,
    PageNetworks,
    PlacedDigit,
    ReadImages,
)

__all__ = [
    "Box",
    "DigitsFound",
    "Outputs",
    "PageNetworks",
    "PlacedDigit",
    "ReadImages",
    "find_digits",
]
