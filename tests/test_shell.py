"""The shell: a greeting, the nearest name for a typo, and what Tab completes in bash."""

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlp_cli.commands.shared.group import mlp
from mlp_cli.system.shell import command_line

pytestmark = pytest.mark.alike


def run(*arguments):
    done = CliRunner().invoke(mlp, arguments, prog_name="mlp")
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("arguments", [[], ["-q"]])
def test_alone_it_greets_with_the_three_commands_to_begin_with(arguments):
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    for command in ("mlp train --epochs 30 --eta 3.0", "mlp evaluate", "mlp predict image.png"):
        assert f"\n    {command}  " in out
    assert max(map(len, out.splitlines())) < 80


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["trian"], "train"),
        (["evalute"], "evaluate"),
        (["reprot"], "report"),
        (["train", "--epoch", "3"], "--epochs"),
        (["train", "--chekpoint", "a.npz"], "--checkpoint"),
        (["export", "--fromat", "csv"], "--format"),
        (["--quite"], "--quiet"),
    ],
)
def test_a_typo_gets_the_nearest_name(arguments, nearest):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    (said,) = [line for line in err.splitlines() if line.startswith("Error: No such ")]
    assert "Did you mean" in said
    assert f"'{nearest}'" in said


def test_the_next_command_is_quoted_as_the_shell_takes_it():
    words = ["mlp", "evaluate", "--checkpoint", r"my runs\a.npz"]
    assert shlex.split(command_line(words)) == words
    assert command_line(words, windows=True) == r'mlp evaluate --checkpoint "my runs\a.npz"'
    words[-1] = r"checkpoints\a.npz"
    assert command_line(words, windows=True) == r"mlp evaluate --checkpoint checkpoints\a.npz"


@pytest.fixture
def complete(tmp_path):
    """Complete a command line in a real bash, by the script that the tutorial names."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "mlp"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mlp_cli "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}

    def complete(line):
        words = [*line.split(" ")]
        script = (
            'eval "$(_MLP_COMPLETE=bash_source mlp)"\n'
            "compopt() { :; }\n"  # works only where the terminal completes
            f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}\n"
            '_mlp_completion mlp; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "--norc", "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.split("\n")[:-1]

    return complete


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mlp ev", ["evaluate"]),
        ("mlp train --mom", ["--momentum"]),
        ("mlp train --dataset mni", ["mnist"]),
        ("mlp train --view d", ["deslant"]),
        ("mlp train --view w", ["width-"]),
        ("mlp evaluate --dataset syn", ["synthetic"]),
        ("mlp export --format o", ["onnx"]),
        ("mlp train --config book", ["book-100", "book-30"]),
        ("mlp train --config ./my", ["./my.toml"]),
        ("mlp evaluate --checkpoint ", ["a.npz", "bundled", "checkpoints/b.npz", "newest"]),
        ("mlp predict --checkpoint a.npz --checkpoint b", ["bundled"]),
        ("mlp inspect ne", ["newest"]),
        ("mlp evaluate --checkpoint checkpoints/", ["checkpoints/b.npz"]),
        ("mlp predict --checkpoint sub/", ["sub/c.npz"]),
        ("mlp inspect a", ["a.npz"]),
        ("mlp report --checkpoint a.npz --checkpoint check", ["checkpoints/b.npz"]),
        ("mlp train --checkpoint no", [""]),
        ("mlp train --resume --checkpoint n", ["newest"]),
    ],
)
def test_tab_completes(complete, line, expected):
    for name in ("a.npz", "other.txt", "my.toml", "checkpoints/b.npz", "sub/c.npz"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    found = complete(line)
    assert [name.removeprefix("./") for name in found] == [
        name.removeprefix("./") for name in expected
    ]
