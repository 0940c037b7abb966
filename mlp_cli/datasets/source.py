"""A dataset before its files are read: where it comes from, and what its classes are called."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from mlp_cli.errors import DataAccessError, DataError, ForeignFileError
from mlp_cli.system.shell import command_line

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset
    from mlp_cli.datasets.steps import StepGenerator

HoldOut = Literal["last", "stratified"]
"""which training images are held out: the last ones, or a sample of every class"""

DEFAULT_DATASET = "mnist"
DEFAULT_DATA_DIR = Path("data")
DIGIT_NAMES = tuple("0123456789")


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A dataset that somebody named, wherever its files come from.

    There is one subclass for each kind: files from mirrors, drawn digits, a folder of one's own.
    """

    name: str
    """the text that the user gave"""
    classes: Sequence[str] = DIGIT_NAMES
    """the names of labels 0, 1, ... that all datasets of this name have; see `class_names`"""
    verb: ClassVar[str] = "fetching"
    """what `bring` does, for a message"""
    held_out: ClassVar[HoldOut] = "last"
    """which images of its training set a new run holds out"""

    def class_names(self) -> tuple[str, ...]:
        """Return the names of labels 0, 1, ...; none where labels stand for themselves.

        Raises DataError where a file that has them cannot be used.
        """
        return tuple(self.classes)

    @property
    def file_stem(self) -> str:
        """The beginning of the names of files about this dataset, safe on every system."""
        return self.name

    def folder(self, data_dir: Path) -> Path:
        """Return the folder that `bring` writes to, which is also searched first."""
        return data_dir / self.name

    @abstractmethod
    def is_there(self, data_dir: Path) -> bool:
        """Return whether all four files are in the data folder.

        Raises DataAccessError where the system does not let us look.
        """

    @abstractmethod
    def can_bring(self, data_dir: Path) -> bool:
        """Return whether `bring` would neither replace nor bypass files of the user's own.

        Raises DataAccessError where the system does not let us look.
        """

    @abstractmethod
    def bring(self, data_dir: Path, *, force: bool = False) -> "StepGenerator":
        """Put the missing files into `folder(data_dir)`, yielding each step.

        force: make intact files again too.
        Raises DataError or DownloadError, with the next step, where that fails.
        """

    @abstractmethod
    def load(self, data_dir: Path) -> "Dataset":
        """Return the arrays.

        Raises MissingDataError where files are missing, DataError where one is damaged or they
        disagree; both say what to do next.
        """


@contextmanager
def advising(advice: str, option: str = "") -> "Iterator[None]":
    """Add what to do next to the error of a file that is damaged or does not fit.

    One that cannot be read, or is of another format, has advice of its own: to replace it would be
    wrong.
    option: the parameter of a command that names another folder, where that would help.
    """
    try:
        yield
    except (DataAccessError, ForeignFileError):
        raise
    except DataError as error:
        raise DataError(f"{error}\n{advice}", option=option) from error


def download_command(name: str, data_dir: Path) -> str:
    """Return the command that brings a dataset into a data folder, quoted for the shell."""
    named = [] if name == DEFAULT_DATASET else ["--dataset", name]
    return command_line(["mlp", "download", *named, "--data-dir", str(data_dir)])
