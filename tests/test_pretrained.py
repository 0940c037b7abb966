"""A run that begins with the parameters of another: `mlp train --from`."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.datasets.loading import Dataset, Split
from mlp_cli.errors import CheckpointError
from mlp_cli.learning.compiled import variants
from mlp_cli.learning.streams import spawn_streams
from mlp_cli.nn.encoding import one_hot, pixels_to_x
from mlp_cli.nn.network import Network
from mlp_cli.runs import bundled
from mlp_cli.runs.origin import hash_parameters
from mlp_cli.runs.pretrained import Pretrained
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.training import Training
from tests import oracle
from tests.makers import make_arrays, write_dataset

FIRST = Path("first.npz")
PATH = Path("run.npz")
FROM = f"train --from {FIRST} --checkpoint {PATH} --epochs 2"
ENGINES = ["plain", "numpy", *(["compiled"] if variants() else [])]


@pytest.fixture(autouse=True)
def data(own_folder):
    return write_dataset(Path("data"))


@pytest.fixture
def first(run, data):
    """A network that was trained before, with settings that are no defaults."""
    run(
        f"train --epochs 2 --hidden 7 --batch-size 4 --eta 0.5 --momentum 0.5 --activation tanh "
        f"--cost cross-entropy --view deslant --distort shift --checkpoint {FIRST}"
    )
    return load_checkpoint(FIRST)


def dataset_of(arrays):
    return Dataset(Path("own"), Split(*arrays[:2]), Split(*arrays[2:]))


def begun(start, arrays=None, **given):
    """A training from these parameters, before its first epoch."""
    arrays = make_arrays() if arrays is None else arrays
    return Training.begin(start.complete(given), dataset_of(arrays), Path("data"), start)


def same(network, other):
    return all(map(np.array_equal, network.parameters, other.parameters))


def test_the_network_before_the_first_epoch_is_the_one_that_was_given(first):
    training = begun(Pretrained.load(FIRST))
    assert same(training.run.network, first.network)
    assert same(training.run.require_state().network, first.network)
    assert hash_parameters(training.run.network) == training.run.origin.parameters
    assert training.run.origin.layers == 2


def test_its_digest_can_be_computed_from_the_file_alone(first):
    arrays = np.load(FIRST)
    sha = hashlib.sha256()
    for name in ("W2", "b2", "W3", "b3"):
        sha.update(arrays[name].tobytes())
    assert begun(Pretrained.load(FIRST)).run.origin.parameters == sha.hexdigest()


def step(network, image, label):
    """A network after one update by the derivation's own lines; eta is 0.5."""
    W, b = [w.copy() for w in network.weights], [v.copy() for v in network.biases]
    oracle.train([(image.reshape(-1) / 255, int(label))], W, b, 0.5)
    return W, b


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_update_descends_from_the_given_parameters(run, engine):
    """One image, one epoch: the derivation's Train, from the parameters of the first run."""
    run("train --epochs 3 --dtype float64 --hidden 7 --checkpoint first.npz")
    start = Pretrained.load(FIRST)
    arrays = make_arrays(train=10)
    one = [arrays[0][3:4], np.array([9], np.uint8), *arrays[2:]]
    given = {"dtype": "float64", "engine": engine, "batch_size": 1, "eta": 0.5, "epochs": 1}
    training = begun(start, one, **given, validation=0, schedule="constant")
    (_,) = training.epochs()
    W, b = step(start.network, one[0][0], 9)
    for ours, theirs in zip(training.run.network.weights, W, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    for ours, theirs in zip(training.run.network.biases, b, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    y = one_hot(one[1], 10, np.float64)
    network = start.network.copy()
    x = pixels_to_x(one[0], np.float64)
    network.descend(network.backpropagate(network.feedforward(x), y), 0.5)
    for ours, theirs in zip(training.run.network.parameters, network.parameters, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_begins_there_with_every_engine_and_says_what_it_takes_over(run, first, engine):
    done = run(f"{FROM} --engine {engine}")
    assert (
        "begins with the parameters of first.npz; so hidden 7, activation tanh, cost cross-entropy,"
        " view deslant, batch_size 4, momentum 0.5, distort shift, eta 0.05, schedule cosine\n"
    ) in done.stderr
    settings = load_checkpoint(PATH).settings
    assert settings.hidden == [7]
    assert (settings.activation, settings.cost, settings.view) == (
        "tanh",
        "cross-entropy",
        "deslant",
    )
    assert (settings.eta, settings.schedule, settings.distort) == (0.05, "cosine", "shift")


def test_what_is_given_wins_over_how_the_network_was_trained(run, first):
    Path("p.toml").write_text('momentum = 0.25\nschedule = "step"\n')
    run(f"{FROM} --config p.toml --eta 0.7 --batch-size 5 --distort none --hidden 7")
    settings = load_checkpoint(PATH).settings
    assert (settings.momentum, settings.schedule) == (0.25, "step")
    assert (settings.eta, settings.batch_size, settings.distort) == (0.7, 5, "none")


@pytest.mark.parametrize(
    ("option", "found", "theirs"),
    [
        ("--hidden 9", "--hidden 9", "7"),
        ("--hidden 7 --hidden 7", "--hidden 7 7", "7"),
        ("--activation relu", "--activation relu", "tanh"),
        ("--cost quadratic", "--cost quadratic", "cross-entropy"),
        ("--view plain", "--view plain", "deslant"),
    ],
)
def test_an_option_that_needs_another_network_is_refused_with_both_values(
    run, first, option, found, theirs
):
    done = run(f"{FROM} {option}", status=2)
    assert done.stderr == (
        f"Error: {found}: the network of first.npz, which --from takes, has {theirs}. "
        "Leave the option out, or train a new network without --from.\n"
    )
    assert not PATH.exists()


def test_a_preset_that_needs_another_network_is_refused_too(run, first):
    Path("p.toml").write_text("hidden = [9]\n")
    assert "--hidden 9: the network of" in run(f"{FROM} --config p.toml", status=2).stderr


def test_other_classes_get_a_fresh_last_layer_by_the_seed(run, first):
    write_dataset(Path("own"), make_arrays(classes=4))
    done = run(f"{FROM} --dataset own --seed 5")
    assert (
        "the data have 4 classes, the network of first.npz has 10: the last layer begins fresh, by "
        "--seed\n"
    ) in done.stderr
    trained = load_checkpoint(PATH)
    assert trained.settings.sizes == (64, 7, 4)
    assert trained.origin.layers == 1
    training = begun(Pretrained.load(FIRST), make_arrays(classes=4), seed=5)
    layer_2, layer_3 = training.run.network.parameters
    assert np.array_equal(layer_2, first.network.parameters[0])
    fresh = Network.initialise((64, 7, 4), spawn_streams(5).initialisation)
    assert np.array_equal(layer_3, fresh.parameters[1])


def test_the_spread_of_initial_weights_is_for_a_fresh_layer_alone(run, first):
    done = run(f"{FROM} --init normal", status=2)
    assert "--init normal: has no effect with --from first.npz" in done.stderr
    assert not PATH.exists()
    write_dataset(Path("own"), make_arrays(classes=4))
    run(f"{FROM} --init normal --dataset own")
    assert load_checkpoint(PATH).settings.init == "normal"


def test_images_of_another_shape_are_refused(run, first):
    write_dataset(Path("own"), make_arrays(shape=(4, 16)))
    done = run(f"{FROM} --dataset own", status=1)
    assert "own: images of 4 x 16 pixels, expected 8 x 8" in done.stderr
    assert not PATH.exists()


@pytest.mark.parametrize(("before", "now"), [("float64", "float32"), ("float32", "float64")])
def test_the_parameters_get_the_precision_of_the_run(run, before, now):
    run(f"train --epochs 1 --dtype {before} --checkpoint {FIRST}")
    run(f"{FROM} --dtype {now} --eta 1e-30")
    theirs, ours = load_checkpoint(FIRST).network, load_checkpoint(PATH).network
    assert ours.dtype == now
    for a, b in zip(theirs.parameters, ours.parameters, strict=True):
        assert np.array_equal(a.astype(now), b)


def test_parameters_beyond_a_precision_are_refused(run):
    run(f"train --epochs 1 --dtype float64 --checkpoint {FIRST}")
    saved = load_checkpoint(FIRST)
    saved.network.parameters[0][0, 0] = 1e200
    saved.save(FIRST)
    done = run(FROM, status=2)
    assert "--dtype float32: parameters of first.npz, which --from takes, are too" in done.stderr
    assert "Choose --dtype float64." in done.stderr


def test_an_imported_network_trains_on_by_the_defaults(run):
    network = Network.initialise((64, 5, 10), np.random.default_rng(0), dtype=np.float64)
    Path("n.json").write_text(
        json.dumps(
            {
                "sizes": network.sizes,
                "weights": [w.tolist() for w in network.weights],
                "biases": [b[:, None].tolist() for b in network.biases],
                "cost": "CrossEntropyCost",
            }
        )
    )
    run(f"import n.json --checkpoint {FIRST}")
    done = run(f"{FROM} --dtype float64")
    assert (
        "begins with the parameters of first.npz; so hidden 5, cost cross-entropy\n" in done.stderr
    )
    trained = load_checkpoint(PATH)
    assert (trained.settings.eta, trained.settings.batch_size) == (3.0, 10)
    assert trained.origin.parameters == hash_parameters(network)


def test_where_a_run_began_is_kept_and_shown(run, first):
    run(FROM)
    expected = {
        "checkpoint": "first.npz",
        "parameters": hash_parameters(first.network),
        "layers": 2,
    }
    assert json.loads(np.load(PATH)["meta"].item())["from"] == expected
    text = f"first.npz (parameters {hash_parameters(first.network)[:16]}...)"
    assert f"\nbegan with     {text}\n" in run(f"inspect {PATH}").stdout
    assert json.loads(run(f"inspect {PATH} --json").stdout)["from"] == expected
    assert json.loads(run(f"inspect {FIRST} --json").stdout)["from"] is None
    run(f"report --checkpoint {PATH} --checkpoint {FIRST} -o r.html")
    page = Path("r.html").read_text()
    assert text in page
    assert "random parameters" in page
    run(f"export --checkpoint {PATH} --format small -o small.npz")
    assert load_checkpoint(Path("small.npz")).origin == load_checkpoint(PATH).origin


@pytest.mark.parametrize(
    "found",
    [7, {"checkpoint": "a"}, {"checkpoint": "a", "parameters": "b", "layers": 1}],
)
def test_a_damaged_origin_is_refused(run, first, found):
    run(FROM)
    arrays = dict(np.load(PATH))
    meta = json.loads(arrays["meta"].item()) | {"from": found}
    np.savez(PATH, **arrays | {"meta": np.array(json.dumps(meta))})
    with pytest.raises(CheckpointError, match="meta: from is"):
        load_checkpoint(PATH)


def test_a_run_resumes_to_the_bit_without_the_first_checkpoint(run, first):
    run(FROM.replace("run.npz", "whole.npz"))
    start, dataset = Pretrained.load(FIRST), load_dataset("mnist", Path("data"))
    training = Training.begin(start.complete({"epochs": 2}), dataset, Path("data"), start)
    training.run.save(Path("killed.npz"))  # what a process leaves that is killed in its first epoch
    FIRST.unlink()
    run("train --resume --checkpoint killed.npz")
    resumed, whole = load_checkpoint(Path("killed.npz")), load_checkpoint(Path("whole.npz"))
    assert same(resumed.network, whole.network)
    assert resumed.origin == whole.origin


def test_a_resumed_run_begins_nowhere(run, first):
    run(FROM)
    done = run(f"train --resume --checkpoint {PATH} --from {FIRST}", status=2)
    assert done.stderr == (
        "Error: --from first.npz: a run that is resumed has parameters of its own. Leave it out, "
        "or train a new run without --resume.\n"
    )
    done = run(f"train --resume --checkpoint {PATH}", status=2, env={"MLP_TRAIN_FROM": "bundled"})
    assert "--from bundled from MLP_TRAIN_FROM in the environment: a run that" in done.stderr


def test_resume_or_start_takes_the_same_command_again_and_no_other(run, first):
    again = f"{FROM} --resume-or-start"
    run(again)
    run(f"{again} --epochs 3")
    assert len(load_checkpoint(PATH).history) == 3
    run("train --epochs 1 --checkpoint other.npz")
    done = run(f"{again} --epochs 3".replace("first.npz", "other.npz"), status=2)
    assert "--from other.npz: the run to be resumed began with those of first.npz" in done.stderr
    done = run("train --resume-or-start --from first.npz --checkpoint other.npz", status=2)
    assert "--from first.npz: the run to be resumed began with random parameters" in done.stderr
    FIRST.rename("moved.npz")
    run(f"{again} --epochs 4".replace("first.npz", "moved.npz"))
    Path("moved.npz").unlink()
    run(f"{again} --epochs 5")
    assert len(load_checkpoint(PATH).history) == 5


def test_names_and_the_environment_are_known(run, first):
    done = run("train --from newest --epochs 1", status=1)
    assert "--from newest: no checkpoint (.npz) in checkpoints" in done.stderr
    run("train --epochs 1")
    run("train --epochs 1", env={"MLP_TRAIN_FROM": "newest"})
    second = load_checkpoint(Path("checkpoints/mnist-64-30-10-002.npz"))
    assert second.origin.checkpoint == "mnist-64-30-10-001.npz"
    done = run("train --from bundled --epochs 1", status=1)
    assert "data: images of 8 x 8 pixels, expected 28 x 28" in done.stderr
    assert "no such file" in run("train --from nowhere.npz", status=1).stderr


def test_the_bundled_network_begins_a_run(run):
    write_dataset(Path("own"), make_arrays(shape=(28, 28)))
    done = run("train --from bundled --dataset own --epochs 1")
    assert (
        "begins with the parameters of bundled; so hidden 320 160, activation relu" in done.stderr
    )
    assert "hint: --batch-size" not in done.stderr
    trained = load_checkpoint(Path("checkpoints/own-784-320-160-10-001.npz"))
    assert trained.origin.parameters == hash_parameters(load_checkpoint(bundled.PATH).network)
    assert trained.settings.eta == 0.01


def test_a_preset_cannot_name_it_and_print_config_has_what_follows(run, first):
    Path("p.toml").write_text('from = "bundled"\n')
    assert "Give it on the command line: --from" in run("train --config p.toml", status=2).stderr
    printed = run(f"train --from {FIRST} --print-config").stdout
    assert "hidden = [7]\n" in printed
    assert "eta = 0.05\n" in printed
