"""Read a checkpoint, and check every part of it."""

import math
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import CheckpointError
from mlp_cli.nn.network import Network
from mlp_cli.runs.archive import Archive, read_json
from mlp_cli.runs.checkpoint import (
    FORMAT_VERSION,
    ResumeState,
    Run,
)
from mlp_cli.runs.history import HISTORY_KEYS, Entry
from mlp_cli.runs.origin import Origin
from mlp_cli.runs.places import NEW_RUN
from mlp_cli.runs.schema import Text, bad_meta
from mlp_cli.runs.settings import Settings
from mlp_cli.runs.small import SMALL_DTYPE
from mlp_cli.system.files import open_regular
from mlp_cli.system.shell import command_line


def load_checkpoint(path: str | PathLike[str]) -> Run:
    """Return the run in a checkpoint, with every part checked.

    Raises CheckpointError, naming the file and the part, where it is missing, is not a
    checkpoint, is of a newer format, is damaged, or holds arrays that are not its network's.
    """
    path = Path(path)
    try:
        with open_regular(path) as file:
            return _parse(Archive(file))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such file, expected a checkpoint. {NEW_RUN}") from error
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error.strerror or error}), expected a checkpoint. {NEW_RUN}"
        ) from error
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error} {NEW_RUN}") from error


def read_run(checkpoint: bytes) -> Run:
    """Return the run in the bytes of a checkpoint, with every part checked.

    Raises CheckpointError, naming the part, as `load_checkpoint` does; OSError where there is no
    room for a temporary file.
    """
    with tempfile.TemporaryFile() as file:  # an archive is read by its descriptor
        file.write(checkpoint)
        file.seek(0)
        return _parse(Archive(file))


def load_trained(path: Path) -> Run:
    """Return the run in a checkpoint, as `load_checkpoint`, if its network has learned anything.

    Raises CheckpointError where the run has had no epoch yet.
    """
    run = load_checkpoint(path)
    if run.awaits_its_first_epoch:
        words = ["mlp", "train", "--resume", "--checkpoint", str(path)]
        raise CheckpointError(
            f"{path}: has no epoch yet, expected a trained network.\n"
            f"Wait for its first epoch or, where it was stopped, resume it: {command_line(words)}"
        )
    return run


def _parse(arrays: Archive) -> Run:
    """Return the run in these arrays, with every part checked.

    The settings are read first: they bound the size of every array.
    """
    meta = read_json(arrays, "meta")
    version = meta.get("format_version")
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise bad_meta("format_version", version, f"{FORMAT_VERSION}; a newer mlp may read it")
    settings = Settings.from_meta(meta)
    is_resumable = any(name.startswith("resume/") for name in arrays.names)
    history, best_epoch = _read_history(meta)
    test_accuracy = meta.get("test_accuracy")
    if test_accuracy is not None and not _is_fraction(test_accuracy):
        raise bad_meta("test_accuracy", test_accuracy, "a number from 0 to 1, or null")
    engine_variant = meta.get("engine_variant")
    if engine_variant is not None and not Text().accepts(engine_variant):
        raise bad_meta("engine_variant", engine_variant, "text or null")
    stored = meta.get("stored_dtype", settings.dtype)
    if stored not in (settings.dtype, SMALL_DTYPE):
        raise bad_meta("stored_dtype", stored, f"{settings.dtype} or {SMALL_DTYPE}")
    resume = None
    if is_resumable:
        resume = ResumeState(
            network=_read_network(arrays, settings, "resume/"),
            velocities=_read_velocities(arrays, settings),
            shuffling=_read_shuffling(arrays),
        )
    return Run(
        settings,
        network=_read_network(arrays, settings, stored=stored),
        resume=resume,
        history=history,
        best_epoch=best_epoch,
        test_accuracy=test_accuracy,
        engine_variant=engine_variant,
        arithmetic=_texts(meta.get("arithmetic")),
        origin=Origin.from_meta(meta, layers=len(settings.sizes) - 1),
    )


def _read_history(meta: Mapping[str, Any]) -> tuple[list[Entry], int]:
    """Return the history and the best epoch in meta, both checked."""
    history, best_epoch = meta.get("history"), meta.get("best_epoch")
    if not isinstance(history, list) or not all(
        _is_entry(entry, epoch) for epoch, entry in enumerate(history, start=1)
    ):
        raise bad_meta("history", history, f"a list of entries with {', '.join(HISTORY_KEYS)}")
    least = 1 if history else 0
    if type(best_epoch) is not int or not least <= best_epoch <= len(history):
        expected = f"1 to {len(history)}" if history else "0 before the first epoch"
        raise bad_meta("best_epoch", best_epoch, expected)
    return history, best_epoch


def _is_entry(entry: object, epoch: int) -> bool:
    """Return whether this is that epoch of a history: finite numbers, an accuracy or null.

    Training accuracy and validation cost may be missing, as in files of earlier versions.
    """
    later = ("training_accuracy", "validation_cost")
    required = (key for key in HISTORY_KEYS if key not in later)
    if not isinstance(entry, dict) or not all(key in entry for key in required):
        return False
    accuracies = entry["validation_accuracy"], entry.get("training_accuracy")
    cost = entry.get("validation_cost")
    return (
        type(entry["epoch"]) is int
        and entry["epoch"] == epoch
        and all(_is_finite(entry[key]) for key in ("eta", "cost", "seconds"))
        and all(accuracy is None or _is_fraction(accuracy) for accuracy in accuracies)
        and (cost is None or _is_finite(cost))
    )


def _is_finite(value: object) -> bool:
    """Return whether this is a number, 0 or above, that is finite as a float."""
    return type(value) in (int, float) and 0 <= value <= sys.float_info.max  # type: ignore[operator]


def _is_fraction(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]


def _read_shuffling(arrays: Archive) -> dict[str, Any]:
    """Return the state of the shuffling generator, which NumPy must accept."""
    state = read_json(arrays, "resume/shuffle")
    try:
        np.random.default_rng().bit_generator.state = state
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise CheckpointError("resume/shuffle: not the state of a NumPy generator.") from error
    return state


def _read_velocities(arrays: Archive, settings: Settings) -> list[npt.NDArray[Any]]:
    """Return the velocities of momentum; none in a run without it."""
    if not settings.momentum:
        return []
    return _read_network(arrays, settings, "resume/velocity/").parameters


def _read_network(
    arrays: Archive, settings: Settings, prefix: str = "", stored: str | None = None
) -> Network:
    """Return the network whose parameters are under this prefix, in the settings' precision.

    stored: their precision in the file, where it differs.
    """
    dtype = stored or settings.dtype

    def parameter(name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        array = arrays.read(prefix + name, math.prod(shape) * np.dtype(dtype).itemsize)
        if array is None or array.shape != shape or array.dtype != dtype:
            found = "missing" if array is None else f"{array.dtype} {array.shape}"
            expected = f"{dtype} {shape}"
            raise CheckpointError(f"array {prefix}{name}: {found}, expected {expected}.")
        if not np.isfinite(array).all():
            raise CheckpointError(f"array {prefix}{name}: not finite, expected finite numbers.")
        return array.astype(settings.dtype, copy=False)

    shapes = list(enumerate(pairwise(settings.sizes), start=2))
    return Network(
        weights=[parameter(f"W{l}", (n_out, n_in)) for l, (n_in, n_out) in shapes],
        biases=[parameter(f"b{l}", (n_out,)) for l, (_, n_out) in shapes],
        activation=settings.activation,
        cost=settings.cost,
    )


def _texts(value: object) -> dict[str, str]:
    """Return the entries that are text; none where this is no object."""
    entries = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in entries if isinstance(text, str)}


@dataclass(frozen=True)
class FileFacts:
    """How a checkpoint was written."""

    size: int
    """bytes"""
    format_version: int
    stored_dtype: str
    """precision of the parameters in the file"""
    versions: dict[str, str]
    """of the programs that wrote it, by name; entries that are not text are left out"""


def read_facts(path: Path) -> FileFacts:
    """Return the facts about a file that `load_checkpoint` has accepted."""
    with open_regular(path) as file:
        meta = read_json(Archive(file), "meta")
    return FileFacts(
        size=path.stat().st_size,
        format_version=meta["format_version"],
        stored_dtype=meta.get("stored_dtype", meta["dtype"]),
        versions=_texts(meta.get("versions")),
    )
