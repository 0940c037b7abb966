"""Decide which shapes are touching digits, and split them."""

import numpy as np

from mlp_cli.images.several.certainty import mean_outputs
from mlp_cli.images.several.reader import Reader
from mlp_cli.images.several.shapes import Shape
from mlp_cli.images.several.splitting import split

WELL_READ = 0.9
"""mean output: a shape that the network reads so well is not cut"""
WIDE_PAIR, WIDE_ALONE = 0.95, 1.25
"""heights: a wider shape may be two digits, however well it is read; where neighbours do not touch,
only a still wider one"""
VERY_WIDE, TOUCHING = 1.35, 0.1
"""heights, and the fraction of the shapes: where as many are so wide and badly read, neighbours
touch"""
AGAINST_CUTS = 0.9
"""the penalty of each piece where neighbours do not touch, in units of a logarithm of certainty"""
LEAST_TO_CUT = 0.45
"""heights: a narrower shape is not cut"""
MOST_PIECES = 2500
"""that are read of a picture"""


def split_touching(shapes: list[Shape], height: float, reader: Reader) -> list[Shape]:
    """Return the shapes, those cut that are two digits or more."""
    tall = [each for each in shapes if each.box.height >= 0.5 * height]
    certainty = dict(zip(map(id, tall), reader.certainty(tall), strict=True))
    pairs = [
        each.box.width > VERY_WIDE * height and certainty[id(each)] < WELL_READ for each in tall
    ]
    touching = sum(pairs) >= max(1, TOUCHING * len(tall))
    against, widest = (0.0, WIDE_PAIR) if touching else (AGAINST_CUTS, WIDE_ALONE)
    splittings, room = [], MOST_PIECES
    # The narrow ones first: a pair is split correctly more often than a long chain.
    for each in sorted(tall, key=lambda shape: shape.box.width):
        own = min(max(each.box.height, 0.85 * height), 1.25 * height)
        wide = each.box.width / own
        if wide < LEAST_TO_CUT or (wide < widest and certainty[id(each)] >= WELL_READ) or room < 0:
            continue
        splitting = split(reader.page, each, own, reader.shape)
        if splitting.pieces:
            splittings.append(splitting)
            room -= len(splitting.pieces)
    if not splittings:
        return shapes
    images = np.stack([piece.image for each in splittings for piece in each.pieces])
    best = mean_outputs(images, reader.network)[1].max(axis=1)
    ends = np.cumsum([len(each.pieces) for each in splittings])[:-1]
    replaced = {
        id(each.shape): each.chosen(own, certainty[id(each.shape)], against)
        for each, own in zip(splittings, np.split(best, ends), strict=True)
    }
    return [piece for each in shapes for piece in replaced.get(id(each), [each])]
