"""What classes are called: the names of labels 0, 1, ..., and the files that people keep them in.

classes.txt                a name a line, that of label 0 first; UTF-8
emnist-NAME-mapping.txt    EMNIST's own: a label and the codes of one or two characters a line
"""

import codecs
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from mlp_cli.errors import DataAccessError, DataError
from mlp_cli.system.characters import one_line
from mlp_cli.system.files import open_regular

CLASSES_FILE = "classes.txt"
MAPPING_FILE = re.compile(r"emnist-[a-z]+-mapping\.txt")
MOST_CLASSES = 256
"""a label is a byte"""
LONGEST_CLASS_NAME = 80
"""characters of a name: it stands on one line of a table"""
MOST_TEXT_BYTES = 1 << 18
"""of a file of names"""
MOST_LISTED = 12
"""names in a message"""


class ClassNames(NamedTuple):
    """The names of labels 0, 1, ...; an empty name, or a missing one, is the label itself."""

    names: Sequence[str] = ()

    def class_name(self, label: int) -> str:
        """Return the name of a label, such as `Sneaker`, or the number where it has no name."""
        return (self.names[label] if label < len(self.names) else "") or str(label)

    def class_heading(self, label: int) -> str:
        """Return a label with its name, such as `7 Sneaker`; `7` where that is its name."""
        name = self.class_name(label)
        return name if name == str(label) else f"{label} {name}"

    def class_headings(self, count: int) -> tuple[str, list[str]]:
        """Return `digit` or `class`, and the heading of each label."""
        digits = {str(digit) for digit in range(10)}
        is_digit = digits.issuperset(map(self.class_name, range(count)))
        return ("digit" if is_digit else "class"), [self.class_heading(k) for k in range(count)]

    def all(self, count: int) -> list[str]:
        """Return the names of that many labels."""
        return [self.class_name(label) for label in range(count)]


def listed(names: Sequence[str]) -> str:
    """Return names for a message, the first few where they are many: `a, b, c and 23 more`."""
    shown = ", ".join(names[:MOST_LISTED])
    return f"{shown} and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else shown


def are_class_names(names: Sequence[object]) -> bool:
    """Return whether these can be the names of classes: short, printable, and all different."""
    texts = [name for name in names if isinstance(name, str)]
    return (
        len(texts) == len(names) <= MOST_CLASSES
        and all(clean_name(name) == name and len(name) <= LONGEST_CLASS_NAME for name in texts)
        and _first_twins(texts) is None
    )


def read_class_names(folder: Path) -> tuple[str, ...]:
    """Return the names that a folder has for labels 0, 1, ...; none where it has no such file.

    classes.txt goes before EMNIST's mapping. An empty name is that of a label without one.
    Raises DataAccessError where a file cannot be read, DataError where it is not what it should be.
    """
    if os.path.lexists(folder / CLASSES_FILE):
        return read_classes_file(folder)
    try:
        mappings = sorted(name for name in os.listdir(folder) if MAPPING_FILE.fullmatch(name))
    except OSError:  # said where the folder's other files are read
        return ()
    if len(mappings) > 1:
        raise DataError(
            f"{folder}: {' and '.join(mappings)}, expected one of them. "
            f"Keep that of these images, or write the names to {CLASSES_FILE}."
        )
    if not mappings:
        return ()
    path = folder / mappings[0]
    names = read_mapping(path)
    return _checked(path, [names.get(label, "") for label in range(max(names, default=-1) + 1)])


def read_classes_file(folder: Path) -> tuple[str, ...]:
    """Return the names in the classes.txt of a folder; none where there is no such file.

    Raises as `read_class_names` does.
    """
    path = folder / CLASSES_FILE
    return _checked(path, _lines(path)) if os.path.lexists(path) else ()


def _lines(path: Path) -> list[str]:
    """Return the lines of a file: UTF-8, or UTF-16 with a byte order mark, as Windows writes it."""
    try:
        with open_regular(path) as file:
            data = file.read(MOST_TEXT_BYTES + 1)
    except OSError as error:
        raise DataAccessError(
            f"{path}: cannot be read ({error.strerror or error}), expected the names of classes, "
            "one a line.\nCheck its permissions, or remove it."
        ) from error
    if len(data) > MOST_TEXT_BYTES:
        raise DataError(
            f"{path}: more than {MOST_TEXT_BYTES:,} bytes, expected {MOST_CLASSES} names at most, "
            "one a line."
        )
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}: line {line} is not UTF-8, expected the names of classes, one a line. "
            "Save the file again as UTF-8."
        ) from error
    return re.split(r"\r\n|\r|\n", text)  # str.splitlines takes control characters for breaks


def read_mapping(path: Path) -> dict[int, str]:
    """Return the names of labels in EMNIST's mapping: the characters of each, as in `Aa`.

    Raises as `read_class_names` does.
    """
    names: dict[int, str] = {}
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            label, *codes = map(int, line.split())
            if not (0 <= label < MOST_CLASSES and codes and label not in names):
                raise ValueError
            names[label] = "".join(map(chr, codes))
        except (ValueError, OverflowError) as error:
            raise DataError(
                f"{path}: line {number} is {one_line(line[:40])!r}, expected a label of its own "
                "and the codes of its characters, as in `1 65 97`."
            ) from error
    return names


def _checked(path: Path, lines: Iterable[str]) -> tuple[str, ...]:
    """Return the names on these lines, clean; empty lines at the end are none."""
    names = [clean_name(line) for line in lines]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_CLASSES:
        raise DataError(f"{path}: {len(names):,} names, expected {MOST_CLASSES} classes at most.")
    for number, name in enumerate(names, start=1):
        if len(name) > LONGEST_CLASS_NAME:
            raise DataError(
                f"{path}: name {number} has {len(name):,} characters, "
                f"expected {LONGEST_CLASS_NAME} at most."
            )
    if twins := _first_twins(names):
        one, other = twins
        raise DataError(
            f"{path}: labels {one} and {other} are both named "
            f"{ClassNames(names).class_name(other)!r}, expected a name of its own for each class."
        )
    return tuple(names)


def clean_name(name: str) -> str:
    """Return a name as it is printed and compared: on one line, without space at its ends.

    A letter with an accent is one character: macOS writes it as two, other systems do not.
    """
    return one_line(normalize("NFC", name.strip()))


def _first_twins(names: Sequence[str]) -> tuple[int, int] | None:
    """Return two labels that would be called the same; None where there are none."""
    seen: dict[str, int] = {}
    for label, name in enumerate(ClassNames(names).all(len(names))):
        if name in seen:
            return seen[name], label
        seen[name] = label
    return None
