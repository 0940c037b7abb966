"""Names and texts from outside: none forges a line, turns one round, or ends in a traceback."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mlp_cli.commands.shared.group import mlp
from mlp_cli.pages.markup import element
from mlp_cli.system.characters import one_line, printable
from tests.makers import draw_seven, make_run, write_dataset

pytestmark = pytest.mark.alike

FORGED = "a\nError: everything is lost"
MARKS = (
    *("\u202a\u202e\u2066\u2069\u200e\u200f\u061c", "\u2028\u2029\u200b\u200d\ufeff\xad"),
    *("\U000e0041", "\udc80\x1b\x85"),
)
MARKS = "".join(MARKS)
HIDDEN = re.compile(f"[{MARKS}]")


@pytest.fixture
def network():
    make_run(image_shape=(8, 8), sizes=(64, 5, 10)).save(Path("net.npz"))
    write_dataset(Path("data/mnist"))


def test_every_mark_is_shown_and_every_letter_stays():
    assert printable(f"{MARKS}é 七 אب\n") == "?" * len(MARKS) + "é 七 אب\n"
    assert one_line(Path(FORGED)) == FORGED.replace("\n", "?")


@pytest.mark.parametrize("name", [FORGED, f"x{MARKS[:-3]}y"])
def test_a_pictures_name_stays_on_its_line(run, network, name):
    Path("in").mkdir()
    for path in (f"{name}.png", f"in/{name}.png"):
        draw_seven().save(path)
    Path("bad").mkdir()
    Path(f"bad/{name}.png").write_bytes(b"no picture")
    shown = one_line(name)
    read = run(["predict", f"{name}.png", "in", "--checkpoint", "net.npz"])
    one, other = read.stdout.splitlines()
    assert one.startswith(f"{shown}.png: ")
    assert other.startswith(f"in/{shown}.png: ")
    refused = run(["predict", "bad", f"{name}.none", "--checkpoint", "net.npz"], status=1)
    assert f"Error: bad/{shown}.png: not a picture" in refused.stderr
    assert f"Error: {shown}.none: no such file" in refused.stderr
    assert len(refused.stderr.splitlines()) == 3
    assert refused.stderr.endswith("\n0 read, 0 doubtful, 2 not read\n")
    explained = run(["explain", f"{name}.png", "--checkpoint", "net.npz"])
    assert f"example     {shown}.png\n" in explained.stdout
    run(["predict", "in", "--save-normalised", "out", "--checkpoint", "net.npz"])
    (saved,) = os.listdir("out")
    assert saved == one_line(name).replace("?", "_") + ".png"
    for done in (read, refused, explained):
        assert not HIDDEN.search(done.output)
        assert "\nError: everything" not in done.output


def with_meta(**changes):
    """A checkpoint whose meta says something else."""
    with np.load("net.npz") as archive:
        arrays = dict(archive)
    meta = json.loads(arrays["meta"].item()) | changes
    np.savez("other.npz", **(arrays | {"meta": np.array(json.dumps(meta))}))


@pytest.mark.parametrize("name", ["dataset", "data_dir", "engine_variant"])
def test_a_text_of_several_lines_in_a_checkpoint_is_refused_on_one_line(run, network, name):
    with_meta(**{name: FORGED})
    for command in ("inspect", "evaluate --checkpoint", "report --checkpoint"):
        done = run(f"{command} other.npz", status=1)
        assert done.stderr.startswith(f"Error: other.npz: meta: {name} is 'a\\nError: every")
        assert "\nError: every" not in done.stderr


@pytest.mark.parametrize("name", ["dataset", "data_dir", "engine_variant", "versions"])
def test_marks_in_a_checkpoint_are_shown_as_marks(run, network, name):
    text = f"x{MARKS[:-3]}y"
    with_meta(**{name: {text: f"1{MARKS[:-3]}\n2", FORGED: "3"} if name == "versions" else text})
    for command, status in (
        ("inspect other.npz", 0),
        ("evaluate --checkpoint other.npz", name == "dataset"),
        ("predict p.png --checkpoint other.npz", 0),
        ("train --resume --checkpoint other.npz", 1),
        ("report --checkpoint other.npz", name == "dataset"),
    ):
        draw_seven().save("p.png")
        done = run(command, status=int(status))
        assert not HIDDEN.search(done.output), command
        assert "\nError: everything" not in done.output
    if name != "dataset":
        assert not HIDDEN.search(Path("report.html").read_text("utf-8"))


def test_marks_are_shown_in_a_page():
    assert element("td", f"a{MARKS[0]}", title=f"b{MARKS[1]}") == '<td title="b?">a?</td>'


def test_a_checkpoint_found_by_itself_has_a_name_of_one_line(run, network):
    Path("checkpoints").mkdir()
    Path("net.npz").rename(f"checkpoints/{FORGED}.npz")
    assert "no checkpoint (.npz) here" in run("evaluate", status=1).stderr


TAKE_A_PATH = (
    *("train --checkpoint", "train --resume --checkpoint", "train --log", "train --plot"),
    *("train --config", "train --dataset", "train --data-dir", "evaluate --checkpoint"),
    *("evaluate --data-dir", "evaluate --dataset", "evaluate --plot", "predict p.png --checkpoint"),
    *("predict p.png --save-normalised", "explain --checkpoint", "explain --data-dir"),
    "explain --sizes 2-2 --html",
    *("report --checkpoint", "report -o", "report --data-dir", "inspect", "inspect --checkpoint"),
    *("export --format csv -o o.csv --checkpoint", "export --format csv -o", "import"),
    *("import net.json --checkpoint", "import net.json --dataset", "download --from"),
    "download --dataset synthetic --data-dir",
)


@pytest.mark.parametrize("command", TAKE_A_PATH)
def test_a_line_break_in_a_path_is_wrong_usage_said_on_one_line(run, network, command):
    done = run([*command.split(), FORGED], status=2)
    assert done.stderr.count("\nError: ") == 1
    assert "everything is lost" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("before", [[], ["train"], ["train", "--eta"], ["train", "--seed"]])
@pytest.mark.parametrize("dashes", ["", "--"])
def test_what_is_no_command_and_no_option_stays_on_its_line(run, before, dashes):
    done = run([*before, dashes + FORGED], status=2)
    assert done.stderr.count("\nError: ") == 1
    assert "\nError: everything" not in done.stderr


NO_PART_FILE = ("train --log", "train --data-dir", "download --dataset synthetic --data-dir")
LONG = {
    "a name": "x" * 300,
    "a name with an ending": f"{'x' * 300}.npz",
    "no room for a part file": f"{'x' * 251}.npz",
    "a folder": f"{'x' * 300}/a.npz",
    "a path": "/".join(["x" * 200] * 30),
    "a loop": "loop",
    "a folder that is a loop": "loop/a.npz",
    "a file as folder": "net.npz/a.npz",
}


@pytest.mark.parametrize("command", TAKE_A_PATH)
def test_a_path_that_cannot_be_is_an_error_of_ours(run, network, command):
    Path("loop").symlink_to("loop")
    draw_seven().save("p.png")
    run("export --checkpoint net.npz --format nielsen -o net.json")
    named = [] if "checkpoint" in command or "train" in command else ["--checkpoint", "net.npz"]
    if command in ("train --log", "train --plot", "train --data-dir"):
        named = ["--epochs", "1", "--validation", "0", "--checkpoint", "new.npz"]
    if command.split()[0] in ("inspect", "import", "download"):
        named = []
    for kind, path in LONG.items():
        if kind == "no room for a part file" and command in NO_PART_FILE:
            continue
        words = [*command.split(), path, *named]
        done = CliRunner().invoke(mlp, words, prog_name="mlp")
        assert isinstance(done.exception, SystemExit), (kind, words)
        assert done.stderr.count("Error: ") == 1, (kind, words, done.output)
