"""Complete the values of options in the shell."""

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from mlp_cli.datasets.catalogue import NAMES
from mlp_cli.runs.places import FOLDER

CHECKPOINT_NAMES = ("newest", "bundled")
"""what every command's --checkpoint knows besides paths"""


def complete_checkpoint(
    _: click.Context, __: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer checkpoints that begin as typed, those of `checkpoints/`, their names, and folders."""
    others = [*CHECKPOINT_NAMES, *(str(path) for path in FOLDER.glob("*.npz"))]
    return _files(incomplete, ".npz", others)


def complete_dataset(
    _: click.Context, __: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the names of datasets, and folders."""
    names = [CompletionItem(name) for name in NAMES if name.startswith(incomplete)]
    return [CompletionItem(incomplete, type="dir"), *names]


def complete_preset(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of the presets that come with mlp, TOML files, and folders."""
    from mlp_cli.runs.presets import bundled_presets

    return _files(incomplete, ".toml", [preset.stem for preset in bundled_presets()])


def _files(incomplete: str, ending: str, others: Iterable[str]) -> list[CompletionItem]:
    folder, _, begun = incomplete.rpartition("/")
    here = Path(f"{folder}/") if "/" in incomplete else Path()
    names = {str(path) for path in here.glob(f"*{ending}") if path.name.startswith(begun)}
    names.update(other for other in others if other.startswith(incomplete))
    # The shell itself completes folders. Bash needs this entry before the names.
    folders = CompletionItem(incomplete, type="dir")
    return [folders, *(CompletionItem(name) for name in sorted(names))]
