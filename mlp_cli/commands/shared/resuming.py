"""Resume a run: which one, with which settings, and what is said about them."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.dataset import load_to_resume, named_data
from mlp_cli.commands.shared.text import note
from mlp_cli.commands.shared.training_options import given_options, typed_options
from mlp_cli.errors import (
    CheckpointError,
    ClaimError,
    DataError,
    NoCheckpointError,
    OptionError,
)
from mlp_cli.runs.combinations import check_combination
from mlp_cli.runs.places import FOLDER, newest_checkpoints
from mlp_cli.runs.settings import CHANGEABLE, Settings

if TYPE_CHECKING:
    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.runs.claim import Claim
    from mlp_cli.runs.training import Training

ROUNDS_DIFFERENTLY = "the last digits will differ from those of an undisturbed run"


def is_there(checkpoint: Path | None) -> bool:
    """Return whether there is a run to resume: that of a path, or any under checkpoints/."""
    if checkpoint is not None:
        return os.path.lexists(checkpoint)
    try:
        return bool(newest_checkpoints(FOLDER))
    except NoCheckpointError:
        return False


def take_run(checkpoint: Path | None) -> "Claim":
    """Claim the run of a path, or the newest that no other process trains.

    Raises ClaimError where another process trains it, or all of them.
    """
    from mlp_cli.runs.claim import Claim

    if checkpoint is not None:
        return Claim.take(checkpoint)
    *newer, last = newest_checkpoints(FOLDER)
    for path in newer:
        try:
            return Claim.take(path)
        except ClaimError as error:
            note(f"passed over: {str(error).splitlines()[0]}")
    return Claim.take(last)


def resumed_run(path: Path, ctx: click.Context) -> "Run":
    """Return a saved run with the options that may change changed, each of which is said."""
    from mlp_cli.learning.engine import available, check_engine
    from mlp_cli.runs.reading import load_checkpoint

    saved, given = load_checkpoint(path), given_options(ctx)
    try:
        resumed = saved.with_options(given)
        if "engine" in given:
            check_engine(resumed.settings.engine)
        check_combination(resumed.settings.options(), typed_options(ctx))
    except (CheckpointError, OptionError) as error:
        raise type(error)(f"{path}: {error}") from error
    engine = available(resumed.settings.engine)
    resumed = replace(resumed, settings=replace(resumed.settings, engine=engine))
    _say_changes(saved, resumed.settings, path, ctx)
    return resumed


def _say_changes(saved: "Run", now: Settings, path: Path, ctx: click.Context) -> None:
    """Say what is not as the run had it: it may have been left in the environment.

    The number of epochs is said with every epoch.
    """
    before = saved.settings
    for name in sorted(CHANGEABLE - {"epochs"}):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            origin = _origin(name, ctx)
            end = f": {ROUNDS_DIFFERENTLY}" if name == "engine" else ""
            note(f"{path}: {name} {new} instead of {old}{origin}{end}")
    done = len(saved.history)
    if before.schedule == "cosine" and now.epochs != before.epochs and before.warmup < done:
        accuracies = [entry["validation_accuracy"] for entry in saved.history]
        note(
            f"{path}: the cosine now falls over {now.epochs} epochs: eta "
            f"{saved.history[-1]['eta']:.3g} in epoch {done}, "
            f"{now.learning_rates().rate(accuracies):.3g} in epoch {done + 1}"
        )


def _origin(name: str, ctx: click.Context) -> str:
    """Return where an option's value is from, unless it was typed."""
    match ctx.get_parameter_source(name):
        case ParameterSource.ENVIRONMENT:
            return f", from {ctx.auto_envvar_prefix}_{name.upper()} in the environment"
        case ParameterSource.DEFAULT_MAP:
            return ", from the preset"
    return ""


def resume_training(saved: "Run", path: Path, ctx: click.Context) -> "Training":
    """Return the training of a saved run, with its data, which may be in another folder now."""
    from mlp_cli.runs.training import Training

    settings = saved.settings
    try:
        saved, data = load_to_resume(saved, path, *named_data(ctx))
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
    if training.rounds_unlike_before and not training.run.has_ended:
        others = (
            f"{k} {new} instead of {old}" for k, (old, new) in training.rounds_unlike_before.items()
        )
        note(f"{path}: {', '.join(others)}: {ROUNDS_DIFFERENTLY}")
    return training
