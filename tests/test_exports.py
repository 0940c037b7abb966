"""Networks and histories in other formats, and back: exact, bounded, and refused by name."""

import contextlib
import csv
import json
import tracemalloc
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlp_cli import load_dataset
from mlp_cli.errors import (
    CheckpointError,
    ExportError,
    MissingPackageError,
    NetworkFileError,
    OptionError,
)
from mlp_cli.exports import network_file
from mlp_cli.exports.history_csv import write_csv
from mlp_cli.exports.network_file import read_network
from mlp_cli.exports.nielsen import write_nielsen
from mlp_cli.exports.onnx import write_onnx
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.names import ActivationName, CostName
from mlp_cli.pages.canvas.page import write_html
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.small import write_small
from tests.makers import adopt_network, damage, make_run, odd_images, with_view

PATH = Path("network.json")


def written(write, run):
    file = BytesIO()
    write(run, file)
    return file.getvalue()


def parameters(network):
    return [(array.dtype, array.shape, array.tobytes()) for array in network.parameters]


# csv


def test_the_history_is_a_row_for_each_epoch_with_all_digits():
    run = make_run(accuracies=(0.5, None))
    run.history[0]["cost"] = 0.1 + 0.2
    run.history[0]["validation_cost"] = 0.7
    del run.history[1]["validation_cost"]  # as an earlier version left it
    text = written(write_csv, run).decode()
    assert text.startswith(
        "epoch,eta,cost,training_accuracy,validation_cost,validation_accuracy,seconds\n"
    )
    rows = list(csv.DictReader(text.splitlines()))
    assert [float(row["cost"]) for row in rows] == [0.1 + 0.2, 0.25]
    assert [row["validation_accuracy"] for row in rows] == ["0.5", ""]
    assert [row["validation_cost"] for row in rows] == ["0.7", ""]
    assert [row["epoch"] for row in rows] == ["1", "2"]


def test_without_a_history_there_is_no_table():
    with pytest.raises(ExportError, match="no history"):
        written(write_csv, adopt_network())


# the book's JSON


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy"])
def test_there_and_back_every_parameter_is_the_same_to_the_bit(dtype, cost):
    run = adopt_network(dtype=dtype, cost=cost)
    run.network.weights[0][0, :4] = [-0.0, 1e-40, 3e38, 1 / 3]
    PATH.write_bytes(written(write_nielsen, run))
    back = read_network(PATH)
    assert parameters(back) == parameters(run.network)
    assert back.cost == cost


def test_the_books_own_formula_reads_what_is_written():
    """network2.load makes arrays of the lists; its feedforward is sigma(w a + b), a a column."""
    run = adopt_network(dtype="float64")
    whole = json.loads(written(write_nielsen, run))
    assert list(whole) == ["sizes", "weights", "biases", "cost"]
    assert (whole["sizes"], whole["cost"]) == ([6, 5, 3], "QuadraticCost")
    images = np.arange(12, dtype=np.uint8).reshape(2, 6)
    for image, outputs in zip(images, run.network.outputs(images), strict=True):
        a = image[:, None] / 255
        for w, b in zip(whole["weights"], whole["biases"], strict=True):
            a = 1 / (1 + np.exp(-(np.array(w) @ a + np.array(b))))
        np.testing.assert_allclose(a[:, 0], outputs, atol=1e-15)


@pytest.mark.parametrize("option", [{"activation": "tanh"}, {"cost": "log-likelihood"}])
def test_a_network_that_the_book_does_not_know_is_refused(option):
    with pytest.raises(ExportError, match=f"{next(iter(option.values()))}: the format knows"):
        written(write_nielsen, adopt_network(**option))


def test_without_a_hidden_layer_its_activation_does_not_matter():
    run = adopt_network((6, 3), activation="relu")
    PATH.write_bytes(written(write_nielsen, run))
    assert parameters(read_network(PATH)) == parameters(run.network)


WHOLE = {
    "sizes": [2, 1],
    "weights": [[[0.5, -1]]],
    "biases": [[[2.0]]],
    "cost": "CrossEntropyCost",
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cost": "HingeCost"}, "cost 'HingeCost', expected quadratic or cross-entropy or"),
        ({"cost": None}, "cost None"),
        ({"cost": ["QuadraticCost"]}, "cost ['QuadraticCost']"),
        ({"cost": [1, 2]}, "cost [1, 2]"),
        ({"more": "[1, 2]"}, "not JSON (a text has a list of numbers in it)"),
        ({"more": "-Infinity"}, "not JSON (-Infinity is not a JSON number)"),
        ({"sizes": list(range(300_000))}, "sizes [0, 1, 2, 3, 4, 5, ...]"),
        ({"weights": [[0.5, -1]]}, "weights[0]: expected 1 rows"),
        ({"weights": [0.5, -1]}, "weights: expected a list of 1"),
        ({"weights": [[[]]]}, "weights[0]: expected 1 rows"),
        ({"sizes": [2]}, "sizes [2], expected at least two integers above 0"),
        ({"sizes": [2, 0]}, "sizes [2, 0]"),
        ({"sizes": [2.0, 1]}, "sizes [2.0, 1.0]"),
        ({"sizes": [True, 1]}, "sizes [True, 1]"),
        ({"sizes": "21"}, "sizes '21'"),
        ({"sizes": [2, 10**12]}, "weights[0]: expected 1000000000000 rows of 2 numbers"),
        ({"weights": []}, "weights: expected a list of 1, one for each layer"),
        ({"weights": [[[0.5]]]}, "weights[0]: expected 1 rows of 2 numbers"),
        ({"weights": [[[0.5, "1"]]]}, "weights[0]: expected 1 rows"),
        ({"weights": [[[0.5, None]]]}, "weights[0]: expected 1 rows"),
        ({"weights": [[[0.5, True]]]}, "weights[0]: expected 1 rows"),
        ({"weights": [[[0.5, [1]]]]}, "weights[0]: expected 1 rows"),
        ({"weights": [[[0.5, 10**400]]]}, "weights[0]: a number too large for float64"),
        ({"biases": [[2.0, 3.0]]}, "biases[0]: expected 1 rows of 1 numbers"),
        ({"biases": None}, "biases: expected a list of 1"),
    ],
)
def test_what_is_no_network_is_refused_by_the_part(change, words):
    PATH.write_text(json.dumps(WHOLE | change))
    with pytest.raises(NetworkFileError) as refused:
        read_network(PATH)
    assert str(refused.value).startswith(f"{PATH}: {words}")
    assert str(refused.value).endswith("or what the book's network2.save writes.")


DERIVATION = {"weights": [[[1, 2], [3, 4], [5, 6]], [[0.5, -1, 2]]], "biases": [[7, 8, 9], [0.25]]}


@pytest.mark.parametrize(
    "more", [{}, {"sizes": [2, 3, 1]}, {"biases": [[[7], [8], [9]], [[0.25]]]}]
)
def test_weights_and_biases_are_read_as_the_derivation_writes_them(more):
    PATH.write_text(json.dumps(DERIVATION | more))
    network = read_network(PATH)
    assert network.sizes == [2, 3, 1]
    assert (network.activation, network.cost) == ("sigmoid", "quadratic")
    np.testing.assert_array_equal(network.weights[0], [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(network.weights[1], [[0.5, -1, 2]])
    assert [b.tolist() for b in network.biases] == [[7, 8, 9], [0.25]]


@pytest.mark.parametrize("activation", get_args(ActivationName))
@pytest.mark.parametrize("cost", get_args(CostName))
def test_activation_and_cost_have_the_names_of_the_options(activation, cost):
    PATH.write_text(json.dumps(DERIVATION | {"activation": activation, "cost": cost}))
    network = read_network(PATH)
    assert (network.activation, network.cost) == (activation, cost)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activation": "softsign"}, "activation 'softsign', expected sigmoid or"),
        ({"activation": [1]}, "activation [1], expected sigmoid or"),
        ({"weights": [[[1, 2], [3]]]}, "weights[0]: expected 2 rows of 2 numbers"),
        ({"weights": [[[1, 2]], [[1, 2]]]}, "weights[1]: expected 1 rows of 1 numbers"),
        ({"weights": [[]]}, "weights: expected a list of matrices"),
        ({"weights": []}, "weights: expected a list of matrices"),
        ({"weights": 3}, "weights: expected a list of matrices"),
        ({"weights": [[1, 2]]}, "weights: expected a list of matrices"),
        ({"weights": [["a"]]}, "weights: expected a list of matrices"),
        ({"biases": [[7, 8], [0.25]]}, "biases[0]: expected 3 rows of 1 numbers"),
        ({"biases": [7, 0.25]}, "biases: expected a list of 2"),
    ],
)
def test_what_does_not_fit_the_weights_is_refused(change, words):
    PATH.write_text(json.dumps(DERIVATION | change))
    with pytest.raises(NetworkFileError) as refused:
        read_network(PATH)
    assert str(refused.value).startswith(f"{PATH}: {words}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"sizes": ' + b"[" * 100_000, "not JSON"),
        (b'{"sizes": [NaN]}', "not JSON (NaN is not a JSON number)"),
        (json.dumps(WHOLE).replace("0.5", "1e999").encode(), "weights[0]: a number too large"),
        (json.dumps(WHOLE).replace("0.5", "9" * 5000).encode(), "not JSON"),
        (b"[" * 2_000_000, "more lists or objects than a network has"),
        (b'{"a": {}}', "more lists or objects than a network has"),
    ],
)
def test_what_is_no_json_of_a_network_is_refused(text, words):
    PATH.write_bytes(text)
    with pytest.raises(NetworkFileError) as refused:
        read_network(PATH)
    assert words in str(refused.value)


def test_a_file_too_large_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(network_file, "BOUNDS", network_file.BOUNDS._replace(size=100))
    PATH.write_text(json.dumps(WHOLE) + " " * 100)
    with pytest.raises(NetworkFileError, match="more than 100 bytes"):
        read_network(PATH)


def test_empty_lists_are_counted_before_they_fill_the_memory():
    """Parsed, these 12 MB would take 400."""
    PATH.write_bytes(b'{"sizes": [' + b"[]," * 4_000_000 + b"0]}")
    tracemalloc.start()
    with pytest.raises(NetworkFileError, match="more lists"):
        read_network(PATH)
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def test_a_missing_file_is_refused():
    with pytest.raises(NetworkFileError, match="No such file"):
        read_network(PATH)


@given(data=st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_anywhere_is_refused_or_does_no_harm(data):
    PATH.write_bytes(damage(data, written(write_nielsen, adopt_network((2, 2, 1), (1, 2)))))
    with contextlib.suppress(NetworkFileError):
        assert read_network(PATH).is_finite()


# a network from elsewhere as a checkpoint


def test_a_network_from_elsewhere_is_a_checkpoint_without_history():
    run = adopt_network(dtype="float64", cost="cross-entropy")
    run.save(Path("a.npz"))
    back = load_checkpoint(Path("a.npz"))
    assert parameters(back.network) == parameters(run.network)
    assert (back.settings, back.history, back.best_epoch) == (run.settings, [], 0)
    assert back.resume is None
    assert (back.best_accuracy, back.training_seconds) == (None, 0)


def test_images_are_square_unless_said_and_have_a_pixel_for_each_input():
    network = adopt_network((9, 2), (1, 9)).network
    assert Run.adopt(network, "mnist", None).settings.image_shape == (3, 3)
    with pytest.raises(OptionError, match=r"^--image-shape 2 4: the network has 9 inputs"):
        Run.adopt(network, "mnist", (2, 4))
    assert Run.adopt(adopt_network().network, "mnist", None).settings.image_shape == (1, 6)


def test_a_best_epoch_must_be_in_the_history():
    run = make_run()
    run.history = []
    run.save(Path("a.npz"))
    with pytest.raises(CheckpointError, match="best_epoch is 2, expected 0 before"):
        load_checkpoint(Path("a.npz"))


# small


def write_small_file(run):
    Path("small.npz").write_bytes(written(write_small, run))
    return Path("small.npz")


def test_a_small_checkpoint_reads_as_one_that_cannot_be_resumed():
    run = make_run(dtype="float64", activation="tanh", data_dir="/home/jane/data")
    run.test_accuracy = 0.9
    back = load_checkpoint(write_small_file(run))
    assert back.resume is None
    assert (back.history, back.best_epoch) == (run.history, 2)
    assert back.network.activation == "tanh"
    assert back.network.dtype == np.float64
    for ours, theirs in zip(run.network.parameters, back.network.parameters, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=2**-11)
        np.testing.assert_array_equal(theirs, theirs.astype(np.float16))
    # The rounded network may read an image otherwise, and the folder is nobody else's business.
    assert back.test_accuracy is None
    assert back.settings.data_dir == "data"


def test_a_small_checkpoint_of_a_small_one_is_the_same_network():
    once = load_checkpoint(write_small_file(make_run()))
    twice = load_checkpoint(write_small_file(once))
    assert parameters(once.network) == parameters(twice.network)


def test_320_000_parameters_take_at_most_700_kilobytes():
    run = adopt_network((784, 400, 10), (28, 28))
    count = sum(array.size for array in run.network.parameters)
    size = len(written(write_small, run))
    assert 300_000 < count < 330_000
    assert size <= 700_000
    assert size < 2 * count, "packed"


def test_an_activation_that_onnx_or_the_page_does_not_know_is_refused(monkeypatch):
    """As one has it who adds an activation of their own."""
    monkeypatch.setitem(ACTIVATIONS, "bent", ACTIVATIONS["tanh"])
    run = adopt_network((64, 3, 2), (8, 8), activation="bent")
    for write in (write_onnx, write_html):
        with pytest.raises(
            ExportError, match=r"activation bent: the .* knows sigmoid and tanh and"
        ):
            written(write, run)


def test_a_parameter_too_large_for_half_precision_is_refused():
    run = adopt_network()
    run.network.biases[1][2] = -70_000
    with pytest.raises(ExportError, match="array b3: holds 7e\\+04, expected 65,504 at most"):
        written(write_small, run)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("W2", lambda a: a.astype("f4"), "array W2: float32 (5, 6), expected float16 (5, 6)"),
        ("b3", lambda a: np.full_like(a, np.inf), "array b3: not finite"),
        ("W3", lambda a: a.T, "array W3: float16 (5, 3), expected float16 (3, 5)"),
        ("meta", lambda a: np.char.replace(a, "float16", "int8"), "stored_dtype is 'int8'"),
        ("meta", lambda a: np.char.replace(a, "stored_dtype", "x"), "expected float32 (5, 6)"),
    ],
)
def test_a_small_checkpoint_is_held_to_its_word(name, change, words):
    path = write_small_file(make_run())
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays[name] = change(arrays[name])
    np.savez(path, **arrays)
    with pytest.raises(CheckpointError) as refused:
        load_checkpoint(path)
    assert words in str(refused.value)


# onnx


def onnx_outputs(run, images):
    session = onnxruntime.InferenceSession(written(write_onnx, run))
    (outputs,) = session.run(["outputs"], {"images": images})
    return outputs


@pytest.mark.parametrize(
    ("activation", "cost", "dtype"),
    list(product(get_args(ActivationName), get_args(CostName), ["float32", "float64"])),
)
def test_onnxruntime_answers_as_the_network_does(activation, cost, dtype):
    run = adopt_network(
        (6, 5, 4, 3), activation=activation, cost=cost, dtype=dtype, init="normal", seed=3
    )
    images = np.random.default_rng(1).integers(0, 256, (50, 2, 3), np.uint8)
    expected = run.network.outputs(images)
    found = onnx_outputs(run, images)
    assert found.dtype == expected.dtype
    assert expected.std() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-6 if dtype == "float32" else 1e-14)


@pytest.mark.mnist
def test_onnxruntime_agrees_on_real_images(mnist_dir):
    run = adopt_network((784, 30, 10), (28, 28), init="normal")
    images = load_dataset("mnist", mnist_dir).test.images[:1000]
    expected = run.network.outputs(images)
    np.testing.assert_allclose(onnx_outputs(run, images), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(28, 28), (10, 16), (31, 9)])
@pytest.mark.parametrize("view", ["deslant", "width-8", "width-9"])
def test_the_model_sees_odd_images_by_the_runs_view(view, shape, dtype):
    run = with_view(adopt_network((shape[0] * shape[1], 5, 10), shape, dtype=dtype), view)
    images = odd_images(shape)
    found, expected = onnx_outputs(run, images), run.outputs(images)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, atol=1e-6 if dtype == "float32" else 1e-14)
    assert np.abs(expected - run.network.outputs(images)).max() > 0.01
    assert len(onnx_outputs(run, images[:0])) == 0


@pytest.mark.mnist
@pytest.mark.parametrize("view", ["deslant", "width-8", "width-14", "width-28"])
def test_the_model_sees_mnist_by_the_runs_view(mnist_dir, view):
    run = with_view(adopt_network((784, 30, 10), (28, 28), dtype="float64"), view)
    images = load_dataset("mnist", mnist_dir).test.images[:2000]
    np.testing.assert_allclose(onnx_outputs(run, images), run.outputs(images), atol=1e-14)


def test_without_onnx_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setattr("mlp_cli.system.packages.find_spec", lambda _: None)
    with pytest.raises(MissingPackageError, match=r'pip install "mlp-cli\[onnx\]"$'):
        written(write_onnx, adopt_network())


def test_a_network_too_large_for_an_onnx_file_is_refused(monkeypatch):
    monkeypatch.setattr("mlp_cli.exports.onnx.MAX_MODEL_BYTES", 100)
    with pytest.raises(ExportError, match="212 bytes of parameters, expected 100 at most"):
        written(write_onnx, adopt_network())
