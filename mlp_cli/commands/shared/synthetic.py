"""The dataset that is drawn: kept in the data folder, with a bar."""

from pathlib import Path
from typing import TYPE_CHECKING

from mlp_cli.commands.shared.text import note, shows_bars
from mlp_cli.datasets.catalogue import SYNTHETIC, download_folder
from mlp_cli.errors import DataAccessError

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset


def load_or_draw(data_dir: Path) -> "Dataset":
    """Return the drawn digits, keeping them in the data folder first where they are not there.

    Where that cannot be written they are drawn for this run alone.
    """
    from mlp_cli.datasets.drawn.synthetic import is_kept
    from mlp_cli.datasets.loading import load_dataset

    if not is_kept(data_dir):
        folder = download_folder(SYNTHETIC, data_dir)
        note(f"{SYNTHETIC} is not in {data_dir}: drawing it into {folder}")
        try:
            draw(data_dir)
        except DataAccessError as error:
            note(f"{error}\nThe digits are drawn for this run alone.")
    return load_dataset(SYNTHETIC, data_dir)


def draw(data_dir: Path, force: bool = False) -> Path:
    """Draw the digits into `<data-dir>/synthetic/`, and return that folder."""
    from tqdm import tqdm

    from mlp_cli.datasets.drawn.synthetic import COUNT, keep

    with tqdm(total=COUNT, unit="digit", leave=False, disable=not shows_bars()) as bar:
        for count in keep(data_dir, force=force):
            bar.update(count)
    return download_folder(SYNTHETIC, data_dir)
