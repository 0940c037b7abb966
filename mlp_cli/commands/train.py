"""mlp train: train a network and keep it in a checkpoint."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.advice import Adviser
from mlp_cli.commands.shared.aftermath import what_is_left
from mlp_cli.commands.shared.completion import complete_checkpoint
from mlp_cli.commands.shared.config import config_option
from mlp_cli.commands.shared.dataset import load_first, load_or_download
from mlp_cli.commands.shared.narration import epoch_line, introduce, report, say_if_out_of_patience
from mlp_cli.commands.shared.options import (
    DEFAULT_DATA_DIR,
    FilePath,
    common_options,
    data_dir_option,
)
from mlp_cli.commands.shared.plot import draw_learning_curves, plot_option
from mlp_cli.commands.shared.text import note, note_above, result, shows_bars
from mlp_cli.commands.shared.training_options import (
    check_combination,
    chosen_options,
    given_options,
    training_options,
)
from mlp_cli.datasets.catalogue import find_source
from mlp_cli.errors import (
    CheckpointError,
    DivergedError,
    InterruptedRunError,
    LogError,
    OptionError,
)
from mlp_cli.runs.log import EpochLog
from mlp_cli.runs.places import (
    FOLDER,
    check_room,
    claim,
    claim_next,
    is_claim,
    newest_checkpoint,
    release,
)
from mlp_cli.runs.presets import format_preset
from mlp_cli.system.files import is_same_place, sweep_beside
from mlp_cli.system.signals import Interruption, interruption

if TYPE_CHECKING:
    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.runs.settings import Option
    from mlp_cli.runs.training import Training


@click.command(short_help="Train a network and keep it in a checkpoint.")
@config_option
@training_options
@data_dir_option
@click.option(
    "--checkpoint",
    type=FilePath,
    show_default="a new file under checkpoints/",
    shell_complete=complete_checkpoint,
    help="Where to keep the run; with --resume, the run.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with a run: the newest, or that of --checkpoint, to --epochs.",
)
@click.option("--log", type=FilePath, help="Append a line of JSON for every epoch to this file.")
@plot_option(help="Draw the learning curves at the end, as .png, .svg or .pdf.")
@click.option("--print-config", is_flag=True, help="Print the options as a preset, and stop.")
@common_options
@click.pass_context
def train(
    ctx: click.Context,
    /,
    data_dir: Path,
    checkpoint: Path | None,
    resume: bool,
    log: Path | None,
    plot: Path | None,
    print_config: bool,
    **_: Any,  # noqa: ANN401  the options that make a run, which are asked for together
) -> None:
    """Train a network by stochastic gradient descent.

    The dataset is downloaded if it is not there. After every epoch the network is tried on the
    images held out, and the run is saved; the parameters of the best epoch are the ones that
    `mlp evaluate` and `mlp predict` use. The test images are read once, at the end.

    Ctrl-C stops at once. Whatever stops a run, --resume goes on with it from its last whole epoch,
    and ends in the very same network as without the stop.
    """
    path, saved = _saved_run(checkpoint, ctx) if resume else (checkpoint, None)
    options = saved.settings.options() if saved else chosen_options(ctx)
    check_combination(ctx, options)
    if print_config:
        result(format_preset(options))
        return
    if path and log and is_same_place(path, log):
        raise OptionError(f"log {log}: is the checkpoint, expected another file.")
    wanted = saved.settings if saved else None
    with interruption() as interrupted, ExitStack() as stack:
        try:
            if path and not saved:
                with interrupted.deferred():
                    if not resume:
                        claim(path)
                    stack.callback(release, path)
            training = _resume(saved, path, data_dir, ctx) if saved else _begin(options, data_dir)
            wanted = training.run.settings
            if path is None:
                with interrupted.deferred():
                    stem = find_source(wanted.dataset).file_stem
                    path = claim_next(FOLDER, stem, wanted.sizes)
                    stack.callback(release, path)
            _train(training, path, log, interrupted)
            _finish(training, path, interrupted, by_itself=checkpoint is None)
            if plot:
                draw_learning_curves(training.run, plot)
        except KeyboardInterrupt as error:
            left = what_is_left(path, wanted, log)
            number = interrupted.signal or SIGINT
            raise InterruptedRunError(f"\nInterrupted. {left}", number) from error


def _saved_run(path: Path | None, ctx: click.Context) -> "tuple[Path, Run | None]":
    """Return the file of a run and the run, with the options that may change changed.

    There is no run in the file yet where an earlier process was killed in its first epoch.
    """
    from mlp_cli.runs.reading import load_checkpoint

    path = path or newest_checkpoint(FOLDER)
    sweep_beside(path)
    if is_claim(path):
        note(f"{path} is empty: its run had not finished an epoch, and begins anew")
        return path, None
    saved = load_checkpoint(path)
    try:
        return path, saved.with_options(given_options(ctx))
    except (CheckpointError, OptionError) as error:
        raise type(error)(f"{path}: {error}") from error


def _begin(options: "dict[str, Option]", data_dir: Path) -> "Training":
    """Return a new run of these options, with its data."""
    from mlp_cli.learning.threads import choose_threads
    from mlp_cli.runs.settings import Settings
    from mlp_cli.runs.training import Training

    values: dict[str, Any] = {**options}
    data = load_or_download(values["dataset"], data_dir)
    sizes = (data.pixels, *values.pop("hidden"), data.classes)
    distorts = values["distort"] != "none"
    values.setdefault("threads", choose_threads(sizes, values["batch_size"], busy_cores=distorts))
    settings = Settings(
        data_dir=str(data_dir),
        fingerprint=data.fingerprint(),
        image_shape=data.image_shape,
        sizes=sizes,
        **values,
    )
    return Training.begin(settings, data)


def _resume(saved: "Run", path: Path | None, data_dir: Path, ctx: click.Context) -> "Training":
    """Return the run of a checkpoint, with its data, which may lie elsewhere now."""
    from mlp_cli.runs.training import Training

    settings = saved.settings
    if ctx.get_parameter_source("data_dir") is ParameterSource.DEFAULT:
        data = load_first(settings.dataset, [Path(settings.data_dir), DEFAULT_DATA_DIR])
    else:
        data = load_first(settings.dataset, [data_dir])
        saved = replace(saved, settings=replace(settings, data_dir=str(data_dir)))
    try:
        return Training.resume(saved, data)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _train(training: "Training", path: Path, log: Path | None, interrupted: Interruption) -> None:
    """Train to the end, saving, logging and showing every epoch."""
    from tqdm import tqdm

    checkpoint, settings = training.run, training.run.settings
    adviser = Adviser(settings)
    if not training.has_ended:
        check_room(path, checkpoint.nbytes)
    introduce(training, path)
    with ExitStack() as stack:
        epoch_log = stack.enter_context(EpochLog(log)) if log else None
        if epoch_log:
            epoch_log.complete(checkpoint.history)
        bar = stack.enter_context(
            tqdm(
                total=settings.epochs,
                initial=len(checkpoint.history),
                unit="epoch",
                leave=False,
                disable=not shows_bars(),
            )
        )
        try:
            for epoch in training.epochs():
                with interrupted.deferred():
                    checkpoint.save(path)
                    if epoch_log:
                        epoch_log.append(checkpoint.history[-1])
                note_above(bar, epoch_line(epoch, settings.epochs, len(training.held_out)))
                for hint in adviser.hints(training.health(), epoch.epoch):
                    note_above(bar, hint)
                bar.update()
        except (CheckpointError, LogError) as error:
            raise type(error)(f"{error}\n{what_is_left(path, settings, log)}") from error
        except DivergedError as error:
            raise DivergedError(f"{error}\n{what_is_left(path, settings, log, 'eta')}") from error
    say_if_out_of_patience(training)


def _finish(training: "Training", path: Path, interrupted: Interruption, by_itself: bool) -> None:
    """Try the run's best network on the test images, keep what it reached, and print it."""
    from mlp_cli.measuring.scores import Score, confusion_matrix

    checkpoint, test = training.run, training.dataset.test
    answers = checkpoint.network.outputs(test.images).argmax(axis=1)
    tested = Score.of(confusion_matrix(test.labels, answers, checkpoint.settings.sizes[-1]))
    if checkpoint.test_accuracy is None:
        checkpoint.test_accuracy = tested.accuracy
        try:
            with interrupted.deferred():
                checkpoint.save(path)
        except CheckpointError as error:
            left = what_is_left(path, checkpoint.settings, log=None)
            raise CheckpointError(f"{error}\n{left}") from error
    report(training, tested, path, by_itself)
