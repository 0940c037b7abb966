"""mlp download: fetch a dataset's files, verified."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.shared.options import common_options, data_dir_option
from mlp_cli.commands.shared.synthetic import draw
from mlp_cli.commands.shared.text import note, note_above, result, shows_bars
from mlp_cli.datasets.catalogue import (
    CATALOGUE,
    DEFAULT_DATASET,
    NAMES,
    SYNTHETIC,
    download_command,
    download_folder,
)
from mlp_cli.errors import DownloadError, DownloadFolderError

if TYPE_CHECKING:
    from mlp_cli.datasets.fetching.download import Progress


@click.command(short_help="Fetch a dataset's files, verified.")
@click.option(
    "--dataset",
    type=click.Choice(NAMES),
    default=DEFAULT_DATASET,
    show_default=True,
    help="Which dataset.",
)
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
@click.option("--verify", is_flag=True, help="Take the sums of files verified before, too.")
@click.option("--print-urls", is_flag=True, help="Print the files' addresses and fetch nothing.")
@common_options
def download(
    dataset: str,
    data_dir: Path,
    mirror: tuple[str, ...],
    from_dir: Path | None,
    force: bool,
    verify: bool,
    print_urls: bool,
) -> None:
    """Fetch the files of a dataset into DATA_DIR/DATASET.

    Each file is verified by its size and SHA-256 before it gets its name. Files that are there
    and right are left alone; one that was verified before and has its size and time still is
    taken to be. What came of a file before a mirror failed, or you stopped, is gone on with.
    """
    if mirror and from_dir:
        raise click.UsageError("--mirror and --from exclude each other: name one source.")
    if dataset == SYNTHETIC:
        if mirror or from_dir or verify or print_urls:
            raise click.UsageError(
                f"{SYNTHETIC} is drawn, not fetched: "
                "leave out --mirror, --from, --verify and --print-urls."
            )
        result(f"{SYNTHETIC} is in {draw(data_dir, force=force)}: drawn, not fetched.")
        return
    if print_urls:
        _print_urls(dataset, data_dir, mirror)
        return
    # The stick may hold the files, or a data folder with the dataset's own in it.
    sources = [from_dir, download_folder(dataset, from_dir)] if from_dir else mirror
    folder = fetch_dataset(dataset, data_dir, sources, force=force, verify=verify)
    result(f"{dataset} is in {folder}: {len(CATALOGUE[dataset].files)} files, verified.")


def fetch_dataset(
    name: str,
    data_dir: Path,
    origins: Sequence[str | Path] = (),
    force: bool = False,
    verify: bool = False,
) -> Path:
    """Bring a dataset's files into `<data-dir>/<name>/`, and return that folder.

    origins: mirrors or folders to take them from, instead of the known mirrors.
    """
    from mlp_cli.datasets.fetching.download import download

    source, folder = CATALOGUE[name], download_folder(name, data_dir)
    origins = origins or source.mirrors
    try:
        _show(download(source.files, folder, origins, force=force, verify=verify))
    except DownloadError as error:
        command = download_command(name, data_dir)
        if isinstance(error, DownloadFolderError):
            advice = "Check the disk and its permissions, or name another folder with --data-dir."
        elif any(isinstance(origin, Path) for origin in origins):
            advice = f"Name another folder, or fetch them with: {command}"
        else:
            advice = f"Try again later, or take the files from a folder with: {command} --from DIR"
        raise DownloadError(f"{error}\n{advice}") from error
    return folder


def _print_urls(name: str, data_dir: Path, mirrors: Sequence[str]) -> None:
    """Print where each file can be had, one mirror after the other."""
    source = CATALOGUE[name]
    for mirror in mirrors or source.mirrors:
        for file in source.files:
            result(file.url(mirror))
    note(
        f"Each mirror has all {len(source.files)} files. Put those of one into "
        f"{download_folder(name, data_dir)}, and verify them with: "
        f"{download_command(name, data_dir)}"
    )


def _show(steps: "Iterator[Progress]") -> None:
    """Follow a download to its end: a bar of bytes in a terminal, and a line per file."""
    from tqdm import tqdm

    from mlp_cli.datasets.fetching.download import (
        Fetched,
        Kept,
        Received,
        Refused,
        Retried,
        Started,
    )

    hidden = not shows_bars()
    with tqdm(unit="B", unit_scale=True, leave=False, disable=hidden) as bar:
        failures: list[Refused] = []
        for step in steps:
            match step:
                case Started(file, offset):
                    bar.set_description_str(file.name, refresh=False)
                    bar.reset(total=file.size)
                    bar.n = bar.initial = offset
                case Received(count):
                    bar.update(count)
                case Kept(file):
                    note_above(bar, f"{file.name}: there already, and right")
                case Retried(file, origin, reason, pause):
                    note_above(bar, f"{file.name}: {origin}: {reason}; again in {pause:.0f} s")
                case Refused():
                    failures.append(step)
                case Fetched(file, origin):
                    # Said only now: where every source fails, the error lists them all.
                    for failure in failures:
                        note_above(bar, f"{file.name}: {failure.origin}: {failure.reason}")
                    failures.clear()
                    note_above(bar, f"{file.name}: {file.size:,} bytes from {origin}")
