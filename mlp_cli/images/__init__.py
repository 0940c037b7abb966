"""Turn a user's picture into MNIST's form: a light digit on black, scaled and centred.

MNIST's own recipe scales the digit's box to fit 20 x 20, keeping its aspect, antialiases it, and
places it in 28 x 28 with its centre of mass in the middle. The steps before it find the digit and
give its strokes the width that they have in MNIST.
"""

from mlp_cli.images.digit import Digit, find_digit, normalise
from mlp_cli.images.folder import Listing, SaveFolder, pictures_in, save_image
from mlp_cli.images.reading import (
    Picture,
    digit_in,
    open_picture,
    open_stream,
    read_picture,
    take_as_is,
)
from mlp_cli.images.show import draw_reading

__all__ = [
    "Digit",
    "Listing",
    "Picture",
    "SaveFolder",
    "digit_in",
    "draw_reading",
    "find_digit",
    "normalise",
    "open_picture",
    "open_stream",
    "pictures_in",
    "read_picture",
    "save_image",
    "take_as_is",
]
