"""The table of settings: one line for a setting, from which all else follows."""

import tomllib
from dataclasses import asdict, fields
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import click
import pytest

from mlp_cli.commands.shared.group import COMMANDS
from mlp_cli.commands.train import train
from mlp_cli.errors import CheckpointError
from mlp_cli.runs.schema import Choice, Real, Text, Whole, Wholes
from mlp_cli.runs.settings import FACTS, SETTINGS, Settings
from tests.makers import make_settings

ROOT = Path(__file__).parents[1]
OPTIONS = {option.name: option for option in train.params}


def meta(**changes):
    """A checkpoint's settings as JSON has them."""
    values = asdict(make_settings())
    values = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
    return values | changes


def test_every_setting_is_a_field_of_a_run_and_the_other_way_round():
    names = {field.name for field in fields(Settings)}
    assert names == SETTINGS.keys() - {"hidden"} | FACTS.keys()


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "hidden"])
def test_a_field_has_the_type_of_its_setting(name):
    kind, type_ = SETTINGS[name].kind, get_type_hints(Settings)[name]
    if isinstance(kind, Choice):
        assert get_origin(type_) is Literal
        assert get_args(type_) == kind.names
    else:
        expected = {Text: str, Whole: int, Real: float}
        assert type_ is next(expected[base] for base in type(kind).__mro__ if base in expected)


@pytest.mark.parametrize("name", SETTINGS)
def test_an_option_has_the_spelling_default_and_help_of_its_setting(name):
    setting, option = SETTINGS[name], OPTIONS[name]
    assert option.opts == [setting.spelling, *setting.other_spellings]
    assert option.help == setting.help
    default = option.default
    assert (list(default) if isinstance(default, tuple) else default) == setting.default
    if setting.default is not None:
        assert setting.accepts(setting.default)


def just_outside(kind):
    """Values that are next to what a kind accepts, as JSON and TOML have them."""
    match kind:
        case Whole(least, most):
            return [least - 1, most + 1, 0.5, True, "1"]
        case Wholes(Whole(least, most)):
            return [[least - 1], [most + 1], [True], 7]
        case Real(least, most, excludes_least, excludes_most):
            below = least if excludes_least else -1e-9
            above = most if excludes_most else most * 2
            return [below, above, float("nan"), True, "1"]
        case Choice():
            return ["", "none at all", 1, None]
    return [1, None, "\0"]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_value_outside_of_its_range_is_refused_everywhere(name, run):
    """In a checkpoint and in a preset; and what can be typed, on the command line."""
    setting = SETTINGS[name]
    for value in just_outside(setting.kind):
        assert not setting.accepts(value), value
        trained_elsewhere = (name, value) == ("epochs", 0)
        if name != "hidden" and not trained_elsewhere:
            with pytest.raises(CheckpointError, match=f"meta: {name} is "):
                Settings.from_meta(meta(**{name: value}))
        if type(value) is int and name != "hidden":
            assert run(f"train {setting.spelling}={value}", status=2).stdout == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("threads", 1 << 62), ("distort_strength", 1e300), ("eta", 0), ("epochs", 40_001)],
)
def test_ranges_of_a_checkpoint_are_those_of_the_options(name, value):
    with pytest.raises(CheckpointError, match=rf"meta: {name} is .*, expected a "):
        Settings.from_meta(meta(**{name: value}))


def test_hidden_layers_of_a_checkpoint_have_the_range_of_the_option():
    with pytest.raises(CheckpointError, match=r"meta: sizes is .* for the hidden layers a list"):
        Settings.from_meta(meta(sizes=[6, 1_000_001, 3]))


def test_what_mlp_chooses_itself_is_no_setting_of_a_run():
    assert SETTINGS["engine"].accepts("auto")
    with pytest.raises(
        CheckpointError, match="meta: engine is 'auto', expected compiled or numpy or plain"
    ):
        Settings.from_meta(meta(engine="auto"))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_calls_a_number_a_number_and_not_a_range(run, command):
    """Click's own name of a range is a riddle, and in an error `not a valid integer range`."""
    assert "RANGE" not in run(f"{command} --help").stdout


def test_help_shows_no_number_that_only_a_computer_can_read(run):
    text = run("train --help").stdout
    assert str(1 << 62)[:8] not in text
    assert "9223372036854775807" not in text
    done = run(f"train --seed {1 << 63}", status=2)
    assert f"{1 << 63} is too large, expected {(1 << 63) - 1} at most." in done.stderr


def test_the_default_preset_holds_the_defaults_of_the_table():
    values = tomllib.loads((ROOT / "configs" / "default.toml").read_text())
    assert values == {k: s.default for k, s in SETTINGS.items() if s.default is not None}


def test_a_choice_that_is_typed_wrong_is_refused_by_click(run):
    assert isinstance(OPTIONS["engine"].type, click.Choice)
    assert "'fast' is not one of" in run("train --engine fast", status=2).stderr
