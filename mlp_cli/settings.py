"""What makes a run, as a checkpoint stores it."""

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from mlp_cli.errors import CheckpointError
from mlp_cli.nn.network import Init


@dataclass(frozen=True)
class Settings:
    """What makes a run: with these and the same data it can be made again, to the bit."""

    dataset: str
    data_dir: str
    """the data folder as it was given"""
    fingerprint: str
    """SHA-256 over the dataset's arrays"""
    image_shape: tuple[int, ...]
    """rows and columns"""
    sizes: tuple[int, ...]
    """units of every layer, input first"""
    epochs: int
    eta: float
    batch_size: int
    validation: int
    """how many images, the training set's last, are held out"""
    seed: int
    init: Init
    dtype: Literal["float32", "float64"]
    activation: Literal["sigmoid"] = "sigmoid"
    cost: Literal["quadratic"] = "quadratic"

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> Self:
        """Return the settings in a checkpoint's meta, each checked to be of its type.

        Raises CheckpointError, naming the setting, where one is missing or is something else.
        """
        kinds = get_type_hints(cls)
        values: dict[str, Any] = {}
        for name in (f.name for f in fields(cls)):
            value = meta.get(name)
            if not _is_a(kinds[name], value):
                raise bad_meta(name, value, _describe(kinds[name]))
            values[name] = tuple(value) if isinstance(value, list) else value
        settings = cls(**values)
        if len(settings.sizes) < 2:
            raise bad_meta("sizes", settings.sizes, "an input and an output layer at least")
        if len(settings.image_shape) != 2 or math.prod(settings.image_shape) != settings.sizes[0]:
            expected = f"rows and columns of {settings.sizes[0]} pixels"
            raise bad_meta("image_shape", settings.image_shape, expected)
        return settings


def bad_meta(name: str, value: object, expected: str) -> CheckpointError:
    """Return the error for an entry of meta that is not what it must be."""
    return CheckpointError(f"meta: {name} is {reprlib.repr(value)}, expected {expected}.")


def _is_a(kind: Any, value: object) -> bool:  # noqa: ANN401  a type, or a generic form of one
    """Tell whether a JSON value is what a setting of this type is stored as."""
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is tuple:
        return isinstance(value, list) and all(type(n) is int and n > 0 for n in value)
    if kind is int:
        return type(value) is int and value >= 0
    if kind is float:
        return type(value) in (int, float)
    return isinstance(value, str) and "\0" not in value


def _describe(kind: Any) -> str:  # noqa: ANN401
    """Name a setting's type for a person."""
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    if get_origin(kind) is tuple:
        return "a list of whole numbers above 0"
    return {int: "a whole number, 0 or above", float: "a number", str: "text"}[kind]
