"""Write a dataset of one's own into a folder: four IDX files, the names of the classes, doubts."""

import csv
import os
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mlp_cli.datasets.class_names import CLASSES_FILE
from mlp_cli.datasets.files import FILES
from mlp_cli.datasets.idx import IMAGES_MAGIC, LABELS_MAGIC, idx_header
from mlp_cli.datasets.loading import Split
from mlp_cli.datasets.own.pictures import Doubt
from mlp_cli.system.characters import one_line

SHEET_FILE = "sheet.png"
DOUBTFUL_FILE = "doubtful.csv"
ALWAYS_WRITTEN = (*FILES, CLASSES_FILE, SHEET_FILE)


def is_converted(folder: Path) -> bool:
    """Return whether a folder holds what a conversion writes, all of it and nothing else."""
    try:
        names = set(os.listdir(folder))
    except OSError:
        return False
    return names - {DOUBTFUL_FILE} == set(ALWAYS_WRITTEN)


def write_dataset(
    folder: Path, train: Split, test: Split, names: Sequence[str], doubts: Sequence[Doubt]
) -> None:
    """Write the files of a dataset; its sheet is drawn elsewhere.

    The doubts are written where there are any.
    Raises OSError as the file system does.
    """
    for split, (images, labels) in ((train, FILES[:2]), (test, FILES[2:])):
        with (folder / images).open("xb") as file:
            file.write(idx_header(IMAGES_MAGIC, split.images.shape))
            file.write(np.ascontiguousarray(split.images).data)
            sync(file)
        with (folder / labels).open("xb") as file:
            file.write(idx_header(LABELS_MAGIC, split.labels.shape))
            file.write(np.ascontiguousarray(split.labels).data)
            sync(file)
    _write_text(folder / CLASSES_FILE, "".join(f"{one_line(name)}\n" for name in names))
    if doubts:
        _write_text(folder / DOUBTFUL_FILE, _table(doubts))


def sync(file: BinaryIO) -> None:
    """Make what was written survive a power cut."""
    file.flush()
    os.fsync(file.fileno())


def _table(doubts: Sequence[Doubt]) -> str:
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("picture", "class", "kept", "reason"))
    for path, class_name, reason, is_kept in doubts:
        kept = "yes" if is_kept else "no"
        rows.writerow((one_line(path), one_line(class_name), kept, one_line(reason)))
    return text.getvalue()


def _write_text(path: Path, text: str) -> None:
    with path.open("xb") as file:
        file.write(text.encode())
        sync(file)
