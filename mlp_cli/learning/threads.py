"""How many threads matrix products get."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from mlp_cli.learning.arithmetic import read_arithmetic
from mlp_cli.nn.network import IMAGES_AT_ONCE
from mlp_cli.system.cores import usable_cores
from mlp_cli.system.memory import has_room

MULTIPLICATIONS_PER_THREAD = 10_000_000
"""multiplications in the largest product for each thread that works on it"""
BYTES_PER_THREAD = 48 << 20
"""of OpenBLAS: 32 MiB to work in, a stack of 8 MiB, and a little more"""
SIDE_OF_A_LARGE_PRODUCT = 300
"""of square matrices: smaller products need no memory to work in. It takes half a millisecond"""
VARIABLES = {
    "openblas": "OPENBLAS_NUM_THREADS",
    "mkl": "MKL_NUM_THREADS",
    "accelerate": "VECLIB_MAXIMUM_THREADS",
    "blis": "BLIS_NUM_THREADS",
}
"""the environment variable that bounds the threads of each BLAS library"""


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
    deserved = largest * batch_size // MULTIPLICATIONS_PER_THREAD
    if deserved <= 1:
        return 1
    return max(1, min(deserved, most_threads() - busy_cores))


def most_threads(environment: Mapping[str, str] = os.environ) -> int:
    """Return the most threads that are chosen here: the cores, and what the environment allows.

    environment: variables such as OPENBLAS_NUM_THREADS=1, which is how users bound the BLAS
    library. Only --threads goes beyond it.
    """
    blas = read_arithmetic()["blas"]
    own = [name for library, name in VARIABLES.items() if library in blas]
    texts = (environment.get(name, "") for name in [*own, "OMP_NUM_THREADS"])
    # There may be one number for each level of threads within threads: "4,2".
    numbers = [text.split(",")[0].strip() for text in texts]
    bounds = [int(number) for number in numbers if number.isdecimal() and int(number) > 0]
    return min([usable_cores(), *bounds])


def limit_threads_for_outputs(sizes: Sequence[int]) -> AbstractContextManager[object]:
    """Give the products of `Network.outputs` the threads that they deserve while the block lasts.

    sizes: those of the network.  Raises MemoryError where they have no memory to work in.
    """
    threads = choose_threads(sizes, IMAGES_AT_ONCE)
    reserve_memory(threads)
    return limit_threads(threads)


def reserve_memory(threads: int) -> None:
    """Let the BLAS library take the memory that so many threads work in, before it is needed.

    OpenBLAS ends the process where it gets none. Raises MemoryError instead.
    """
    size = threads * BYTES_PER_THREAD
    if not has_room(size):
        raise MemoryError(
            f"matrix products need {size // 1_000_000:,} MB of address space to work in"
        )
    square = np.ones((SIDE_OF_A_LARGE_PRODUCT, SIDE_OF_A_LARGE_PRODUCT), np.float32)
    with limit_threads(threads):
        square @ square


def limit_threads(threads: int) -> AbstractContextManager[object]:
    """Give matrix products this many threads while the block lasts."""
    limits: AbstractContextManager[object] = threadpool_limits(threads, user_api="blas")
    return limits
