"""docs/reference.md is what the command line says of itself."""

import runpy
from pathlib import Path

import click
import pytest

DOCS = Path(__file__).parents[1] / "docs"
MAKER = runpy.run_path(str(DOCS / "make_reference.py"))


def test_the_reference_is_what_the_command_line_says():
    expected = MAKER["reference"]()
    found = (DOCS / "reference.md").read_text(encoding="utf-8")
    assert found == expected, "make it again: python docs/make_reference.py"


def test_the_reference_shows_no_number_that_is_only_the_machines_limit():
    assert "9223372036854775807" not in MAKER["reference"]().replace(",", "")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (click.IntRange(min=1), "whole number, 1 or more"),
        (click.IntRange(min=1, max=(1 << 63) - 1), "whole number, 1 or more"),
        (click.IntRange(min=1, max=40_000), "whole number, 1 to 40,000"),
        (click.IntRange(max=9), "whole number, at most 9"),
        (click.FloatRange(min=0, min_open=True), "number above 0"),
        (click.FloatRange(min=0, max=1, max_open=True), "number, 0 or more, below 1"),
        (click.FloatRange(min=0, max=10), "number, 0 to 10"),
        (click.INT, "whole number"),
        (click.FLOAT, "number"),
        (click.Choice(["a", "b"]), r"`a\|b`"),
        (click.Path(dir_okay=False), "`FILE`"),
        (click.Path(file_okay=False), "`DIR`"),
    ],
)
def test_the_values_of_an_option_are_said_in_words(kind, words):
    option = click.Option(["--option"], type=kind)
    context = click.Context(click.Command("command", params=[option]))
    assert MAKER["values_of"](option, context) == words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (str, "string"),
        (bool, "boolean"),
        (float | None, "number or null"),
        (tuple[int, ...], "list of integers"),
    ],
)
def test_the_type_of_a_setting_is_said_as_json_has_it(kind, words):
    assert MAKER["json_type"](kind) == words
