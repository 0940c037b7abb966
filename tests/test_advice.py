"""Hints: each from a small run that is in that trouble, said once; none from a healthy one."""

from pathlib import Path

import numpy as np
import pytest

from mlp_cli.commands.shared.usual_eta import WITH_QUADRATIC
from mlp_cli.measuring.health import SAMPLE, Health, examine, spread
from mlp_cli.nn.network import Network
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import make_arrays, write_dataset
from tests.processes import contents

TRAIN = "train --validation 200 --epochs 4"


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"), make_arrays(train=1000, test=50))


def hints(done):
    return [line for line in done.stderr.splitlines() if line.startswith("hint: ")]


@pytest.mark.parametrize("eta", [1, 3])
def test_a_healthy_run_gets_no_hints(run, eta):
    """With eta 1 six classes are not answered after the first epoch, and all are after the next."""
    assert hints(run(f"{TRAIN} --eta {eta}")) == []


def test_of_a_run_of_one_epoch_the_first_is_the_last(run):
    assert (
        "no image is read as 0, 1, 2, 4, 6, 9, though some are"
        in hints(run(f"{TRAIN} --eta 1 --epochs 1"))[0]
    )


def test_a_run_near_chance_is_told_so_once(run):
    assert hints(run(f"{TRAIN} --eta 1e-6")) == [
        "hint: hardly better than always predicting one class. "
        "sigmoid learns with 0.1 to 10 here: try a larger --eta."
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--eta 3", "Try another --eta"),
        ("--eta 1e-6", "sigmoid learns with 0.1 to 10 here: try a larger --eta"),
        ("--activation relu --eta 3", "relu learns with 0.03 to 1 here: try a smaller --eta"),
        ("--activation relu --eta 3 --momentum 0.9", "relu learns with 0.003 to 0.1 here: try a s"),
        ("--activation tanh --cost cross-entropy --eta 3", "tanh learns with 0.01 to 0.3 here"),
        ("--hidden 0 --eta 300", "quadratic learns with 0.1 to 10 here: try a smaller --eta"),
    ],
)
def test_a_hint_says_which_way_and_how_far(run, monkeypatch, options, said):
    monkeypatch.setattr(
        "mlp_cli.runs.training.examine", lambda *_: Health([], saturated=0.0, is_near_chance=True)
    )
    (hint,) = hints(run(f"{TRAIN} --epochs 1 {options}"))
    assert said in hint


def test_a_run_that_learned_nothing_is_not_told_to_evaluate_it(run):
    done = run(f"{TRAIN} --epochs 2 --eta 1e-6 --hidden 5 --hidden 6")
    command = "mlp train --hidden 5 --hidden 6 --epochs 2 --eta 1 --validation 200"
    assert done.stdout.splitlines()[-1] == f"next           {command}"
    assert "evaluate" not in done.stdout
    run(command.removeprefix("mlp "))


def test_where_eta_is_not_the_reason_no_command_is_advised(run, monkeypatch):
    monkeypatch.setattr(
        "mlp_cli.runs.training.examine", lambda *_: Health([], saturated=0.0, is_near_chance=True)
    )
    assert "next" not in run(f"{TRAIN} --epochs 1 --eta 3").stdout


def test_the_usual_eta_is_what_help_says(run):
    text = " ".join(run("train --help").stdout.split())
    for activation, eta in WITH_QUADRATIC.items():
        assert f"{eta} for {activation}" in text


def test_a_saturated_run_is_told_so_once(run):
    said = hints(run(f"{TRAIN} --eta 300 --init normal"))
    assert (
        said.count(
            "hint: more than half of the hidden units are saturated and hardly learn. "
            "sigmoid learns with 0.1 to 10 here: try a smaller --eta or --init scaled."
        )
        == 1
    )


def test_units_of_relu_are_called_dead(run, monkeypatch):
    monkeypatch.setattr(
        "mlp_cli.runs.training.examine", lambda *_: Health([], saturated=0.6, is_near_chance=False)
    )
    (hint,) = hints(run(f"{TRAIN} --epochs 1 --activation relu --eta 0.1"))
    assert "more than half of the hidden units are dead and no longer learn." in hint


def test_a_run_with_a_stuck_output_is_told_its_classes_once(run):
    """With this seed one output unit is driven flat in the first epoch and never comes back."""
    done = run(f"{TRAIN} --eta 8 --init normal --seed 4 --epochs 6")
    (said,) = [line for line in hints(done) if "no image is read as" in line]
    assert "--init scaled, or another --seed" in said
    (silent,) = trained_health().silent_classes
    assert f"no image is read as {silent}, though some are." in said


def trained_health():
    (path,) = Path("checkpoints").iterdir()
    network = load_checkpoint(path).resume.network
    images, labels, *_ = make_arrays(train=1000, test=50)
    return examine(network, images[800:], labels[800:])


def always(answer, classes=10):
    """A network that answers the same, whatever it sees."""
    network = Network.initialise((64, 5, classes), np.random.default_rng(0))
    for parameter in (*network.weights, *network.biases):
        parameter[:] = 0
    network.biases[-1][answer] = 1
    return network


def test_classes_that_are_never_answered_are_found_where_there_are_enough_of_them():
    images = np.zeros((40, 8, 8), np.uint8)
    labels = np.array([0] * 11 + [1] * 10 + [2] * 9 + [3] * 10)
    health = examine(always(3), images, labels)
    assert health.silent_classes == [0, 1]


@pytest.mark.parametrize(("examples", "found"), [(100, True), (90, False)])
def test_few_images_say_nothing_about_chance(examples, found):
    labels = np.arange(examples) % 10
    health = examine(always(3), np.zeros((examples, 8, 8), np.uint8), labels)
    assert health.is_near_chance is found


def test_the_commonest_class_alone_is_chance():
    labels = np.array([3] * 90 + [1] * 10)
    assert examine(always(3), np.zeros((100, 8, 8), np.uint8), labels).is_near_chance


@pytest.mark.parametrize("others", [1, 0])
def test_all_right_is_never_chance(others):
    """However common the commonest class is; always giving it is, unless it is the only one."""
    images = np.zeros((100, 8, 8), np.uint8)
    labels = np.array([3] * (100 - others) + [1] * others)
    images[labels == 1] = 255
    network = always(3)
    network.weights[0][:] = network.weights[1][1] = 1
    network.biases[1][1] = -3
    assert (network.outputs(images).argmax(axis=1) == labels).all()
    assert not examine(network, images, labels).is_near_chance
    assert examine(always(3), images, labels).is_near_chance == (others > 0)


@pytest.mark.parametrize("order", ["sorted", "in turn"])
def test_only_so_many_images_are_looked_at_but_from_all_over(monkeypatch, order):
    """The first ones may be of one class, and so may every tenth."""
    seen = []
    monkeypatch.setattr(Network, "feedforward", lambda network, x: seen.append(x) or learn(x))

    def learn(x):
        return [x, np.zeros((len(x), 10), np.float32)]

    labels = np.arange(10 * SAMPLE) % 10
    if order == "sorted":
        labels.sort()
    health = examine(always(0), np.zeros((10 * SAMPLE, 8, 8), np.uint8), labels)
    assert [len(x) for x in seen] == [SAMPLE]
    assert health.silent_classes == list(range(1, 10))


@pytest.mark.parametrize("count", [0, 1, SAMPLE, SAMPLE + 1, 54_321])
def test_a_spread_has_one_index_in_each_part(count):
    indices = spread(count)
    assert len(indices) == min(count, SAMPLE)
    assert len(set(indices.tolist())) == len(indices)
    ends = np.arange(len(indices) + 1) * count // max(len(indices), 1)
    assert ((ends[:-1] <= indices) & (indices < ends[1:])).all()


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_units_that_are_flat_are_saturated(activation):
    network = Network.initialise((64, 4, 10), np.random.default_rng(0), activation=activation)
    network.weights[0][:] = 0
    network.biases[0][:] = [-9, -9, -9, 0.5]
    images = np.zeros((20, 8, 8), np.uint8)
    health = examine(network, images, np.arange(20) % 10)
    assert health.saturated == 0.75
    assert health.is_saturated
    network.biases[0][0] = network.biases[0][1] = 0.5
    assert not examine(network, images, np.arange(20) % 10).is_saturated


def test_infinite_parameters_stop_the_run_and_keep_the_epochs_before(run):
    """A run that learns well, and is then resumed with an eta that no number can hold."""
    run(f"{TRAIN} --epochs 2")
    (path,) = Path("checkpoints").iterdir()
    before = contents(path)
    done = run("train --resume --epochs 4 --eta 1e300", status=1)
    assert done.stderr.endswith(
        "Error: Epoch 3: with eta 1e+300 the parameters are no longer finite numbers.\n"
        "Try again with a smaller --eta.\n"
        f"{path} is intact: 2 of 4 epochs saved.\n"
        f"Resume with: mlp train --resume --checkpoint {path} --eta X, with X below 1e+300\n"
    )
    meta, arrays = contents(path)
    assert arrays == before[1]
    assert meta["history"] == before[0]["history"]
    run("train --resume --eta 1.0")
    assert len(load_checkpoint(path).history) == 4


def test_patience_ends_the_run_and_says_so_and_the_summary_names_best_and_last(run):
    done = run(f"{TRAIN} --epochs 50 --patience 3")
    (path,) = Path("checkpoints").iterdir()
    loaded = load_checkpoint(path)
    best, last = loaded.first_best_epoch, len(loaded.history)
    assert last == best + 3 < 50
    assert f"stopped by --patience 3: no epoch after {best} was more accurate\n" in done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("best epoch")]
    assert line.startswith(f"best epoch     {loaded.best_epoch} (")
    assert f"; last {last} (" in line or loaded.best_epoch == last
