"""What makes a run, as a checkpoint stores it."""

import math
import os
import reprlib
import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from mlp_cli.errors import CheckpointError, OptionError
from mlp_cli.learning.schedules import Schedule
from mlp_cli.nn.names import ActivationName, CostName, InitName, ScheduleName

Option = str | int | float | list[int]
"""the value of an option on the command line, or of a key in a preset"""

DistortName = Literal["none", "shift", "affine", "elastic"]
"""what the training images are bent by, each epoch anew"""

DtypeName = Literal["float32", "float64"]

MOST = (1 << 63) - 1
"""the largest whole number that a setting can be, as in TOML and in many readers of JSON"""

LARGEST = sys.float_info.max
"""the largest number that a setting can be; a whole one in JSON or TOML may be larger"""

OPTIONS = (
    *("dataset", "hidden", "activation", "cost", "init"),
    *("epochs", "eta", "schedule", "schedule_every", "warmup"),
    *("batch_size", "momentum", "l2", "dropout", "distort", "distort_strength"),
    *("validation", "patience", "seed", "dtype", "threads"),
)
"""the options of `mlp train` that make a run, which are the keys of a preset"""

CHANGEABLE = {"epochs", "eta", "patience", "threads"}
"""the settings that a run may go on with otherwise"""

MOST_EPOCHS = 40_000
"""their history, up to 700 bytes an epoch, is what a reader takes of a checkpoint"""

LEAST = {"epochs": 1, "batch_size": 1, "schedule_every": 1, "threads": 1}
"""the numbers among the settings that must not be 0"""


@dataclass(frozen=True)
class Settings:
    """What makes a run: with these and the same data it can be made again, to the bit."""

    dataset: str
    data_dir: str
    """the data folder as it was given"""
    fingerprint: str
    """SHA-256 over the dataset's arrays; empty where they are not known"""
    image_shape: tuple[int, ...]
    """rows and columns"""
    sizes: tuple[int, ...]
    """units of every layer, input first"""
    epochs: int
    """0 in a network that was trained elsewhere, of which this and the next are not known"""
    eta: float
    batch_size: int
    validation: int
    """how many images, the training set's last, are held out"""
    seed: int
    init: InitName
    dtype: DtypeName
    activation: ActivationName = "sigmoid"
    """of the hidden layers"""
    cost: CostName = "quadratic"
    l2: float = 0.0
    momentum: float = 0.0
    dropout: float = 0.0
    """the share of the hidden units that every mini-batch leaves out"""
    schedule: ScheduleName = "constant"
    schedule_every: int = 10
    warmup: int = 0
    """epochs"""
    distort: DistortName = "none"
    distort_strength: float = 1.0
    patience: int = 0
    """epochs without a better validation accuracy after which the run ends; 0: it does not"""
    threads: int = 1
    """of the products of matrices; another number may round them otherwise"""

    def learning_rates(self) -> Schedule:
        """Return the schedule of the learning rate."""
        return Schedule(
            self.eta, self.epochs, self.schedule, every=self.schedule_every, warmup=self.warmup
        )

    @property
    def hidden(self) -> list[int]:
        """Units of the hidden layers."""
        return list(self.sizes[1:-1])

    def options(self) -> dict[str, Option]:
        """Return the settings that are options of `mlp train`, by name."""
        return {name: getattr(self, name) for name in OPTIONS}

    def with_options(self, given: Mapping[str, Option]) -> Self:
        """Return the settings of a run that goes on with these options.

        Raises OptionError, naming both values, for an option that would make it another run.
        """
        for name, value in given.items():
            ours = getattr(self, name)
            if name not in CHANGEABLE and value != ours:
                raise OptionError(
                    f"{name.replace('_', '-')} {value}: the run to be resumed has {ours}. "
                    "Leave the option out, or train a new run without --resume."
                )
        changes: dict[str, Any] = {name: given[name] for name in CHANGEABLE & given.keys()}
        return replace(self, **changes)

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> Self:
        """Return the settings in a checkpoint's meta, each checked to be of its type.

        A setting that has a default may be missing: files of earlier versions have fewer.
        Raises CheckpointError, naming the setting, where another is, or one is something else.
        """
        values: dict[str, Any] = {}
        for field in fields(cls):
            name = field.name
            if name not in meta and field.default is not MISSING:
                continue
            value = meta.get(name)
            # A network that was trained elsewhere has had no epochs here.
            adopted = name == "epochs" and type(value) is int and value == 0
            if not adopted and (expected := expected_instead(name, value)) is not None:
                raise bad_meta(name, value, expected)
            values[name] = tuple(value) if isinstance(value, list) else value
        settings = cls(**values)
        for name in ("momentum", "dropout"):
            if (share := getattr(settings, name)) >= 1:
                raise bad_meta(name, share, "a number, 0 or above and below 1")
        if len(settings.sizes) < 2:
            raise bad_meta("sizes", settings.sizes, "an input and an output layer at least")
        if len(settings.image_shape) != 2 or math.prod(settings.image_shape) != settings.sizes[0]:
            expected = f"rows and columns of {settings.sizes[0]} pixels"
            raise bad_meta("image_shape", settings.image_shape, expected)
        return settings


KINDS = get_type_hints(Settings) | {"hidden": tuple[int, ...]}
"""the type of every setting and option"""


def expected_instead(name: str, value: object) -> str | None:
    """Return what the setting or option `name` is, in words, or None if this value will do.

    The value is as JSON and TOML have it: a tuple is a list there.
    """
    kind, least = KINDS[name], LEAST.get(name, 0)
    most = MOST_EPOCHS if name == "epochs" else MOST
    return None if _is_a(kind, value, least, most) else _describe(kind, least, most)


def bad_meta(name: str, value: object, expected: str) -> CheckpointError:
    """Return the error for an entry of meta that is not what it must be."""
    return CheckpointError(f"meta: {name} is {reprlib.repr(value)}, expected {expected}.")


def _is_a(kind: Any, value: object, least: int, most: int) -> bool:  # noqa: ANN401
    """Tell whether a JSON value is what a setting of this type is stored as.

    kind: a type, or a generic one.  least, most: of whole numbers; of others, least alone.
    """
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is tuple:
        return isinstance(value, list) and all(_is_a(int, n, 1, MOST) for n in value)
    if kind is int:
        return type(value) is int and least <= value <= most
    if kind is float:
        return isinstance(value, int | float) and type(value) is not bool and 0 <= value <= LARGEST
    return isinstance(value, str) and _can_be_a_path(value)


def _can_be_a_path(text: str) -> bool:
    """Tell whether the system can be asked for a file of this name; JSON has halves of letters."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _describe(kind: Any, least: int, most: int) -> str:  # noqa: ANN401
    """Name a setting's type for a person."""
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    if get_origin(kind) is tuple:
        return "a list of whole numbers above 0"
    number = f"number, {least} or above" if most == MOST else f"number, {least} to {most}"
    return {int: f"a whole {number}", float: f"a {number}", str: "text"}[kind]
