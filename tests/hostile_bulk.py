"""Files whose danger is their bulk: small ones that unpack to much, and large ones of little.

Generators for `tests/hostile.py`, and for the tests that measure the memory of a process.
"""

import bz2
import io
import json
import lzma
import struct
import zlib
from functools import lru_cache

import numpy as np

from tests.makers import make_run

METHODS = {"stored": 0, "deflated": 8, "bzip2": 12, "lzma": 14}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


@lru_cache
def packed_zeros(count, dtype):
    """An .npy file of so many zeros, one column, packed: its bytes, checksum and size."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": count}
    )
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    size = int(np.prod(count)) * np.dtype(dtype).itemsize
    pieces, sum_ = [packer.compress(header.getvalue())], zlib.crc32(header.getvalue())
    piece = bytes(1 << 20)
    for start in range(0, size, len(piece)):
        part = piece[: size - start]
        pieces.append(packer.compress(part))
        sum_ = zlib.crc32(part, sum_)
    packed = b"".join([*pieces, packer.flush()])
    return packed, sum_, size + len(header.getvalue())


def deep_meta(sizes, dtype, stored):
    """The meta of a small checkpoint of such a network."""
    meta = json.loads(make_run().to_meta(stored_dtype=stored))
    return meta | {
        "sizes": sizes,
        "image_shape": [1, sizes[0]],
        "dtype": dtype,
        "history": [],
        "best_epoch": 0,
        "stored_dtype": stored,
    }


def deep_zeros(width, layers, dtype="float32", stored="float16"):
    """A small checkpoint of many equal layers of zeros, packed."""
    meta = np.array(json.dumps(deep_meta([width] * (layers + 1), dtype, stored)))
    members = [("meta.npy", *_deflated(_npy(meta)))]
    for l in range(2, layers + 2):
        members.append((f"W{l}.npy", *packed_zeros((width, width), stored)))
        members.append((f"b{l}.npy", *packed_zeros((width,), stored)))
    return write_zip(members)


def _npy(array):
    content = io.BytesIO()
    np.lib.format.write_array(content, array)
    return content.getvalue()


def _deflated(data):
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(), zlib.crc32(data), len(data)


def write_zip(members, *, more=(), shared=False):
    """A zip file of members: name, packed data, checksum, size, and "deflated" or another packing.

    more: names of further entries of the directory, all in the place of the last member.
    shared: every entry leads to the first member.
    """
    file, entries = io.BytesIO(), []
    for name, packed, *facts in members:
        at = file.tell()
        entries.append((name, len(packed), facts, at))
        file.write(b"PK\3\4" + _facts(name, len(packed), *facts) + name.encode() + packed)
    name, *rest = entries[-1]
    entries += [(name, *rest) for name in more]
    directory, start = io.BytesIO(), file.tell()
    for name, length, facts, at in entries:
        directory.write(b"PK\1\2\x14\0" + _facts(name, length, *facts))
        directory.write(struct.pack("<HHHII", 0, 0, 0, 0, 0 if shared else at) + name.encode())
    file.write(directory.getvalue())
    # More entries than 65,535 are read all the same: only the directory's length counts.
    count, length = min(len(entries), 0xFFFF), directory.tell()
    file.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, length, start, 0))
    return file.getvalue()


def _facts(name, length, checksum, size, packing="deflated"):
    numbers = 20, 0, METHODS[packing], 0, 33, checksum, length, size, len(name), 0
    return struct.pack("<5H3I2H", *numbers)


def members():
    """The members of a small checkpoint, of a network of two inputs and three outputs."""
    meta = np.array(json.dumps(deep_meta([2, 3], "float32", "float32")))
    arrays = {"meta": meta, "W2": np.ones((3, 2), "f4"), "b2": np.ones(3, "f4")}
    return [(f"{name}.npy", *_deflated(_npy(array))) for name, array in arrays.items()]


def crowded(count):
    """A checkpoint whose directory lists so many more members."""
    return write_zip(members(), more=(f"{number}.npy" for number in range(count)))


def swollen(packing, size):
    """A checkpoint with an array that says it is small, and unpacks to so many bytes of zeros."""
    (meta, W2, b2), data = members(), _npy(np.ones((3, 2), "f4"))
    pack = {"bzip2": lambda d: bz2.compress(d, 1), "lzma": _lzma, "deflated": _raw_deflate}[packing]
    packed = pack(data + bytes(size))
    return write_zip([meta, (W2[0], packed, zlib.crc32(data), len(data), packing), b2])


def _raw_deflate(data):
    return _deflated(data)[0]


def _lzma(data):
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 0}]
    properties = struct.pack("<BBHBI", 9, 4, 5, 0x5D, 1 << 18)
    return properties + lzma.compress(data, lzma.FORMAT_RAW, filters=filters)


def make_bulky_npz(rng):
    """A checkpoint that unpacks to much, or has many members, or members that share their place."""
    kind = int(rng.integers(6))
    if kind < 2:
        width, layers = int(rng.integers(1, 1500)), int(rng.integers(1, 60))
        stored = ("float16", "float32")[int(rng.integers(2))]
        return deep_zeros(width, layers, ("float32", "float64")[int(rng.integers(2))], stored)
    if kind == 2:
        return crowded(int(rng.integers(60_000)))
    if kind == 3:
        return write_zip(members(), shared=True)
    if kind == 4:
        return write_zip([*members(), *members()], more=["W2.npy"] * int(rng.integers(3)))
    return swollen(("bzip2", "lzma", "deflated")[int(rng.integers(3))], int(rng.integers(1 << 24)))


def make_bulky_json(rng):
    """A network of the book, or what looks like one, with much of one thing."""
    count = int(10 ** rng.uniform(1, 6))
    number = ("0", "1", "-0.123456789012345678", "1e-5", "1e400", "9" * 500, "NaN", "-Infinity")
    text = number[int(rng.integers(len(number)))]
    count = min(count, 4_000_000 // len(text))
    row = "[" + ", ".join([text] * count) + "]"
    rows = "[" + ", ".join(["[" + text + "]"] * min(count, 100_000)) + "]"
    parts = {
        "sizes": f"[{count}, 1]",
        "weights": f"[[{row}]]",
        "biases": "[[[0.5]]]",
        "cost": '"QuadraticCost"',
    }
    changes = {
        "cost": f'"{"x" * count}"',
        "biases": f"[{rows}]",
        "sizes": row,
        "weights": "[" * count,
        "more": "{" * count,
        "end": row,
    }
    name = list(changes)[int(rng.integers(len(changes)))]
    if rng.random() < 0.7:
        parts[name] = changes[name]
    space = " " * int(rng.integers(2)) * count
    text = "{" + f",{space}".join(f'"{key}": {value}' for key, value in parts.items()) + "}"
    return text.encode(ENCODINGS[int(rng.integers(len(ENCODINGS)))])
