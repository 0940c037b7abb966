"""--config and --print-config: a preset becomes the defaults of the options."""

from typing import Any

import click

from mlp_cli.commands.options import Decorated
from mlp_cli.config import find_preset, read_preset
from mlp_cli.settings import OPTIONS


def config_option(function: Decorated) -> Decorated:
    """Add --config, which is read before the other options get their values."""
    return click.option(
        "--config",
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_take_preset,
        help="A preset: a TOML file of options, or the name of one that comes with mlp. "
        "Options on the command line win over it.",
    )(function)


def _take_preset(ctx: click.Context, _: click.Parameter, name: str | None) -> None:
    """Make the preset's values the defaults; they pass the same checks as typed ones."""
    if name is None:
        return
    path = find_preset(name)
    refused = {param.name for param in ctx.command.params if param.name}.difference(OPTIONS)
    preset: dict[str, Any] = {**read_preset(path, known=OPTIONS, refused=refused)}
    if not isinstance(preset.get("hidden", []), list):
        preset["hidden"] = [preset["hidden"]]  # a single layer needs no brackets
    ctx.default_map = {**(ctx.default_map or {}), **preset}
