"""The options of `mlp train` that make a run, derived from the table of settings."""

import sys
from typing import Any

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.completion import complete_dataset
from mlp_cli.commands.shared.options import (
    DatasetName,
    Decorated,
    FiniteFloat,
    UnitCounts,
    ViewName,
    WholeNumber,
)
from mlp_cli.runs.schema import (
    Choice,
    DatasetText,
    Kind,
    Option,
    Real,
    Setting,
    ViewText,
    Whole,
    Wholes,
)
from mlp_cli.runs.settings import SETTINGS, TABLE


def training_options(function: Decorated) -> Decorated:
    """Add the options that make a run."""
    for setting in reversed(TABLE):
        function = _option_of(setting)(function)
    return function


def _option_of(setting: Setting) -> Any:  # noqa: ANN401  a decorator, as Click types it
    """Return the option of a setting."""
    several = isinstance(setting.kind, Wholes)
    default = tuple(setting.default) if isinstance(setting.default, list) else setting.default
    return click.option(
        setting.spelling,
        *setting.other_spellings,
        setting.name,
        type=_type_of(setting.kind, setting.automatic),
        multiple=several,
        default=default,
        callback=_join_layers if several else None,
        show_default=setting.shown_default or True,
        shell_complete=complete_dataset if isinstance(setting.kind, DatasetText) else None,
        help=setting.help,
    )


def _type_of(kind: Kind, automatic: str | None) -> click.ParamType[Any]:
    """Return the type that checks what is typed."""
    match kind:
        case DatasetText():
            return DatasetName()
        case ViewText():
            return ViewName()
        case Choice(names):
            return click.Choice(names if automatic is None else (automatic, *names))
        case Whole(least, most):
            return WholeNumber(least, most)
        case Wholes(Whole(_, most)):
            return UnitCounts(most)
        case Real():
            return FiniteFloat(
                min=kind.least,
                max=kind.most if kind.most < sys.float_info.max else None,
                min_open=kind.excludes_least,
                max_open=kind.excludes_most,
            )
    raise TypeError(f"no option can have {kind}")


def _join_layers(
    ctx: click.Context, param: click.Parameter, value: tuple[tuple[int, ...], ...]
) -> tuple[int, ...]:
    """Return the units of all hidden layers; 0 alone stands for none."""
    units = tuple(each for group in value for each in group)
    if units == (0,):
        return ()
    if 0 in units:
        shown = ",".join(map(str, units))
        raise click.BadParameter(
            f"{shown}: a layer of 0 units, expected 1 or more in each; 0 alone means no layer.",
            ctx,
            param,
        )
    return units


def plain(value: object) -> Option:
    """Return an option's value as a preset has it."""
    return list(value) if isinstance(value, tuple) else value  # type: ignore[return-value]


def chosen_options(ctx: click.Context) -> dict[str, Option]:
    """Return the options that make a run and have a value, given or by default."""
    values = {name: ctx.params[name] for name in SETTINGS}
    return {name: plain(value) for name, value in values.items() if value is not None}


def given_options(ctx: click.Context) -> dict[str, Option]:
    """Return the options that were given: typed, in the environment or in a preset."""
    options = chosen_options(ctx)
    return {
        name: value
        for name, value in options.items()
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def typed_options(ctx: click.Context) -> set[str]:
    """Return the names of the options that were typed on the command line."""
    return {
        name for name in SETTINGS if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
