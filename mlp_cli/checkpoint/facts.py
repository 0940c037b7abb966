"""What a checkpoint's file is, beside the run in it."""

from dataclasses import dataclass
from pathlib import Path

from mlp_cli.checkpoint.archive import Archive, read_json
from mlp_cli.system.files import open_regular


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
    with open_regular(path) as file:
        meta = read_json(Archive(file), "meta")
    versions = meta.get("versions")
    return FileFacts(
        size=path.stat().st_size,
        format_version=meta["format_version"],
        stored_dtype=meta.get("stored_dtype", meta["dtype"]),
        versions={k: v for k, v in versions.items() if isinstance(v, str)}
        if isinstance(versions, dict)
        else {},
    )
