"""Ask a network which pieces of a shape are whole digits: it sees a piece, and the rest."""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.contacts import WORKING_HEIGHT, with_odds
from mlp_cli.images.several.types import ReadImages
from mlp_cli.images.types import Ink

SIDE = 28
"""rows and columns of what the network sees; a digit is WORKING_HEIGHT / 2 rows high there"""
PIECE_SHAPE = 2 * SIDE, SIDE
"""of the piece, and below it the rest of its shape in the same place"""
WHOLE = 1
"""the class of a piece that is a whole digit; 0 is that of any other"""
WINDOW_MARGIN = WORKING_HEIGHT
"""rows and columns around a shape, so that no window leaves it"""

OFTENER = 3.0
"""how much more frequent whole digits are, beside other pieces, where one has to choose than in
what the network learns"""

Window = npt.NDArray[np.uint8]


def halved(ink: Ink) -> Ink:
    """Return ink in half its size, with a margin of no ink around it."""
    rows, columns = ink.shape
    wide = np.pad(
        ink,
        ((WINDOW_MARGIN, WINDOW_MARGIN + rows % 2), (WINDOW_MARGIN, WINDOW_MARGIN + columns % 2)),
    )
    half: Ink = wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2]
    return half * np.float32(0.25)


def window_of(piece: Ink, shape: Ink) -> Window:
    """Return a piece around its centre of mass, and below it the rest of the shape: PIECE_SHAPE.

    piece, shape: halved, 0..1, of the same size.
    """
    mass = piece.sum()
    places = []
    for axis, side in enumerate(piece.shape):
        middle = round(float(piece.sum(axis=1 - axis) @ np.arange(side) / mass))
        places.append(slice(middle - SIDE // 2, middle + SIDE // 2))
    inner = tuple(places)
    both = np.concatenate([piece[inner], shape[inner] - piece[inner]])
    window: Window = (255 * both).astype(np.uint8)
    return window


def are_whole(windows: Window, wholes: ReadImages) -> npt.NDArray[np.float64]:
    """Return the probability that each piece is a whole digit.

    windows: of the pieces, (n, *PIECE_SHAPE).  wholes: the network.
    """
    return with_odds(wholes(windows)[:, WHOLE], OFTENER)
