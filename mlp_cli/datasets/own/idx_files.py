"""Read a dataset in IDX files by other names, types or layouts: EMNIST and QMNIST, for example."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlp_cli.datasets.arrays import LabelArray
from mlp_cli.datasets.class_names import read_classes_file, read_mapping
from mlp_cli.datasets.files import unreadable
from mlp_cli.datasets.foreign import is_idx
from mlp_cli.datasets.idx import read_idx
from mlp_cli.datasets.loading import Split
from mlp_cli.datasets.look_alikes import read_start
from mlp_cli.datasets.own.material import Form, Material, naming, paired
from mlp_cli.errors import DataError
from mlp_cli.system.shell import command_line

ROLE_IN_NAME = re.compile(r"(.*?)(train|t10k|test)[^a-z]{0,3}(image|label)", re.IGNORECASE)
MAPPING_ENDING = "mapping.txt"
MOST_SETS = 8
"""that an error lists"""


class Role(NamedTuple):
    """What a file is, by its name."""

    part: str
    """train or test"""
    contents: str
    """image or label"""


def sets_in(folder: Path) -> dict[str, dict[Role, Path]]:
    """Return the files of each dataset in a folder, by what their names begin with.

    Raises DataAccessError where the folder cannot be listed.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise unreadable(folder, error, "a folder of IDX files") from error
    sets: dict[str, dict[Role, Path]] = {}
    for name in names:
        role = ROLE_IN_NAME.match(name)
        if role and is_idx(read_start(folder / name).inner):
            part = "train" if role[2].lower() == "train" else "test"
            found = sets.setdefault(role[1], {})
            found.setdefault(Role(part, role[3].lower()), folder / name)
    return sets


def read_idx_files(source: Path, form: Form) -> Material:
    """Return the images and labels of a dataset in IDX files.

    source: their folder, or one of the files where the folder has several datasets.
    Raises DataError where a file is missing or damaged, or holds something else.
    """
    is_folder = os.path.isdir(source)
    folder = source if is_folder else source.parent
    sets = sets_in(folder)
    if is_folder:
        if len(sets) > 1:
            raise _several(source, sets)
        beginning = next(iter(sets))
    else:
        role = ROLE_IN_NAME.match(source.name)
        beginning = role[1] if role else ""
        if beginning not in sets or source not in sets[beginning].values():
            raise DataError(
                f"{source}: an IDX file, expected train or test, and images or labels, in its "
                "name, as in own-train-images-idx3-ubyte."
            )
    files = sets[beginning]
    train = _split(folder, beginning, files, "train", form)
    has_test = any(role.part == "test" for role in files)
    test = _split(folder, beginning, files, "test", form) if has_test else None
    mapping = folder / f"{beginning}{MAPPING_ENDING}"
    if os.path.isfile(mapping):
        return _named(train, test, mapping)
    return Material(train, test, read_classes_file(folder))


def _several(source: Path, sets: Mapping[str, Mapping[Role, Path]]) -> DataError:
    names = [str(next(iter(files.values()))) for files in sets.values()]
    shown = ", ".join(repr(beginning) for beginning in list(sets)[:MOST_SETS])
    return DataError(
        f"{source}: {len(sets)} datasets, whose names begin with {shown}, expected one.\n"
        f"Name a file of one, such as: {command_line(['mlp', 'convert', names[0]])}"
    )


def _split(
    folder: Path, beginning: str, files: Mapping[Role, Path], part: str, form: Form
) -> Split:
    """Return the images and labels of a part. Raises DataError where one is missing or damaged."""
    paths = [files.get(Role(part, contents)) for contents in ("image", "label")]
    for path, contents in zip(paths, ("image", "label"), strict=True):
        if path is None:
            raise DataError(
                f"{folder}: no {contents}s for {part}, expected an IDX file such as "
                f"{beginning}{part}-{contents}s."
            )
    images_path, labels_path = (path or folder for path in paths)
    found = read_idx(images_path), read_idx(labels_path)
    with naming(images_path):
        images = form.images(found[0])
    with naming(labels_path):
        labels = form.labels(found[1])
    return paired(images, labels, images_path.name, str(labels_path))


def _named(train: Split, test: Split | None, mapping: Path) -> Material:
    """Return the data with labels counted from 0, in the order and by the names of a mapping."""
    names = read_mapping(mapping)
    order = sorted(names)
    renumbered = np.full(256, 255, np.uint8)
    renumbered[order] = np.arange(len(order), dtype=np.uint8)

    def renumber(labels: LabelArray) -> LabelArray:
        unknown = set(np.unique(labels).tolist()) - names.keys()
        if unknown:
            raise DataError(f"{mapping}: no line for label {min(unknown)}, expected one for each.")
        changed: LabelArray = renumbered[labels]
        return changed

    parts = [part and Split(part.images, renumber(part.labels)) for part in (train, test)]
    notes = [f"classes are named by {mapping.name}"]
    if order != list(range(len(order))):
        notes.append(f"labels {order[0]} to {order[-1]} become 0 to {len(order) - 1}")
    assert parts[0] is not None
    return Material(parts[0], parts[1], tuple(names[label] for label in order), tuple(notes))
