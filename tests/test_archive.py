"""A checkpoint takes no more memory than a network of its size, however it is packed."""

import re
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.datasets.npy import MAX_DIRECTORY
from mlp_cli.errors import CheckpointError
from mlp_cli.runs import archive
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.small import write_small
from tests.hostile_bulk import crowded, deep_zeros, members, swollen, write_zip
from tests.makers import adopt_network
from tests.processes import finish_measured

pytestmark = pytest.mark.alike

PATH = Path("bulky.npz")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process in /proc")
MOST = 300_000_000
"""bytes of memory for a file of a few megabytes"""


def refused(data):
    PATH.write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(PATH)
    return str(caught.value)


@LINUX
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: deep_zeros(2000, 60), r"array W\d+: unpacks to 8,000,128 bytes, and the file"),
        (lambda: deep_zeros(700, 400, "float64"), r"array W\d+: unpacks to 980,128 bytes, and"),
        (lambda: crowded(400_000), "damaged .a directory of .* bytes, expected 2,097,152 at most"),
        (lambda: swollen("bzip2", 40 << 20), "damaged .array W2: a packing that NumPy does not"),
        (lambda: swollen("lzma", 40 << 20), "damaged .array W2: a packing that NumPy does not"),
    ],
    ids=["layers", "narrow layers", "members", "bzip2", "lzma"],
)
def test_a_small_file_takes_little_memory(data, words):
    PATH.write_bytes(data())
    assert PATH.stat().st_size < 30_000_000
    _, err, peak = finish_measured("inspect", "--checkpoint", PATH, status=1)
    assert re.search(f"{PATH}: {words}", err), err
    assert peak < MOST


def test_zeros_that_fit_are_read():
    PATH.write_bytes(deep_zeros(1000, 20))
    network = load_checkpoint(PATH).network
    assert network.sizes == [1000] * 21
    assert not any(W.any() for W in network.weights)


def test_what_lies_beyond_an_array_is_not_unpacked():
    PATH.write_bytes(swollen("deflated", 100 << 20))
    tracemalloc.start()
    assert load_checkpoint(PATH).network.sizes == [2, 3]
    assert tracemalloc.get_traced_memory()[1] < 1 << 21
    tracemalloc.stop()


def test_a_large_file_may_hold_what_a_small_one_may_not(monkeypatch):
    """Half of its bytes pack to nothing, as where half of the weights are zero."""
    monkeypatch.setattr(archive, "UNPACKED_FREELY", 0)
    run = adopt_network((400, 300, 10), (10, 40))
    for W in run.network.weights:
        W[:, ::2] = 0
    with PATH.open("wb") as file:
        write_small(run, file)
    run.save(Path("stored.npz"))
    for path in (PATH, Path("stored.npz")):
        assert load_checkpoint(path).network.sizes == [400, 300, 10]
    assert "unpacks to" in refused(deep_zeros(400, 1))


def test_arrays_that_lie_in_one_place_are_refused():
    assert "damaged" in refused(write_zip(members(), shared=True))


def test_of_two_arrays_of_one_name_the_last_counts_as_for_numpy():
    PATH.write_bytes(write_zip([members()[1], *members()]))
    assert load_checkpoint(PATH).network.sizes == [2, 3]
    with np.load(PATH) as arrays:
        assert arrays["W2"].tolist() == load_checkpoint(PATH).network.weights[0].tolist()


def test_a_directory_as_long_as_it_may_be_is_read():
    PATH.write_bytes(crowded(MAX_DIRECTORY // 60))
    assert load_checkpoint(PATH).network.sizes == [2, 3]


def test_lack_of_memory_is_not_taken_for_damage(monkeypatch):
    PATH.write_bytes(write_zip(members()))

    def read_array(*_, **__):
        raise MemoryError("Unable to allocate 24 bytes")

    monkeypatch.setattr(np.lib.format, "read_array", read_array)
    with pytest.raises(MemoryError):
        load_checkpoint(PATH)


def test_a_header_that_claims_more_memory_than_there_is_is_damage():
    adopt_network().save(PATH)
    with zipfile.ZipFile(PATH) as file:
        kept = {name: file.read(name) for name in file.namelist()}
    kept["W2.npy"] = kept["W2.npy"].replace(b"(5, 6)", b"(5, 6" + b"0" * 13 + b")", 1)
    with zipfile.ZipFile(PATH, "w") as file:
        for name, data in kept.items():
            file.writestr(name, data)
    assert "damaged" in refused(PATH.read_bytes())
