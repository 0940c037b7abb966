"""Ask a network where digits touch: which pixels of their ink border on another digit's."""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.types import ReadImages
from mlp_cli.images.types import IndexArray, Mask

WORKING_HEIGHT = 40
"""rows of a digit where a network looks for contacts"""
WINDOW = 40
"""rows and columns around a pixel that the network sees, each two by two as one"""
WINDOW_SHAPE = WINDOW // 2, WINDOW // 2
CONTACT = 1
"""the class of a pixel beside another digit's; 0 is that of any other"""
RARER = 0.12
"""how much rarer contacts are, beside other pixels, in writing than in what the network learns"""
GAIN = 0.11
"""the cost of a pixel that is no contact with odds of e to 1"""
LEAST_PROBABILITY = 1e-9
"""the least probability that counts"""

Windows = npt.NDArray[np.uint8]
Costs = npt.NDArray[np.float64]


def windows_around(mask: Mask, rows: IndexArray, columns: IndexArray) -> Windows:
    """Return what lies around pixels of a mask: (n, *WINDOW_SHAPE), 0..252.

    rows, columns: of the pixels, (n,).
    """
    ink = np.pad(mask, WINDOW // 2).astype(np.uint8)
    # Of two by two pixels: 0 to 4 are ink.
    fours = ink[:-1, :-1] + ink[1:, :-1] + ink[:-1, 1:] + ink[1:, 1:]
    side = WINDOW - 1
    around = np.lib.stride_tricks.sliding_window_view(fours, (side, side))[:, :, ::2, ::2]
    windows: Windows = around[rows, columns] * np.uint8(63)
    return windows


def cutting_cost(mask: Mask, contacts: ReadImages) -> Costs:
    """Return what it costs to cut through each pixel of a mask: 0 off the mask, at most 1.

    It falls with the probability p of a contact, as min(1, -GAIN log p).

    mask: digits WORKING_HEIGHT rows high.  contacts: the network.
    """
    cost = np.zeros(mask.shape)
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return cost
    outputs = contacts(windows_around(mask, rows, columns))
    # The network has learned from more contacts than there are among the pixels of digits.
    probability = with_odds(outputs[:, CONTACT], RARER)
    cost[rows, columns] = np.minimum(1, -GAIN * np.log(np.maximum(probability, LEAST_PROBABILITY)))
    return cost


def with_odds(probability: npt.NDArray[np.floating], factor: float) -> npt.NDArray[np.float64]:
    """Return a probability p whose odds are this factor times as high: f p / (f p + 1 - p).

    It corrects the output of a network whose class is rarer, or more frequent, than it was among
    the examples that it learned from.
    """
    likely = factor * probability.astype(np.float64)
    return likely / (likely + 1 - probability)
