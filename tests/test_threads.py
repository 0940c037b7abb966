"""How many threads a network's products deserve, and that they get no more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from mlp_cli.learning import threads
from mlp_cli.learning.arithmetic import read_arithmetic
from mlp_cli.learning.threads import choose_threads, limit_threads, most_threads, reserve_memory
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import adopt_network, draw_seven, write_dataset

LARGE = (784, 4000, 10), 1000
"""sizes and batch size that 64 threads pay for"""


@pytest.fixture
def cores(monkeypatch):
    for name in [name for name in os.environ if name.endswith("_NUM_THREADS")]:
        monkeypatch.delenv(name)

    def have(number, blas="openblas"):
        monkeypatch.setattr(threads, "usable_cores", lambda: number)
        monkeypatch.setattr(threads, "read_arithmetic", lambda: {"blas": blas})

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


@pytest.mark.parametrize(
    ("blas", "variables", "most"),
    [
        ("openblas", {"OPENBLAS_NUM_THREADS": "1"}, 1),
        ("scipy-openblas", {"OPENBLAS_NUM_THREADS": "1"}, 1),
        ("openblas", {"OMP_NUM_THREADS": "2"}, 2),
        ("openblas", {"OMP_NUM_THREADS": "3,2"}, 3),
        ("openblas", {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "4"}, 2),
        ("openblas", {"OPENBLAS_NUM_THREADS": "100"}, 64),
        ("openblas", {"MKL_NUM_THREADS": "1"}, 64),  # is not in use
        ("mkl", {"MKL_NUM_THREADS": "3"}, 3),
        ("mkl", {"OPENBLAS_NUM_THREADS": "1"}, 64),
        ("accelerate", {"VECLIB_MAXIMUM_THREADS": "1"}, 1),
        ("blis", {"BLIS_NUM_THREADS": "5"}, 5),
        ("unknown", {"OMP_NUM_THREADS": "2"}, 2),
        *(("openblas", {"OMP_NUM_THREADS": text}, 64) for text in ("", "0", "-1", "x", "\u00b2")),
    ],
)
def test_the_variables_of_the_library_in_use_are_an_upper_bound(
    cores, monkeypatch, blas, variables, most
):
    cores(64, blas)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert most_threads() == most
    assert choose_threads(*LARGE) == most


@pytest.mark.parametrize(("given", "expected"), [("", 1), ("--threads 3", 3)])
def test_threads_that_are_given_go_before_the_variables(cores, monkeypatch, run, given, expected):
    cores(64)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_dataset(Path("data/mnist"))
    wide = "--hidden 4000 --batch-size 1000 --epochs 1 --validation 10"
    run(f"train {wide} --checkpoint run.npz {given}")
    assert load_checkpoint(Path("run.npz")).settings.threads == expected


def test_memory_is_reserved_for_the_threads_that_products_get(cores, monkeypatch):
    asked = []
    monkeypatch.setattr(threads, "has_room", lambda size: asked.append(size) or False)
    with pytest.raises(MemoryError, match="matrix products need 150 MB of address space"):
        reserve_memory(3)
    assert asked == [3 * 48 << 20]


COUNT_THREADS = """
import sys
from mlp_cli.__main__ import main
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
print(next(line for line in open("/proc/self/status") if line.startswith("Threads:")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.parametrize("command", ["evaluate", "predict seven.png", "explain seven.png"])
def test_a_small_network_is_read_by_one_thread(command):
    """On a machine with many cores OpenBLAS would start a thread for each."""
    if read_arithmetic()["blas"] != "openblas":
        pytest.skip("another BLAS library has its own variable")
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    write_dataset(Path("data/mnist"))
    adopt_network((64, 5, 10), (8, 8)).save(Path("run.npz"))
    draw_seven().save("seven.png")
    done = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS, *command.split(), "--checkpoint", "run.npz"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split()[-2:] == ["Threads:", "1"], done.stderr
