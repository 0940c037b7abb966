"""The commands report, export, import and inspect, and --plot, as a user meets them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from mlp_cli.commands.export import Format
from mlp_cli.commands.shared.group import COMMANDS, mlp
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import make_arrays, make_run, write_dataset

FIRST = Path("checkpoints/mnist-64-30-10-001.npz")
TRAIN = "train -q --epochs 2 --validation 10"


def run(command, status=0):
    arguments = command.split() if isinstance(command, str) else command
    done = CliRunner().invoke(mlp, arguments, prog_name="mlp")
    assert done.exit_code == status, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


@pytest.fixture
def trained():
    write_dataset(Path("data"))
    run(TRAIN)


def test_report_writes_a_page_about_the_newest_run(trained):
    done = run("report")
    page = Path("report.html").read_bytes()
    assert done.stdout == f"report.html: {len(page):,} bytes. Open it in a browser.\n"
    assert done.stderr == f"Using {FIRST}, the newest.\n"
    assert page.startswith(b"<!doctype html>")
    assert b"<h1>mnist-64-30-10-001.npz</h1>" in page
    run("report")  # a page may be written anew


def test_report_compares_several(trained):
    run(f"{TRAIN} --seed 1 --checkpoint other.npz")
    run(f"report --checkpoint {FIRST} --checkpoint other.npz -o both.html")
    page = Path("both.html").read_text()
    assert "<h1>2 runs</h1>" in page
    assert f"Run 1: {FIRST.name}" in page
    assert "Run 2: other.npz" in page
    assert re.findall(r'<tr class="differs"><th scope="row">(.*?)</th>', page) == ["seed ≠"]


@pytest.mark.parametrize("command", ["report -o", "export --format csv -o", "evaluate --plot"])
def test_no_output_takes_the_place_of_a_run(trained, command):
    before = FIRST.read_bytes()
    Path("claim.npz").touch()
    Path("run.svg").write_bytes(before)
    for name in (FIRST, "claim.npz", "run.svg"):
        if command.endswith("--plot") and str(name).endswith(".npz"):
            continue  # it is refused for its ending
        assert f"{name}: a checkpoint" in run(f"{command} {name}", status=1).stderr
    assert FIRST.read_bytes() == before


NEED_A_PACKAGE = {
    "report": "matplotlib",
    "evaluate --plot a.png": "matplotlib",
    "train --plot a.png": "matplotlib",
    "export --format onnx -o a.onnx": "onnx",
}


@pytest.mark.parametrize("command", NEED_A_PACKAGE)
def test_without_the_package_one_line_says_how_to_install_it(trained, monkeypatch, command):
    monkeypatch.setattr("mlp_cli.system.packages.find_spec", lambda _: None)
    done = run(command, status=1)
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("Using ")]
    assert "is not installed" in line
    assert "Install it with: pip install" in line
    assert [path.name for path in Path("checkpoints").iterdir()] == [FIRST.name]
    assert not Path("a.onnx").exists()


BROKEN = (
    "raise ImportError('numpy.core.multiarray failed to import\\nIf you want to know more')",
    "import sys; sys.stderr.write('compiled with another'); raise AttributeError('_ARRAY_API')",
    "raise SystemError('initialisation failed')",
    "1 / 0",
    "def",
)


@pytest.mark.parametrize(
    ("command", "source"),
    [*((command, BROKEN[0]) for command in NEED_A_PACKAGE), *(("report", s) for s in BROKEN[1:])],
)
def test_a_package_that_cannot_be_imported_is_said_before_the_work(
    trained, monkeypatch, command, source
):
    package = Path("broken", NEED_A_PACKAGE[command])
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", f"broken:{Path(__file__).parents[1]}")
    done = subprocess.run(
        [sys.executable, "-m", "mlp_cli", *command.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: {package.name} is installed but cannot be imported (")
    assert "Install it again with: pip install --force-reinstall" in line
    assert done.stdout == ""
    assert [path.name for path in Path("checkpoints").iterdir()] == [FIRST.name]
    assert not Path("a.onnx").exists()


def test_train_plots_its_learning_curves_at_the_end():
    write_dataset(Path("data"))
    done = run("train --epochs 2 --validation 10 --plot curve.svg")
    assert "curve.svg: the learning curves\n" in done.stderr
    assert "best epoch " in Path("curve.svg").read_text()


def test_evaluate_plots_the_confusion_matrix(trained):
    done = run("evaluate --json --plot confusion.png")
    assert done.stderr.endswith("confusion.png: the confusion matrix\n")
    assert Path("confusion.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(done.stdout)["examples"] == 12
    run("evaluate --plot confusion.svg")
    counts = [count for row in json.loads(done.stdout)["confusion"] for count in row if count]
    drawn = re.findall(r"<text [^>]*7\.5px[^>]*>(\d+)</text>", Path("confusion.svg").read_text())
    assert sorted(map(int, drawn)) == sorted(counts)


def test_an_unknown_kind_of_chart_is_wrong_usage_before_any_work(trained):
    done = run("train --plot curve.bmp", status=2)
    assert (
        "--plot curve.bmp: unknown kind of chart, expected a name that ends in .png, .svg or .pdf"
        in done.stderr
    )
    assert "epoch " not in done.stderr


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("html", b"<!doctype html>"),
        ("onnx", b"\x08\x07"),  # field 1, the version of the format: 7
        ("nielsen", b'{"sizes": [64, 30, 10]'),
        ("csv", b"epoch,eta,cost"),
        ("small", b"PK\x03\x04"),
    ],
)
def test_export_writes_a_file_and_reports_its_size(trained, kind, start):
    done = run(f"export --format {kind} -o out")
    assert Path("out").read_bytes().startswith(start)
    assert done.stdout == f"out: {Path('out').stat().st_size:,} bytes, {kind}\n"


def test_an_export_that_fails_leaves_what_was_there(trained):
    run("train -q --epochs 1 --validation 10 --activation tanh --checkpoint tanh.npz")
    Path("out").write_text("mine")
    done = run("export --checkpoint tanh.npz --format nielsen -o out", status=1)
    assert done.stderr.endswith(
        "Error: tanh.npz: activation tanh: the format knows only sigmoid.\n"
        "Choose another --format.\n"
    )
    assert Path("out").read_text() == "mine"
    assert not list(Path().glob(".*.part"))


def test_a_network_goes_out_comes_back_and_answers_the_same(trained):
    run("export --format nielsen -o out.json")
    done = run("import out.json")
    second = "checkpoints/mnist-64-30-10-002.npz"
    assert done.stdout == (
        f"network     64-30-10, float32\ncheckpoint  {second}\nnext        mlp evaluate\n"
    )
    ours, theirs = load_checkpoint(FIRST), load_checkpoint(Path(second))
    for a, b in zip(ours.network.parameters, theirs.network.parameters, strict=True):
        assert a.tobytes() == b.tobytes()
    evaluated = [run(f"evaluate --checkpoint {path}").stdout for path in (FIRST, second)]
    assert evaluated[0] == evaluated[1]
    # Its training data are not known, so there is nothing to warn about.
    assert run(f"evaluate --checkpoint {second}").stderr == ""
    run(f"export --checkpoint {second} --format nielsen -o again.json")
    assert Path("again.json").read_bytes() == Path("out.json").read_bytes()
    assert (
        "holds no state to resume from"
        in run(f"train --resume --checkpoint {second}", status=1).stderr
    )


def test_import_never_overwrites_a_run(trained):
    run("export --format nielsen -o out.json")
    run("import out.json --checkpoint own.npz")
    before = Path("own.npz").read_bytes()
    assert run("import out.json --checkpoint own.npz", status=1).stderr == (
        "Error: own.npz: exists, expected a new file; an import never overwrites a run.\n"
        "Name another path with --checkpoint.\n"
    )
    assert Path("own.npz").read_bytes() == before


def next_command(done):
    return done.stdout.rpartition("next        mlp ")[2].rstrip()


def test_import_advises_a_command_that_works(trained):
    """No data: evaluate could not; images of another size, or fewer classes: neither."""
    run("export --format nielsen -o out.json")
    command = next_command(run("import out.json --checkpoint own.npz"))
    assert command == "evaluate --checkpoint own.npz"
    run(command)
    make_run(image_shape=(2, 3)).save(Path("a.npz"))
    run("export --checkpoint a.npz --format nielsen -o small.json")
    picture = Image.fromarray(np.pad(np.zeros((20, 4), np.uint8), 10, constant_values=255))
    picture.save("image.png")
    Path("data").rename("gone")
    for arguments in ("out.json", "small.json --image-shape 2 3"):
        command = next_command(run(f"import {arguments}"))
        assert command.startswith("predict image.png --checkpoint ")
        run(command)
    Path("gone").rename("data")
    command = next_command(run("import small.json --image-shape 2 3 --checkpoint b.npz"))
    assert command == "predict image.png --checkpoint b.npz"
    run(command)


def test_import_advises_an_example_of_ones_own_for_a_network_that_reads_no_images():
    write_dataset(Path("data"))
    Path("own.json").write_text(json.dumps({"weights": [[[1, 2], [3, 4]]], "biases": [[5, 6]]}))
    command = next_command(run("import own.json --checkpoint own.npz"))
    assert command == "explain --x 0.5,0.5 --y 1,0 --checkpoint own.npz"
    run(command)
    Path("wide.json").write_text(
        json.dumps({"weights": [[[1] * 11, [2] * 11]], "biases": [[5, 6]]})
    )
    command = next_command(run("import wide.json --checkpoint wide.npz"))
    assert command == "inspect --checkpoint wide.npz"


def test_import_speaks_of_the_networks_dataset_not_of_how_one_is_drawn():
    text = " ".join(run("import --help").stdout.split())
    assert "The dataset that the network was trained on" in text
    assert "drawn" not in text


@pytest.mark.parametrize(
    ("trained_with", "evaluated_with", "reason"),
    [
        ("--validation 0", "", "none of the run's images were held out."),
        ("", "--dataset other", "The network was trained on mnist"),
    ],
)
def test_a_split_that_was_not_held_out_is_refused_as_it_was_typed(
    trained_with, evaluated_with, reason
):
    write_dataset(Path("data"))
    write_dataset(Path("other"), make_arrays(seed=1))
    run(f"{TRAIN} {trained_with}")
    error = run(f"evaluate --split validation {evaluated_with}", status=2).stderr
    assert f"Error: --split validation: {reason}" in error
    assert error.endswith("Choose --split test or --split train.\n")


def test_export_help_has_a_line_for_every_format():
    lines = run("export --help").stdout.splitlines()
    for name in get_args(Format):
        (line,) = [line for line in lines if line.startswith(f"  {name} ")]
        assert len(line) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_no_help_shows_an_escape(command):
    assert "\\" not in run(f"{command} --help").stdout


def test_import_refuses_what_is_no_network_and_claims_nothing():
    Path("a.json").write_text("{}")
    assert "a.json: weights: expected a list" in run("import a.json", status=1).stderr
    assert "b.json: cannot be read" in run("import b.json", status=1).stderr
    assert not Path("checkpoints").exists()


def test_import_takes_images_that_are_not_square():
    make_run(image_shape=(2, 3)).save(Path("a.npz"))
    run("export --checkpoint a.npz --format nielsen -o a.json")
    done = run("import a.json --image-shape 2 2", status=2)
    assert "Error: --image-shape 2 2: the network has 6 inputs" in done.stderr
    run("import a.json --image-shape 2 3 --checkpoint b.npz")
    assert load_checkpoint(Path("b.npz")).settings.image_shape == (2, 3)


def test_a_small_checkpoint_predicts_and_does_not_resume(trained):
    run("export --format small -o small.npz")
    before, after = (
        json.loads(run(f"evaluate --json --checkpoint {path}").stdout)
        for path in (FIRST, "small.npz")
    )
    assert after["cost"] == pytest.approx(before["cost"], rel=0.01)
    done = run("train --resume --checkpoint small.npz", status=1)
    assert "small.npz: holds no state to resume from, only the network" in done.stderr


@pytest.mark.parametrize(
    "command", [f"inspect {FIRST}", f"inspect --checkpoint {FIRST}", "inspect"]
)
def test_inspect_says_what_a_checkpoint_is(trained, command):
    lines = run(command).stdout.splitlines()
    assert f"checkpoint     {FIRST}" in lines
    assert "network        64-30-10, 2,260 parameters" in lines
    assert "resume         yes" in lines
    assert any(line.startswith("history        2 epochs, ") for line in lines)
    assert any(line.startswith("written by     mlp ") for line in lines)
    assert f"file           format 1, {FIRST.stat().st_size:,} bytes, float32" in lines
    assert "seed              0" in lines


def test_inspect_prints_json(trained):
    run("export --format small -o small.npz")
    whole, small = (
        json.loads(run(f"inspect --json {path}").stdout) for path in (FIRST, "small.npz")
    )
    assert (whole["parameters"], whole["epochs"], whole["resumable"]) == (2260, 2, True)
    assert (small["resumable"], small["file"]["stored_dtype"]) == (False, "float16")
    assert small["settings"]["dtype"] == "float32"
    assert whole["file"]["versions"]["numpy"] == np.__version__


def test_inspect_reports_what_is_not_known_of_a_network_from_elsewhere(trained):
    run("export --format nielsen -o out.json")
    run("import out.json")
    out = run("inspect").stdout
    assert "history        none: the network was trained elsewhere\n" in out
    assert "\nsizes        64 30 10\n" in out
    for unknown in ("epochs", "eta", "seed", "init", "engine", "fingerprint"):
        assert f"\n{unknown} " not in out


def test_inspect_takes_one_checkpoint():
    assert (
        "CHECKPOINT and --checkpoint mean the same"
        in run("inspect a.npz --checkpoint b.npz", status=2).stderr
    )


def test_what_a_checkpoint_says_does_not_command_the_terminal():
    make_run(data_dir="\x1b[2Jgone\x07\x9b\r").save(Path("a.npz"))
    out = run("inspect a.npz").stdout
    assert "data_dir          ?[2Jgone???\n" in out


@pytest.mark.parametrize("versions", [None, "1", {"mlp": 3}, {"numpy": "2"}])
def test_versions_that_are_no_text_are_left_out(versions):
    make_run().save(Path("a.npz"))
    with np.load("a.npz") as archive:
        arrays = dict(archive)
    meta = json.loads(arrays["meta"].item()) | {"versions": versions}
    np.savez("a.npz", **arrays | {"meta": np.array(json.dumps(meta))})
    expected = "numpy 2" if versions == {"numpy": "2"} else "unknown"
    assert f"written by     {expected}\n" in run("inspect a.npz").stdout
