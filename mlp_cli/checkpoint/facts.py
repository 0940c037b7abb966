"""What a checkpoint's file is, beside the run in it."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class FileFacts:
    """How the file was written."""

    size: int
    """bytes"""
    format_version: int
    stored_dtype: str
    """precision of the parameters in the file"""
    versions: dict[str, str]
    """of the programs that wrote it, by name; what is not text is left out"""


def read_facts(path: Path) -> FileFacts:
    """Return the facts of a file that `load_checkpoint` has accepted."""
    with np.load(path, allow_pickle=False) as archive:
        meta, stored = json.loads(archive["meta"].item()), archive["W2"].dtype
    versions = meta.get("versions")
    return FileFacts(
        size=path.stat().st_size,
        format_version=meta["format_version"],
        stored_dtype=str(stored),
        versions={k: v for k, v in versions.items() if isinstance(v, str)}
        if isinstance(versions, dict)
        else {},
    )
