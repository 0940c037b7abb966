"""Read a folder of folders of pictures: a class each, in one part or in two."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlp_cli.datasets.arrays import ImageArray
from mlp_cli.datasets.class_names import read_classes_file
from mlp_cli.datasets.files import unreadable
from mlp_cli.datasets.loading import Split
from mlp_cli.datasets.own.class_names import natural, number_names
from mlp_cli.datasets.own.material import Material, naming
from mlp_cli.errors import DataError, PictureError
from mlp_cli.system.characters import one_line

TRAIN_NAMES = ("train", "training", "trainingset")
TEST_NAMES = ("test", "testing", "testset", "t10k")
VALIDATION_NAMES = ("val", "valid", "validation")
MOST_WRAPPERS = 3
"""folders within each other that an archive was unpacked into"""
MOST_EMPTY = 5
"""classes without a picture that an error lists"""

ReadImage = Callable[[Path], tuple[ImageArray, Sequence[str]]]
"""returns the image of a picture, (rows, columns), with reasons to doubt it; or PictureError"""
ListPictures = Callable[[Path], tuple[list[Path], str]]
"""returns the pictures of a folder, and a clause about what else is in it; or PictureError"""


class FoundPicture(NamedTuple):
    """A picture of a class."""

    path: Path
    part: str
    """train or test"""
    class_name: str


class Doubt(NamedTuple):
    """A picture that may not be what its folder says, or that cannot be read."""

    path: Path
    class_name: str
    reason: str
    is_kept: bool


@dataclass
class PictureFolders:
    """The pictures of a source, in order: by part, by class, by name."""

    pictures: list[FoundPicture]
    labels: Mapping[str, int]
    """of the names of the classes"""
    names: tuple[str, ...]
    """of labels 0, 1, ..."""
    notes: list[str]
    """what of the source is not read, each as a clause"""
    doubts: list[Doubt] = field(default_factory=list)

    @classmethod
    def find(
        cls, source: Path, list_pictures: ListPictures, test: Path | None = None
    ) -> "PictureFolders":
        """Return the pictures of a folder, none of which is read yet.

        The folder has a folder for each class, or a training and a test half that have them.
        test: another such folder, with the test part.
        Raises DataError where it has something else, and where a class has no picture.
        """
        parts, notes = _parts_of(source, test)
        pictures: list[FoundPicture] = []
        for part, folder in parts.items():
            for inner in _class_folders(folder):
                try:
                    found, unread = list_pictures(inner)
                except PictureError as error:
                    raise DataError(
                        f"{inner}: {error}\nPut pictures of the class there, or remove the folder."
                    ) from error
                if unread:
                    notes.append(f"{one_line(inner)}: not read: {unread}")
                ordered = sorted(found, key=lambda path: natural(path.name))
                pictures += [FoundPicture(path, part, inner.name) for path in ordered]
        root = parts["train"]
        known = read_classes_file(source) or read_classes_file(root)
        with naming(source):
            classes = number_names({picture.class_name for picture in pictures}, known)
        pictures.sort(key=lambda p: (p.part == "test", classes.labels[p.class_name]))
        return cls(pictures, *classes, notes)

    def read(self, read_image: ReadImage, *, strict: bool) -> Iterator[Doubt | None]:
        """Read the pictures one by one, yielding what is to be said of each; see `material`.

        strict: leave out those that are doubtful.
        """
        self._images: dict[str, list[ImageArray]] = defaultdict(list)
        self._found: dict[str, list[int]] = defaultdict(list)
        for path, part, class_name in self.pictures:
            try:
                image, warnings = read_image(path)
            except PictureError as error:
                doubt = Doubt(path, class_name, str(error), is_kept=False)
                self.doubts.append(doubt)
                yield doubt
                continue
            if warnings:
                self.doubts.append(Doubt(path, class_name, "; ".join(warnings), not strict))
            if not (warnings and strict):
                self._images[part].append(image)
                self._found[part].append(self.labels[class_name])
            yield None

    def material(self) -> Material:
        """Return what was read. Raises DataError where nothing is left of a class, or of a part."""
        read = set(self._found["train"]) | set(self._found["test"])
        gone = [name for name, label in self.labels.items() if label not in read]
        if gone:
            shown = ", ".join(one_line(name) for name in gone[:MOST_EMPTY])
            raise DataError(
                f"no picture is left of {shown}: each is unreadable or, with --strict, doubtful. "
                "Look at them, or remove the folder."
            )
        splits = {part: self._split(part) for part in ("train", "test")}
        train, test = splits["train"], splits["test"]
        if train is None:
            raise DataError("no picture is left to learn from.")
        return Material(train, test, self.names, tuple(self.notes))

    def _split(self, part: str) -> Split | None:
        if not self._images[part]:
            return None
        return Split(np.stack(self._images[part]), np.array(self._found[part], np.uint8))


def _parts_of(source: Path, test: Path | None) -> tuple[dict[str, Path], list[str]]:
    """Return the folders of the parts, and notes. A folder with one folder in it is that one."""
    source = _unwrapped(source)
    folders = _folders_in(source)
    by_name = {folder.name.lower(): folder for folder in folders}
    halves = {
        part: next((by_name[name] for name in names if name in by_name), None)
        for part, names in (
            ("train", TRAIN_NAMES),
            ("test", TEST_NAMES),
            ("validation", VALIDATION_NAMES),
        )
    }
    if halves["train"] is None or not (halves["test"] or halves["validation"]):
        parts = {"train": source}
    else:
        halves["test"] = halves["test"] or halves.pop("validation")
        parts = {part: path for part in ("train", "test") if (path := halves[part])}
    notes = [
        f"{one_line(folder)}: not read, expected a training and a test half alone"
        for folder in folders
        if len(parts) == 2 and folder not in parts.values()
    ]
    if test is not None:
        if len(parts) == 2:
            raise DataError(f"{source}: has a test half, expected none with --test.")
        parts["test"] = test
    # A half may have its classes in one more folder, as Kaggle's trainingSet/trainingSet has.
    return {part: _unwrapped(folder) for part, folder in parts.items()}, notes


def _unwrapped(folder: Path) -> Path:
    """Return the folder that has several, where a folder has one alone; a link may have no end."""
    for _ in range(MOST_WRAPPERS):
        inner = _folders_in(folder)
        if len(inner) != 1 or not _folders_in(inner[0]):
            break
        folder = inner[0]
    return folder


def _class_folders(folder: Path) -> Iterable[Path]:
    inner = _folders_in(folder)
    if not inner:
        raise DataError(
            f"{folder}: no folders in it, expected a folder of pictures for each class, named as "
            "the class is.\nTo have pictures read whose class is not known: mlp predict FOLDER"
        )
    return inner


def _folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted, without hidden ones."""
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith((".", "__"))]
    except OSError as error:
        raise unreadable(folder, error, "a folder") from error
    return sorted((path for path in found if os.path.isdir(path)), key=lambda p: natural(p.name))
