"""Which label a class of a source has, and which name a label: a number is its own label."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from mlp_cli.datasets.class_names import (
    CLASSES_FILE,
    LONGEST_CLASS_NAME,
    MOST_CLASSES,
    clean_name,
)
from mlp_cli.datasets.source import DIGIT_NAMES
from mlp_cli.errors import DataError
from mlp_cli.system.characters import one_line


def name_labels(labels: Collection[int], known: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of labels 0, 1, ...: those that are known, or else the numbers.

    Labels below 10 with a gap among them are digits, and all ten have names.
    labels: those in use.
    """
    if known:
        return tuple(known)
    count = max(labels) + 1
    has_gap = len(set(labels)) < count
    return DIGIT_NAMES if has_gap and count <= len(DIGIT_NAMES) else tuple(map(str, range(count)))


class Classes(NamedTuple):
    """The classes of a source that has names for them."""

    labels: dict[str, int]
    """by the name that the source has"""
    names: tuple[str, ...]
    """of labels 0, 1, ..."""


def number_names(found: Collection[str], known: Sequence[str] = ()) -> Classes:
    """Return the label of each class.

    A class whose name is known has its place among the known ones. Otherwise a number is its own
    label: a folder of the digits 3 and 7 has labels 3 and 7, as MNIST has them. Names that are not
    all numbers are counted from 0, sorted, their digits as numbers.

    found: the classes that there are.  known: the names of labels 0, 1, ...; empty: none are.
    Raises DataError, without a name, where a class is not known, or where they are too many.
    """
    places = {clean_name(name): label for label, name in enumerate(known)}
    if known and all(clean_name(name) in places for name in found):
        return Classes({name: places[clean_name(name)] for name in found}, tuple(known))
    labels = {name: int(name) for name in found if is_label(name)}
    if known:
        beyond = [name for name in found if labels.get(name, len(known)) >= len(known)]
        if beyond:
            raise DataError(
                f"{one_line(min(beyond))}: not among the {len(known)} names of {CLASSES_FILE}."
            )
    elif len(labels) < len(found):
        ordered = sorted(found, key=natural)
        if len(ordered) > MOST_CLASSES:
            raise DataError(f"{len(ordered):,} classes, expected {MOST_CLASSES} at most.")
        return Classes({name: label for label, name in enumerate(ordered)}, _printed(ordered))
    if len(set(labels.values())) < len(labels):
        twice = sorted(name for name in labels if str(labels[name]) != name)
        raise DataError(f"{twice[0]}: the same number as another class, expected one of them.")
    highest = max(labels.values(), default=0)
    names = tuple(known) or (DIGIT_NAMES if highest < len(DIGIT_NAMES) else ())
    return Classes(labels, names or name_labels(range(highest + 1)))


def _printed(names: Sequence[str]) -> tuple[str, ...]:
    """Return names as they stand in a file. Raises DataError for two that would be the same."""
    printed = [clean_name(name) for name in names]
    for number, name in enumerate(printed):
        if not name or len(name) > LONGEST_CLASS_NAME or name in printed[:number]:
            raise DataError(
                f"a class called {name[:LONGEST_CLASS_NAME]!r}, expected a name of its own of 1 to "
                f"{LONGEST_CLASS_NAME} characters for each. Rename the folder."
            )
    return tuple(printed)


def is_label(name: str) -> bool:
    """Return whether the name of a class is a number that can be its label."""
    return name.isascii() and name.isdecimal() and len(name) < 10 and int(name) < MOST_CLASSES


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Return a key that sorts texts with their digits as numbers, before letters: 2, 10, a."""
    parts = re.split(r"([0-9]+)", name)  # at odd places, digits
    return [
        (False, int(part), "") if place % 2 else (True, 0, part)
        for place, part in enumerate(parts)
        if part
    ]
