"""How options are typed, and how help has them in groups."""

import click
import pytest

from mlp_cli.commands.shared.grouped_help import GROUPS
from mlp_cli.commands.shared.text import fitted
from mlp_cli.commands.sweep import sweep
from mlp_cli.commands.train import train


def hidden(done):
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("hidden")]
    return line.partition(" = ")[2]


@pytest.mark.parametrize(
    ("typed", "units"),
    [
        ("--hidden 30", "[30]"),
        ("--hidden 30,20", "[30, 20]"),
        ("--hidden 30 --hidden 20", "[30, 20]"),
        ("--hidden 30,20 --hidden 10", "[30, 20, 10]"),
        ("--hidden 0", "[]"),
        ("", "[30]"),
    ],
)
def test_layers_are_typed_in_any_of_these_ways(run, typed, units):
    assert hidden(run(f"train --print-config {typed}")) == units


def test_the_environment_and_a_preset_have_layers_too(run, own_folder):
    assert hidden(run("train --print-config", env={"MLP_TRAIN_HIDDEN": "30 20"})) == "[30, 20]"
    with open("own.toml", "w") as file:
        file.write("hidden = 0\n")
    assert hidden(run("train --print-config --config own.toml")) == "[]"


@pytest.mark.parametrize("command", ["train", "sweep -o x"])
def test_a_second_layer_without_the_option_is_told_how_to_say_it(run, command):
    done = run(f"{command} --hidden 30 20", status=2)
    words = "Repeat it: --hidden 30 --hidden 20, or write --hidden 30,20."
    assert done.stderr.splitlines()[-1].endswith(words)


@pytest.mark.parametrize("typed", ["0,3", "3,,4", "a", "-1", "2,0", "1000001", "3,"])
def test_no_layer_has_no_units(run, typed):
    assert "'--hidden'" in run(f"train --hidden={typed} --print-config", status=2).stderr


@pytest.mark.parametrize("command", [train])
def test_every_option_is_in_one_group_of_help(command):
    grouped = [name for names in GROUPS.values() for name in names]
    assert len(grouped) == len(set(grouped))
    options = {each.name for each in command.get_params(click.Context(command))}
    assert options <= set(grouped)


def test_help_has_a_heading_for_each_group(run):
    lines = run("train --help").stdout.splitlines()
    assert [line[:-1] for line in lines if line.endswith(":") and line[0] != " "] == list(GROUPS)
    assert all(len(line) <= 80 for line in lines)


def test_the_options_of_a_sweep_alone_stand_by_themselves(run):
    own = run("sweep --help").stdout.partition("\nOptions:\n")[2]
    assert "--vary" in own
    assert "--hidden" not in own
    assert sweep.name == "sweep"


def test_a_note_breaks_between_words_where_the_terminal_ends():
    assert fitted("one two three\nfour", 9) == "one two\n  three\nfour"
    assert fitted("one two three", None) == "one two three"
    assert fitted("a/long/path/without/a/space x", 10) == "a/long/path/without/a/space\n  x"
