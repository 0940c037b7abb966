"""From Python: own arrays in; a run out that is the command line's, to the bit."""

import inspect
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mlp_cli
from mlp_cli.charts.drawing import learning_curves
from mlp_cli.charts.figures import to_inline_svg
from mlp_cli.door.own_data import make_dataset
from mlp_cli.errors import (
    CheckpointError,
    DataError,
    DivergedError,
    MissingDataError,
    OptionError,
    ShapeError,
)
from mlp_cli.runs.fairness import doubt_data
from mlp_cli.runs.settings import CHANGEABLE, TABLE
from tests.makers import adopt_network, make_arrays, write_dataset
from tests.test_checks import WRONG_LABELS as CHECKED_LABELS

IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = make_arrays(60, 12)
SHORT = {"epochs": 3, "hidden": (5,), "validation": 20}
BETWEEN = IMAGES / np.float32(255) * np.float32(0.999)
"""floats that are no grey levels"""


def train(images=IMAGES, labels=LABELS, **settings):
    return mlp_cli.train(images, labels, **(SHORT | settings))


def arrays(path):
    with np.load(path) as file:
        return {name: file[name].tobytes() for name in file.files if name != "meta"}


def meta(path, *left_out):
    with np.load(path) as file:
        found = json.loads(str(file["meta"]))
    for entry in found["history"]:
        del entry["seconds"]
    return {key: value for key, value in found.items() if key not in ("writer", *left_out)}


# ---- the signature -----------------------------------------------------------------------------


def parameters(function):
    return inspect.signature(function).parameters


def test_train_takes_every_setting_by_its_options_name_with_its_default():
    more = {"images", "labels", "test", "progress"}
    found = {name: p for name, p in parameters(mlp_cli.train).items() if name not in more}
    assert sorted(found) == sorted(setting.name for setting in TABLE)
    for setting in TABLE:
        default = found[setting.name].default
        if setting.name == "dataset":
            assert default == "own arrays"
        elif setting.automatic:
            assert default == setting.automatic
        else:
            assert (list(default) if isinstance(default, tuple) else default) == setting.default
        assert found[setting.name].annotation is not inspect.Parameter.empty


def test_resume_takes_every_setting_that_may_change():
    more = {"run", "images", "labels", "validation", "test", "progress"}
    assert parameters(mlp_cli.resume).keys() - more == CHANGEABLE


def test_the_names_of_choices_are_those_of_the_table():
    from typing import get_args, get_type_hints

    hints = get_type_hints(mlp_cli.train)
    for setting in TABLE:
        if hasattr(setting.kind, "names"):
            literals = [a for a in get_args(hints[setting.name]) if isinstance(a, str)] or [
                name for a in get_args(hints[setting.name]) for name in get_args(a)
            ]
            assert set(literals) - {setting.automatic} == set(setting.kind.names), setting.name


def test_every_setting_stands_in_the_docstring():
    for name in parameters(mlp_cli.train):
        assert re.search(rf"\b{name}\b", mlp_cli.train.__doc__), name


def test_dir_shows_the_public_names_and_no_others():
    shown = [name for name in dir(mlp_cli) if not name.startswith("_")]
    assert shown == sorted(mlp_cli.__all__)
    assert {"train", "resume", "load_checkpoint", "load_dataset"} <= set(shown)


# ---- the same as the command line --------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"seed": 3, "eta": 0.5, "activation": "tanh", "cost": "cross-entropy", "momentum": 0.5},
        {"hidden": (6, 4), "dtype": "float64", "engine": "numpy", "dropout": 0.2, "l2": 0.1},
        {"distort": "shift", "batch_size": 7, "schedule": "cosine", "engine": "plain"},
        {"view": "deslant", "activation": "relu", "eta": 0.3, "init": "normal", "patience": 1},
        {"validation": 0},
    ],
)
def test_a_run_from_python_is_that_of_mlp_train_to_the_bit(run, settings):
    write_dataset(Path("own"), [IMAGES, LABELS, TEST_IMAGES, TEST_LABELS])
    words = ["--dataset", "own", "--checkpoint", "cli.npz"]
    for name, value in (SHORT | settings).items():
        for each in value if isinstance(value, tuple) else [value]:
            words += [f"--{name.replace('_', '-')}", str(each)]
    run(["train", *words])
    ours = train(**settings, test=(TEST_IMAGES, TEST_LABELS))
    ours.save("python.npz")
    assert arrays("python.npz") == arrays("cli.npz")
    assert meta("python.npz", "dataset") == meta("cli.npz", "dataset")
    assert ours.settings.dataset == "own arrays"


def test_the_last_images_are_held_out_of_a_dataset_that_holds_out_the_last(run):
    write_dataset(Path("data/mnist"), [IMAGES, LABELS, TEST_IMAGES, TEST_LABELS])
    run("train --epochs 3 --hidden 5 --validation 20 --checkpoint cli.npz")
    data = mlp_cli.load_dataset("mnist", "data")
    test = data.test.images, data.test.labels
    train(data.train.images, data.train.labels, dataset="mnist", test=test).save("python.npz")
    assert arrays("python.npz") == arrays("cli.npz")
    assert meta("python.npz") == meta("cli.npz")
    pair = data.train.images[-20:], data.train.labels[-20:]
    train(data.train.images[:-20], data.train.labels[:-20], validation=pair).save("pair.npz")
    assert arrays("pair.npz") == arrays("cli.npz")


def same(run):
    return [p.tobytes() for p in run.network.parameters], run.settings.fingerprint


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("settings", [{}, {"distort": "shift"}, {"view": "deslant"}])
def test_floats_that_are_grey_levels_are_the_same_images(dtype, settings):
    assert same(train(IMAGES / dtype(255), **settings)) == same(train(**settings))


def test_pixels_in_a_row_are_a_square_image():
    flat = train(IMAGES.reshape(60, 64))
    assert flat.settings.image_shape == (8, 8)
    assert same(flat) == same(train())
    assert train(IMAGES.reshape(60, 64)[:, :60]).settings.image_shape == (1, 60)


@pytest.mark.parametrize(
    "images",
    [
        np.asfortranarray(IMAGES),
        np.repeat(IMAGES, 2, axis=0)[::2],
        np.frombuffer(IMAGES.tobytes(), np.uint8).reshape(IMAGES.shape),
    ],
    ids=["Fortran order", "every second", "read-only"],
)
def test_the_order_in_memory_does_not_matter(images):
    assert same(train(images)) == same(train())


# ---- floats ------------------------------------------------------------------------------------


def test_floats_between_grey_levels_are_learned_from_as_they_are():
    """By the plain engine in float64: x is what was given, not rounded, not divided again."""
    from mlp_cli import Network, sgd
    from mlp_cli.learning.streams import spawn_streams

    options = {"validation": 0, "dtype": "float64", "engine": "plain", "epochs": 1}
    found = train(BETWEEN, **options).network
    streams = spawn_streams(0)
    expected = Network.initialise((64, 5, 10), streams.initialisation, dtype=np.float64)
    order, x = streams.shuffling.permutation(60), BETWEEN.reshape(60, 64).astype(np.float64)
    for start in range(0, 60, 10):
        batch = order[start : start + 10]
        y = np.eye(10)[LABELS[batch]]
        expected.descend(expected.backpropagate(expected.feedforward(x[batch]), y), 0.3)
    for W, expected_W in zip(found.weights, expected.weights, strict=True):
        np.testing.assert_allclose(W, expected_W, rtol=0, atol=1e-14)
    assert sgd is mlp_cli.sgd


def test_floats_get_an_engine_that_takes_them():
    assert train(BETWEEN).settings.engine == "numpy"
    refused = (
        r"^engine compiled: (learns from grey levels|mlp was installed without it).*engine numpy"
    )
    with pytest.raises(OptionError, match=refused):
        train(BETWEEN, engine="compiled")


@pytest.mark.parametrize("settings", [{"distort": "elastic"}, {"view": "width-8"}])
def test_what_moves_grey_levels_refuses_other_floats(settings):
    with pytest.raises(DataError, match=r"takes grey levels alone.\nRound them: np.rint"):
        train(BETWEEN, **settings)


def test_grey_levels_beside_floats_become_the_same_x():
    pair = IMAGES[-20:], LABELS[-20:]
    mixed = train(BETWEEN[:-20], LABELS[:-20], validation=pair)
    both = train(BETWEEN[:-20], LABELS[:-20], validation=(pair[0] / np.float32(255), pair[1]))
    assert same(mixed) == same(both)
    assert [e["validation_cost"] for e in mixed.history] == [
        e["validation_cost"] for e in both.history
    ]


# ---- the run -----------------------------------------------------------------------------------


def test_a_run_is_saved_and_loaded_by_the_name_of_a_file():
    run = train()
    run.save("own.npz")
    loaded = mlp_cli.load_checkpoint("own.npz")
    assert loaded.history == run.history
    np.testing.assert_array_equal(loaded.network.outputs(IMAGES), run.network.outputs(IMAGES))
    assert run.network.outputs(IMAGES).shape == (60, 10)
    assert [entry["epoch"] for entry in run.history] == [1, 2, 3]
    assert run.test_accuracy is None


def test_the_test_images_are_read_once_at_the_end():
    run = train(test=(TEST_IMAGES, TEST_LABELS), epochs=30)
    answers = run.outputs(TEST_IMAGES).argmax(axis=1)
    assert run.test_accuracy == np.mean(answers == TEST_LABELS)


def test_a_run_draws_the_curves_of_mlp_train():
    run = train()
    figure = run.plot("curves.png")
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
    assert [line.get_xydata().tolist() for axes in figure.axes for line in axes.get_lines()]
    assert run.plot()._repr_svg_() == to_inline_svg(learning_curves([run]))
    with pytest.raises(OptionError, match=r"curves.bmp: unknown kind of chart"):
        run.plot("curves.bmp")
    with pytest.raises(CheckpointError, match="no learning curves"):
        adopt_network().plot()


def test_a_resumed_run_is_the_one_that_never_stopped():
    begun = train(epochs=2, momentum=0.5)
    before = [p.tobytes() for p in begun.resume.network.parameters]
    ended = mlp_cli.resume(begun, IMAGES, LABELS, epochs=4)
    assert same(ended) == same(train(epochs=4, momentum=0.5))
    assert len(ended.history) == 4
    assert len(begun.history) == 2, "the run that was given stays as it was"
    assert [p.tobytes() for p in begun.resume.network.parameters] == before


def test_a_run_with_a_validation_set_resumes_with_it():
    pair = IMAGES[-20:], LABELS[-20:]
    begun = train(IMAGES[:-20], LABELS[:-20], validation=pair, epochs=2)
    begun.save("own.npz")
    loaded = mlp_cli.load_checkpoint("own.npz")
    ended = mlp_cli.resume(loaded, IMAGES[:-20], LABELS[:-20], validation=pair, epochs=4, eta=1)
    assert [entry["eta"] for entry in ended.history] == [3, 3, 1, 1]
    with pytest.raises(DataError, match="not the data that the run was trained on"):
        mlp_cli.resume(loaded, IMAGES[:-21], LABELS[:-21], validation=pair, epochs=4)


def test_a_run_with_a_setting_that_has_no_effect_resumes():
    """A preset may spell it out, and then a checkpoint has it."""
    begun = train(epochs=1)
    begun = replace(begun, settings=replace(begun.settings, distort_strength=2.0))
    assert len(mlp_cli.resume(begun, IMAGES, LABELS, epochs=2).history) == 2
    with pytest.raises(OptionError, match=r"^patience 3: needs validation"):
        mlp_cli.resume(train(validation=0), IMAGES, LABELS, patience=3)


def test_resume_refuses_fewer_epochs_in_pythons_words():
    with pytest.raises(OptionError, match=r"^epochs 1: the run to be resumed has had 3"):
        mlp_cli.resume(train(), IMAGES, LABELS, epochs=1)


# ---- what is refused ---------------------------------------------------------------------------

WRONG_LABELS = {name: case for name, case in CHECKED_LABELS.items() if "one-hot" not in name}


@pytest.mark.parametrize(
    ("images", "labels", "kind", "message"),
    [
        (IMAGES.astype(float), LABELS, DataError, "^images: floats .*\nDivide them by 255"),
        (IMAGES.astype(int), LABELS, DataError, "^images: int64, expected uint8"),
        (IMAGES[:0], LABELS[:0], DataError, "^images: none, expected two at least"),
        (IMAGES, LABELS[:-1], ShapeError, "^labels: 59, expected 60, one for each of images"),
        (IMAGES, LABELS.astype(int) - 1, DataError, "^labels: -1 at index 0, expected 0 to 255"),
        (IMAGES, LABELS.astype(int) + 250, DataError, "^labels: 256 at index 6"),
        (IMAGES, LABELS / 1.0, DataError, "^labels: float64, expected whole numbers"),
        (IMAGES, np.full(60, 7), DataError, "^labels: all are 7, expected two classes at least"),
        (IMAGES[..., None], LABELS, ShapeError, "^images: shape .*Leave out the last axis"),
    ],
)
def test_wrong_arrays_are_refused_before_training(images, labels, kind, message):
    with pytest.raises(kind, match=message):
        mlp_cli.train(images, labels)


@pytest.mark.parametrize("name", ["validation", "test"])
@pytest.mark.parametrize(
    ("pair", "kind", "message"),
    [
        ((IMAGES, LABELS[:5]), ShapeError, "labels: 5, expected 60, one for each of"),
        ((IMAGES[:, :4], LABELS), ShapeError, "images: shape .*32 pixels each; expected 64"),
        ((IMAGES / 2, LABELS), DataError, "images: floats from 0 to 127.5"),
        ((IMAGES, LABELS + 1), DataError, "labels: 10 at index 9, expected 0 to 9"),
        ((IMAGES, LABELS, LABELS), DataError, "expected a pair of images and labels"),
        (IMAGES, DataError, "expected a pair of images and labels"),
    ],
)
def test_a_wrong_pair_says_which_it_is(name, pair, kind, message):
    with pytest.raises(kind, match=f"^{name}.*{message}"):
        train(**{name: pair})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"validation": 60}, "^validation 60: the training set holds 60 images.*Choose 0 to 59"),
        ({"validation": -1}, "^validation is -1, expected a whole number, 0 or above"),
        ({"validation": 0.1}, "^validation is 0.1, expected a whole number"),
        ({"validation": True}, "^validation is True, expected"),
        ({"eta": 0}, "^eta is 0, expected a number above 0"),
        ({"eta": float("nan")}, "^eta is nan, expected"),
        ({"eta": "3"}, "^eta is '3', expected"),
        ({"hidden": (0,)}, r"^hidden is \(0,\), expected a list of whole numbers"),
        ({"hidden": "30"}, "^hidden is '30', expected"),
        ({"activation": "sine"}, "^activation is 'sine', expected sigmoid or"),
        ({"engine": "fast"}, "^engine is 'fast', expected auto or"),
        ({"dtype": np.float64}, "^dtype is .*, expected float32 or float64"),
        ({"view": "width-9"}, "^view width-9: the images are 8 pixels wide"),
        ({"distort_strength": 2}, "^distort_strength 2.*has no effect with distort none"),
        ({"patience": 2, "validation": 0}, "^patience 2: needs validation images.*with validation"),
        ({"warmup": 9}, "^warmup 9: leaves no epoch of 3"),
        ({"dataset": "a\nb"}, "^dataset is .*, expected text on one line"),
        ({"seed": None}, "^seed is None, expected"),
    ],
)
def test_wrong_settings_are_refused_in_pythons_words(settings, message):
    with pytest.raises(OptionError, match=message) as caught:
        train(**settings)
    assert "--" not in str(caught.value)


def test_settings_may_be_numbers_of_numpy():
    ours = train(seed=np.int64(1), eta=np.float32(2), hidden=np.array([4]), epochs=np.uint8(2))
    assert same(ours) == same(train(seed=1, eta=2.0, hidden=[4], epochs=2))
    ours.save("own.npz")
    assert mlp_cli.load_checkpoint("own.npz").settings == ours.settings
    assert train(hidden=4).settings.sizes == train(hidden=(4,)).settings.sizes == (64, 4, 10)


def test_a_whole_number_for_a_real_one_is_stored_as_the_command_line_does():
    settings = train(eta=3, l2=0, momentum=0).settings
    assert [type(value) for value in (settings.eta, settings.l2, settings.momentum)] == [float] * 3


def test_floats_up_to_1_are_not_taken_for_a_dim_image():
    floats = make_dataset(BETWEEN, LABELS)
    assert doubt_data(floats, floats.divide(20)).dimness is None
    dark = make_dataset(IMAGES // 10, LABELS)
    assert doubt_data(dark, dark.divide(20)).dimness == 25


def test_divergence_is_said_in_pythons_words():
    with pytest.raises(DivergedError, match="Try again with a smaller eta"):
        train(eta=1e30, l2=1e10)


# ---- the bar -----------------------------------------------------------------------------------


class Terminal:
    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return True


def test_a_bar_is_drawn_in_a_terminal_and_nowhere_else(monkeypatch, capfd):
    train()
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    train(progress=False)
    assert terminal.text == ""
    train()
    assert "3/3" in terminal.text
    assert "validation" in terminal.text
    monkeypatch.setattr(sys, "stderr", None)  # a window without a console
    train()


# ---- on the command line -----------------------------------------------------------------------


@pytest.fixture
def own():
    train(test=(TEST_IMAGES, TEST_LABELS)).save("own.npz")


def test_commands_find_the_arrays_of_a_run_from_python_in_any_folder(run, own):
    write_dataset(Path("somewhere"), [IMAGES, LABELS, TEST_IMAGES, TEST_LABELS])
    for words in ("evaluate", "evaluate --split validation", "report", "train --resume --epochs 4"):
        done = run([*words.split(), "--checkpoint", "own.npz", "--dataset", "somewhere"])
        assert "other images" not in done.output
    run("inspect --checkpoint own.npz")
    run("explain --check --checkpoint own.npz --dataset somewhere")


@pytest.mark.parametrize("words", ["evaluate", "report", "train --resume --epochs 4", "explain"])
def test_commands_say_what_to_do_where_the_arrays_are_in_no_file(run, own, words):
    done = run([*words.split(), "--checkpoint", "own.npz"], status=1)
    assert "own arrays: the images and labels of a run from Python" in done.stderr
    assert "--dataset" in done.stderr


def test_predict_reads_with_a_network_from_python(run, own):
    from tests.makers import draw_seven

    draw_seven().save("image.png")
    assert "image.png: " in run("predict image.png --checkpoint own.npz").stdout


def test_mlp_train_does_not_take_arrays_for_a_dataset(run):
    done = run(["train", "--dataset", "own arrays"], status=2)
    assert "neither a dataset" in done.stderr
    with pytest.raises(MissingDataError):
        mlp_cli.load_dataset("own arrays")


def test_help_and_the_package_itself_load_no_numpy():
    code = "import sys, mlp_cli; dir(mlp_cli); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
