"""--config and --print-config: a preset becomes the defaults of the options."""

import click

from mlp_cli.commands.shared.completion import complete_preset
from mlp_cli.commands.shared.options import Decorated
from mlp_cli.errors import ConfigError
from mlp_cli.runs.presets import find_preset, read_preset
from mlp_cli.runs.settings import OPTIONS


def config_option(function: Decorated) -> Decorated:
    """Add --config, which is read before the other options get their values."""
    return click.option(
        "--config",
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_take_preset,
        shell_complete=complete_preset,
        help="A preset: a TOML file of options, or the name of one that comes with mlp. "
        "Options on the command line win over it.",
    )(function)


def _take_preset(ctx: click.Context, _: click.Parameter, name: str | None) -> None:
    """Make the preset's values the defaults, each checked as if it had been typed."""
    if name is None:
        return
    path = find_preset(name)
    options = {param.name: param for param in ctx.command.params if param.name}
    preset = read_preset(path, refused=set(options).difference(OPTIONS))
    for key, value in preset.items():
        try:
            options[key].type_cast_value(ctx, value)
        except click.BadParameter as error:
            # Click would name the option; whoever wrote the file looks for the line.
            raise ConfigError(f"{path}: {key}: {error.message}") from error
    ctx.default_map = {**(ctx.default_map or {}), **preset}
