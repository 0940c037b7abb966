"""mlp train: train a network and keep it in a checkpoint."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from mlp_cli.commands.download import fetch_dataset
from mlp_cli.commands.options import (
    FilePath,
    PositiveFloat,
    common_options,
    data_dir_option,
    dataset_option,
)
from mlp_cli.commands.text import note, note_above, percent, result, score, shows_bars
from mlp_cli.datasets.catalogue import CATALOGUE, download_folder
from mlp_cli.errors import CheckpointError, InterruptedRunError, MissingDataError
from mlp_cli.runs import FOLDER, claim, claim_next, release

if TYPE_CHECKING:
    from mlp_cli.checkpoint import Checkpoint
    from mlp_cli.datasets.loading import Dataset, Split
    from mlp_cli.nn.sgd import EpochResult


@click.command(short_help="Train a network and keep it in a checkpoint.")
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="How often to go through the training images.",
)
@click.option(
    "--eta",
    "--lr",
    "--learning-rate",
    "eta",
    type=PositiveFloat(),
    default=3.0,
    show_default=True,
    help="The learning rate.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Examples per update; 1 is the notes' Train to the letter.",
)
@click.option(
    "--hidden",
    type=click.IntRange(min=1, max=1_000_000),
    multiple=True,
    default=(30,),
    show_default=True,
    help="Units of a hidden layer. Repeat it for more layers.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="The same seed gives the same network, to the bit.",
)
@click.option(
    "--validation",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    help="How many training images, the last ones, to hold out.",
)
@dataset_option
@data_dir_option
@click.option(
    "--checkpoint",
    type=FilePath,
    show_default="a new file under checkpoints/",
    help="Where to keep the run.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64"]),
    default="float32",
    show_default=True,
    help="Precision of the parameters.",
)
@click.option(
    "--init",
    type=click.Choice(["scaled", "normal"]),
    default="scaled",
    show_default=True,
    help="Spread of the first weights: 1 / sqrt(inputs), or the book's 1.",
)
@common_options
def train(
    epochs: int,
    eta: float,
    batch_size: int,
    hidden: tuple[int, ...],
    seed: int,
    validation: int,
    dataset: str,
    data_dir: Path,
    checkpoint: Path | None,
    dtype: Literal["float32", "float64"],
    init: Literal["scaled", "normal"],
) -> None:
    """Train a network by stochastic gradient descent.

    The dataset is downloaded if it is not there. After every epoch the network is tried on the
    images held out, and the run is saved; the parameters of the best epoch are the ones that
    `mlp evaluate` and `mlp predict` use. The test images are read once, at the end.
    """
    from tqdm import tqdm

    from mlp_cli.checkpoint import Checkpoint
    from mlp_cli.nn.network import Network
    from mlp_cli.nn.sgd import sgd
    from mlp_cli.nn.streams import spawn_streams
    from mlp_cli.settings import Settings

    data = _load_or_download(dataset, data_dir)
    training, held_out = data.split_validation(validation)
    streams = spawn_streams(seed)
    sizes = (data.pixels, *hidden, data.classes)
    network = Network.initialise(sizes, streams.initialisation, init, dtype)
    settings = Settings(
        dataset=dataset,
        data_dir=str(data_dir),
        fingerprint=data.fingerprint(),
        image_shape=data.image_shape,
        sizes=sizes,
        epochs=epochs,
        eta=eta,
        batch_size=batch_size,
        validation=validation,
        seed=seed,
        init=init,
        dtype=dtype,
    )
    if checkpoint is None:
        path = claim_next(FOLDER, dataset, sizes)
    else:
        claim(path := checkpoint)

    run = Checkpoint.begin(settings, network, streams.shuffling)
    epoch_results = sgd(
        network,
        training.images,
        training.labels,
        epochs=epochs,
        eta=eta,
        batch_size=batch_size,
        rng=streams.shuffling,
        validation=(held_out.images, held_out.labels) if validation else None,
    )
    hidden_bar = not shows_bars()
    try:
        note(
            f"{dataset} from {data.folder}: {len(training):,} images of "
            f"{' x '.join(map(str, data.image_shape))} to train on, {len(held_out):,} held out, "
            f"{len(data.test):,} to test"
        )
        note(f"network {'-'.join(map(str, sizes))}, seed {seed}, saved to {path} after every epoch")
        with tqdm(total=epochs, unit="epoch", leave=False, disable=hidden_bar) as bar:
            for epoch_result in epoch_results:
                run.record(epoch_result, network, streams.shuffling)
                run.save(path)
                note_above(bar, _epoch_line(epoch_result, epochs, len(held_out)))
                bar.update()
        _report(run, path, data.test, by_itself=checkpoint is None)
    except KeyboardInterrupt as error:
        raise InterruptedRunError(_what_is_left(path, epochs)) from error
    finally:
        release(path)


def _load_or_download(name: str, data_dir: Path) -> "Dataset":
    """Return the dataset, fetching it first where there is none, or a download was broken off.

    Files that are there and are not the published ones are somebody's own: they are never
    replaced here, nor passed over for the published set.
    """
    from mlp_cli.datasets.download import is_broken_off
    from mlp_cli.datasets.loading import load_dataset

    try:
        return load_dataset(name, data_dir)
    except MissingDataError as error:
        folder = download_folder(name, data_dir)
        if not is_broken_off(error.found, folder, CATALOGUE[name].files):
            raise
    note(f"{name} is not in {data_dir}: fetching it into {folder}")
    fetch_dataset(name, data_dir)
    return load_dataset(name, data_dir)


def _epoch_line(epoch: "EpochResult", epochs: int, held_out: int) -> str:
    """Return `epoch  7/30  cost 0.0321  validation 95.31 % (9,531 / 10,000)  0.2 s`."""
    parts = [f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}", f"cost {epoch.cost:.4f}"]
    if epoch.validation_accuracy is not None and epoch.validation_correct is not None:
        correct = score(epoch.validation_accuracy, epoch.validation_correct, held_out)
        parts.append(f"validation {correct}")
    return "  ".join([*parts, f"{epoch.seconds:.1f} s"])


def _report(run: "Checkpoint", path: Path, test: "Split", by_itself: bool) -> None:
    """Print how the run ended; `by_itself` if the next command finds its checkpoint unnamed."""
    from mlp_cli.metrics import Score, confusion_matrix

    settings = run.settings
    answers = run.network.outputs(test.images).argmax(axis=1)
    tested = Score.of(confusion_matrix(test.labels, answers, settings.sizes[-1]))
    best = f"epoch {run.best_epoch} of {settings.epochs}"
    if run.best_accuracy is not None:
        best += f", {percent(run.best_accuracy)} on the images held out"
    named = "" if by_itself else f" --checkpoint {shlex.quote(str(path))}"
    result(f"test accuracy  {score(tested.accuracy, tested.correct, tested.examples)}")
    result(f"parameters of  {best}")
    result(f"seed           {settings.seed}")
    result(f"checkpoint     {path}")
    result(f"training time  {run.training_seconds:.1f} s")
    result(f"next           mlp evaluate{named}")


def _what_is_left(path: Path, epochs: int) -> str:
    """Say what an interrupted run leaves behind, by what the file itself holds."""
    from mlp_cli.checkpoint import load_checkpoint

    try:
        saved = len(load_checkpoint(path).history)
    except CheckpointError:
        return "\nInterrupted in the first epoch: nothing was saved."
    return (
        f"\nInterrupted. {path} is whole and holds {saved} of {epochs} epochs.\n"
        f"Measure it with: mlp evaluate --checkpoint {shlex.quote(str(path))}"
    )
