"""Presets: TOML files whose keys are option names, read, checked, found and written."""

import codecs
import json
import os
import re
import reprlib
import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mlp_cli.errors import ConfigError
from mlp_cli.runs.schema import MOST_WHOLE, Option, as_typed
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.system.files import open_regular

MAX_PRESET_BYTES = 1 << 20
"""far more than a preset has; a larger file is something else"""
PIPE_SECONDS = 5.0
"""the longest wait for a piece of a preset through a pipe"""


def bundled_presets() -> list[Path]:
    """Return the presets that come with the program, by name."""
    package = Path(__file__).parents[1]
    # Installed, they are in the package; in a checkout, beside it.
    folders = [package / "configs", package.parent / "configs"]
    return sorted(next((f for f in folders if f.is_dir()), package).glob("*.toml"))


def find_preset(name: str) -> Path:
    """Return the file of this path or, where there is none, the bundled preset of this name."""
    bundled = {preset.stem: preset for preset in bundled_presets()}
    preset = bundled.get(name.removesuffix(".toml"))
    return Path(name) if preset is None or os.path.isfile(name) else preset


def read_preset(path: Path, refused: Collection[str]) -> dict[str, Option]:
    """Return the settings in a preset, by option name with underscores.

    refused: options that a preset cannot have, because they are no part of a run.
    Raises ConfigError where the file cannot be read, is not TOML, or has another key or a value
    that the setting cannot have.
    """
    values = _read_toml(path)
    for key, value in values.items():
        if key in refused:
            raise ConfigError(
                f"{path}: {key} cannot be set in a preset, which holds the settings of a run.\n"
                f"Give it on the command line: {as_typed(key)}"
            )
        if key not in SETTINGS:
            hint = _did_you_mean(key, SETTINGS) or f" Known: {', '.join(sorted(SETTINGS))}."
            raise ConfigError(f"{path}: unknown key {key!r}.{hint}")
        if key == "hidden" and type(value) is int:
            values[key] = value = [value] if value else []  # a single layer needs no brackets
        if not (setting := SETTINGS[key]).accepts(value):
            raise ConfigError(f"{path}: {key} is {_show(value)}, expected {setting.expected}.")
    return values


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        # A named pipe may never have a writer; one that the shell has opened has, as in
        # `--config <(mlp train --print-config)`.
        is_open = os.path.dirname(path) == "/dev/fd"
        with open(path, "rb") if is_open else open_regular(path) as file:
            text = file.read(MAX_PRESET_BYTES + 1)
        if len(text) > MAX_PRESET_BYTES:
            raise ConfigError(
                f"{path}: more than {MAX_PRESET_BYTES:,} bytes, expected some lines of TOML."
            )
        return tomllib.loads(_decode(text))
    except FileNotFoundError as error:
        bundled = [preset.stem for preset in bundled_presets()]
        raise ConfigError(
            f"{path}: no such file, and no preset of this name. Expected a TOML file, or one of "
            f"{', '.join(bundled)}.{_did_you_mean(str(path), bundled)}"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror or error}), expected a TOML file."
        ) from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError, too
        raise ConfigError(f"{path}: not TOML ({error}).") from error


def _decode(text: bytes) -> str:
    """Return a preset's text: UTF-8 as TOML has it, or as the shells of Windows write a file.

    PowerShell's `>` writes UTF-16 or UTF-8, each with a byte order mark.
    """
    is_utf_16 = text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return text.decode("utf-16" if is_utf_16 else "utf-8-sig")


def format_preset(settings: Mapping[str, Option]) -> str:
    """Return settings as the TOML that `read_preset` takes, one line each."""
    # JSON's finite numbers, lists and strings are valid TOML, except for two things: JSON escapes a
    # rare letter as two surrogates, and it leaves DEL as it is. ASCII text survives every shell.
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items())
    return re.sub(r"[^\n -~]", lambda letter: f"\\U{ord(letter[0]):08X}", "\n".join(lines))


def _show(value: object) -> str:
    """Return a value as TOML has it, shortened; a number beyond TOML's range is not printed."""
    if type(value) is bool:
        return str(value).lower()
    if type(value) is int and abs(value) > MOST_WHOLE:
        return "a number of more than 64 bits"
    try:
        return reprlib.repr(value)
    except ValueError:  # Python does not print more than 4,300 digits
        return "a value with a number of more than 64 bits"


def _did_you_mean(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
