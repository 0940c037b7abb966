"""IDX files: every type and rank, gzip by content, and headers that do not tell the truth."""

import errno
import gzip
import os
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mlp_cli.datasets.idx import IMAGES_MAGIC, LABELS_MAGIC, idx_header, read_idx
from mlp_cli.errors import DataAccessError, DataError
from tests.makers import idx_bytes

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.fixture
def write(tmp_path):
    def write(data):
        path = tmp_path / "file"
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def refused(write):
    """A function that checks that these bytes are refused, naming the file, in these words."""

    def refused(data, words, magic=None):
        path = write(data)
        with pytest.raises(DataError, match=re.escape(f"{path}: {words}")):
            read_idx(path, magic)

    return refused


@pytest.mark.parametrize("code", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (1, 2, 1, 2, 1)])
def test_reads_every_type_and_rank(write, code, shape):
    count = int(np.prod(shape))
    array = (np.arange(count) * 7 - 5 * (code != "u1")).astype(code).reshape(shape)
    back = read_idx(write(idx_bytes(array)))
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype
    assert back.dtype.isnative


def test_a_big_endian_number_worked_by_hand(write):
    """Type 0x0B is a 16-bit integer: bytes 1, 2 are 1 * 256 + 2, and ff fe is -2."""
    array = read_idx(write(bytes([0, 0, 0x0B, 1, 0, 0, 0, 2, 1, 2, 0xFF, 0xFE])))
    assert array.tolist() == [258, -2]


@given(npst.arrays(np.uint8, npst.array_shapes(max_dims=4, max_side=5)), st.booleans())
def test_reads_back_any_bytes(tmp_path_factory, array, gzipped):
    path = tmp_path_factory.getbasetemp() / "any"
    data = idx_bytes(array)
    path.write_bytes(gzip.compress(data, 1) if gzipped else data)
    np.testing.assert_array_equal(read_idx(path), array)


@pytest.mark.parametrize("name", ["images.gz", "images"])
@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzipped", "plain"])
def test_gzip_is_recognised_by_content_not_by_name(tmp_path, name, pack):
    path = tmp_path / name
    path.write_bytes(pack(idx_bytes(IMAGES)))
    np.testing.assert_array_equal(read_idx(path, IMAGES_MAGIC), IMAGES)


def test_labels_where_images_belong_are_named_as_such(refused):
    words = "magic number 2049, expected 2051 (images). The file holds labels."
    refused(idx_bytes(np.zeros(3, np.uint8)), words, IMAGES_MAGIC)


def test_images_where_labels_belong_are_named_as_such(refused):
    words = "magic number 2051, expected 2049 (labels). The file holds images."
    refused(idx_bytes(IMAGES), words, LABELS_MAGIC)


def test_another_type_than_asked_for_is_refused(refused):
    refused(idx_bytes(IMAGES.astype("f4")), "magic number 3331, expected 2051", IMAGES_MAGIC)


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzipped", "plain"])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty, expected an IDX file"),
        (b"<html>", "an HTML page, such as a login or an error in place of a download, expected"),
        (b"train", "begins with 'trai', expected an IDX file"),
        (b"\0\0", "begins with"),
        (b"\1\0" + idx_bytes(IMAGES)[2:], "begins with"),
        (b"\0\1" + idx_bytes(IMAGES)[2:], "begins with"),
        (
            b"\x89PNG",
            "a picture, expected an IDX file. Make a dataset of a folder",
        ),
        (b"\x89PN!", "begins with '0x89504e21'"),
        (b"\0\0\x07\x01\0\0\0\0", "begins with"),  # no such type
        (b"\0\0\x08\xff" + bytes(4 * 255), "begins with"),  # rank 255
        (b"\0\0\x08\x03\0\0\0\x02", "ends inside its header, expected 16 bytes"),
        (idx_bytes(IMAGES)[:-1], "23 bytes of data, expected 24 (2 x 3 x 4)"),
        (idx_bytes(IMAGES) + b"!", "more than 24 bytes of data, expected 24"),
    ],
)
def test_incomplete_or_foreign_files_are_refused(refused, pack, data, words):
    if data or pack is bytes:
        refused(pack(data), words)


def test_a_gzip_of_nothing_is_refused(refused):
    refused(gzip.compress(b""), "empty, expected an IDX file")


@pytest.mark.parametrize("cut", [5, 20, -9, -1])
def test_a_gzip_cut_short_is_refused(refused, cut):
    refused(gzip.compress(idx_bytes(IMAGES))[:cut], "damaged gzip data")


def test_a_gzip_with_a_wrong_checksum_is_refused(refused):
    packed = bytearray(gzip.compress(idx_bytes(IMAGES)))
    packed[-8] ^= 1
    refused(packed, "damaged gzip data (CRC check failed")


def test_a_gzip_that_cannot_be_unpacked_is_refused(refused):
    packed = bytearray(gzip.compress(idx_bytes(IMAGES)))
    packed[10:20] = b"\xff" * 10  # behind gzip's header: no deflate block begins so
    refused(packed, "damaged gzip data (Error -3")


@pytest.mark.parametrize(
    ("pack", "words"),
    [
        (gzip.compress, "79,228,162,458,924,105,385,300,197,375 bytes in a gzipped file"),
        (bytes, "9 bytes of data, expected 79,228,162,458,924,105,385,300,197,375"),
    ],
    ids=["gzipped", "plain"],
)
def test_a_header_that_claims_terabytes_allocates_nothing(refused, pack, words):
    claim = bytes([0, 0, 8, 3]) + b"\xff" * 12 + b"few bytes"
    tracemalloc.start()
    refused(pack(claim), words)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_a_gzip_that_really_holds_gigabytes_is_not_unpacked(refused):
    """Its header is honest. Six megabytes of it will do: the header is looked at first."""
    count = 2_000_000
    header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (count, 28, 28))
    packed = gzip.compress(header + bytes(6 << 20))
    tracemalloc.start()
    refused(
        packed,
        "1,568,000,000 bytes in a gzipped file, by its header, expected 1,073,741,824 at most",
    )
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_two_million_images_of_a_plain_file_are_mapped(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(idx_header(IMAGES_MAGIC, (2_000_000, 28, 28)))
        file.truncate(16 + 2_000_000 * 784)  # a hole: no room on the disk
    peak, array = traced_peak(path)
    assert peak < 100_000
    assert array.shape == (2_000_000, 28, 28)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(DataAccessError, match="A pipe or a device"):
        read_idx(path)


def test_data_beyond_the_header_is_not_unpacked(refused):
    """Ten megabytes of zeros behind a header for 24 bytes: reading stops at the 25th."""
    bomb = gzip.compress(idx_bytes(IMAGES) + bytes(10_000_000))
    tracemalloc.start()
    refused(bomb, "more than 24 bytes of data")
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_sizes_that_no_array_can_have_are_refused(refused):
    """No data is right for 0 x 4294967295 x 4294967295, but there is no such array."""
    refused(bytes([0, 0, 8, 3]) + bytes(4) + b"\xff" * 8, "its header's sizes are too large")


MEGABYTES = np.resize(np.arange(251, dtype=np.uint8), 10_000_000)


def traced_peak(path):
    """Bytes that reading the file allocates at most; and the array."""
    tracemalloc.start()
    array = read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, array


def test_a_plain_file_of_bytes_is_mapped_and_takes_no_memory(write):
    peak, array = traced_peak(write(idx_bytes(MEGABYTES)))
    assert peak < 100_000
    assert type(array) is np.ndarray  # a memmap would make every batch in Python
    assert not array.flags.writeable
    np.testing.assert_array_equal(array, MEGABYTES)


def test_a_gzipped_file_is_held_once(write):
    peak, array = traced_peak(write(gzip.compress(idx_bytes(MEGABYTES), 1)))
    assert peak < 1.5 * array.nbytes
    np.testing.assert_array_equal(array, MEGABYTES)


def test_a_mapped_array_outlives_the_name_of_its_file(write, tmp_path):
    array = read_idx(write(idx_bytes(IMAGES)))
    (tmp_path / "other").write_bytes(idx_bytes(IMAGES + 1))
    os.replace(tmp_path / "other", tmp_path / "file")
    np.testing.assert_array_equal(array, IMAGES)


def test_a_file_system_that_cannot_map_is_read(write, monkeypatch):
    def refuses(*_):
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr("mlp_cli.datasets.idx.np.memmap", refuses)
    array = read_idx(write(idx_bytes(IMAGES)), IMAGES_MAGIC)
    np.testing.assert_array_equal(array, IMAGES)
    assert array.flags.writeable


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path / "none")
