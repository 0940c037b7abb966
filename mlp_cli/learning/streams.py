"""One seed, a random stream of its own for each use."""

from typing import NamedTuple

import numpy as np


class Streams(NamedTuple):
    """Streams that share a seed and nothing else: drawing from one never moves another."""

    initialisation: np.random.Generator
    shuffling: np.random.Generator
    """draws the order of an epoch's examples, and what dropout leaves out of each mini-batch"""
    augmentation: np.random.SeedSequence
    """every epoch makes a generator of its own from it, so that there is no state to keep"""


def spawn_streams(seed: int) -> Streams:
    """Return the streams of this seed, 0 or above.

    Each is a child of the seed, numbered by its place: a stream added behind leaves those before
    it as they are.
    """
    initialisation, shuffling, augmentation = np.random.SeedSequence(seed).spawn(3)
    rng = np.random.default_rng
    return Streams(rng(initialisation), rng(shuffling), augmentation)
