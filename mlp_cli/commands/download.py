"""mlp download: fetch the files of a dataset and verify them."""

from collections.abc import Sequence
from pathlib import Path

import click

from mlp_cli.commands.shared.bringing import show_steps
from mlp_cli.commands.shared.options import UserPath, common_options, data_dir_option
from mlp_cli.commands.shared.text import note, result, result_lines
from mlp_cli.datasets.catalogue import NAMES, find_source
from mlp_cli.datasets.fetching.published import Published
from mlp_cli.datasets.source import DEFAULT_DATASET, download_command


@click.command(short_help="Fetch a dataset's files and verify them.")
@click.option(
    "--dataset",
    type=click.Choice(NAMES),
    default=DEFAULT_DATASET,
    show_default=True,
    help="The dataset to fetch.",
)
@data_dir_option
@click.option(
    "--mirror",
    multiple=True,
    metavar="URL",
    help="Fetch from this address instead of the known mirrors. May be repeated.",
)
@click.option(
    "--from",
    "from_dir",
    envvar="MLP_DOWNLOAD_FROM",
    type=UserPath(exists=True, file_okay=False),
    metavar="DIR",
    help="Copy the files from a folder, such as a memory stick, instead of downloading them.",
)
@click.option("--force", is_flag=True, help="Fetch files again even if they are intact.")
@click.option(
    "--verify",
    is_flag=True,
    help="Compute all checksums again, even of files that were verified before.",
)
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

    Each file gets its name once its size and SHA-256 are verified. Files that are there and
    intact are left alone; a file that was verified before and has the same size and time is not
    read again. Interrupted downloads resume.
    """
    if mirror and from_dir:
        raise click.UsageError("--mirror and --from exclude each other: name one source.")
    source = find_source(dataset)
    folder = source.folder(data_dir)
    if not isinstance(source, Published):
        if mirror or from_dir or verify or print_urls:
            raise click.UsageError(
                f"{dataset} is drawn, not fetched: "
                "leave out --mirror, --from, --verify and --print-urls."
            )
        show_steps(source.bring(data_dir, force=force))
        result_lines(f"{dataset} is in {folder}: drawn, not fetched.")
    elif print_urls:
        _print_urls(source, data_dir, mirror)
    else:
        # The stick may hold the files, or a data folder with the dataset's own in it.
        origins = [from_dir, source.folder(from_dir)] if from_dir else mirror
        show_steps(source.bring(data_dir, origins=origins, force=force, verify=verify))
        result_lines(f"{dataset} is in {folder}: {len(source.files)} files, verified.")


def _print_urls(source: Published, data_dir: Path, mirrors: Sequence[str]) -> None:
    """Print the address of each file at each mirror."""
    from mlp_cli.datasets.fetching.addresses import shown

    for mirror in mirrors or source.mirrors:
        for file in source.files:
            result(shown(file.url(mirror)))
    note(
        f"Each mirror has all {len(source.files)} files. Put the files of one mirror into "
        f"{source.folder(data_dir)}, and verify them with: "
        f"{download_command(source.name, data_dir)}"
    )
