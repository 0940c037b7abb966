"""The dataset that a command reads: loaded, or brought into the data folder first."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.shared.bringing import show_steps
from mlp_cli.commands.shared.options import DEFAULT_DATA_DIR
from mlp_cli.commands.shared.text import note
from mlp_cli.datasets.catalogue import find_source
from mlp_cli.errors import (
    DataAccessError,
    DataError,
    DownloadError,
    MissingDataError,
    NotKeptError,
)
from mlp_cli.runs.schema import as_typed

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset
    from mlp_cli.runs.settings import Settings


def load_or_download(name: str, data_dir: Path) -> "Dataset":
    """Return a dataset, and bring it into the data folder first where it is missing.

    A download that was interrupted is completed. Files of the user's own are neither replaced nor
    bypassed. Where drawn digits cannot be kept they are drawn for this run alone.
    """
    source = find_source(name)
    with _naming_the_option():
        if not source.is_there(data_dir) and source.can_bring(data_dir):
            note(f"{name} is not in {data_dir}: {source.verb} it into {source.folder(data_dir)}")
            try:
                show_steps(source.bring(data_dir))
            except NotKeptError as error:
                note(f"{error}\nThe digits are drawn for this run alone.")
            except DownloadError as error:
                raise DownloadError(
                    f"{error}\nOr train on drawn digits, which need no download: "
                    "mlp train --dataset synthetic"
                ) from error
        return source.load(data_dir)


def load_first(name: str, data_dirs: Sequence[Path]) -> "Dataset":
    """Return a dataset from the first data folder that has it and can be read."""
    source = find_source(name)
    *earlier, last = data_dirs
    denied = None
    for data_dir in earlier:
        try:
            if source.is_there(data_dir):
                return source.load(data_dir)
        except DataAccessError as error:
            denied = denied or error
    try:
        return source.load(last)
    except MissingDataError as error:
        raise denied or error from None


def load_for_network(settings: "Settings", name: str, data_dir: Path | None) -> "Dataset":
    """Return a dataset for a trained network: from `data_dir`, or from where the run found it.

    Raises DataError where it has other images, or more classes, than the network was trained on.
    """
    data_dirs = [data_dir] if data_dir else [Path(settings.data_dir), DEFAULT_DATA_DIR]
    with _naming_the_option():
        dataset = load_first(name, data_dirs)
    dataset.require(settings.image_shape, classes=settings.sizes[-1])
    return dataset


@contextmanager
def _naming_the_option() -> Iterator[None]:
    """Add to an error of the data the option that names another folder, where there is one.

    Only the command knows which options it has: an error may come to commands without it.
    """
    try:
        yield
    except DataError as error:
        options = {parameter.name for parameter in click.get_current_context().command.params}
        if error.option not in options:
            raise
        option = as_typed(error.option)
        raise type(error)(f"{error} Or name another folder with {option}.") from error
