"""How far an epoch is, and what it has learned from so far."""

from typing import NamedTuple

import numpy as np

from mlp_cli.nn.types import Floats, Labels


class LearnedBlock(NamedTuple):
    """Some examples of an epoch, just after they were learned from."""

    examples: int
    cost: float
    """sum of their costs, each just before the update that learned from it"""
    correct: int
    """how many were predicted correctly then: arg max of A^L is the label"""


class EpochProgress(NamedTuple):
    """How far the current epoch is."""

    epoch: int
    """1 for the first"""
    examples: int
    """learned from since the last report"""


def count_correct(outputs: Floats, labels: Labels) -> int:
    """Return how many examples have their highest output at their label.

    outputs: (n, n_L).  labels: (n,).
    """
    return int(np.count_nonzero(outputs.argmax(axis=1) == labels))
