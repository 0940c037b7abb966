"""A network's JSON is read row by row: as Python reads it, and in the memory of its numbers."""

import codecs
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlp_cli.errors import NetworkFileError
from mlp_cli.exports import rows
from mlp_cli.exports.network_file import read_network
from mlp_cli.exports.rows import Bounds, read_rows
from tests.processes import finish_measured

pytestmark = pytest.mark.alike

PATH = Path("rows.json")
BOUNDS = Bounds(size=1 << 20, numbers=1000, lists=1000, row=10_000, rest=10_000)
NUMBERS = st.one_of(
    st.integers(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.text(st.sampled_from('ab"\\,:]}\n\u00e4'), max_size=5)  # "[" and "{" may be refused
VALUES = st.recursive(
    NUMBERS | TEXTS | st.none() | st.booleans(), lambda inner: st.lists(inner, max_size=4)
)


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def read(bounds=BOUNDS):
    return read_rows(PATH, bounds)


@given(
    value=VALUES,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"]),
    indent=st.sampled_from([None, 0, 3]),
    at_once=st.integers(1, 40),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_document_is_what_python_reads(value, encoding, indent, at_once):
    PATH.write_bytes(json.dumps(value, indent=indent, ensure_ascii=False).encode(encoding))
    before, rows.BYTES_AT_ONCE = rows.BYTES_AT_ONCE, at_once
    try:
        found = plain(read())
    finally:
        rows.BYTES_AT_ONCE = before
    assert found == as_floats(json.loads(json.dumps(value)))


def as_floats(value):
    """Mixed lists of numbers as arrays have them: to the nearest float."""
    if not isinstance(value, list):
        return value
    if value and {*map(type, value)} <= {int, float}:
        if all(type(n) is int and abs(n) < 1 << 63 for n in value):
            return value
        return [float(n) for n in value]
    return [as_floats(inner) for inner in value]


@pytest.mark.parametrize("bom", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_byte_order_mark_and_windows_line_ends_are_read(bom):
    encoding = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le"}.get(bom, "utf-16-be")
    PATH.write_bytes(bom + '{"sizes":\r\n[1,\r\n 2]}\r\n'.encode(encoding))
    assert read()["sizes"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"size": 10}, "more than 10 bytes"),
        ({"numbers": 5}, "more than 5 numbers"),
        ({"lists": 2}, "more lists or objects"),
        ({"rest": 3}, "more lists or objects"),
    ],
)
def test_more_than_the_bounds_is_refused(bounds, words):
    PATH.write_text("[[1, 2, 3], [4, 5, 6]]")
    assert plain(read()) == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(NetworkFileError, match=words):
        read(BOUNDS._replace(**bounds))


def test_a_list_that_does_not_end_is_not_kept(monkeypatch):
    monkeypatch.setattr(rows, "BYTES_AT_ONCE", 100)
    PATH.write_text("[" + "1, " * 10_000)
    with pytest.raises(NetworkFileError, match="a list of more than 10,000 letters"):
        read(BOUNDS._replace(numbers=10**6))


def test_a_pipe_or_a_device_is_refused_without_waiting():
    os.mkfifo(PATH)
    for path in (PATH, Path("/dev/zero")):
        with pytest.raises(NetworkFileError, match=r"cannot be read \(A pipe or a device\)"):
            read_network(path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process in /proc")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (("[" + "0," * 999 + "0],") * 20_000, "more than 14,000,000 numbers"),
        ("[0]," * 5_000_000, "more lists or objects than a network has"),
        (" " * 40_000_000, "a list of more than 16,777,216 letters"),
        ('"' + "x" * 40_000_000, "a list of more than 16,777,216 letters"),
        ('"a",' * 10_000_000, "a list of more than 16,777,216 letters"),
    ],
    ids=["numbers", "lists", "spaces", "a text", "texts"],
)
def test_forty_megabytes_of_one_thing_take_little_memory(text, words):
    PATH.write_text('{"sizes": [' + text)
    _, err, peak = finish_measured("import", PATH, "--checkpoint", "new.npz", status=1)
    assert words in err
    assert peak < 250_000_000
    assert os.listdir() == [PATH.name]


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process in /proc")
def test_a_real_network_takes_the_memory_of_its_numbers():
    """Four million parameters, 80 MB of JSON; as objects of Python they took 450 MB."""
    row = json.dumps([0.123456789012345678] * 2000)
    with PATH.open("w") as file:
        file.write('{"sizes": [2000, 2000, 1], "cost": "QuadraticCost", "weights": [[')
        file.write(", ".join([row] * 2000) + f'], [{row}]], "biases": [[')
        file.write(", ".join(["[0.5]"] * 2000) + "], [[0.5]]]}")
    arguments = "import", PATH, "--checkpoint", "new.npz", "--image-shape", "40", "50"
    out, _, peak = finish_measured(*arguments)
    assert "2000-2000-1, float64" in out
    assert peak < 220_000_000
