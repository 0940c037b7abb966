"""What a setting takes in the runs of a sweep: some values, or a range; as typed, and back."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from mlp_cli.datasets.catalogue import NAMES, find_source
from mlp_cli.datasets.source import DEFAULT_DATA_DIR
from mlp_cli.errors import OptionError
from mlp_cli.runs.schema import DatasetText, Option, Real, Setting, Whole, Wholes
from mlp_cli.runs.settings import SETTINGS

LOGARITHMIC = ":log"
NO_LAYER = "none"
EXAMPLES = "--vary eta=0.5,1,3 or --vary eta=0.01..1:log"


class Listed(NamedTuple):
    """Each of these values, in this order."""

    values: tuple[Option, ...]

    def __str__(self) -> str:
        return ",".join(map(spell, self.values))


class Range(NamedTuple):
    """Any number from the least to the most, both included."""

    least: int | float
    most: int | float
    is_logarithmic: bool = False
    """whether equal factors are equally likely, not equal differences"""

    def __str__(self) -> str:
        scale = LOGARITHMIC if self.is_logarithmic else ""
        return f"{spell(self.least)}..{spell(self.most)}{scale}"


Variation = Listed | Range


def spell(value: Option) -> str:
    """Return a value as one types it in a list: layers joined by `+`."""
    if isinstance(value, list):
        return "+".join(map(str, value)) or NO_LAYER
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def read_variations(texts: Sequence[str]) -> tuple[dict[str, Variation], list[str]]:
    """Return what each `NAME=VALUES` varies, by the name of the setting, and all faults.

    The names come in the order of the table of settings, whatever order they were typed in.
    A fault is a line: the text, what was found in it, and what was expected.
    """
    varied: dict[str, Variation] = {}
    faults = []
    for text in texts:
        typed, equals, values = text.partition("=")
        if not equals:
            faults.append(f"--vary {text}: expected NAME=VALUES, such as {EXAMPLES}.")
        elif (name := _find_name(typed)) is None:
            faults.append(f"--vary {text}: unknown setting {typed!r}. {_nearest(typed)}")
        elif name == "seed":
            faults.append(f"--vary {text}: seeds are no grid. Use --seeds N, from --seed on.")
        elif name in varied:
            faults.append(f"--vary {text}: {name} is varied twice. Join the values in one --vary.")
        else:
            try:
                varied[name] = read_variation(SETTINGS[name], values)
            except OptionError as error:
                faults += [f"--vary {text}: {line}" for line in str(error).splitlines()]
                varied[name] = Listed(())
    return {name: varied[name] for name in SETTINGS if name in varied}, faults


def _find_name(typed: str) -> str | None:
    """Return the setting that is meant: `--batch-size`, `batch_size` and `lr` are understood."""
    name = typed.strip().removeprefix("--").replace("-", "_")
    for setting in SETTINGS.values():
        others = (other.removeprefix("--").replace("-", "_") for other in setting.other_spellings)
        if name == setting.name or name in others:
            return setting.name
    return None


def _nearest(typed: str) -> str:
    near = get_close_matches(typed.strip().removeprefix("--").replace("-", "_"), SETTINGS, n=1)
    known = ", ".join(name for name in SETTINGS if name != "seed")
    return f"Did you mean {near[0]!r}?" if near else f"Known: {known}."


def read_variation(setting: Setting, text: str) -> Variation:
    """Return what a text such as `0.1,0.3` or `0.01..1:log` varies a setting over.

    Raises OptionError, with a line for each fault, where the setting cannot have a value.
    """
    if isinstance(setting.kind, Whole | Real | Wholes) and ".." in text:
        return _read_range(setting, text)
    values: list[Option] = []
    faults = []
    for part in (part.strip() for part in text.split(",")):
        value = _read_value(setting, part)
        if value is None:
            faults.append(f"{part!r}, expected {_expected(setting)}.")
        elif value in values:
            faults.append(f"{part!r} stands there twice. Leave one out.")
        else:
            values.append(value)
    if faults:
        raise OptionError("\n".join(faults))
    return Listed(tuple(values))


def _read_value(setting: Setting, text: str) -> Option | None:
    """Return a value from its text; None where the setting cannot have it."""
    value: Option = text
    try:
        match setting.kind:
            case Whole():
                value = int(text)
            case Real():
                value = float(text)
            case Wholes():
                value = [] if text in (NO_LAYER, "0") else [int(layer) for layer in text.split("+")]
            case DatasetText():
                value = os.path.expanduser(text)
                folder = find_source(value).folder(DEFAULT_DATA_DIR) if value else ""
                if value not in NAMES and not os.path.isdir(folder):
                    return None
    except ValueError:
        return None
    return value if setting.accepts(value) else None


def _expected(setting: Setting) -> str:
    if isinstance(setting.kind, DatasetText):
        return f"a dataset ({', '.join(NAMES)}) or a folder"
    if isinstance(setting.kind, Wholes):
        return f"units of a layer, {setting.kind.each.least} or more; layers joined by +"
    return setting.expected


def _read_range(setting: Setting, text: str) -> Range:
    """Return a range such as `1..200`; of `hidden`, the units of a single layer."""
    span, is_logarithmic = text.strip().removesuffix(LOGARITHMIC), text.endswith(LOGARITHMIC)
    least, most = (_read_value(setting, end.strip()) for end in span.split("..", 1))
    ends = [end[0] if isinstance(end, list) and len(end) == 1 else end for end in (least, most)]
    if not all(isinstance(end, int | float) for end in ends):
        raise OptionError(
            f"expected A..B or A..B{LOGARITHMIC}, where A and B are each {_expected(setting)}."
        )
    low, high = ends
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if low >= high:
        raise OptionError(f"from {low} to {high}, expected a range that goes up.")
    if is_logarithmic and low <= 0:
        raise OptionError(f"from {low}, expected a number above 0, since logarithms begin there.")
    return Range(low, high, is_logarithmic)
