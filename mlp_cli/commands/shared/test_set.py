"""The test images of a run, for a command that takes no other dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

from mlp_cli.commands.shared.dataset import load_for_network
from mlp_cli.errors import DataError

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Split
    from mlp_cli.runs.checkpoint import Run


def load_test_set(run: "Run", data_dir: Path | None) -> "Split":
    """Return the test images of the dataset that a run was trained on.

    Raises DataError, without the advice to name another --dataset, where it cannot be read.
    """
    settings = run.settings
    try:
        return load_for_network(settings, settings.dataset, data_dir).test
    except DataError as error:
        found, _, advice = str(error).rpartition("\n")
        if "--dataset" not in advice or "mlp download" in advice:
            raise
        raise DataError(
            f"{found}\nPut the files of the run back there. "
            "To measure it on another folder: mlp evaluate --dataset DIR"
        ) from error
