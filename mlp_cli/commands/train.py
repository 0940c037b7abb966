"""mlp train: train a network and keep it in a checkpoint."""

from collections.abc import Mapping
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
from mlp_cli.commands.shared.narration import (
    epoch_line,
    introduce,
    say_if_out_of_patience,
    summarise,
)
from mlp_cli.commands.shared.options import (
    DEFAULT_DATA_DIR,
    FilePath,
    common_options,
    data_dir_option,
)
from mlp_cli.commands.shared.plot import draw_learning_curves, plot_option
from mlp_cli.commands.shared.text import note, note_above, result, shows_bars
from mlp_cli.commands.shared.training_options import (
    chosen_options,
    given_options,
    training_options,
    typed_options,
)
from mlp_cli.datasets.catalogue import find_source
from mlp_cli.errors import (
    CheckpointError,
    DataError,
    DivergedError,
    InterruptedRunError,
    LogError,
    OptionError,
)
from mlp_cli.runs.combinations import check_combination
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
from mlp_cli.runs.schema import Option
from mlp_cli.system.files import is_same_place, sweep_beside
from mlp_cli.system.signals import Interruption, interruption

if TYPE_CHECKING:
    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.runs.training import Training


ROUNDS_DIFFERENTLY = "the last digits will differ from those of an undisturbed run"


@click.command(short_help="Train a network and keep it in a checkpoint.")
@config_option
@training_options
@data_dir_option
@click.option(
    "--checkpoint",
    type=FilePath,
    show_default="a new file under checkpoints/",
    shell_complete=complete_checkpoint,
    help="File to keep the run in; with --resume, the run to resume.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Resume a run, the newest or that of --checkpoint, and train it to --epochs.",
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
    **_: Any,  # noqa: ANN401  the options that make a run, which are read from the context
) -> None:
    """Train a network by stochastic gradient descent.

    A missing dataset is downloaded. After every epoch the network reads the images held out, and
    the run is saved; `mlp evaluate` and `mlp predict` use the parameters of the best epoch. The
    test images are read once, at the end.

    Ctrl-C stops at once. After any stop, --resume continues from the last complete epoch and
    ends in the same network as a run that never stopped.
    """
    path, saved = _saved_run(checkpoint, ctx) if resume else (checkpoint, None)
    options = saved.settings.options() if saved else chosen_options(ctx)
    if not saved:
        check_combination(options, typed_options(ctx))
    if print_config:
        result(format_preset(options))
        return
    if path and log and is_same_place(path, log):
        raise OptionError(f"--log {log}: is the checkpoint, expected another file.")
    _refuse_missing_engine(options)
    wanted = saved.settings if saved else None
    with interruption() as interrupted, ExitStack() as stack:
        try:
            if path and not saved:
                with interrupted.deferred():
                    if not resume:
                        claim(path)
                    stack.callback(release, path)
            if saved and path:
                training = _resume(saved, path, data_dir, ctx)
            else:
                from mlp_cli.runs.training import Training

                data = load_or_download(ctx.params["dataset"], data_dir)
                training = Training.begin(options, data, data_dir)
            wanted = training.run.settings
            if path is None:
                with interrupted.deferred():
                    stem = find_source(wanted.dataset).file_stem
                    path = claim_next(FOLDER, stem, wanted.sizes)
                    stack.callback(release, path)
            _train(training, path, log, interrupted)
            _test(training, path, interrupted, is_found_unnamed=checkpoint is None)
            if plot:
                draw_learning_curves(training.run, plot)
        except KeyboardInterrupt as error:
            left = what_is_left(path, wanted, log)
            number = interrupted.signal or SIGINT
            raise InterruptedRunError(f"\nInterrupted. {left}", number) from error


def _refuse_missing_engine(options: Mapping[str, Option]) -> None:
    """Raise OptionError for an engine that is not there, before any data is brought."""
    from mlp_cli.learning.engine import check_engine

    check_engine(str(options["engine"]))


def _saved_run(path: Path | None, ctx: click.Context) -> "tuple[Path, Run | None]":
    """Return the file of a run and the run, with the options that may change changed.

    There is no run in the file yet where an earlier process was killed in its first epoch.
    """
    from mlp_cli.learning.engine import available, check_engine
    from mlp_cli.runs.reading import load_checkpoint

    path = path or newest_checkpoint(FOLDER)
    sweep_beside(path)
    if is_claim(path):
        note(f"{path} is empty: its run had not finished an epoch, and begins again")
        return path, None
    saved, given = load_checkpoint(path), given_options(ctx)
    try:
        resumed = saved.with_options(given)
        if "engine" in given:
            check_engine(resumed.settings.engine)
        check_combination(resumed.settings.options(), typed_options(ctx))
    except (CheckpointError, OptionError) as error:
        raise type(error)(f"{path}: {error}") from error
    engine = available(resumed.settings.engine)
    if engine != saved.settings.engine:
        note(f"{path}: engine {engine} instead of {saved.settings.engine}: {ROUNDS_DIFFERENTLY}")
    return path, replace(resumed, settings=replace(resumed.settings, engine=engine))


def _resume(saved: "Run", path: Path, data_dir: Path, ctx: click.Context) -> "Training":
    """Return the training of a saved run, with its data, which may be in another folder now."""
    from mlp_cli.runs.training import Training

    settings = saved.settings
    try:
        if ctx.get_parameter_source("data_dir") is ParameterSource.DEFAULT:
            data = load_first(settings.dataset, [Path(settings.data_dir), DEFAULT_DATA_DIR])
        else:
            data = load_first(settings.dataset, [data_dir])
            saved = replace(saved, settings=replace(settings, data_dir=str(data_dir)))
        training = Training.resume(saved, data)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    before, now = saved.engine_variant, training.engine_variant
    if before and now and before != now:
        note(
            f"{path}: engine {settings.engine} for {now} instead of {before}: {ROUNDS_DIFFERENTLY}"
        )
    return training


def _train(training: "Training", path: Path, log: Path | None, interrupted: Interruption) -> None:
    """Train to the end, and show every epoch once it is saved and logged."""
    from tqdm import tqdm

    run, settings = training.run, training.run.settings
    adviser = Adviser(settings)
    if not training.has_ended:
        check_room(path, run.nbytes)
    introduce(training, path)
    with ExitStack() as stack:
        epoch_log = stack.enter_context(EpochLog(log)) if log else None
        if epoch_log:
            epoch_log.complete(run.history)
        bar = stack.enter_context(
            tqdm(
                total=settings.epochs,
                initial=len(run.history),
                unit="epoch",
                leave=False,
                disable=not shows_bars(),
            )
        )
        try:
            for epoch in training.epochs(path, epoch_log, interrupted.deferred):
                note_above(bar, epoch_line(epoch, settings.epochs, len(training.held_out)))
                for hint in adviser.hints(training.health(), epoch.epoch):
                    note_above(bar, hint)
                bar.update()
        except (CheckpointError, LogError) as error:
            raise type(error)(f"{error}\n{what_is_left(path, settings, log)}") from error
        except DivergedError as error:
            raise DivergedError(f"{error}\n{what_is_left(path, settings, log, 'eta')}") from error
    say_if_out_of_patience(training)


def _test(
    training: "Training", path: Path, interrupted: Interruption, is_found_unnamed: bool
) -> None:
    """Try the run's best network on the test images, keep its accuracy, and print the summary."""
    try:
        tested = training.test(path, interrupted.deferred)
    except CheckpointError as error:
        left = what_is_left(path, training.run.settings, log=None)
        raise CheckpointError(f"{error}\n{left}") from error
    summarise(training.run, tested, path, is_found_unnamed)
