"""Decide which shapes are touching digits, and split them."""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.certainty import mean_outputs
from mlp_cli.images.several.likeness import SHAPE, likeness
from mlp_cli.images.several.reader import Reader
from mlp_cli.images.several.shapes import Shape
from mlp_cli.images.several.splitting import Splitting, split
from mlp_cli.images.several.types import PageNetworks
from mlp_cli.images.several.wholes import are_whole

WELL_READ = 0.97
"""mean output: a shape that the network reads so well is not cut"""
WIDE = 0.95
"""heights: a wider shape may be two digits, however well it is read"""
LEAST_TO_CUT, MOST_TO_CUT = 0.35, 16
"""heights: a narrower shape is not cut, and neither is a wider one: it is no number"""
LOWEST, HIGHEST = 0.85, 1.1
"""heights of a digit: those of a shape are as high as itself, within these bounds"""
ROW, HIGHEST_OF_ROW = 1.3, 0.95
"""a shape so many times as wide as high is a row, and the bound of its digits: a row that slopes is
higher than they are"""
MOST_PIECES = 2500
"""that are read of a picture"""
LEAST_CERTAINTY = 1e-3
"""the least certainty that counts"""


def split_touching(
    shapes: list[Shape], height: float, reader: Reader, networks: PageNetworks
) -> list[Shape]:
    """Return the shapes, those cut that are two digits or more.

    height: of a digit, in pixels.
    """
    tall = [each for each in shapes if each.box.height >= 0.5 * height]
    certainty = dict(zip(map(id, tall), reader.certainty(tall), strict=True))
    splittings = _splittings(tall, certainty, height, reader, networks)
    if not splittings:
        return shapes
    images = np.stack([piece.image for each in splittings for piece in each.pieces])
    windows = np.stack([piece.window for each in splittings for piece in each.pieces])
    certain = mean_outputs(images, reader.network)[1].max(axis=1)
    whole = are_whole(windows, networks.wholes)
    if reader.shape == SHAPE:
        whole = whole * likeness(images, networks.digits)
    ends = np.cumsum([len(each.pieces) for each in splittings])[:-1]
    replaced = {}
    for each, *of_pieces in zip(
        splittings, np.split(certain, ends), np.split(whole, ends), strict=True
    ):
        scores = _scores(each, certainty[id(each.shape)], *of_pieces)
        replaced[id(each.shape)] = each.best(scores)
    return [piece for each in shapes for piece in replaced.get(id(each), [each])]


def _splittings(
    shapes: list[Shape],
    certainty: dict[int, np.floating],
    height: float,
    reader: Reader,
    networks: PageNetworks,
) -> list[Splitting]:
    """Return the ways to split each shape that may be two digits or more.

    certainty: of the network that reads, by the shape's id.
    """
    splittings, room = [], MOST_PIECES
    # The narrow ones first: a pair is split correctly more often than a long chain.
    for each in sorted(shapes, key=lambda shape: shape.box.width):
        own_height = height_within(each, height)
        wide = each.box.width / own_height
        well_read = wide < WIDE and certainty[id(each)] >= WELL_READ
        if not LEAST_TO_CUT <= wide <= MOST_TO_CUT or well_read or room < 0:
            continue
        splitting = split(reader.page, each, own_height, reader.shape, networks.contacts)
        if splitting.pieces:
            splittings.append(splitting)
            room -= len(splitting.pieces)
    return splittings


def height_within(shape: Shape, height: float) -> float:
    """Return the height of a digit within a shape, in pixels.  height: of one on the page."""
    is_row = shape.box.width > ROW * shape.box.height
    highest = HIGHEST_OF_ROW if is_row else HIGHEST
    return min(max(shape.box.height, LOWEST * height), highest * height)


def _scores(
    splitting: Splitting,
    of_shape: np.floating,
    certainty: npt.NDArray[np.floating],
    whole: npt.NDArray[np.floating],
) -> npt.NDArray[np.floating]:
    """Return how good each piece is, as a logarithm.

    of_shape: how certain the network that reads is of the shape itself.
    certainty, whole: of each piece, that certainty and the probability of a whole digit.
    """
    # The shape itself is read more exactly than its pieces.
    itself = np.array([splitting.is_all(piece) for piece in splitting.pieces])
    certain = np.maximum(np.where(itself, of_shape, certainty), LEAST_CERTAINTY)
    scores: npt.NDArray[np.floating] = np.log(certain) + np.log(np.maximum(whole, LEAST_CERTAINTY))
    return scores
