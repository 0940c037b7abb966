"""What a setting can be: kinds of values, each of which says what it accepts.

The kinds are named tuples, because help needs them and dataclasses take 2 ms longer to define.
"""

import os
import reprlib
import sys
from typing import NamedTuple, Protocol

from mlp_cli.datasets.class_names import LONGEST_CLASS_NAME, are_class_names
from mlp_cli.errors import CheckpointError
from mlp_cli.learning.names import LEAST_WIDTH, is_view

Option = str | int | float | list[int]
"""the value of an option on the command line, or of a key in a preset"""

MOST_WHOLE = (1 << 63) - 1
"""the largest whole number that TOML and many readers of JSON can hold"""


def as_typed(name: str) -> str:
    """Return an option as it is typed: `--batch-size` for `batch_size`."""
    return f"--{name.replace('_', '-')}"


def show_option(value: object) -> str:
    """Return a value as one types it: several numbers separated by spaces, none as `none`."""
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return str(value)


def bad_meta(name: str, value: object, expected: str) -> CheckpointError:
    """Return the error for an entry of a checkpoint's meta that is not what it must be."""
    return CheckpointError(f"meta: {name} is {reprlib.repr(value)}, expected {expected}.")


class Kind(Protocol):
    """A kind of value. A value is as JSON and TOML have it: a tuple is a list there."""

    def accepts(self, value: object) -> bool:
        """Return whether this value is of the kind."""

    def __str__(self) -> str:
        """Return the kind in words, as in `expected a number above 0`."""


class Text:
    """A text of one line that the system can take as the name of a file."""

    def accepts(self, value: object) -> bool:
        """Return whether this is such a text. JSON allows surrogates, which no file name has."""
        try:
            return isinstance(value, str) and not {0, 10} & set(os.fsencode(value))
        except UnicodeEncodeError:
            return False

    def __str__(self) -> str:
        return "text on one line"


class DatasetText(Text):
    """The name of a dataset, or a folder of one's own."""


class ViewText(Text):
    """The name of a view: how the network sees images."""

    def accepts(self, value: object) -> bool:
        """Return whether this is such a name. How wide an image is, the data decide."""
        return isinstance(value, str) and is_view(value)

    def __str__(self) -> str:
        return f"plain, deslant or width-N, with N from {LEAST_WIDTH} to the width of an image"


class Choice(NamedTuple):
    """One of some names."""

    names: tuple[str, ...]

    def accepts(self, value: object) -> bool:
        """Return whether this is one of the names."""
        return isinstance(value, str) and value in self.names

    def __str__(self) -> str:
        return " or ".join(self.names)


class Whole(NamedTuple):
    """A whole number of a range, both ends included."""

    least: int = 0
    most: int = MOST_WHOLE

    def accepts(self, value: object) -> bool:
        """Return whether this is such a number; true and false are not."""
        return type(value) is int and self.least <= value <= self.most

    def __str__(self) -> str:
        if self.most == MOST_WHOLE:
            return f"a whole number, {self.least} or above"
        return f"a whole number, {self.least} to {self.most}"


class Real(NamedTuple):
    """A number of a range whose ends may be excluded."""

    least: float = 0.0
    most: float = sys.float_info.max
    excludes_least: bool = False
    excludes_most: bool = False

    def accepts(self, value: object) -> bool:
        """Return whether this is such a number; true, false, nan and infinity are not."""
        if not isinstance(value, int | float) or type(value) is bool:
            return False
        above = value > self.least if self.excludes_least else value >= self.least
        below = value < self.most if self.excludes_most else value <= self.most
        return above and below

    def __str__(self) -> str:
        least = f"a number above {self.least:g}"
        if not self.excludes_least:
            least = f"a number, {self.least:g} or above"
        if self.most == sys.float_info.max:
            return least
        if self.excludes_most:
            return f"{least} and below {self.most:g}"
        return f"a number, {self.least:g} to {self.most:g}"


class Wholes(NamedTuple):
    """A list of whole numbers, each of the same range."""

    each: Whole

    def accepts(self, value: object) -> bool:
        """Return whether this is such a list."""
        return isinstance(value, list) and all(map(self.each.accepts, value))

    def __str__(self) -> str:
        if self.each.most == MOST_WHOLE:
            return f"a list of whole numbers, {self.each.least} or above each"
        return f"a list of whole numbers, {self.each.least} to {self.each.most} each"


class Names:
    """The names of classes, in the order of their labels."""

    def accepts(self, value: object) -> bool:
        """Return whether this is a list of such names."""
        return isinstance(value, list) and are_class_names(value)

    def __str__(self) -> str:
        return f"a list of different names of {LONGEST_CLASS_NAME} printable characters at most"


class Setting(NamedTuple):
    """A setting of a run: an option of `mlp train`, a key of a preset, an entry of a checkpoint."""

    name: str
    kind: Kind
    default: Option | None
    """None where mlp chooses the value"""
    help: str
    may_change_on_resume: bool = False
    automatic: str | None = None
    """the value of the option that lets mlp choose; a checkpoint holds what was chosen"""
    shown_default: str | None = None
    """the default in words, where the value does not say it"""
    other_spellings: tuple[str, ...] = ()

    @property
    def spelling(self) -> str:
        """The option as it is typed: `--batch-size`."""
        return as_typed(self.name)

    def accepts(self, value: object) -> bool:
        """Return whether an option or a preset can have this value."""
        return self.kind.accepts(value) or (self.automatic is not None and value == self.automatic)

    @property
    def expected(self) -> str:
        """What an option or a preset can have, in words."""
        return f"{self.automatic} or {self.kind}" if self.automatic else str(self.kind)
