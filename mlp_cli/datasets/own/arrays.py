"""Arrays that somebody had in Python, and that are in no file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mlp_cli.datasets.source import HoldOut, Source
from mlp_cli.errors import MissingDataError

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset
    from mlp_cli.datasets.steps import StepGenerator

OWN_ARRAYS = "own arrays"
"""what a checkpoint says of them; a folder that is really called so is `./own arrays`"""


@dataclass(frozen=True, kw_only=True)
class OwnArrays(Source):
    """The dataset of a run from Python: no folder leads to it. It may be sorted by class."""

    held_out: ClassVar[HoldOut] = "stratified"

    @property
    def file_stem(self) -> str:
        """The name without its space."""
        return self.name.replace(" ", "-")

    def is_there(self, data_dir: Path) -> bool:
        """Return False: they are in no file."""
        return False

    def can_bring(self, data_dir: Path) -> bool:
        """Return False: only the user has them."""
        return False

    def bring(self, data_dir: Path, *, force: bool = False) -> "StepGenerator":
        """Raise MissingDataError: only the user has them."""
        raise self._missing()

    def load(self, data_dir: Path) -> "Dataset":
        """Raise MissingDataError: only the user has them."""
        raise self._missing()

    def _missing(self) -> MissingDataError:
        return MissingDataError(
            f"{self.name}: the images and labels of a run from Python, which are in no file.\n"
            "Name a dataset or a folder with --dataset. mlp_cli.resume takes the arrays themselves."
        )
