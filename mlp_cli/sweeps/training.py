"""The training of one run of a sweep, begun or resumed, as every worker does it."""

from collections.abc import Mapping
from pathlib import Path

from mlp_cli.datasets.loading import Dataset
from mlp_cli.errors import MlpError
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.schema import Option
from mlp_cli.runs.training import Training

CANNOT_GO_ON = (MlpError, MemoryError)
"""the exceptions that end a run and not its sweep: `why` says them"""


def begin_or_resume(
    options: Mapping[str, Option], saved: Run | None, dataset: Dataset, data_dir: Path
) -> Training:
    """Return the training of a run of a sweep. It has one thread, unless an option says otherwise.

    options: those of `mlp train`, by name.  saved: the run as its checkpoint has it; None: it is
    new.  data_dir: as a new run records it.
    Raises one of CANNOT_GO_ON where the options do not fit the data, or are not the saved run's.
    """
    options = {"threads": 1} | {k: value for k, value in options.items() if value is not None}
    if saved is None:
        return Training.begin(options, dataset, data_dir)
    return Training.resume(saved.with_options(options), dataset)


def why(error: BaseException) -> str:
    """Return why a run cannot go on, in a line or two."""
    if isinstance(error, MemoryError):
        return "out of memory: there is no room for its data and its network beside them."
    return str(error)
