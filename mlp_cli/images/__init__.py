"""A user's picture to what MNIST looks like: a light digit on black, scaled and centred.

MNIST's own recipe: the digit's box is scaled to fit 20 x 20 keeping its aspect, antialiased,
and placed in 28 x 28 with its centre of mass in the middle. What comes before it here finds
the digit, and gives its strokes the width that they have in MNIST.
"""

from mlp_cli.images.digit import Digit, find_digit, normalise
from mlp_cli.images.folder import Places, pictures_in, save_image
from mlp_cli.images.reading import read_picture, read_stream, take_as_is
from mlp_cli.images.show import draw_answer

__all__ = [
    "Digit",
    "Places",
    "draw_answer",
    "find_digit",
    "normalise",
    "pictures_in",
    "read_picture",
    "read_stream",
    "save_image",
    "take_as_is",
]
