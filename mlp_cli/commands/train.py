"""mlp train: train a network and keep it in a checkpoint."""

from contextlib import ExitStack
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Any

import click

from mlp_cli.commands.shared.advice import Adviser
from mlp_cli.commands.shared.aftermath import Records, what_is_left
from mlp_cli.commands.shared.checkpoint import (
    Checkpoint,
    CheckpointFile,
    choose_to_create,
    choose_to_resume,
)
from mlp_cli.commands.shared.completion import complete_checkpoint
from mlp_cli.commands.shared.config import config_option
from mlp_cli.commands.shared.dataset import load_or_download
from mlp_cli.commands.shared.grouped_help import GroupedCommand
from mlp_cli.commands.shared.narration import (
    epoch_line,
    introduce,
    say_if_out_of_patience,
    summarise,
)
from mlp_cli.commands.shared.options import FilePath, common_options, data_dir_option
from mlp_cli.commands.shared.plot import draw_learning_curves, plot_option
from mlp_cli.commands.shared.resuming import is_there, resume_training, resumed_run, take_run
from mlp_cli.commands.shared.starting import (
    check_start,
    from_option,
    options_of_new_run,
    refuse_start,
    say_start,
)
from mlp_cli.commands.shared.tensorboard import board_log, record_epoch, tensorboard_option
from mlp_cli.commands.shared.text import note_above, result, shows_bars, terminal_width
from mlp_cli.commands.shared.training_options import training_options, typed_options
from mlp_cli.datasets.catalogue import find_source
from mlp_cli.errors import (
    CheckpointError,
    ClaimError,
    DivergedError,
    InterruptedRunError,
    LogError,
    OptionError,
)
from mlp_cli.runs.combinations import check_combination
from mlp_cli.runs.log import EpochLog
from mlp_cli.runs.places import FOLDER, check_free, newest_checkpoints
from mlp_cli.runs.presets import format_preset
from mlp_cli.runs.schema import Option
from mlp_cli.system.files import is_same_place
from mlp_cli.system.signals import Interruption, interruption

if TYPE_CHECKING:
    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.runs.claim import Claim
    from mlp_cli.runs.pretrained import Pretrained
    from mlp_cli.runs.training import Training


@click.command(cls=GroupedCommand, short_help="Train a network and keep it in a checkpoint.")
@config_option
@training_options
@data_dir_option
@click.option(
    "--checkpoint",
    type=CheckpointFile(),
    show_default="a new file under checkpoints/",
    shell_complete=complete_checkpoint,
    help="File to keep the run in; with --resume, the run to resume: a file, or newest.",
)
@from_option
@click.option(
    "--resume",
    is_flag=True,
    help="Resume a run, the newest or that of --checkpoint, and train it to --epochs.",
)
@click.option(
    "--resume-or-start",
    is_flag=True,
    help="Resume the run where there is one, as --resume does; otherwise start it.",
)
@click.option("--log", type=FilePath, help="Append a line of JSON for every epoch to this file.")
@tensorboard_option
@plot_option(help="Draw the learning curves at the end, as .png, .svg or .pdf.")
@click.option("--print-config", is_flag=True, help="Print the options as a preset, and stop.")
@common_options
@click.pass_context
def train(
    ctx: click.Context,
    /,
    data_dir: Path,
    checkpoint: Checkpoint | None,
    resume: bool,
    resume_or_start: bool,
    log: Path | None,
    tensorboard: Path | None,
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
    if resume and resume_or_start:
        raise OptionError("--resume and --resume-or-start: either. Give only one of them.")
    if resume:
        refuse_start(ctx)
    may_resume = resume or resume_or_start
    file = (choose_to_resume if may_resume else choose_to_create)(checkpoint)
    resumes = resume or (resume_or_start and is_there(file))
    if print_config:
        path = file or (newest_checkpoints(FOLDER)[0] if resumes else None)
        result(format_preset(_options_of(path if resumes else None, ctx)))
        return
    if file and log and is_same_place(file, log):
        raise OptionError(f"--log {log}: is the checkpoint, expected another file.")
    records = Records(log, tensorboard)
    with interruption() as interrupted, ExitStack() as stack:
        claim, wanted = None, None
        try:
            if resumes:
                claim = stack.enter_context(take_run(file))
                saved = resumed_run(claim.path, ctx)
                check_start(saved, ctx)
                wanted = saved.settings
                training = resume_training(saved, claim.path, ctx)
            else:
                training = _begin(file, data_dir, ctx)
            wanted = training.run.settings
            with interrupted.deferred():
                if claim is None:
                    claim = _claim(file, training.run)
                    stack.callback(claim.close)
                elif not training.run.has_ended:
                    claim.save(training.run)
            _train(training, claim, records, interrupted)
            _test(training, claim, interrupted, is_found_unnamed=file is None)
            if plot:
                draw_learning_curves(training.run, plot)
        except KeyboardInterrupt as error:
            left = what_is_left(claim, wanted, records)
            number = interrupted.signal or SIGINT
            raise InterruptedRunError(f"\nInterrupted. {left}", number) from error


def _options_of(path: Path | None, ctx: click.Context) -> dict[str, Option]:
    """Return the options that a run would have: that of a checkpoint, or a new one."""
    if path is not None:
        return resumed_run(path, ctx).settings.options()
    return _options_and_start(ctx)[0]


def _options_and_start(ctx: click.Context) -> "tuple[dict[str, Option], Pretrained | None]":
    """Return the options of a new run, and the trained network that it begins with, if any."""
    options, start = options_of_new_run(ctx)
    check_combination(options, typed_options(ctx))
    return options, start


def _begin(checkpoint: Path | None, data_dir: Path, ctx: click.Context) -> "Training":
    """Return the training of a new run, with its data, which are brought where they are missing.

    What can be refused without the data is refused before.
    """
    options, start = _options_and_start(ctx)
    if checkpoint is not None:
        check_free(checkpoint)
    from mlp_cli.learning.engine import check_engine
    from mlp_cli.runs.training import Training

    check_engine(str(options["engine"]))
    data = load_or_download(str(options["dataset"]), data_dir)
    training = Training.begin(options, data, data_dir, start)
    if start is not None:
        say_start(training.run, start, ctx)
    return training


def _claim(checkpoint: Path | None, run: "Run") -> "Claim":
    """Keep a new run, before its first epoch, in the file of this path or the next under FOLDER."""
    from mlp_cli.runs.claim import Claim

    if checkpoint is not None:
        return Claim.begin(checkpoint, run)
    return Claim.begin_next(FOLDER, find_source(run.settings.dataset).file_stem, run)


def _train(
    training: "Training",
    claim: "Claim",
    records: Records,
    interrupted: Interruption,
) -> None:
    """Train to the end, and show every epoch once it is saved and logged."""
    from tqdm import tqdm

    from mlp_cli.learning.progress import EpochProgress

    run, settings = training.run, training.run.settings
    adviser = Adviser(settings)
    introduce(training, claim.path)
    with ExitStack() as stack:
        epoch_log = stack.enter_context(EpochLog(records.log)) if records.log else None
        if epoch_log:
            epoch_log.complete(run.history)
        board = None
        if records.tensorboard:
            board = stack.enter_context(board_log(records.tensorboard, run))
        examples, held_out = len(training.division.kept), len(training.held_out)
        bar = stack.enter_context(
            tqdm(
                total=settings.epochs * examples,
                initial=len(run.history) * examples,
                unit=" examples",
                unit_scale=True,
                leave=False,
                dynamic_ncols=True,
                disable=not shows_bars(),
            )
        )
        width = terminal_width()
        try:
            for report in training.blocks(claim, epoch_log, interrupted.deferred):
                if isinstance(report, EpochProgress):
                    bar.update(report.examples)
                    continue
                note_above(bar, epoch_line(report, settings.epochs, held_out, width))
                if board:
                    record_epoch(board, training)
                for hint in adviser.hints(training.health(), report.epoch):
                    note_above(bar, hint)
        except ClaimError:
            raise  # the run is another process's now, which is not ours to resume
        except (CheckpointError, LogError) as error:
            left = what_is_left(claim, settings, records)
            raise type(error)(f"{error}\n{left}") from error
        except DivergedError as error:
            left = what_is_left(claim, settings, records, "eta")
            raise DivergedError(f"{error}\n{left}") from error
    say_if_out_of_patience(training)


def _test(
    training: "Training", claim: "Claim", interrupted: Interruption, is_found_unnamed: bool
) -> None:
    """Try the run's best network on the test images, keep its accuracy, and print the summary."""
    try:
        tested = training.test(claim, interrupted.deferred)
    except ClaimError:
        raise
    except CheckpointError as error:
        left = what_is_left(claim, training.run.settings, Records())
        raise CheckpointError(f"{error}\n{left}") from error
    summarise(training, tested, claim.path, is_found_unnamed=is_found_unnamed)
