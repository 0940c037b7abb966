"""--from: a new run begins with the parameters of a trained network."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.checkpoint import (
    Checkpoint,
    CheckpointFile,
    Named,
    choose_checkpoint,
)
from mlp_cli.commands.shared.completion import complete_checkpoint
from mlp_cli.commands.shared.text import note
from mlp_cli.commands.shared.training_options import chosen_options, given_options, typed_options
from mlp_cli.datasets.class_names import listed
from mlp_cli.errors import NoCheckpointError, OptionError
from mlp_cli.runs import bundled
from mlp_cli.runs.naming import names_of
from mlp_cli.runs.places import FOLDER
from mlp_cli.runs.schema import Option, show_option
from mlp_cli.runs.settings import SETTINGS

if TYPE_CHECKING:
    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.runs.pretrained import Pretrained

from_option = click.option(
    "--from",
    metavar="CHECKPOINT",
    type=CheckpointFile(),
    shell_complete=complete_checkpoint,
    help="Begin with the parameters of a trained network: a file, newest, or bundled (the one that "
    "comes with mlp). Unless given, options are as it was trained, and eta is a tenth.",
)


def named_start(ctx: click.Context) -> Checkpoint | None:
    """Return what stands after --from: a Python function cannot have a parameter of this name."""
    named: Checkpoint | None = ctx.params["from"]
    return named


def options_of_new_run(ctx: click.Context) -> "tuple[dict[str, Option], Pretrained | None]":
    """Return the options of a new run, and the trained network that it begins with, if any.

    Raises OptionError for an option that the network contradicts, CheckpointError where there is
    no trained network.
    """
    named = named_start(ctx)
    if named is None:
        return chosen_options(ctx), None
    from mlp_cli.runs.pretrained import Pretrained

    if named is Named.BUNDLED:
        start = Pretrained.load(bundled.PATH, Named.BUNDLED.value)
    else:
        start = Pretrained.load(_path(named))
    return start.complete(given_options(ctx)), start


def _path(named: Checkpoint) -> Path:
    """Return the file of a checkpoint."""
    try:
        return choose_checkpoint(named)
    except NoCheckpointError as error:
        raise NoCheckpointError(
            f"--from newest: no checkpoint (.npz) in {FOLDER}, expected a trained network.\n"
            "Name a file, or begin with the network that comes with mlp: --from bundled"
        ) from error


def refuse_start(ctx: click.Context) -> None:
    """Raise OptionError where a run is to be resumed and to begin at once."""
    if (named := named_start(ctx)) is not None:
        raise OptionError(
            f"--from {_shown(named)}{_origin(ctx)}: a run that is resumed has parameters of its "
            "own. Leave it out, or train a new run without --resume."
        )


def check_start(run: "Run", ctx: click.Context) -> None:
    """Raise OptionError where a run that is resumed began with another network than --from names.

    Which network was the newest then, nobody can tell.
    """
    named = named_start(ctx)
    if named is None or (named is Named.NEWEST and run.origin is not None):
        return
    from mlp_cli.runs.pretrained import require_same_start

    path = named if isinstance(named, Path) else bundled.PATH
    require_same_start(run.origin, path, _shown(named))


def say_start(run: "Run", start: "Pretrained", ctx: click.Context) -> None:
    """Say what a new run takes over from a trained network, and what it does not.

    Raises OptionError for --init where nothing begins at random.
    """
    settings, origin = run.settings, run.origin
    assert origin is not None
    is_fresh = origin.layers < len(settings.sizes) - 1
    if "init" in typed_options(ctx) and not is_fresh:
        raise OptionError(
            f"--init {settings.init}: has no effect with --from {start.name}, whose parameters "
            "all layers have. Leave it out."
        )
    given, own = given_options(ctx), start.own_options()
    taken = ", ".join(
        f"{name} {show_option(value)}"
        for name, value in own.items()
        if name not in given and value != SETTINGS[name].default
    )
    note(f"begins with the parameters of {start.name}{f'; so {taken}' if taken else ''}")
    say_fresh_layer(start, settings.sizes[-1], names_of(settings).names)


def say_fresh_layer(start: "Pretrained", classes: int, names: Sequence[str]) -> None:
    """Say that a last layer begins at random, where the data have other classes."""
    if start.has_classes(classes, names):
        return
    theirs = start.settings.sizes[-1]
    if classes != theirs:
        why = f"the data have {classes} classes, the network of {start.name} has {theirs}"
    else:
        why = f"the data's classes ({listed(names)}) are not those of {start.name}"
    note(f"{why}: the last layer begins fresh, by --seed")


def _shown(named: Checkpoint) -> str:
    """Return what stands after --from as it was typed."""
    return named.value if isinstance(named, Named) else os.fspath(named)


def _origin(ctx: click.Context) -> str:
    """Return where --from stands, unless it was typed."""
    if ctx.get_parameter_source("from") is ParameterSource.ENVIRONMENT:
        return f" from {ctx.auto_envvar_prefix}_FROM in the environment"
    return ""
