"""With --quiet every command prints its results on stdout, and nothing on stderr but errors."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from tests.makers import adopt_network, draw_seven, make_arrays, write_dataset

TRAIN = "train --dataset shapes --validation 10 --epochs 2"

SAYS = [  # a command, what it says on stderr without -q, and the first words of its lines with -q
    (f"{TRAIN} --checkpoint new.npz", "saved to", "test best seed checkpoint training"),
    ("train --resume --checkpoint run.npz", "all of its 2", "test best seed checkpoint training"),
    (f"{TRAIN} --batch-size 99 --checkpoint new.npz", "hint", "test best seed checkpoint training"),
    (f"{TRAIN} --checkpoint new.npz --print-config", "", "dataset"),
    ("evaluate", "Using", "shapes, accuracy interval mean  digit"),
    ("evaluate --checkpoint run.npz --checkpoint newest", "Using", "shapes, run.npz"),
    ("evaluate --dataset others --checkpoint run.npz", "is evaluated on others", "others,"),
    ("predict in --checkpoint run.npz", "not read", "in/large.png: in/seven.png: in/small.png:"),
    ("predict in/seven.png --checkpoint wide.npz --show", "", "in/seven.png:"),
    ("predict in/seven.png --all --checkpoint bundled", "Using", "in/seven.png:"),
    ("explain", "Using", "network"),
    ("explain --sizes 2-2-2 --check", "", "network"),
    ("report", "Using", "report.html:"),
    ("inspect", "Using", "checkpoint network"),
    ("runs", "", "checkpoint shapes-64-30-10-001.npz"),
    ("export --format csv -o history.csv", "Using", "history.csv:"),
    ("import paper.json", "", "network checkpoint"),
    (
        "sweep --dataset shapes --epochs 1 --validation 10 --seeds 2 --jobs 1 -o sweep",
        "2 runs",
        "all  validation",
    ),
    ("convert sorted -o mine", "not read", "mine: class 0 1 doubtful look"),
    ("download --print-urls", "Each mirror", "https://"),
]
FAILS = [  # a command that fails, and what it says with -q, too
    (f"{TRAIN} --eta 1e300 --checkpoint new.npz", "Error: Epoch 1"),
    (f"{TRAIN} --checkpoint run.npz", "Error: run.npz: exists"),
    ("evaluate --checkpoint missing.npz", "Error: missing.npz: no such file"),
    ("predict missing.png --checkpoint run.npz", "Error: missing.png: no such file"),
    ("explain --checkpoint missing.npz", "Error: missing.npz"),
    ("report --checkpoint missing.npz", "Error: missing.npz"),
    ("inspect missing.npz", "Error: missing.npz"),
    ("runs missing", "Error: missing"),
    ("export --checkpoint missing.npz --format csv -o a.csv", "Error: missing.npz"),
    ("import run.npz", "Error: run.npz"),
    ("convert missing -o mine", "Error: missing"),
    ("download --from sorted", "Error: train-images-idx3-ubyte.gz"),
]


@pytest.fixture(autouse=True)
def folder(run):
    write_dataset(Path("shapes"))
    write_dataset(Path("others"), make_arrays(seed=1))
    run(f"-q {TRAIN}")
    run(f"-q {TRAIN} --checkpoint run.npz")
    adopt_network((784, 2, 10), (28, 28)).save(Path("wide.npz"))
    for name in ("in", "sorted/0", "sorted/1"):
        Path(name).mkdir(parents=True)
        draw_seven().save(Path(name, "seven.png"))
        if name != "in":
            Image.new("L", (80, 80), 255).save(Path(name, "blank.png"))
        draw_seven(scale=0.9).save(Path(name, "small.png"))
        draw_seven(scale=1.1).save(Path(name, "large.png"))
        Path(name, "notes.txt").touch()
    weights = {"weights": [[[0.1, 0.2], [0.3, 0.4]]], "biases": [[0.5, 0.6]]}
    Path("paper.json").write_text(json.dumps(weights))


@pytest.mark.parametrize(("command", "said", "words"), SAYS)
def test_quiet_leaves_the_results(run, command, said, words):
    done = run(f"{command} -q")
    assert done.stderr == ""
    first_words = [line.partition(" ")[0] for line in done.stdout.splitlines() if line[:1] != " "]
    assert " ".join(first_words).startswith(words)
    assert not re.search(r"^next|Open it", done.stdout, flags=re.MULTILINE)


@pytest.mark.parametrize(("command", "said", "words"), [each for each in SAYS if each[1]])
def test_without_quiet_a_command_says_more(run, command, said, words):
    assert said in run(command).stderr


@pytest.mark.parametrize(("command", "words"), FAILS)
def test_quiet_leaves_the_error_alone(run, command, words):
    done = run(f"{command} -q", status=1)
    assert done.stdout == ""
    assert done.stderr.startswith(words)


@pytest.mark.parametrize("command", [each[0] for each in SAYS if "print-urls" not in each[0]])
def test_quiet_before_the_command_means_the_same(run, command):
    assert run(f"-q {command}").stderr == ""
