"""Random streams: one seed, and a separate stream for each use."""

from typing import NamedTuple

import numpy as np


class Streams(NamedTuple):
    """Streams that share a seed and nothing else: to draw from one never moves another."""

    initialisation: np.random.Generator
    shuffling: np.random.Generator
    """draws the order of the examples in an epoch, and the masks of dropout"""
    augmentation: np.random.SeedSequence
    """each epoch makes its own generator from this, so there is no state to keep"""
    holding_out: np.random.Generator
    """draws the images that a run never learns from"""


def spawn_streams(seed: int) -> Streams:
    """Return the streams of this seed, 0 or above.

    Each is a child of the seed, numbered by its position: a stream that is added at the end leaves
    the others as they are.
    """
    initialisation, shuffling, augmentation, holding_out = np.random.SeedSequence(seed).spawn(4)
    rng = np.random.default_rng
    return Streams(rng(initialisation), rng(shuffling), augmentation, rng(holding_out))
