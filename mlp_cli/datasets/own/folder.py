"""A folder of one's own with four IDX files, used as a dataset."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mlp_cli.datasets.class_names import read_class_names
from mlp_cli.datasets.files import describe_missing, find_files, is_complete
from mlp_cli.datasets.source import HoldOut, Source, advising
from mlp_cli.errors import MissingDataError

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset
    from mlp_cli.datasets.steps import StepGenerator

OPTION = "dataset"
"""the parameter of a command that names the folder"""
LONGEST_STEM = 40


@dataclass(frozen=True, kw_only=True)
class OwnFolder(Source):
    """A folder of one's own: its name is its path, and a data folder means nothing to it.

    Nothing is ever written there. It may have the names of its classes in a file; else its labels
    stand for themselves. It may well be sorted by class.
    """

    classes: Sequence[str] = ()

    held_out: ClassVar[HoldOut] = "stratified"

    @property
    def path(self) -> Path:
        """The folder. A path from Windows is one from here, if no folder has that very name."""
        if "\\" in self.name and not os.path.isdir(self.name):
            translated = self.name.replace("\\", "/")
            if os.path.isdir(translated):
                return Path(translated)
        return Path(self.name)

    @property
    def file_stem(self) -> str:
        """The folder's own name, made safe.

        Letters, digits, `_`, `.` and `-` stay, anything else becomes `_`; 40 characters at most.
        """
        safe = re.sub(r"[^\w.-]+", "_", self.path.resolve().name)
        return safe.strip("._-")[:LONGEST_STEM] or "data"

    def folder(self, data_dir: Path) -> Path:
        """Return the folder itself."""
        return self.path

    def class_names(self) -> tuple[str, ...]:
        """Return the names in the folder's file; none where it has no such file."""
        return read_class_names(self.path)

    def is_there(self, data_dir: Path) -> bool:
        """Return whether the folder holds all four files."""
        return is_complete(self._found())

    def can_bring(self, data_dir: Path) -> bool:
        """Return False: only the user has these files."""
        return False

    def bring(self, data_dir: Path, *, force: bool = False) -> "StepGenerator":
        """Raise MissingDataError: only the user has these files."""
        raise self._missing()

    def load(self, data_dir: Path) -> "Dataset":
        """Return the arrays of the folder's files, and the names of its classes."""
        from mlp_cli.datasets.loading import KnownClasses, read_files

        found = self._found()
        if not is_complete(found):
            raise self._missing()
        names = self.class_names()
        known = KnownClasses(names, "the classes that have names", least=len(names))
        mend = "Replace it, or mend the file of names." if names else "Replace it."
        with advising(mend, OPTION):
            return read_files(list(found.values()), known)

    def _found(self) -> dict[str, Path]:
        return find_files([self.path], OPTION)

    def _missing(self) -> MissingDataError:
        said = describe_missing(self._found(), self.path, "dataset")
        return MissingDataError(
            f"{said}\nPut them there. mlp convert makes them of pictures, a table or arrays.",
            option=OPTION,
        )
