"""Read a table (CSV) of labels and pixels, as Kaggle has MNIST."""

from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from mlp_cli.datasets.idx import MOST_UNPACKED_BYTES
from mlp_cli.datasets.loading import Split
from mlp_cli.datasets.own.material import Form, Material
from mlp_cli.datasets.own.rows import RowArray, is_number, parse_rows, split_line
from mlp_cli.datasets.unpacking import open_unpacked
from mlp_cli.errors import DataError

SEPARATORS = (b",", b";", b"\t")
LABEL_NAMES = ("label", "labels", "class", "target", "y")
INDEX_NAMES = ("", "unnamed: 0")
"""of the column that pandas writes before the others"""
MOST_LINE_BYTES = 1 << 24
"""an image of two million pixels"""
CHUNK_BYTES = 1 << 20


class Columns(NamedTuple):
    """Which columns of a table are what."""

    separator: bytes
    width: int
    """how many columns there are"""
    label: int
    pixels: slice
    has_header: bool


def read_own_table(path: Path, form: Form) -> Material:
    """Return the images and labels of a table, gzipped or not; it has no test part.

    A header names the column of the labels. Without one, the first column has them, unless the
    number of columns is that of the pixels of a square image.
    Raises DataError where there are no labels, and where an entry is no number from 0 to 255.
    """
    with open_unpacked(path, "a table (CSV)") as (file, _):
        first = _first_line(path, file)
        try:
            columns = _find_columns(first, form)
            numbers = _read(first, file, columns)
            if not len(numbers):
                raise DataError("a header and no rows, expected a row for each image.")
            images = form.images(numbers[:, columns.pixels])
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
    labels = np.ascontiguousarray(numbers[:, columns.label])
    return Material(Split(images, labels))


def _first_line(path: Path, file: IO[bytes]) -> bytes:
    line = file.readline(MOST_LINE_BYTES).removeprefix(b"\xef\xbb\xbf")
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: text in UTF-16, expected UTF-8. Save it as CSV UTF-8.")
    if not line.strip():
        raise DataError(f"{path}: {'an empty first line' if line else 'empty'}, expected a table.")
    return line


def _find_columns(first: bytes, form: Form) -> Columns:
    """Return what the first line says of the columns. Raises DataError where it has no labels."""
    separator = max(SEPARATORS, key=first.count)
    entries = split_line(first, separator)
    has_header = not all(is_number(entry) for entry in entries)
    names = [entry.lower() for entry in entries] if has_header else []
    start = int(bool(names) and names[0] in INDEX_NAMES)
    count = len(entries)
    if form.label_column is not None:
        label = form.label_column
        if label >= count:
            raise DataError(
                f"{count:,} columns, expected more with --label-column {label}, counted from 0."
            )
    elif has_header:
        named = [column for column, name in enumerate(names) if name in LABEL_NAMES]
        if not named:
            raise _no_labels(count - start)
        label = named[0]
    else:
        if _is_image(count, form) and not _is_image(count - 1, form):
            raise _no_labels(count)
        label = 0
    if label == start:
        pixels = slice(label + 1, count)
    elif label == count - 1:
        pixels = slice(start, label)
    else:
        raise DataError(
            f"labels in column {label + 1:,} of {count:,}, expected the first or the last column."
        )
    form.rows_and_columns(len(range(count)[pixels]))  # before all of it is read
    return Columns(separator, count, label, pixels, has_header)


def _is_image(pixels: int, form: Form) -> bool:
    try:
        form.rows_and_columns(pixels)
    except DataError:
        return False
    return True


def _no_labels(pixels: int) -> DataError:
    return DataError(
        f"{pixels:,} pixels in a row and no label, as in Kaggle's test.csv: there is nothing to "
        "learn from or to compare with.\nTo have such images read, save each as a picture, and "
        "run: mlp predict FOLDER. Or name the column of the labels with --label-column."
    )


def _read(first: bytes, file: IO[bytes], columns: Columns) -> RowArray:
    """Return the numbers of all rows: (rows, columns)."""
    blocks: list[RowArray] = []
    rest = b"" if columns.has_header else first
    line, size, text_size = 1 + columns.has_header, 0, 0
    while chunk := file.read(CHUNK_BYTES):
        text = (rest + chunk).replace(b"\r\n", b"\n")
        end = text.rfind(b"\n") + 1
        complete, rest = text[:end], text[end:]
        if len(rest) > MOST_LINE_BYTES:
            raise DataError(f"line {line:,}: longer than {MOST_LINE_BYTES:,} bytes.")
        if complete:
            blocks.append(parse_rows(complete, columns.separator, columns.width, line))
            line += complete.count(b"\n")
            size += blocks[-1].nbytes
        text_size += len(chunk)
        if max(size, text_size // 4) > MOST_UNPACKED_BYTES:
            raise DataError(f"more than {MOST_UNPACKED_BYTES:,} numbers. Convert a part of it.")
    if rest.strip():
        rest = rest.rstrip(b"\r") + b"\n"
        blocks.append(parse_rows(rest, columns.separator, columns.width, line))
    return np.concatenate(blocks) if blocks else np.empty((0, columns.width), np.uint8)
