"""Commands whose paths have names that nobody should trust."""

import os
from contextlib import suppress
from pathlib import Path

import urllib3  # noqa: F401  it asks for a socket when it is imported, before anybody watches
from click.testing import CliRunner

from mlp_cli.commands.shared.group import mlp
from mlp_cli.system.characters import printable
from tests.hostile_pictures import choice
from tests.makers import draw_seven, make_run, write_dataset

PARTS = (
    *("a", "7", " ", ".", "-", "'", '"', "\\", "\n", "\r", "\t", "\x1b[2J", "\x07", "\x85", "\xad"),
    *("\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u2028", "\u2029"),
    *("\u200b", "\u200d", "\ufeff", "\U000e0041", "\udcff", "\udc80", "é", "七", "א"),
    *(
        "x" * 250,
        "x" * 300,
        "\nError: forged",
        "/",
        "../",
        "~",
        "%s",
        "{}",
        "$HOME",
        "*",
        "[",
        "[a]",
    ),
)
ENDINGS = ("", ".npz", ".png", ".svg", ".json", "/", "/a.npz", ".html")
COMMANDS = (
    *("predict @ --checkpoint net.npz", "predict p.png @ --checkpoint net.npz --json"),
    *(
        "predict p.png p.png --checkpoint net.npz --save-normalised @",
        "explain @ --checkpoint net.npz",
        "explain --sizes 2-2 --html @",
    ),
    *("evaluate --checkpoint @", "evaluate --checkpoint net.npz --dataset @", "inspect @"),
    *("evaluate --checkpoint net.npz --data-dir @", "evaluate --checkpoint net.npz --plot @"),
    *("report --checkpoint @", "export --checkpoint net.npz --format csv -o @", "import @"),
    *("train --resume --checkpoint @", "train --config @", "train --print-config --data-dir @"),
    *("convert @ -o new", "convert p.png -o @"),
    *("train --print-config --dataset @", "download --from @ --data-dir d", "@", "train @"),
)


def run_names(rng):
    """Run a command with such a name: one error of ours, or success, and no line forged."""
    if not Path("net.npz").exists():
        make_run(image_shape=(8, 8), sizes=(64, 5, 10)).save(Path("net.npz"))
        write_dataset(Path("data/mnist"))
        draw_seven().save("p.png")
    name = "".join(choice(rng, PARTS) for _ in range(int(rng.integers(1, 5)))).lstrip("/")
    name = name.replace("..", "_") + choice(rng, ENDINGS)  # stay in this folder
    if rng.random() < 0.3:
        with suppress(OSError):
            os.symlink(choice(rng, (name, "p.png", "net.npz", "data")), name)
    command = [name if word == "@" else word for word in choice(rng, COMMANDS).split()]
    done = CliRunner().invoke(mlp, command, prog_name="mlp")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise AssertionError(command) from done.exception
    assert done.exit_code in (0, 1, 2), (command, done.exit_code)
    assert "\nError: forged" not in f"\n{done.output}", (command, done.output)
    assert printable(done.output) == done.output, (command, done.output)
    Path("new.npz").unlink(missing_ok=True)
