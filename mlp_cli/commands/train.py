"""mlp train: train a network and keep it in a checkpoint."""

import shlex
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mlp_cli.commands.advice import advise
from mlp_cli.commands.config import config_option
from mlp_cli.commands.dataset import load_first, load_or_download
from mlp_cli.commands.interruption import Interruption, interruption
from mlp_cli.commands.options import DEFAULT_DATA_DIR, FilePath, common_options, data_dir_option
from mlp_cli.commands.text import note, note_above, percent, result, score, shows_bars
from mlp_cli.commands.training_options import (
    check_combination,
    chosen_options,
    given_options,
    training_options,
)
from mlp_cli.config import format_preset
from mlp_cli.datasets.catalogue import file_stem
from mlp_cli.epochlog import EpochLog
from mlp_cli.errors import CheckpointError, DivergedError, InterruptedRunError, MlpError
from mlp_cli.runs import FOLDER, check_room, claim, claim_next, newest_checkpoint, release

if TYPE_CHECKING:
    from mlp_cli.checkpoint import Checkpoint
    from mlp_cli.nn.sgd import EpochResult
    from mlp_cli.training import Run


@click.command(short_help="Train a network and keep it in a checkpoint.")
@config_option
@training_options
@data_dir_option
@click.option(
    "--checkpoint",
    type=FilePath,
    show_default="a new file under checkpoints/",
    help="Where to keep the run; with --resume, the run.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with a run: the newest, or that of --checkpoint, to --epochs.",
)
@click.option("--log", type=FilePath, help="Append a line of JSON for every epoch to this file.")
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
    print_config: bool,
    **_: Any,  # noqa: ANN401  the options that make a run, which are asked for together
) -> None:
    """Train a network by stochastic gradient descent.

    The dataset is downloaded if it is not there. After every epoch the network is tried on the
    images held out, and the run is saved; the parameters of the best epoch are the ones that
    `mlp evaluate` and `mlp predict` use. The test images are read once, at the end.

    Ctrl-C stops after the current mini-batch. Whatever stops a run, --resume goes on with it from
    its last whole epoch, and ends in the very same network as without the stop.
    """
    check_combination(ctx)
    if print_config:
        result(format_preset(chosen_options(ctx)))
        return
    if resume:
        path = checkpoint or newest_checkpoint(FOLDER)
        given = ctx.get_parameter_source("data_dir") is not ParameterSource.DEFAULT
        run = _resume(path, data_dir if given else None, ctx)
    else:
        run = _begin(data_dir, ctx)
    with interruption() as interrupted:
        if not resume:
            path = _claim(run, checkpoint)
        try:
            _train(run, path, log, interrupted)
        except DivergedError as error:
            raise DivergedError(f"{error}\n{_what_is_left(path)}") from error
        except KeyboardInterrupt as error:
            raise _interrupted(path, interrupted.signal or SIGINT) from error
        finally:
            release(path)
    if interrupted.signal is not None and not run.has_ended:
        raise _interrupted(path, interrupted.signal)
    _report(run, path, by_itself=checkpoint is None)


def _begin(data_dir: Path, ctx: click.Context) -> "Run":
    """Return a new run of the options, with its data."""
    from mlp_cli.settings import Settings
    from mlp_cli.threads import choose_threads
    from mlp_cli.training import Run

    options: dict[str, Any] = chosen_options(ctx)
    data = load_or_download(options["dataset"], data_dir)
    sizes = (data.pixels, *options.pop("hidden"), data.classes)
    distorts = options["distort"] != "none"
    options.setdefault("threads", choose_threads(sizes, options["batch_size"], busy_cores=distorts))
    settings = Settings(
        data_dir=str(data_dir),
        fingerprint=data.fingerprint(),
        image_shape=data.image_shape,
        sizes=sizes,
        **options,
    )
    return Run.begin(settings, data)


def _claim(run: "Run", checkpoint: Path | None) -> Path:
    """Take the path that the run is kept at."""
    if checkpoint is not None:
        claim(checkpoint)
        return checkpoint
    settings = run.checkpoint.settings
    return claim_next(FOLDER, file_stem(settings.dataset), settings.sizes)


def _resume(path: Path, data_dir: Path | None, ctx: click.Context) -> "Run":
    """Return the run of a checkpoint, with the options that may change changed."""
    from mlp_cli.checkpoint import load_checkpoint
    from mlp_cli.training import Run

    saved = load_checkpoint(path)
    settings = saved.settings.with_options(given_options(ctx))
    data_dirs = [data_dir] if data_dir else [Path(settings.data_dir), DEFAULT_DATA_DIR]
    data = load_first(settings.dataset, data_dirs)
    try:
        return Run.resume(replace(saved, settings=settings), data)
    except MlpError as error:
        raise type(error)(f"{path}: {error}") from error


def _train(run: "Run", path: Path, log: Path | None, interrupted: Interruption) -> None:
    """Train to the end, saving, logging and showing every epoch."""
    from tqdm import tqdm

    checkpoint, epochs = run.checkpoint, run.checkpoint.settings.epochs
    check_room(path, checkpoint.nbytes)
    with ExitStack() as stack:
        epoch_log = stack.enter_context(EpochLog(log)) if log else None
        _introduce(run, path)
        done = len(checkpoint.history)
        bar = stack.enter_context(
            tqdm(total=epochs, initial=done, unit="epoch", leave=False, disable=not shows_bars())
        )
        said: set[str] = set()
        for epoch in run.epochs(stop=interrupted.is_wanted):
            checkpoint.save(path)
            if epoch_log:
                epoch_log.append(checkpoint.history[-1])
            note_above(bar, _epoch_line(epoch, epochs, len(run.held_out)))
            for kind, advice in advise(run.health(), checkpoint.settings).items():
                if kind not in said:
                    note_above(bar, advice)
                    said.add(kind)
            bar.update()


def _introduce(run: "Run", path: Path) -> None:
    """Say what is trained on what."""
    data, settings = run.dataset, run.checkpoint.settings
    note(
        f"{settings.dataset} from {data.folder}: {len(run.training):,} images of "
        f"{' x '.join(map(str, data.image_shape))} to train on, {len(run.held_out):,} held out, "
        f"{len(data.test):,} to test"
    )
    network = f"network {'-'.join(map(str, settings.sizes))}, seed {settings.seed}"
    done = len(run.checkpoint.history)
    if done:
        note(f"{network}, resumed from {path} after epoch {done} of {settings.epochs}")
    else:
        note(f"{network}, saved to {path} after every epoch")


def _epoch_line(epoch: "EpochResult", epochs: int, held_out: int) -> str:
    """Return `epoch  7/30  cost 0.0321  validation 95.31 % (9,531 / 10,000)  0.2 s`."""
    parts = [f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}", f"cost {epoch.cost:.4f}"]
    if epoch.validation_accuracy is not None and epoch.validation_correct is not None:
        correct = score(epoch.validation_accuracy, epoch.validation_correct, held_out)
        parts.append(f"validation {correct}")
    return "  ".join([*parts, f"{epoch.seconds:.1f} s"])


def _report(run: "Run", path: Path, by_itself: bool) -> None:
    """Print how the run ended; `by_itself` if the next command finds its checkpoint unnamed."""
    from mlp_cli.metrics import Score, confusion_matrix

    checkpoint, test = run.checkpoint, run.dataset.test
    answers = checkpoint.network.outputs(test.images).argmax(axis=1)
    classes = checkpoint.settings.sizes[-1]
    tested = Score.of(confusion_matrix(test.labels, answers, classes))
    named = "" if by_itself else f" --checkpoint {shlex.quote(str(path))}"
    result(f"test accuracy  {score(tested.accuracy, tested.correct, tested.examples)}")
    result(f"seed           {checkpoint.settings.seed}")
    result(f"checkpoint     {path}")
    result(f"training time  {checkpoint.training_seconds:.1f} s")
    result(f"next           mlp evaluate{named}")
    best, last = (
        f"{epoch}{_held_out(checkpoint, epoch)}"
        for epoch in (checkpoint.best_epoch, len(checkpoint.history))
    )
    result(f"best epoch     {best}; last {last}")
    checkpoint.test_accuracy = tested.accuracy
    checkpoint.save(path)


def _held_out(checkpoint: "Checkpoint", epoch: int) -> str:
    """Return an epoch's accuracy on the images held out, if there were any, in brackets."""
    accuracy = checkpoint.accuracy_after(epoch)
    return "" if accuracy is None else f" ({percent(accuracy)} held out)"


def _interrupted(path: Path, signal: int) -> InterruptedRunError:
    return InterruptedRunError(f"\nInterrupted. {_what_is_left(path)}", signal)


def _what_is_left(path: Path) -> str:
    """Say what a run that was stopped leaves behind, by what the file itself holds."""
    from mlp_cli.checkpoint import load_checkpoint

    try:
        saved = load_checkpoint(path)
    except CheckpointError:
        return "It was the first epoch: nothing is saved."
    return (
        f"{path} is whole and holds {len(saved.history)} of {saved.settings.epochs} epochs.\n"
        f"Go on with: mlp train --resume --checkpoint {shlex.quote(str(path))}"
    )
