"""Little memory ends a command with one line, and with nothing half written."""

import os
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

from mlp_cli.commands.shared import group
from mlp_cli.commands.shared.group import mlp
from mlp_cli.system.memory import address_space_limit, has_room
from tests.makers import adopt_network, draw_seven, write_dataset
from tests.processes import MLP

pytestmark = pytest.mark.alike

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")


def run_limited(command, megabytes):
    """Run mlp with so much address space."""
    import resource  # not on every system

    limit = megabytes * 1_000_000
    return subprocess.run(
        [*MLP, *command.split()],
        env={k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
    )


@pytest.fixture
def failing(monkeypatch):
    """A command that raises an error."""

    def make(error):
        @click.command()
        def command():
            raise error

        monkeypatch.setattr(group.Group, "get_command", lambda *_: command)

    return make


def test_lack_of_memory_says_how_much_was_asked_for(run, failing):
    failing(MemoryError("Unable to allocate 9 GiB"))
    assert run("inspect", status=1).stderr == (
        "Error: Not enough memory (Unable to allocate 9 GiB). "
        "A smaller network, batch or picture needs less.\n"
    )


def test_lack_of_memory_without_a_figure_has_no_empty_brackets(run, failing):
    failing(MemoryError())
    assert run("inspect", status=1).stderr.startswith("Error: Not enough memory. A smaller")


def test_lack_of_memory_under_a_limit_names_the_limit(run, failing, monkeypatch):
    monkeypatch.setattr(group, "address_space_limit", lambda: 200_000_000)
    failing(MemoryError())
    assert "The address space is limited to 200 MB (ulimit -v)" in run("inspect", status=1).stderr


def test_a_library_that_finds_no_memory_is_one_line(run, failing, monkeypatch):
    failing(ImportError("libopenblas.so: failed to map segment from shared object"))
    rooms = iter([True, False])  # there was some when the command began
    monkeypatch.setattr(group, "has_room", lambda _: next(rooms))
    done = run("inspect", status=1)
    assert done.stderr.startswith("Error: Not enough memory (a library cannot be loaded).")


def test_an_import_that_fails_by_a_bug_keeps_its_traceback(failing):
    failing(ImportError("cannot import name 'nonsense'"))
    with pytest.raises(ImportError, match="nonsense"):
        mlp(["inspect"], standalone_mode=False)


@LINUX
def test_room_is_what_the_limit_leaves():
    code = (
        "from mlp_cli.system.memory import address_space_limit, has_room\n"
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))\n"
        "print(address_space_limit() == 300 << 20, has_room(100 << 20), has_room(290 << 20))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True True False\n"
    assert has_room(1 << 20)
    assert address_space_limit() is None or address_space_limit() > 0


@LINUX
@pytest.mark.parametrize("megabytes", [230, 260, 290])
def test_an_onnx_export_without_memory_leaves_no_part(megabytes):
    pytest.importorskip("onnx")
    adopt_network((784, 9000, 10), (28, 28), dtype=np.float32).save(Path("old.npz"))
    done = run_limited("export --format onnx --checkpoint old.npz -o new.onnx", megabytes)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("Error: Not enough memory (the export to ONNX needs 210 MB")
    assert os.listdir() == ["old.npz"]


@LINUX
@pytest.mark.parametrize("megabytes", [30, 60, 90, 110, 130, 145, 160, 175])
@pytest.mark.parametrize(
    "command",
    [
        "train --epochs 1 --validation 10 -q --checkpoint new.npz",
        "evaluate --checkpoint old.npz",
        "predict seven.png --checkpoint old.npz",
        "predict seven.png --checkpoint bundled",
        "predict seven.png --checkpoint bundled --all",
        "export --format small --checkpoint old.npz -o new.npz",
        "export --format onnx --checkpoint old.npz -o new.onnx",
    ],
)
def test_a_limit_of_the_address_space_is_one_line_and_leaves_nothing(command, megabytes):
    if "onnx" in command:
        pytest.importorskip("onnx")
    write_dataset(Path("data/mnist"))
    adopt_network((64, 30, 10), (8, 8)).save(Path("old.npz"))
    draw_seven().save("seven.png")
    before = set(os.listdir())
    done = run_limited(command, megabytes)
    assert done.returncode in (0, 1), done.stderr
    if done.returncode:
        assert done.stderr.splitlines()[-1].startswith("Error: Not enough memory"), done.stderr
        assert "Traceback" not in done.stderr
        assert set(os.listdir()) == before
    assert done.returncode or megabytes > 60
