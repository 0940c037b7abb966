"""Settings as Python has them: by name, of NumPy's types too, and refused in Python's words."""

import re
import reprlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from mlp_cli.errors import DivergedError, OptionError
from mlp_cli.runs.combinations import check_combination
from mlp_cli.runs.schema import Option, Real
from mlp_cli.runs.settings import SETTINGS


def options_of(given: Mapping[str, object]) -> dict[str, Option]:
    """Return settings as a run takes them, each checked to be of its kind and range.

    given: by name; None where the run is to choose.  Raises OptionError, naming the setting.
    """
    options: dict[str, Option] = {}
    for name, value in given.items():
        setting, plain = SETTINGS[name], _plain(value)
        if plain is None and setting.default is None:
            continue
        if name == "hidden" and type(plain) is int:
            plain = [plain]  # a single layer needs no brackets, as in a preset
        if not setting.accepts(plain):
            raise OptionError(f"{name} is {reprlib.repr(value)}, expected {setting.expected}.")
        options[name] = float(plain) if isinstance(setting.kind, Real) else plain
    return options


def check_new(options: Mapping[str, Option]) -> None:
    """Raise OptionError for settings of a new run that make no sense together.

    What differs from its default counts as what somebody asked for.
    """
    changed = {name for name, value in options.items() if value != SETTINGS[name].default}
    check_combination(options, changed)


@contextmanager
def in_pythons_words() -> Iterator[None]:
    """Say `batch_size` in the errors of a run, where the command line says `--batch-size`."""
    try:
        yield
    except (OptionError, DivergedError) as error:
        text = re.sub(
            r"--([a-z][a-z0-9-]*)", lambda option: option[1].replace("-", "_"), str(error)
        )
        raise type(error)(text) from error


def _plain(value: Any) -> Any:  # noqa: ANN401  whatever somebody gives
    """Return a value as JSON has it: numbers of NumPy as numbers, a tuple or an array as a list."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | list | range):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value
