"""Write docs/reference.md from the command line itself: python docs/make_reference.py.

Nothing about an option is written here: spellings, values, defaults and help are Click's.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path

import click

from mlp_cli.commands.shared.group import mlp
from mlp_cli.runs.settings import CHANGEABLE, Settings

PATH = Path(__file__).with_name("reference.md")
DEFAULT_PRESET = Path(__file__).parents[1] / "configs" / "default.toml"
"""it has every key, by a test; one that has no value by default is commented out"""

UNLIMITED = 1 << 31
"""a largest value beyond this is the machine's limit, which nobody meets"""

HEAD = """\
# Reference

Every command, option, default and environment variable. `python docs/make_reference.py` makes this
page from the program. Do not edit it by hand.

- [Commands](#commands)
- [Preset keys](#preset-keys)
- [Settings in a checkpoint](#settings-in-a-checkpoint)
- [Exit status](#exit-status)
- The keys of `--json`, of logs and of checkpoints are in [formats](formats.md).

## Commands
"""

TAIL = """\
## Exit status

| status | meaning |
|---|---|
| 0 | success |
| 1 | something failed: the message says what, what was expected, and what to do next |
| 2 | wrong usage: an option, a value or a preset |
| 129 | interrupted by SIGHUP (a closed terminal); a run says how to resume |
| 130 | interrupted by Ctrl-C; the same |
| 143 | interrupted by SIGTERM (`kill`); the same |
"""

FILLED_IN = {
    "data_dir": "the folder given as `--data-dir`",
    "fingerprint": "SHA-256 over the dataset's arrays; empty in an imported network",
    "held_out": "which images are held out: the `last` ones, or, of a folder of your own, a "
    "`stratified` sample, drawn from the seed",
    "class_names": "what the classes are called, one name for each output; empty where the data "
    "have no names",
    "image_shape": "rows and columns of an image",
    "sizes": "units of every layer, the input first",
}
"""the settings that are no options of `mlp train`"""


def reference() -> str:
    """Return the text of docs/reference.md."""
    root = click.Context(mlp, info_name="mlp", **mlp.context_settings)
    parts = [HEAD, *_shared(root)]
    contexts = {}
    for name in mlp.list_commands(root):
        command = mlp.get_command(root, name)
        assert command is not None
        contexts[name] = click.Context(command, info_name=name, parent=root)
        parts += _command(contexts[name])
    parts += _preset_keys(contexts["train"])
    parts += _settings(contexts["train"])
    return "\n".join([*parts, TAIL])


def _shared(root: click.Context) -> Iterator[str]:
    yield "These go with every command:\n"
    yield "| option | meaning |\n|---|---|"
    for option in root.command.get_params(root):
        assert isinstance(option, click.Option)
        yield f"| {_spellings(option, root)} | {_cell(option.help)} |"
    yield (
        "\nA typed option wins over the environment, the environment over a preset, a preset over "
        "the default.\n"
    )


def _command(ctx: click.Context) -> Iterator[str]:
    """Yield the section of a command."""
    command = ctx.command
    assert ctx.parent is not None
    everywhere = {option.name for option in ctx.parent.command.get_params(ctx.parent)}
    yield f"### {ctx.command_path}\n"
    yield f"```text\n{' '.join([ctx.command_path, *command.collect_usage_pieces(ctx)])}\n```\n"
    yield from _paragraphs(command.help or "")
    options = [
        option
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and option.name not in everywhere
    ]
    if options:
        yield "| option | values | default | meaning | environment |\n|---|---|---|---|---|"
    for option in options:
        cells = (
            _spellings(option, ctx),
            values_of(option, ctx),
            _default(option, ctx),
            _cell(option.help),
            f"`{_variable(option, ctx)}`",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; one marked to be left as it is becomes a block."""
    for paragraph in re.split(r"\n\s*\n", text.partition("\f")[0].strip()):
        if paragraph.startswith("\b"):
            yield f"```text\n{paragraph.removeprefix(chr(8)).strip(chr(10))}\n```\n"
        else:
            yield f"{' '.join(paragraph.split())}\n"


def _spellings(option: click.Option, ctx: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    return f"{names}{' (repeatable)' if option.multiple else ''}"


def values_of(option: click.Option, ctx: click.Context) -> str:
    """Return what may stand after an option."""
    if option.is_flag or option.count:
        return ""
    shown = option.make_metavar(ctx).strip("[]")
    least, most = (getattr(option.type, name, None) for name in ("min", "max"))
    if isinstance(option.type, click.types.IntParamType):
        return f"whole number{_range(option.type, least, most)}"
    if isinstance(option.type, click.types.FloatParamType):
        return f"number{_range(option.type, least, most)}"
    return _code(shown.replace("DIRECTORY", "DIR"))


def _range(kind: object, least: float | None, most: float | None) -> str:
    """Return a range in words: no number that is only the machine's limit."""
    limited = most is not None and most < UNLIMITED
    if least is None:
        return f", at most {most:,}" if limited else ""
    below = getattr(kind, "max_open", False)
    if getattr(kind, "min_open", False):
        start = f" above {least:,}"
    elif limited and not below:
        return f", {least:,} to {most:,}"
    else:
        start = f", {least:,} or more"
    return f"{start}, {'below' if below else 'at most'} {most:,}" if limited else start


def _default(option: click.Option, ctx: click.Context) -> str:
    if option.required:
        return "required"
    extra = option.get_help_extra(ctx)
    if "default" in extra:
        text = extra["default"]
        return text[1:-1] if text.startswith("(") else _code(text)
    return ""


def _variable(option: click.Option, ctx: click.Context) -> str:
    """Return the environment variable that sets an option."""
    if option.envvar:
        return option.envvar if isinstance(option.envvar, str) else option.envvar[0]
    return f"{ctx.auto_envvar_prefix}_{option.name}".upper()


def _preset_keys(ctx: click.Context) -> Iterator[str]:
    """Yield the section about presets."""
    options = {option.name: option for option in ctx.command.params}
    yield "## Preset keys\n"
    yield (
        "A preset is a TOML file. Its keys are these options of `mlp train`, with underscores. The "
        "last column says which of them may change with `--resume`.\n"
    )
    yield "| key | TOML type | default | on resume |\n|---|---|---|---|"
    for name in re.findall(r"^(?:# )?(\w+) = ", DEFAULT_PRESET.read_text("utf-8"), re.MULTILINE):
        option = options[name]
        assert isinstance(option, click.Option)
        changes = "may change" if name in CHANGEABLE else ""
        default = _default(option, ctx)
        yield f"| `{name}` | {_toml_type(option)} | {default} | {changes} |"
    yield ""


def _toml_type(option: click.Option) -> str:
    if isinstance(option.type, click.types.IntParamType):
        return "list of integers, or one integer" if option.multiple else "integer"
    return "float or integer" if isinstance(option.type, click.types.FloatParamType) else "string"


def _settings(ctx: click.Context) -> Iterator[str]:
    """Yield the section about the settings in a checkpoint's meta."""
    options = {option.name: option for option in ctx.command.params}
    hints = typing.get_type_hints(Settings)
    yield "## Settings in a checkpoint\n"
    yield (
        "`meta` of a checkpoint holds these keys beside [its own](formats.md#meta). A file of an "
        "earlier version has fewer: a missing setting gets the value in the third column, with "
        "which the run behaves as it did.\n"
    )
    yield "| key | type | if missing | meaning |\n|---|---|---|---|"
    for field in dataclasses.fields(Settings):
        default = "[]" if field.default == () else str(field.default)
        missing = "" if field.default is dataclasses.MISSING else _code(default)
        meaning = FILLED_IN.get(field.name) or f"the option `{options[field.name].opts[0]}`"
        yield f"| `{field.name}` | {json_type(hints[field.name])} | {missing} | {meaning} |"
    yield ""


def json_type(kind: object) -> str:
    """Return what a value of this type is in JSON."""
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    if kind in names:
        return names[kind]  # type: ignore[index]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return "string"
    if origin in (tuple, list):
        return f"list of {json_type(arguments[0])}s"
    if origin in (types.UnionType, typing.Union):
        return " or ".join(map(json_type, arguments))
    if hasattr(kind, "__value__"):  # a type alias
        return json_type(kind.__value__)
    raise TypeError(f"{kind}: no type of JSON")


def _cell(text: str | None) -> str:
    """Return a help text as it can stand in a table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(reference(), encoding="utf-8")
