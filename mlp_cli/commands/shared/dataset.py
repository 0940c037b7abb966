"""The dataset that a command reads: loaded, or fetched first."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_cli.commands.download import fetch_dataset
from mlp_cli.commands.shared.options import DEFAULT_DATA_DIR
from mlp_cli.commands.shared.synthetic import load_or_draw
from mlp_cli.commands.shared.text import note
from mlp_cli.datasets.catalogue import CATALOGUE, SYNTHETIC, download_folder
from mlp_cli.errors import DataAccessError, DownloadError, MissingDataError

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset
    from mlp_cli.runs.settings import Settings


def load_or_download(name: str, data_dir: Path) -> "Dataset":
    """Return the dataset, fetching it first where there is none, or a download was broken off.

    Files that are there and are not the published ones are somebody's own: they are never
    replaced here, nor passed over for the published set. Nor is another dataset taken instead. The
    synthetic set is drawn where it is not kept.
    """
    if name == SYNTHETIC:
        return load_or_draw(data_dir)
    from mlp_cli.datasets.fetching.download import is_broken_off
    from mlp_cli.datasets.loading import load_dataset

    try:
        return load_dataset(name, data_dir)
    except MissingDataError as error:
        folder = download_folder(name, data_dir)
        if name not in CATALOGUE or not is_broken_off(error.found, folder, CATALOGUE[name].files):
            raise
    note(f"{name} is not in {data_dir}: fetching it into {folder}")
    try:
        fetch_dataset(name, data_dir)
    except DownloadError as error:
        raise DownloadError(
            f"{error}\nOr train on digits drawn on the spot, which need no file: "
            "mlp train --dataset synthetic"
        ) from error
    return load_dataset(name, data_dir)


def load_first(name: str, data_dirs: Sequence[Path]) -> "Dataset":
    """Return the dataset from the first of the data folders that has it and lets it be read."""
    from mlp_cli.datasets.drawn.synthetic import is_kept
    from mlp_cli.datasets.loading import load_dataset

    *earlier, last = data_dirs
    denied = None
    for data_dir in earlier:
        if name == SYNTHETIC and not is_kept(data_dir):
            continue  # loading would draw it anew
        try:
            return load_dataset(name, data_dir)
        except MissingDataError:
            continue
        except DataAccessError as error:
            denied = denied or error
    try:
        return load_dataset(name, last)
    except MissingDataError as error:
        raise denied or error from None


def load_for_network(settings: "Settings", name: str, data_dir: Path | None) -> "Dataset":
    """Return a dataset for a trained network, from the folder named or where the run had its own.

    Raises DataError where it has other images, or more classes, than the network was trained on.
    """
    data_dirs = [data_dir] if data_dir else [Path(settings.data_dir), DEFAULT_DATA_DIR]
    dataset = load_first(name, data_dirs)
    dataset.require(settings.image_shape, classes=settings.sizes[-1])
    return dataset
