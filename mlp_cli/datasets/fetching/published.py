"""A dataset that its publisher gives out: four files, fetched from mirrors or from a folder."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.files import describe_missing, find_files, is_complete
from mlp_cli.datasets.source import Source, advising, download_command
from mlp_cli.errors import DownloadError, DownloadFolderError, MissingDataError

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset
    from mlp_cli.datasets.steps import StepGenerator


@dataclass(frozen=True, kw_only=True)
class Published(Source):
    """A dataset whose four files are known by size and SHA-256."""

    files: Sequence[PublishedFile]
    mirrors: Sequence[str]
    """base addresses, in the order to try them"""
    torchvision: str
    """the folder that torchvision keeps it in"""
    takes_loose_files: bool = False
    """files of any size that lie directly in the data folder belong to this dataset"""

    def is_there(self, data_dir: Path) -> bool:
        """Return whether one of the places for this dataset holds all four files."""
        return is_complete(self._found(data_dir))

    def can_bring(self, data_dir: Path) -> bool:
        """Return whether nothing is there but what an interrupted download left."""
        from mlp_cli.datasets.fetching.verified import are_published

        return are_published(self._found(data_dir).values(), self.folder(data_dir), self.files)

    def bring(
        self,
        data_dir: Path,
        *,
        force: bool = False,
        verify: bool = False,
        origins: Sequence[str | Path] = (),
    ) -> "StepGenerator":
        """Fetch the files into `<data-dir>/<name>/`, yielding each step.

        force: fetch intact files again too.  verify: take the checksums of files that were
        verified before, too.  origins: mirrors or folders to use instead of the known mirrors.
        Raises DownloadError, with the next step, where a file cannot be fetched or written.
        """
        from mlp_cli.datasets.fetching.download import fetch_files

        origins = origins or self.mirrors
        folder = self.folder(data_dir)
        try:
            yield from fetch_files(self.files, folder, origins, force=force, verify=verify)
        except DownloadFolderError as error:
            advice = "Check the disk and its permissions, or name another folder with --data-dir."
            raise DownloadFolderError(f"{error}\n{advice}") from error
        except DownloadError as error:
            command = download_command(self.name, data_dir)
            if any(isinstance(origin, Path) for origin in origins):
                advice = f"Name another folder, or fetch them with: {command}"
            else:
                advice = f"Try again later, or copy the files from a folder: {command} --from DIR"
            raise DownloadError(f"{error}\n{advice}") from error

    def load(self, data_dir: Path) -> "Dataset":
        """Return the arrays from the first place that holds all four files.

        The places are `<data-dir>/<name>/`, torchvision's such as `<data-dir>/MNIST/raw/`, and
        `<data-dir>/` itself.
        """
        from mlp_cli.datasets.loading import KnownClasses, read_files

        found = self._found(data_dir)
        command = download_command(self.name, data_dir)
        if not is_complete(found):
            raise MissingDataError(
                f"{describe_missing(found, data_dir, self.name, list(self._places(data_dir)))}\n"
                f"Put them there, or fetch the published ones with: {command}"
            )
        paths = list(found.values())
        # Only the user knows whose file it is: a download is no cure for one's own.
        target = self.folder(data_dir)
        if all(path.parent == target and path.suffix == ".gz" for path in paths):
            cure = f"fetch it again with: {command} --force"
        else:
            cure = f"delete it and fetch it again with: {command}"
        other = "a folder of others is named with --dataset"
        known = KnownClasses(self.classes, f"the classes of {self.name}; {other}")
        with advising(f"Replace it; if it is {self.name}'s own, {cure}"):
            return read_files(paths, known)

    def _found(self, data_dir: Path) -> dict[str, Path]:
        return find_files(self._places(data_dir), "data_dir")

    def _places(self, data_dir: Path) -> Iterator[Path]:
        """Yield the folders that may hold the files, in the order to look."""
        yield self.folder(data_dir)
        yield data_dir / self.torchvision / "raw"
        # All datasets use the same file names, so for the others the sizes have to agree.
        if self.takes_loose_files or self._has_published_sizes(data_dir):
            yield data_dir

    def _has_published_sizes(self, folder: Path) -> bool:
        with suppress(OSError):
            return all((folder / file.name).stat().st_size == file.size for file in self.files)
        return False
