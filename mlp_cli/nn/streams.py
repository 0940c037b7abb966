"""One seed, a random stream of its own for each use."""

from typing import NamedTuple

import numpy as np


class Streams(NamedTuple):
    """Generators that share a seed and nothing else: drawing from one never moves another."""

    initialisation: np.random.Generator
    shuffling: np.random.Generator


def spawn_streams(seed: int) -> Streams:
    """Return the streams of this seed, 0 or above.

    Each is a child of the seed, numbered by its place: a stream added behind leaves those before
    it as they are.
    """
    children = np.random.SeedSequence(seed).spawn(len(Streams._fields))
    return Streams(*map(np.random.default_rng, children))
