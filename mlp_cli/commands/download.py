"""mlp download: fetch a dataset's files, verified."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.options import common_options, data_dir_option, dataset_option
from mlp_cli.commands.text import note_above, result, shows_bars
from mlp_cli.datasets.catalogue import CATALOGUE, download_command, download_folder
from mlp_cli.errors import DownloadError

if TYPE_CHECKING:
    from mlp_cli.datasets.download import Progress


@click.command(short_help="Fetch a dataset's files, verified.")
@dataset_option
@data_dir_option
@click.option(
    "--mirror",
    multiple=True,
    metavar="URL",
    help="Fetch from here instead of the known mirrors. May be repeated.",
)
@click.option(
    "--from",
    "from_dir",
    envvar="MLP_DOWNLOAD_FROM",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Take the files from a folder, a memory stick say, instead of the network.",
)
@click.option("--force", is_flag=True, help="Fetch files again that are there and right.")
@common_options
def download(
    dataset: str, data_dir: Path, mirror: tuple[str, ...], from_dir: Path | None, force: bool
) -> None:
    """Fetch the files of a dataset into DATA_DIR/DATASET.

    Each file is verified by its size and SHA-256 before it gets its name. Files that are there
    and right are left alone.
    """
    if mirror and from_dir:
        raise click.UsageError("--mirror and --from exclude each other: name one source.")
    folder = fetch_dataset(dataset, data_dir, [from_dir] if from_dir else mirror, force=force)
    result(f"{dataset} is in {folder}: {len(CATALOGUE[dataset].files)} files, verified.")


def fetch_dataset(
    name: str, data_dir: Path, origins: Sequence[str | Path] = (), force: bool = False
) -> Path:
    """Bring a dataset's files into `<data-dir>/<name>/`, and return that folder.

    origins: mirrors or folders to take them from, instead of the known mirrors.
    """
    from mlp_cli.datasets.download import download

    source, folder = CATALOGUE[name], download_folder(name, data_dir)
    try:
        _show(download(source.files, folder, origins or source.mirrors, force=force))
    except DownloadError as error:
        raise DownloadError(
            f"{error}\nTry again later, or take the files from a folder with: "
            f"{download_command(data_dir)} --from DIR"
        ) from error
    return folder


def _show(steps: "Iterator[Progress]") -> None:
    """Follow a download to its end: a bar of bytes in a terminal, and a line per file."""
    from tqdm import tqdm

    from mlp_cli.datasets.download import Fetched, Kept, Received, Refused, Started

    hidden = not shows_bars()
    with tqdm(unit="B", unit_scale=True, leave=False, disable=hidden) as bar:
        failures: list[Refused] = []
        for step in steps:
            match step:
                case Started(file):
                    bar.set_description_str(file.name, refresh=False)
                    bar.reset(total=file.size)
                case Received(count):
                    bar.update(count)
                case Kept(file):
                    note_above(bar, f"{file.name}: there already, and right")
                case Refused():
                    failures.append(step)
                case Fetched(file, origin):
                    # Said only now: where every source fails, the error lists them all.
                    for failure in failures:
                        note_above(bar, f"{file.name}: {failure.origin}: {failure.reason}")
                    failures.clear()
                    note_above(bar, f"{file.name}: {file.size:,} bytes from {origin}")
