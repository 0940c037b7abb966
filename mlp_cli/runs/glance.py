"""What the meta of a checkpoint says at a glance, unchecked: who wrote it, how far its run is."""

from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from mlp_cli.errors import CheckpointError
from mlp_cli.runs.archive import Archive, read_json
from mlp_cli.system.files import open_regular


class Mark(NamedTuple):
    """Who wrote a checkpoint, and when in the run: two states of a file have different marks."""

    process: int | None
    """number of the process that trained the run"""
    token: str | None
    """drawn by that process"""
    epochs: int


def read_mark(path: Path) -> Mark | None:
    """Return the mark of a checkpoint; None where there is no file that has one."""
    if (meta := _glance(path)) is None:
        return None
    writer, history = meta.get("writer"), meta.get("history")
    process, token = (
        (writer.get("process"), writer.get("token")) if isinstance(writer, dict) else (None, None)
    )
    return Mark(
        process if type(process) is int else None,
        token if isinstance(token, str) else None,
        len(history) if isinstance(history, list) else 0,
    )


class Stage(Enum):
    """How far the run of a checkpoint has come."""

    BEGUN = "no epoch"
    IMPORTED = "trained elsewhere"
    ONE_EPOCH = "one epoch"
    TRAINED = "more than one epoch"


def read_stage(path: Path) -> Stage:
    """Return how far the run of a checkpoint has come, by its meta alone.

    One that cannot be read counts as trained: whoever loads it is told what is wrong with it.
    """
    meta = _glance(path)
    if meta is None or not isinstance(history := meta.get("history"), list):
        return Stage.TRAINED
    if not history:
        return Stage.IMPORTED if meta.get("epochs") == 0 else Stage.BEGUN
    # A run that began from another's parameters has their epochs behind it, too.
    is_new = len(history) == 1 and not meta.get("from")
    return Stage.ONE_EPOCH if is_new else Stage.TRAINED


def _glance(path: Path) -> dict[str, Any] | None:
    """Return the meta of a checkpoint, unchecked; None where there is none."""
    try:
        with open_regular(path) as file:
            return read_json(Archive(file), "meta")
    except (OSError, CheckpointError):
        return None
