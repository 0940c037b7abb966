"""How many threads matrix products get."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise

from threadpoolctl import threadpool_limits

MULTIPLICATIONS_PER_THREAD = 10_000_000
"""multiplications in the largest product for each thread that works on it"""


def choose_threads(sizes: Sequence[int], batch_size: int, busy_cores: int = 0) -> int:
    """Return how many threads make the matrix products of training fastest.

    To wake a pool for a small product costs more time than the pool saves. Measured on two cores:
    the time of a step with two threads, divided by its time with one (OpenBLAS, float32):

        784-30-10, m = 10      0.2 million multiplications   1.00 (OpenBLAS itself uses one)
        784-100-10, m = 10     0.8                           1.84
        784-800-10, m = 10     6.3                           1.59
        784-100-10, m = 100    7.8                           1.04
        784-256-128-10, m=100  20                            0.93
        784-800-10, m = 100    63                            0.81
        784-1000-500-10, m=100 78                            0.74

    busy_cores: how many cores another process needs, for example one that distorts images.
    """
    largest = max(n_in * n_out for n_in, n_out in pairwise(sizes))
    return max(
        1, min(largest * batch_size // MULTIPLICATIONS_PER_THREAD, available_cores() - busy_cores)
    )


def available_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def limit_threads(threads: int) -> AbstractContextManager[object]:
    """Give matrix products this many threads while the block lasts."""
    limits: AbstractContextManager[object] = threadpool_limits(threads, user_api="blas")
    return limits
