"""The dataset that needs no download: 60,000 + 10,000 digits, drawn once and kept as IDX files."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mlp_cli.datasets.files import FILES
from mlp_cli.datasets.source import Source, advising, download_command
from mlp_cli.errors import NotKeptError

if TYPE_CHECKING:
    from mlp_cli.datasets.drawn.synthetic import DigitSet
    from mlp_cli.datasets.loading import Dataset
    from mlp_cli.datasets.steps import StepGenerator


@dataclass(frozen=True, kw_only=True)
class Drawn(Source):
    """Drawn digits: the same for everybody, up to how a processor rounds a grey level."""

    training_images: int = 60_000
    test_images: int = 10_000
    block: int = 1000
    """digits that are drawn together, from a random stream of their own"""
    verb: ClassVar[str] = "drawing"

    def is_there(self, data_dir: Path) -> bool:
        """Return whether all four files are in `<data-dir>/<name>/`."""
        folder = self.folder(data_dir)
        return all(os.path.isfile(folder / stem) for stem in FILES)  # Path.is_file may raise

    def can_bring(self, data_dir: Path) -> bool:
        """Return True: files that are there are left alone, and nothing else is looked at."""
        return True

    def bring(self, data_dir: Path, *, force: bool = False) -> "StepGenerator":
        """Draw the missing files into `<data-dir>/<name>/`, yielding each step.

        force: draw those that are there again too.
        Raises NotKeptError, before the first digit where possible, if they cannot be written.
        """
        from mlp_cli.datasets.drawn.synthetic import keep

        folder = self.folder(data_dir)
        try:
            yield from keep(self._sets(), folder, force=force)
        except OSError as error:
            raise NotKeptError(
                f"{folder}: cannot be written ({error.strerror or error}).\n"
                "Check the disk and its permissions, or name another folder with --data-dir."
            ) from error

    def load(self, data_dir: Path) -> "Dataset":
        """Return the kept digits, or draw them where they are not kept.

        Raises DataError where the files are damaged, or are not what this version draws.
        """
        from mlp_cli.datasets.drawn.synthetic import read
        from mlp_cli.datasets.loading import Dataset, Split

        folder, is_there = self.folder(data_dir), self.is_there(data_dir)
        again = f"{download_command(self.name, data_dir)} --force"
        with advising(f"Replace all four files by newly drawn ones with: {again}"):
            arrays = [
                read(digits, folder) if is_there else digits.draw_all() for digits in self._sets()
            ]
        train, test = (Split(*pair) for pair in arrays)
        return Dataset(folder, train, test, self.class_names())

    def _sets(self) -> "tuple[DigitSet, DigitSet]":
        from mlp_cli.datasets.drawn.synthetic import DigitSet

        return (
            DigitSet("train", self.training_images, self.block),
            DigitSet("t10k", self.test_images, self.block),
        )
