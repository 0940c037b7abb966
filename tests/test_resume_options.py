"""What `mlp train --resume` goes on with, and what it refuses."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.learning.compiled import variants
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.system.locks import lock_file
from tests.compiled import require_kernel
from tests.makers import make_arrays, write_dataset
from tests.processes import contents

PATH = Path("run.npz")
TRAIN = "train --validation 10 --batch-size 4 --checkpoint run.npz"
RESUME = "train --resume --checkpoint run.npz"


@pytest.fixture(autouse=True)
def data(own_folder):
    return write_dataset(Path("data"))


@pytest.fixture
def trained(run, data):
    """A run of three epochs."""
    return run(f"{TRAIN} --epochs 3")


def etas():
    return [entry["eta"] for entry in load_checkpoint(PATH).history]


def test_more_epochs_go_on_to_what_they_would_have_been_at_once(run, trained):
    done = run(f"{RESUME} --epochs 5")
    assert f"resumed from {PATH} after epoch 3 of 5\nepoch 4/5" in done.stderr
    run(f"{TRAIN} --epochs 5".replace("run.npz", "whole.npz"))
    assert contents(PATH) == contents("whole.npz")


def test_the_newest_run_is_the_one_that_goes_on(run, trained):
    run("train --validation 10 --epochs 1")
    os.utime(PATH, (1, 1))
    run("train --resume --epochs 2")
    assert len(load_checkpoint(Path("checkpoints/mnist-64-30-10-001.npz")).history) == 2
    assert len(load_checkpoint(PATH).history) == 3


def test_a_run_that_has_had_its_epochs_is_reported_again_and_left_alone(run, trained):
    before = PATH.read_bytes()
    done = run(RESUME)
    assert done.stdout == trained.stdout
    assert f"all of its 3 epochs are in {PATH}\n" in done.stderr
    assert "To train longer, use a larger --epochs.\n" in done.stderr
    run(f"{TRAIN.replace('run.npz', 'one.npz')} --epochs 1")
    assert "its only epoch is in" in run("train --resume --checkpoint one.npz").stderr
    assert run(f"{RESUME} --epochs 3").stdout == trained.stdout
    assert PATH.read_bytes() == before


def test_a_run_killed_before_its_report_gets_it(run, trained):
    saved = load_checkpoint(PATH)
    accuracy, saved.test_accuracy = saved.test_accuracy, None
    assert f"test accuracy  {accuracy:.2%}".replace("%", " %") in trained.stdout
    saved.save(PATH)
    assert run(RESUME).stdout == trained.stdout
    assert load_checkpoint(PATH).test_accuracy == accuracy


def test_fewer_epochs_than_there_were_are_wrong_usage(run, trained):
    done = run(f"{RESUME} --epochs 2", status=2)
    assert done.stderr == (
        "Error: run.npz: --epochs 2: the run to be resumed has had 3. Choose as many or more.\n"
    )


def test_another_eta_is_taken_and_the_history_says_from_where_on(run, trained):
    run(f"{RESUME} --epochs 5 --eta 0.5")
    assert etas() == [3.0, 3.0, 3.0, 0.5, 0.5]
    assert load_checkpoint(PATH).settings.eta == 0.5


def test_epochs_may_change_under_a_schedule(run, data):
    run(f"{TRAIN} --epochs 2 --schedule cosine")
    run(f"{RESUME} --epochs 4")
    assert etas() == pytest.approx([3.0, 1.5, 1.5, 3 * (1 - np.sqrt(0.5)) / 2])


OTHERS = {
    "hidden": ("7", "7", "30"),
    "activation": ("tanh", "tanh", "sigmoid"),
    "cost": ("cross-entropy", "cross-entropy", "quadratic"),
    "init": ("normal", "normal", "scaled"),
    "schedule": ("step", "step", "constant"),
    "warmup": ("1", "1", "0"),
    "batch_size": ("5", "5", "4"),
    "momentum": ("0.5", "0.5", "0.0"),
    "l2": ("0.5", "0.5", "0.0"),
    "dropout": ("0.5", "0.5", "0.0"),
    "distort": ("shift", "shift", "none"),
    "validation": ("11", "11", "10"),
    "seed": ("1", "1", "0"),
    "dtype": ("float64", "float64", "float32"),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("place", ["command line", "environment", "preset"])
def test_an_option_that_would_make_it_another_run_is_wrong_usage(run, trained, name, place):
    typed, given, ours = OTHERS[name]
    arguments, environment, before = RESUME, {}, PATH.read_bytes()
    if place == "command line":
        arguments += f" --{name.replace('_', '-')} {typed}"
    elif place == "environment":
        environment = {f"MLP_TRAIN_{name.upper()}": typed}
    else:
        is_text = not typed[0].isdigit()
        Path("a.toml").write_text(f"{name} = {json.dumps(typed) if is_text else typed}")
        arguments += " --config a.toml"
    done = run(arguments, status=2, env=environment)
    assert (
        f"run.npz: --{name.replace('_', '-')} {given}: the run to be resumed has {ours}."
        in done.stderr
    )
    assert PATH.read_bytes() == before


def test_options_that_agree_with_the_run_are_no_contradiction(run, data):
    options = "--schedule step --schedule-every 2 --hidden 9 --distort shift --distort-strength 0.5"
    run(f"{TRAIN} --epochs 2 {options}")
    run(f"{RESUME} --epochs 3 --batch-size 4 {options}")
    assert etas() == [3.0, 3.0, 1.5]


@pytest.mark.parametrize(
    ("began", "asked", "words"),
    [
        ("--validation 0", "--patience 2", "run.npz: --patience 2: needs validation images"),
        (
            "--warmup 2 --epochs 3",
            "--epochs 4 --schedule-every 3",
            "--schedule-every 3: the run to be resumed has 10.",
        ),
        ("--distort-strength 0.5 --distort shift", "--distort-strength 1", "has 0.5"),
    ],
)
def test_options_are_judged_together_with_those_of_the_run(run, data, began, asked, words):
    run(f"train --checkpoint run.npz --batch-size 4 --validation 10 --epochs 1 {began}")
    assert words in run(f"{RESUME} {asked}", status=2).stderr


def test_a_missing_run_is_no_run_to_resume(run, data):
    assert "run.npz: no such file, expected a checkpoint" in run(RESUME, status=1).stderr
    assert "no checkpoint (.npz) here" in run("train --resume", status=1).stderr
    assert not PATH.exists()


def test_other_data_than_it_was_trained_on_is_refused(run, trained, data):
    before = PATH.read_bytes()
    write_dataset(Path("other"), make_arrays(seed=1))
    done = run(f"{RESUME} --epochs 4 --data-dir other", status=1)
    assert "Error: run.npz: other: not the data that the run was trained on: SHA-256" in done.stderr
    assert "The run's own are there with --dataset data\n" in done.stderr
    data[0][39, 0, 0] ^= 1
    write_dataset(Path("data"), data)
    assert "data: not the data" in run(f"{RESUME} --epochs 4", status=1).stderr
    assert PATH.read_bytes() == before


def test_data_may_have_moved(run, trained):
    Path("data").rename("moved")
    run(f"{RESUME} --epochs 4 --data-dir moved")
    assert load_checkpoint(PATH).settings.data_dir == "moved"
    run(f"{RESUME} --epochs 5")
    assert len(load_checkpoint(PATH).history) == 5


def test_a_run_that_is_not_what_its_own_data_say_is_refused(run, trained):
    """As only somebody's editing can bring about: 8 x 8 images that meta says are 4 x 16."""
    saved = load_checkpoint(PATH)
    replace(saved, settings=replace(saved.settings, image_shape=(4, 16))).save(PATH)
    assert "4 x 16" in run(f"{RESUME} --epochs 4", status=1).stderr


def test_a_network_without_the_state_of_its_training_is_refused(run, trained):
    saved = load_checkpoint(PATH)
    replace(saved, resume=None).save(PATH)
    done = run(f"{RESUME} --epochs 4", status=1)
    assert "run.npz: holds no state to resume from, only the network" in done.stderr


def test_the_run_may_have_another_number_of_threads_and_patience(run, trained):
    done = run(f"{RESUME} --epochs 9 --threads 2 --patience 1")
    settings = load_checkpoint(PATH).settings
    assert (settings.threads, settings.patience) == (2, 1)
    assert "stopped by --patience 1: no epoch after" in done.stderr


def test_a_run_out_of_patience_goes_on_with_more_of_it(run, data):
    run(f"{TRAIN} --epochs 9 --patience 1 --eta 1e-9")
    for epochs in (9, 12):
        done = run(f"{RESUME} --epochs {epochs}")
        assert f"2 of {epochs} epochs are in run.npz\n" in done.stderr
        assert "To train longer, use a larger --patience, or 0.\n" in done.stderr
        assert "stopped by --patience 1" in done.stderr
    run(f"{RESUME} --epochs 4 --patience 0")
    assert len(etas()) == 4


def test_a_log_is_not_the_checkpoint(run, trained):
    before = PATH.read_bytes()
    done = run(f"{RESUME} --epochs 4 --log ./run.npz", status=2)
    assert "--log run.npz: is the checkpoint, expected another file" in done.stderr
    assert PATH.read_bytes() == before


def test_a_checkpoint_in_a_loop_of_links_is_said(run, data):
    Path("loop").symlink_to("loop")
    assert "loop: exists" in run("train --checkpoint loop --log x", status=1).stderr


def test_what_killed_runs_left_is_swept_and_what_is_being_written_is_not(run, trained):
    dead, other, alive = (
        Path(f".{name}.part") for name in ("run.npz.0a1b", "other.npz.0a1b", "run.npz.2c3d")
    )
    for path in (dead, other):
        path.touch()
    with alive.open("wb") as writer:
        lock_file(writer.fileno())
        run(RESUME)
        assert (dead.exists(), other.exists(), alive.exists()) == (False, True, True)
    dead.touch()
    PATH.unlink()
    run(f"{TRAIN} --epochs 1")
    assert not dead.exists()


def test_what_killed_runs_left_of_numbered_checkpoints_is_swept_by_the_next(run, data):
    left = Path("checkpoints/.mnist-64-30-10-007.npz.99999999.part")
    left.parent.mkdir()
    left.touch()
    run("train --validation 10 --epochs 1")
    assert not left.exists()


def test_a_link_to_a_checkpoint_stays_one(run, trained):
    Path("disk").mkdir()
    PATH.rename("disk/run.npz")
    PATH.symlink_to("disk/run.npz")
    run(f"{RESUME} --epochs 4")
    assert PATH.is_symlink()
    assert len(load_checkpoint(Path("disk/run.npz")).history) == 4


def test_a_run_keeps_its_engine_and_says_when_it_gets_another(run, data):
    run(f"{TRAIN} --epochs 1 --engine plain")
    assert load_checkpoint(PATH).settings.engine == "plain"
    for options in ("", "--engine auto", "--engine plain"):
        assert "instead of" not in run(f"{RESUME} --epochs 2 {options}").stderr
        assert load_checkpoint(PATH).settings.engine == "plain"
    done = run(f"{RESUME} --epochs 3 --engine numpy")
    assert "run.npz: engine numpy instead of plain: the last digits will differ" in done.stderr
    assert load_checkpoint(PATH).settings.engine == "numpy"


def test_another_version_of_the_compiled_engine_is_said(run, data):
    require_kernel()
    run(f"{TRAIN} --epochs 1 --engine compiled")
    assert load_checkpoint(PATH).engine_variant == variants()[0]
    assert "instead of" not in run(f"{RESUME} --epochs 2").stderr
    replace(load_checkpoint(PATH), engine_variant="another").save(PATH)
    done = run(f"{RESUME} --epochs 3")
    assert f"engine compiled for {variants()[0]} instead of another: the last" in done.stderr


def test_a_compiled_run_resumes_on_numpy_where_there_was_no_compiler(run, data, monkeypatch):
    run(f"{TRAIN} --epochs 1 --engine numpy")
    saved = load_checkpoint(PATH)
    assert saved.engine_variant is None
    replace(saved, settings=replace(saved.settings, engine="compiled")).save(PATH)
    monkeypatch.setattr("mlp_cli.learning.engine.variants", list)
    done = run(f"{RESUME} --epochs 2")
    assert "run.npz: engine numpy instead of compiled: the last digits will differ" in done.stderr
    assert load_checkpoint(PATH).settings.engine == "numpy"
    for command in (f"{RESUME} --epochs 3", "train"):
        done = run(f"{command} --engine compiled", status=2)
        assert "--engine compiled: mlp was installed without it" in done.stderr


def test_a_checkpoint_from_before_there_were_engines_is_numpys(run, data):
    run(f"{TRAIN} --epochs 1 --engine numpy")
    with np.load(PATH) as archive:
        arrays = dict(archive)
    meta = json.loads(arrays["meta"].item())
    assert meta.pop("engine") == "numpy"
    assert meta.pop("engine_variant") is None
    arrays["meta"] = np.array(json.dumps(meta))
    np.savez(PATH, **arrays)
    assert load_checkpoint(PATH).settings.engine == "numpy"
    assert "instead of" not in run(f"{RESUME} --epochs 2").stderr
