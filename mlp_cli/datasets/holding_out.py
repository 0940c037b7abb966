"""Which training images are held out: the last ones, or a sample of every class."""

import math

import numpy as np

from mlp_cli.datasets.arrays import ExampleIndices, LabelArray


def hold_out_sample(labels: LabelArray, count: int, rng: np.random.Generator) -> ExampleIndices:
    """Return the indices, ascending, of a random sample in which the classes are as in the whole.

    A set that is sorted by class has only one class among its last images. Every class keeps an
    example to learn from, as long as so many are left.

    labels: (n,).  count: below n.
    """
    counts = np.bincount(labels)
    drawn = [
        rng.permutation(np.flatnonzero(labels == label))[:share]
        for label, share in enumerate(_shares(counts.tolist(), count))
    ]
    return np.sort(np.concatenate(drawn))


def _shares(counts: list[int], count: int) -> list[int]:
    """Return how many examples of each class are held out: `count` in all.

    counts: how many there are.  The largest remainders are rounded up.
    """
    exact = [count * n / sum(counts) for n in counts]
    shares = [min(math.floor(share), max(n - 1, 0)) for share, n in zip(exact, counts, strict=True)]
    while (missing := count - sum(shares)) > 0:
        # One that keeps an example goes first; then the one that rounding took most from.
        order = sorted(
            (label for label, n in enumerate(counts) if shares[label] < n),
            key=lambda label: (counts[label] - shares[label] < 2, shares[label] - exact[label]),
        )
        for label in order[:missing]:
            shares[label] += 1
    return shares
