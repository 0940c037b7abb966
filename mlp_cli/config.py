"""Presets: TOML files whose keys are option names, read, checked, found and written."""

import json
import math
import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path

from mlp_cli.errors import ConfigError
from mlp_cli.settings import Option

MAX_BYTES = 1 << 20
"""a preset is some lines; a file larger than this is something else"""


def bundled_presets() -> list[Path]:
    """Return the presets that come with the program, by name."""
    package = Path(__file__).parent
    # Installed, they lie in the package; in a checkout, beside it.
    folders = [package / "configs", package.parent / "configs"]
    return sorted(next((f for f in folders if f.is_dir()), package).glob("*.toml"))


def find_preset(name: str) -> Path:
    """Return the file of this path or, where there is none, the bundled preset of this name.

    Raises ConfigError where neither exists.
    """
    path = Path(name)
    if path.is_file():
        return path
    bundled = {preset.stem: preset for preset in bundled_presets()}
    found = bundled.get(name.removesuffix(".toml"))
    if found is None:
        raise ConfigError(
            f"{name}: no such file, and no preset of this name. Expected a TOML file, or one of "
            f"{', '.join(bundled)}.{_did_you_mean(name, bundled)}"
        )
    return found


def read_preset(path: Path, known: Collection[str], refused: Collection[str]) -> dict[str, Option]:
    """Return the settings in a preset, by option name with underscores.

    known: the keys it may have.  refused: options that exist but not in a preset, because a file
    must not say where to write.
    Raises ConfigError where the file cannot be read, is not TOML, or has another key or a value
    that no option could have.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ConfigError(
                f"{path}: more than {MAX_BYTES:,} bytes, expected some lines of TOML."
            )
        values = tomllib.loads(text.decode())
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror or error}), expected a TOML file."
        ) from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError, too
        raise ConfigError(f"{path}: not TOML ({error}).") from error
    for key, value in values.items():
        if key in refused:
            raise ConfigError(
                f"{path}: {key} cannot be set in a preset, which must not say where to write.\n"
                f"Give it on the command line: --{key.replace('_', '-')}"
            )
        if key not in known:
            hint = _did_you_mean(key, known) or f" Known: {', '.join(sorted(known))}."
            raise ConfigError(f"{path}: unknown key {key!r}.{hint}")
        if not _is_setting(value):
            raise ConfigError(
                f"{path}: {key} is {value!r}, expected a number, a text or a list of whole numbers."
            )
    return values


def format_preset(settings: Mapping[str, Option]) -> str:
    """Return settings as the TOML that `read_preset` takes, one line each."""
    return "\n".join(f"{key} = {_format(value)}" for key, value in settings.items())


def _format(value: Option) -> str:
    # JSON's numbers, lists and strings are TOML's, but for the names of what is not finite.
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _is_setting(value: object) -> bool:
    if isinstance(value, list):
        return all(type(item) is int for item in value)
    return type(value) in (str, int, float)


def _did_you_mean(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
