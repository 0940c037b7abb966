"""Every command in terminals of 40, 80 and 200 columns: nothing wraps, and tables stay readable."""

import re
import sys

import pytest

from tests.snapshots import FOLDER, SCENES, WIDTHS, difference, ruler, shown, snapshots

UNBROKEN = re.compile(r" *(?:mlp [a-z].*|\S+)")
"""lines that may be longer than a narrow terminal: a command to be copied, and a single word"""

pytestmark = [
    pytest.mark.alike,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals"),
]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return snapshots(tmp_path_factory.mktemp("snapshots"))


@pytest.mark.parametrize("name", SCENES)
def test_a_command_prints_what_its_snapshot_shows(texts, name):
    assert not difference(name, texts[name]), "look at it, then: python -m tests.snapshots --write"


def test_no_snapshot_is_left_of_a_command_that_is_gone():
    assert {path.stem for path in FOLDER.iterdir()} == {*SCENES}


@pytest.mark.parametrize("name", SCENES)
def test_no_line_is_longer_than_its_terminal(texts, name):
    width, long = None, []
    for line in texts[name].splitlines():
        if line.startswith("$ mlp"):
            continue
        if re.fullmatch(r"-- [\d, ]+ columns -*\|", line):
            width = len(line)
        elif len(line) > width and not UNBROKEN.fullmatch(line):
            long.append((width, line))
    assert not long


def test_the_screen_shows_what_is_left_of_a_bar():
    bar = "50 %|##  |"
    assert shown(f"{bar}\r{' ' * len(bar)}\rdone\r\nnext") == "done\nnext"


def test_a_ruler_is_as_long_as_its_terminal_is_wide():
    assert [len(ruler([width])) for width in WIDTHS] == list(WIDTHS)
