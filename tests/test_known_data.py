"""A run's data are known by their content, not by how their folder is spelled or where it is."""

import json
import re
import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.datasets.loading import Dataset
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import make_arrays, make_run, write_dataset

pytestmark = pytest.mark.alike

PATH = Path("checkpoints/own-64-30-10-001.npz")
TRAIN = "train --batch-size 4 --validation 10"
NAMED = f"--checkpoint {PATH}"
READERS = ("evaluate", "evaluate --split validation", "explain", "report", "train --resume")


@pytest.fixture
def own(run, tmp_path):
    """A run of two epochs on a folder of one's own, in checkpoints/ beside it."""
    arrays = write_dataset(tmp_path / "own", make_arrays(seed=3))
    run(f"{TRAIN} --epochs 2 --dataset own")
    return arrays


@pytest.fixture
def whole(run, own):
    """The network after a third epoch of the same run, never moved."""
    shutil.copy(PATH, "whole.npz")
    run("train --resume --epochs 3 --checkpoint whole.npz")
    return load_checkpoint(Path("whole.npz")).resume.network.parameters


def elsewhere(monkeypatch, tmp_path):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


SPELLINGS = ("own", "own/", "./own", ".//own/.", "{here}/own", "link", "moved", "deep/er/own")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_the_runs_data_is_the_runs_data(run, own, whole, tmp_path, spelling):
    if spelling == "link":
        Path("link").symlink_to("own")
    elif not Path(spelling.format(here=tmp_path)).exists():
        Path(spelling).parent.mkdir(parents=True, exist_ok=True)
        Path("own").rename(spelling)
    spelling = spelling.format(here=tmp_path)
    for command in READERS[:-1]:
        done = run([*command.split(), "--dataset", spelling])
        assert "trained on" not in done.stderr
    run(f"train --resume --epochs 3 --dataset {spelling}")
    resumed = load_checkpoint(PATH)
    for ours, theirs in zip(resumed.resume.network.parameters, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert resumed.settings.dataset == spelling  # so that the next time needs no option
    run("evaluate")


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("named", ["", "--data-dir", "--data-dir of"])
def test_another_working_folder_finds_the_data(run, own, monkeypatch, tmp_path, command, named):
    """Beside the checkpoint, or in the data folder that is named."""
    elsewhere(monkeypatch, tmp_path)
    checkpoint = f"--checkpoint {tmp_path / PATH}"
    if named:
        shutil.move(tmp_path / "own", tmp_path / "far/own")
        named = f"--data-dir {tmp_path / ('far' if named.endswith('of') else 'far/own')}"
    more = " --epochs 3" if "resume" in command else ""
    done = run(f"{command}{more} {checkpoint} {named}")
    assert f"own: the run's data are in {tmp_path}" in done.stderr


ABSOLUTE = ("C:\\Users\\me\\own", "/gone/own", "\\\\server\\share\\own\\")
RELATIVE = ("sub\\own", ".\\sub\\own", "sub/own")


@pytest.mark.parametrize(
    ("recorded", "place"),
    [
        *((name, "sub/own") for name in RELATIVE),
        *((name, "checkpoints/sub/own") for name in RELATIVE),
        *product((*RELATIVE, *ABSOLUTE), ("own", "checkpoints/own", "checkpoints")),
    ],
)
def test_a_run_from_another_system_finds_its_data(run, own, recorded, place):
    """Its path has backslashes, or a drive, or folders that are not here."""
    saved = load_checkpoint(PATH)
    saved.settings.__dict__["dataset"] = recorded
    saved.save(PATH)
    if place == "checkpoints":
        for file in Path("own").iterdir():
            file.rename(Path("checkpoints", file.name))
    elif place != "own":
        Path(place).parent.mkdir(exist_ok=True)
        Path("own").rename(place)
    for command in READERS:
        run(command)


def test_a_path_from_windows_is_read_as_one_from_here(run):
    write_dataset(Path("sub/own"))
    Path("a.toml").write_text("dataset = 'sub\\own'")
    run(f"{TRAIN} --epochs 1 --config a.toml")
    assert [path.name for path in Path("checkpoints").iterdir()] == ["own-64-30-10-001.npz"]
    run("evaluate")


def test_a_folder_that_really_has_a_backslash_in_its_name_goes_first(run):
    write_dataset(Path("sub\\own"), make_arrays(train=25))
    write_dataset(Path("sub/own"))
    assert "15 training" in run([*f"{TRAIN} --epochs 1".split(), "--dataset", "sub\\own"]).stderr


@pytest.mark.parametrize("command", READERS)
def test_a_named_dataset_may_be_any_folder_with_its_arrays(run, command):
    """Loose files of another dataset than MNIST, under a name that tells nothing."""
    write_dataset(Path("data/fashion-mnist"), make_arrays(seed=3))
    run(f"{TRAIN} --epochs 2 --dataset fashion-mnist")
    Path("data/fashion-mnist").rename("clothes")
    more = " --epochs 3" if "resume" in command else ""
    for named in ("--dataset clothes", "--data-dir clothes"):
        done = run(f"{command} {named}{more}")
        assert "other images" not in done.stderr
        if command == "evaluate":
            assert "Ankle boot" in done.stdout
    (path,) = Path("checkpoints").iterdir()
    assert load_checkpoint(path).settings.dataset == "fashion-mnist"  # its classes have names


def test_data_of_a_copied_folder_of_runs_are_found(run, monkeypatch, tmp_path):
    """Everything was copied to another machine: data/ and checkpoints/ side by side."""
    write_dataset(Path("data/kmnist"))
    run(f"{TRAIN} --epochs 1 --dataset kmnist")
    Path("copied").mkdir()
    for name in ("data", "checkpoints"):
        shutil.move(name, "copied")
    elsewhere(monkeypatch, tmp_path)
    for command in READERS:
        run(f"{command} --checkpoint ../copied/checkpoints/kmnist-64-30-10-001.npz")


def test_a_data_folder_from_the_environment_hides_no_data(run, own):
    """MLP_DATA_DIR is set once for all commands, and holds something else."""
    write_dataset(Path("lab"), make_arrays(seed=9))
    for command in READERS:
        done = run(command, env={"MLP_DATA_DIR": "lab"})
        assert "trained on" not in done.stderr


@pytest.mark.parametrize("named", ["--dataset other", "--data-dir other"])
def test_other_data_are_evaluated_when_they_are_named_and_said_to_be_others(run, named):
    write_dataset(Path("data"))
    write_dataset(Path("other"), make_arrays(seed=1))
    run(f"{TRAIN} --epochs 1")
    for command in READERS[:-1]:
        status = 2 if "validation" in command else 0
        said = run(f"{command} {named}", status=status).stderr
        assert re.search("holds other images or labels than|was trained on mnist, and is", said)
    page = Path("report.html").read_text()
    assert ("on other, " in page) == ("--dataset" in named)


def test_other_data_beside_the_checkpoint_are_not_taken_for_the_runs(run, own):
    write_dataset(Path("checkpoints/own"), make_arrays(seed=1))
    shutil.rmtree("own")
    for command in READERS:
        assert "own: no dataset here" in run(command, status=1).stderr


@pytest.mark.parametrize("place", ["command line", "environment", "preset", "data folder"])
def test_a_resume_with_other_data_is_refused_with_advice_that_works(run, own, place):
    write_dataset(Path("other"), make_arrays(seed=1))
    Path("a.toml").write_text("dataset = 'other'")
    resume, environment = f"train --resume --epochs 3 {NAMED}", {}
    if place == "environment":
        environment = {"MLP_TRAIN_DATASET": "other"}
    more = {"command line": " --dataset other", "preset": " --config a.toml"}.get(place, "")
    if place == "data folder":
        shutil.rmtree("own")
        more = " --data-dir other"
        assert "own: no dataset here" in run(resume + more, status=1, env=environment).stderr
        return
    before = PATH.read_bytes()
    error = run(resume + more, status=1, env=environment).stderr
    assert f"Error: {PATH}: other: not the data that the run was trained on: SHA-256" in error
    assert PATH.read_bytes() == before
    (advice,) = re.findall(r"The run's own are there with (--dataset \S+)\n", error)
    if place != "command line":  # there it is typed in place of the other
        resume += more
    run(f"{resume} {advice}", env=environment)
    shutil.rmtree("own")
    error = run(f"train --resume --epochs 4 {NAMED} --dataset other", status=1).stderr
    assert error.endswith(
        "Name the folder of the run's own data with --dataset, or train a new run.\n"
    )


def test_the_command_that_an_interrupted_resume_prints_finds_the_data(run, own, monkeypatch):
    Path("own").rename("moved")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr("mlp_cli.runs.training.train_blocks", interrupt)
        error = run("train --resume --epochs 3 --dataset moved", status=130).stderr
    command = error.splitlines()[-1].removeprefix("Resume with: mlp ")
    run(command)
    assert len(load_checkpoint(PATH).history) == 3


def test_the_data_are_read_and_summed_once(run, own, monkeypatch):
    counts = {"sum": 0, "read": 0}
    compute, read = Dataset._fingerprint.func, Dataset.__init__

    def count(self):
        counts["sum"] += 1
        return compute(self)

    def count_read(self, *arguments):
        counts["read"] += 1
        read(self, *arguments)

    monkeypatch.setattr(Dataset._fingerprint, "func", count)
    monkeypatch.setattr(Dataset, "__init__", count_read)
    for command in (*READERS, "evaluate --dataset ./own", "train --resume --epochs 3"):
        counts.update(sum=0, read=0)
        run(command)
        assert counts == {"sum": 1, "read": 1}, command


def test_an_imported_network_takes_the_data_that_are_named(run):
    """Nobody knows its data: there is no fingerprint, and nothing to look for."""
    write_dataset(Path("lab"), gzipped=False)
    run_ = make_run(image_shape=(8, 8), sizes=(64, 5, 10))
    run_.save(Path("run.npz"))
    run("export --checkpoint run.npz --format nielsen -o network.json")
    done = run("import network.json --data-dir lab --checkpoint new.npz")
    assert "mlp evaluate --checkpoint new.npz" in done.stdout
    assert load_checkpoint(Path("new.npz")).settings.data_dir == "lab"
    done = run("evaluate --checkpoint new.npz --json")
    assert json.loads(done.stdout)["dataset"] == "mnist"
    assert "was trained on mnist" in run("evaluate --checkpoint new.npz --dataset lab").stderr
