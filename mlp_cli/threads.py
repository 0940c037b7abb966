"""How many threads the products of matrices get."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise

from threadpoolctl import threadpool_limits

WORTHWHILE = 1_000_000
"""multiplications in a product from which on a second thread pays"""


def choose_threads(sizes: Sequence[int], batch_size: int) -> int:
    """Return how many threads the products of training deserve: one, or one for each core.

    A pool that wakes for every small product costs more than it brings. Measured on two cores,
    one epoch with two threads as a share of one with one: TODO.
    """
    largest = max(n_in * n_out for n_in, n_out in pairwise(sizes))
    return available_cores() if largest * batch_size >= WORTHWHILE else 1


def available_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def limit_threads(threads: int) -> AbstractContextManager[object]:
    """Give the products of matrices this many threads while the block lasts."""
    limits: AbstractContextManager[object] = threadpool_limits(threads, user_api="blas")
    return limits
