"""Read a JSON document whose bulk is rows of numbers, in the memory that the numbers take.

As objects of Python they would take four times that, and the text would stand beside them.
"""

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import NetworkFileError
from mlp_cli.system.files import open_regular

BYTES_AT_ONCE = 1 << 20
ROW = re.compile(r"\[[^][{}\"]*\]")
"""a list that holds neither a list, nor an object, nor a text"""
PLACE = "-Infinity"
"""What stands for a row in the rest of the document. JSON has no such number; Python's reader has,
and calls a function for each, in their order."""


class Bounds(NamedTuple):
    """How much a document may hold."""

    size: int
    """bytes"""
    numbers: int
    """in rows"""
    lists: int
    row: int
    """letters"""
    rest: int
    """letters of the document without its rows"""


def read_rows(path: Path, bounds: Bounds) -> Any:  # noqa: ANN401  as JSON is
    """Return the document in a file, in which each list of numbers is an array, (n,).

    Whole numbers of 64 bits are int64, others float64. The text may be in UTF-8, UTF-16 or UTF-32,
    with a byte order mark or without one.
    Raises NetworkFileError where the file cannot be read, is not JSON or exceeds the bounds.
    """
    rows: list[Any] = []
    rest: list[str] = []
    try:
        for between, row in _bounded_parts(path, bounds):
            rest.append(between)
            if row:
                rows.append(_parse_row(row))
                rest.append(PLACE)
        return _put_back("".join(rest), rows)
    except OSError as error:
        raise NetworkFileError(f"cannot be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError, too
        raise NetworkFileError(f"not JSON ({error}).") from error


def _put_back(rest: str, rows: list[Any]) -> Any:  # noqa: ANN401  as JSON is
    """Return the document of this text, each row in its place."""
    if rest.count(PLACE) != len(rows):
        _refuse_constant(PLACE)
    following = iter(rows)
    document = json.loads(
        rest,
        parse_constant=lambda name: next(following) if name == PLACE else _refuse_constant(name),
    )
    if next(following, None) is not None:
        raise ValueError("a text has a list of numbers in it")
    return document


def _bounded_parts(path: Path, bounds: Bounds) -> Iterator[tuple[str, str]]:
    """Yield each row after the text before it. Raises NetworkFileError beyond the bounds."""
    numbers = lists = objects = rest = 0
    for between, row in _parts(path, bounds):
        numbers += row.count(",") + bool(row)
        lists += between.count("[") + bool(row)
        objects += between.count("{")
        rest += len(between)
        if numbers > bounds.numbers:
            raise NetworkFileError(f"more than {bounds.numbers:,} numbers.")
        if lists > bounds.lists or objects > 1 or rest > bounds.rest:
            raise NetworkFileError("more lists or objects than a network has.")
        yield between, row


def _parts(path: Path, bounds: Bounds) -> Iterator[tuple[str, str]]:
    """Yield each row after the text before it; where there is no row, an empty one."""
    text = ""
    for piece in _pieces(path, bounds.size):
        text, start = text + piece, 0
        for row in ROW.finditer(text):
            yield text[start : row.start()], row[0]
            start = row.end()
        last = text.rfind("[", start)  # a row may begin here, and end in a later piece
        end = len(text) if last < 0 else last
        yield text[start:end], ""
        text = text[end:]
        if len(text) > bounds.row:
            raise NetworkFileError(f"a list of more than {bounds.row:,} letters.")
    yield text, ""


def _pieces(path: Path, most: int) -> Iterator[str]:
    """Yield the text of a file, decoded as its first bytes say."""
    with open_regular(path) as file:
        decoder = codecs.getincrementaldecoder(json.detect_encoding(file.read(4)))()
        file.seek(0)
        while piece := file.read(BYTES_AT_ONCE):
            if file.tell() > most:
                raise NetworkFileError(f"more than {most:,} bytes.")
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)


def _parse_row(text: str) -> npt.NDArray[Any] | list[Any]:
    """Return a row as an array, or as the list that it is where not all of it are numbers."""
    row: list[Any] = json.loads(text, parse_constant=_refuse_constant)
    kinds = set(map(type, row))
    if not kinds or not kinds <= {int, float}:
        return row
    for dtype in (np.int64, np.float64) if kinds == {int} else (np.float64,):
        try:
            return np.array(row, dtype)
        except OverflowError:  # a whole number beyond the type
            continue
    return np.full(len(row), np.inf)  # as numbers with a point that are too large become


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
