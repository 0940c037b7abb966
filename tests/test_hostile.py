"""Whatever the bytes: success or one of our errors, in bounded memory and time."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COUNTS = {"idx": 6000, "npz": 4000, "toml": 4000, "picture": 4000, "nielsen": 3000, "command": 1000}
COUNTS |= {"bulky-npz": 300, "bulky-json": 300}


def assert_answered(kind, seed, count):
    command = [sys.executable, "-W", "error", "-m", "tests.hostile", kind, str(seed), str(count)]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{kind}: {count} cases" in done.stdout


@pytest.mark.parametrize("kind", COUNTS)
def test_a_few_hostile_files_are_answered(kind):
    assert_answered(kind, 0, 10 if "bulky" in kind else 40)


@pytest.mark.slow
@pytest.mark.parametrize("kind", COUNTS)
def test_thousands_of_hostile_files_are_answered(kind):
    assert_answered(kind, 1, COUNTS[kind])
