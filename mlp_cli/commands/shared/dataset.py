"""The dataset that a command reads: loaded, or brought into the data folder first."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.bringing import show_steps
from mlp_cli.commands.shared.text import note
from mlp_cli.datasets.catalogue import NAMES, find_source
from mlp_cli.errors import DataError, DownloadError, NotKeptError
from mlp_cli.runs.schema import as_typed
from mlp_cli.system.shell import command_line

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset
    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.runs.known_data import KnownData
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


def named_data(ctx: click.Context) -> tuple[str | None, Path | None]:
    """Return the dataset and the data folder that somebody named; None where nobody did."""
    dataset, data_dir = (
        None if ctx.get_parameter_source(name) is ParameterSource.DEFAULT else ctx.params[name]
        for name in ("dataset", "data_dir")
    )
    return dataset, data_dir


def load_for_network(
    settings: "Settings", checkpoint: Path, dataset: str | None, data_dir: Path | None
) -> "KnownData":
    """Return the dataset that was named for a trained network, or else the run's own.

    Its labels are those of the network's outputs: classes are compared by their names.
    Raises DataError where it has other images, or more classes, than the network was trained on.
    """
    from mlp_cli.runs.known_data import find_data
    from mlp_cli.runs.naming import are_by_position, names_of

    with _naming_the_option():
        found = find_data(settings, checkpoint, dataset, data_dir).in_terms_of(settings)
    found.dataset.require(settings.image_shape, classes=settings.sizes[-1])
    if found.as_found:
        note(f"{found.name}: its labels have another order; classes are compared by their names.")
    elif not found.is_the_runs and are_by_position(settings, found.dataset):
        whose = found.name if names_of(settings).names else "the network"
        note(f"The classes of {whose} have no names: label 0 of {found.name} counts as output 0.")
    if found.is_elsewhere:
        note(f"{settings.dataset}: the run's data are in {found.dataset.folder} now")
    return found


def other_data(found: "KnownData", settings: "Settings") -> str | None:
    """Return a sentence where the data are not those that the network was trained on."""
    if found.is_the_runs:
        return None
    if found.name != settings.dataset:
        return f"The network was trained on {settings.dataset}, and is evaluated on {found.name}."
    return f"{found.dataset.folder} holds other images or labels than the network was trained on."


def load_to_resume(
    run: "Run", checkpoint: Path, dataset: str | None, data_dir: Path | None
) -> "tuple[Run, Dataset]":
    """Return a run with its data, which may have another place or spelling now.

    A place that was named is kept in the run, for the next time. The name of a dataset stays, since
    its classes have names. Raises DataError where the data are not the run's.
    """
    from mlp_cli.runs.known_data import find_data

    settings = run.settings
    with _naming_the_option():
        found = find_data(settings, checkpoint, dataset, data_dir)
        if not found.is_the_runs:
            raise _not_the_runs(found.dataset, run, checkpoint)
    if found.is_elsewhere:
        note(f"{settings.dataset}: the run's data are in {found.dataset.folder} now")
    else:
        if dataset and settings.dataset not in NAMES:
            settings = replace(settings, dataset=dataset)
        if data_dir:
            settings = replace(settings, data_dir=str(data_dir))
    return replace(run, settings=settings), found.dataset


def _not_the_runs(data: "Dataset", run: "Run", checkpoint: Path) -> DataError:
    """Return the error for data that a run cannot be resumed with, and where its own are."""
    from mlp_cli.runs.known_data import find_data

    expected, folder = run.settings.fingerprint, None
    with suppress(DataError):
        own = find_data(run.settings, checkpoint)
        folder = own.dataset.folder if own.is_the_runs and own.dataset.folder.is_dir() else None
    advice = (
        f"The run's own are there with {command_line(['--dataset', str(folder)])}"
        if folder
        else "Name the folder of the run's own data with --dataset, or train a new run."
    )
    return DataError(
        f"{data.folder}: not the data that the run was trained on: SHA-256 over the arrays "
        f"{data.fingerprint()[:16]}..., expected {expected[:16]}...\n{advice}"
    )


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
