"""--config and --print-config: a preset becomes the defaults of the options."""

import os

import click

from mlp_cli.commands.shared.completion import complete_preset
from mlp_cli.commands.shared.options import Decorated, refuse_line_break
from mlp_cli.errors import ConfigError
from mlp_cli.runs.presets import find_preset, read_preset
from mlp_cli.runs.settings import SETTINGS


def config_option(function: Decorated) -> Decorated:
    """Add --config, which Click reads before the other options get their values."""
    return click.option(
        "--config",
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_take_preset,
        shell_complete=complete_preset,
        help="Preset: a TOML file of options, or the name of one that comes with mlp. "
        "Options on the command line override it.",
    )(function)


def _take_preset(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    """Make the preset's values the defaults, each checked as if it were typed."""
    if name is None:
        return
    refuse_line_break(click.STRING, name, param, ctx)
    path = find_preset(os.path.expanduser(name))
    options = {param.name: param for param in ctx.command.params if param.name}
    preset = read_preset(path, refused=set(options).difference(SETTINGS))
    for key, value in preset.items():
        try:
            options[key].type_cast_value(ctx, value)
        except click.BadParameter as error:
            # Click names the option; the author of the file needs the file and the key.
            raise ConfigError(f"{path}: {key}: {error.message}") from error
    ctx.default_map = {**(ctx.default_map or {}), **preset}
