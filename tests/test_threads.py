"""How many threads a network's products deserve, and that they get no more."""

import pytest
from threadpoolctl import threadpool_info

from mlp_cli.learning.threads import choose_threads, limit_threads


@pytest.fixture
def cores(monkeypatch):
    def have(number):
        monkeypatch.setattr("mlp_cli.learning.threads.available_cores", lambda: number)

    return have


@pytest.mark.parametrize(
    ("sizes", "batch_size", "expected"),
    [
        ((784, 30, 10), 10, 1),
        ((784, 800, 10), 10, 1),  # 6.3 million
        ((784, 256, 128, 10), 100, 2),  # 20 million
        ((784, 800, 10), 100, 6),  # 63 million
        ((10, 800, 784), 100, 6),  # the largest product counts, wherever it is
        ((784, 4000, 10), 1000, 64),
    ],
)
def test_threads_grow_with_the_largest_product(cores, sizes, batch_size, expected):
    cores(64)
    assert choose_threads(sizes, batch_size) == expected


def test_there_are_never_more_threads_than_cores_that_are_free(cores):
    cores(2)
    assert choose_threads((784, 4000, 10), 1000) == 2
    assert choose_threads((784, 4000, 10), 1000, busy_cores=1) == 1
    cores(1)
    assert choose_threads((784, 4000, 10), 1000, busy_cores=1) == 1


def test_the_limit_holds_inside_the_block():
    before = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    with limit_threads(1):
        inside = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    after = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert inside == [1] * len(before)
    assert after == before
