"""`mlp explain` as a user meets it: the numbers of the derivation, and their check."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlp_cli.explanation.notation import in_ascii
from mlp_cli.explanation.tables import CELL, format_number
from mlp_cli.learning.learner import NumpyEngine
from mlp_cli.learning.streams import spawn_streams
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.network import Network
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import make_settings, write_dataset

TRAIN = "train --epochs 1 --validation 10 --batch-size 4"
FIRST = "checkpoints/mnist-64-30-10-001.npz"


@pytest.fixture
def data():
    return write_dataset(Path("data"))


@pytest.fixture
def trained(run, data):
    run(TRAIN)
    return load_checkpoint(Path(FIRST))


def save(network, name="own.npz", **settings):
    """A checkpoint of a network that was not trained."""
    entry = {"epoch": 1, "eta": 3.0, "cost": 0.5, "validation_accuracy": None, "seconds": 0.1}
    settings = make_settings(
        sizes=tuple(network.sizes), dtype="float64", cost=network.cost, **settings
    )
    Run(settings, network, None, [entry], 1).save(Path(name))


@pytest.fixture
def by_hand():
    """The 2-2-1 network that `test_network` works by hand, and its example as a test image."""
    network = Network(
        [np.array([[0.0, 3.0], [np.log(3), 5.0]]), np.array([[2.0, -4 / 3]])],
        [np.array([0.0, 0.0]), np.array([0.0])],
    )
    save(network, "hand.npz", image_shape=(1, 2))
    image, label = np.array([[[255, 0]]], np.uint8), np.zeros(1, np.uint8)
    write_dataset(Path("data"), [image, label, image, label])


NUMBERS = re.compile(r"(?: +(?:-?\d[\d.e+-]*|none|tiny))+")
HEADING = re.compile(r" {10,}\S| +(?:largest|worst) ")


def tables(text):
    """The tables below each formula in the text: the label and the numbers of every row."""
    found, formulas, is_new = {}, [], True
    for line in text.splitlines():
        if not line:
            is_new = True
        elif line[:10].strip() and NUMBERS.fullmatch(line[10:]):
            numbers = [float(re.sub("none|tiny", "nan", number)) for number in line[10:].split()]
            found.setdefault(" ".join(formulas), []).append((line[:10].strip(), numbers))
        elif not HEADING.match(line):
            formulas = [*([] if is_new else formulas), re.sub(r"\s+", " ", line)]
            is_new = False
    return found


def table_of(text, start):
    """The rows of the first table whose formulas contain this."""
    return next(rows for key, rows in tables(text).items() if start in key)


def test_the_hand_worked_step_is_shown_with_its_numbers(run, by_hand):
    text = run("explain --checkpoint hand.npz --index 0 --eta 2").stdout
    ln_3 = round(np.log(3), 6)
    assert table_of(text, "a¹ = x") == [("1", [1]), ("2", [0])]
    assert table_of(text, "z² = W² a¹ + b²") == [
        ("a¹", [1, 0]),
        ("1", [0, 3, 0, 0, 1 / 2]),
        ("2", [ln_3, 5, 0, ln_3, 3 / 4]),
    ]
    assert table_of(text, "z³ = W³ a² + b³")[1] == ("1", [2, -1.333333, 0, 0, 1 / 2])
    assert "y = e_1\nC = 1/2 |y - a³|^2 = 0.125000\n" in text

    def derivative(start):
        return [numbers[:-1] for _, numbers in table_of(text, start)]

    assert derivative("Fact 1 d_a³ C = a³ - y") == [[1 / 2, 1, -1 / 2, -1 / 2]]
    assert derivative("Fact 2 d_z³ C") == [[-1 / 2, 1 / 4, -1 / 8, -1 / 8]]
    assert table_of(text, "Fact 3 d_b³ C")[0][1][::3] == [-1 / 8, 1 / 4]
    assert table_of(text, "Fact 5 D_W³ C = d_z³ C ⊗ a²")[:3] == [
        ("a²", [1 / 2, 3 / 4]),
        ("1", [-1 / 8, -1 / 16, -3 / 32]),
        ("central", [-1 / 16, -3 / 32]),
    ]
    assert table_of(text, "Fact 5 D_W³ C = d_z³ C ⊗ a²")[4] == ("ΔW³", [1 / 8, 3 / 16])
    assert table_of(text, "Fact 6 d_a² C = (W³)ᵗ d_z³ C")[0] == ("d_z³ C", [-1 / 8])
    assert derivative("Fact 6")[1:] == [[2, -1 / 4, -1 / 4], [-1.333333, 0.166667, 0.166667]]
    assert derivative("Fact 2 d_z² C") == [
        [-1 / 4, 1 / 4, -1 / 16, -1 / 16],
        [0.166667, 0.1875, 1 / 32, 1 / 32],
    ]
    assert table_of(text, "Update b³ += Δb³, W³ += ΔW³") == [("1", [2.125, -1.145833, 1 / 4])]
    assert table_of(text, "Update b² += Δb², W² += ΔW²") == [
        ("1", [1 / 8, 3, 1 / 8]),
        ("2", [round(np.log(3) - 1 / 16, 6), 5, -1 / 16]),
    ]


def test_a_sum_that_is_0_except_for_rounding_is_printed_as_0(run):
    """1/10 + 2/10 - 3/10 is a few 1e-17 in any order."""
    network = Network([np.array([[0.1, 0.2, -0.3]])], [np.zeros(1)])
    save(network, image_shape=(1, 3))
    image, label = np.full((1, 1, 3), 255, np.uint8), np.zeros(1, np.uint8)
    write_dataset(Path("data"), [image, label, image, label])
    text = run("explain --checkpoint own.npz").stdout
    assert table_of(text, "z² = W² a¹ + b²")[1] == ("1", [0.1, 0.2, -0.3, 0, 0, 0.5])
    (layer,) = json.loads(run("explain --checkpoint own.npz --json").stdout)["feedforward"]
    assert 0 < abs(layer["z"]["values"][0]) < 1e-16


def test_it_follows_the_order_of_the_derivation(run, by_hand):
    text = run("explain --checkpoint hand.npz").stdout
    found = re.findall(r"^(?:Feed\w+|Back\w+|Fact \d|Update|Layer \d|z[²³]|a[²³])", text, re.M)
    turn = ["Fact 3", "Fact 4", "Fact 5"]
    assert found == [
        *("Feedforward", "z²", "a²", "z³", "a³"),
        *("Backpropagate", "Fact 1", "Fact 2"),
        *("Backpropagate", *turn, "Fact 6", "Fact 2", "Update"),
        *("Backpropagate", *turn, "Update"),
    ]


def test_what_is_printed_is_what_training_does(run, trained, data):
    document = json.loads(run("explain --index 5 --eta 0.5 --json").stdout)
    network = trained.network.copy()
    network = Network(
        [W.astype(np.float64) for W in network.weights],
        [b.astype(np.float64) for b in network.biases],
    )
    NumpyEngine(network, 1).learn(data[2][5:6], data[3][5:6], np.arange(1), 0.5)
    last, first = document["backpropagate"]
    np.testing.assert_allclose(last["new_b"]["values"], network.biases[1], rtol=1e-12)
    for printed, W in ((last["new_W"], network.weights[1]), (first["new_W"], network.weights[0])):
        for entry in printed["largest"]:
            i, j = (n - 1 for n in entry["index"])
            assert entry["value"] == pytest.approx(W[i, j], rel=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        *("--sizes 8-2", "--sizes 4-3-2", "--sizes 6-5-4-3 --seed 3", "--sizes 5-4-4-3-2"),
        *("--sizes 4-3-2 --cost cross-entropy", "--sizes 4-3-2 --cost log-likelihood"),
        *("--sizes 4-3-3-2 --activation tanh", "--sizes 4-3-3-2 --activation relu --seed 1"),
        "--sizes 30-20-10",
    ],
)
def test_check_is_green(run, options):
    done = run(f"explain {options} --check")
    sizes = [int(n) for n in options.split()[1].split("-")]
    count = sum(n_out * (n_in + 1) for n_in, n_out in pairwise(sizes))
    assert f"compared    {count:,} of {count:,} parameters" in done.stdout
    assert "Feedforward" not in done.stdout
    assert done.stderr == ""


def test_check_lists_every_parameter_of_a_small_network(run):
    text = run("explain --sizes 4-3-2 --check").stdout
    rows = [row for key, rows in tables(text).items() if "D_W" in key for row in rows]
    places = [label for label, _ in rows]
    assert places == [
        *(f"{i}, {j}" for i in (1, 2) for j in (1, 2, 3)),
        *(f"{i}, {j}" for i in (1, 2, 3) for j in (1, 2, 3, 4)),
    ]
    for _, (derivative, central, deviation) in rows:
        assert derivative == central != 0
        assert deviation < 1e-9


@pytest.fixture
def broken(monkeypatch):
    """sigma' is 0.1 % too large."""
    derivative = ACTIVATIONS["sigmoid"].derivative
    monkeypatch.setitem(
        ACTIVATIONS,
        "sigmoid",
        ACTIVATIONS["sigmoid"]._replace(
            derivative=lambda a, out=None: np.multiply(derivative(a, out), 1.001, out)
        ),
    )


@pytest.mark.parametrize("json_too", ["", "--json"])
def test_check_is_red_where_a_derivative_is_wrong(run, broken, json_too):
    done = run(f"explain --sizes 4-3-2 --check {json_too}", status=1)
    assert re.search(
        r"Error: D_W\^2 C at \d, \d \(Fact 5\): \S+, but its central difference is \S+; "
        r"a relative deviation of 1\.0e-03, expected 1e-06 at most\.\n",
        done.stderr,
    ) or re.search(r"Error: d_[zb]\^2 C at \d \(Fact [23]\): .* 1\.0e-03", done.stderr)
    assert (
        "1.0e-03" in done.stdout if not json_too else not json.loads(done.stdout)["check"]["passes"]
    )
    run("explain --sizes 4-3-2")  # shows it, and is no check


def test_a_large_network_says_how_many_were_compared(run, monkeypatch):
    monkeypatch.setattr("mlp_cli.explanation.passes.BUDGET", 1)
    text = run("explain --sizes 60-20-10 --check").stdout
    found = re.search(r"compared    (\d+) of 1,430 parameters, (\d+) derivatives", text)
    assert 40 <= int(found[1]) <= 55
    assert re.search(r"Fact 5   D_W² C +20 x 60, 1\d compared\n +worst +D_W² C", text)
    again = run("explain --sizes 60-20-10 --check").stdout
    assert again == text
    assert run("explain --sizes 60-20-10 --check --seed 1").stdout != text


def test_a_fresh_network_is_the_one_that_training_begins_with(run):
    document = json.loads(run("explain --sizes 4-3-2 --seed 7 --json").stdout)
    network = Network.initialise((4, 3, 2), spawn_streams(7).initialisation, dtype=np.float64)
    assert document["feedforward"][0]["W"]["values"] == network.weights[0].tolist()
    x = np.array(document["x"]["values"])
    np.testing.assert_array_equal(x, x.round(2))
    assert 0 <= x.min() < x.max() <= 1
    assert run("explain --sizes 4-3-2 --seed 8 --json").stdout != json.dumps(document) + "\n"


def test_a_label_is_taken(run):
    for label in (0, 1):
        document = json.loads(run(f"explain --sizes 4-3-2 --label {label} --json").stdout)
        assert document["label"] == label
        assert document["y"]["values"] == np.eye(2)[label].tolist()


def test_the_image_that_the_newest_run_has_most_to_learn_from_by_default(run, trained, data):
    done = run("explain")
    assert done.stderr == f"Using {FIRST}, the newest.\n"
    assert f"network     64-30-10 of {FIRST}\n" in done.stdout
    outputs, labels = trained.network.outputs(data[2]), data[3]
    error = (outputs - np.eye(10)[labels]) * outputs * (1 - outputs)
    index = int(np.linalg.norm(error, axis=1).argmax())
    assert index != 0
    assert f"image {index} of mnist's test set, which it has most to learn from" in done.stdout
    output = outputs[index]
    assert f"correct class {labels[index]}, prediction {output.argmax()}" in done.stdout
    shown = table_of(done.stdout, "a³ = σ(z³)")
    np.testing.assert_allclose([row[1][-1] for row in shown[-10:]], output, rtol=1e-3, atol=1e-6)
    assert json.loads(run("explain --json").stdout)["index"] == index


PUBLISHED = {
    "weights": [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]],
    "biases": [[0.35, 0.35], [0.60, 0.60]],
}
"""M. Mazur, A Step by Step Backpropagation Example (2015): 2-2-2, eta 0.5"""


def test_a_published_example_comes_out_digit_by_digit(run):
    Path("own.json").write_text(json.dumps(PUBLISHED))
    run("import own.json --checkpoint own.npz")
    example = "explain --checkpoint own.npz --x 0.05,0.10 --y 0.01,0.99 --eta 0.5"
    document = json.loads(run([*example.split(), "--json"]).stdout)
    hidden, output = document["feedforward"]
    assert hidden["z"]["values"][0] == pytest.approx(0.3775, abs=1e-15)
    assert hidden["a"]["values"] == pytest.approx([0.593269992, 0.596884378], abs=5e-10)
    assert output["z"]["values"][0] == pytest.approx(1.105905967, abs=5e-10)
    assert output["a"]["values"] == pytest.approx([0.75136507, 0.772928465], abs=5e-9)
    assert document["C"] == pytest.approx(0.298371109, abs=5e-10)
    assert document["backpropagate"][0]["d_a"]["values"][0] == pytest.approx(0.74136507, abs=5e-9)
    assert document["backpropagate"][0]["D_W"]["values"][0][0] == pytest.approx(
        0.082167041, abs=5e-10
    )
    new = [layer["new_W"]["values"] for layer in document["backpropagate"]]
    assert new[0][0] == pytest.approx([0.35891648, 0.408666186], abs=5e-9)
    assert new[0][1] == pytest.approx([0.511301270, 0.561370121], abs=5e-10)
    assert new[1][0] == pytest.approx([0.149780716, 0.19956143], abs=5e-9)
    assert new[1][1] == pytest.approx([0.24975114, 0.29950229], abs=5e-9)
    assert document["label"] is None
    assert document["check"]["passes"]
    text = run(example).stdout
    assert "C = 1/2 |y - a³|^2 = 0.298371" in text
    assert table_of(text, "Fact 1")[0][1][:-1] == [0.751365, 0.01, 0.741365, 0.741365]


@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy", "log-likelihood"])
@pytest.mark.parametrize("y", ["0.01,0.3,0.69", "0,1,0", "1,0,0", "0.5,0.5,0"])
def test_every_derivative_of_an_example_of_ones_own_is_the_slope(run, cost, y):
    document = json.loads(
        run(f"explain --sizes 4-3-3 --cost {cost} --x 0.5,-1,2,0 --y {y} --check --json").stdout
    )
    assert document["check"]["passes"]
    assert document["check"]["compared_parameters"] == 27
    expected = y.split(",").index("1") if "1" in y.split(",") else None
    assert document["label"] == expected


def test_a_label_serves_an_example_of_ones_own(run):
    document = json.loads(run("explain --sizes 2-3 --x 1,0 --label 2 --json").stdout)
    assert document["y"]["values"] == [0, 0, 1]
    assert document["x"]["values"] == [1, 0]


def test_what_is_below_the_floor_says_so(run, by_hand):
    """An output of 1e-7 that should be 0: its square is far below the cost of the other output."""
    W = np.array([[0.0, 0.0], [0.0, 0.0]])
    save(Network([W], [np.array([0.5, -16.0])]), "tiny.npz", image_shape=(1, 2))
    options = "--checkpoint tiny.npz --x 1,1 --y 1,0"
    rows = [line.split() for line in run(f"explain {options}").stdout.splitlines()]
    (row,) = [row for row in rows if row[:3] == ["2", "1.125e-07", "0.000000"]]
    assert row[-1] == "tiny"
    assert any(row[:1] == ["1"] and "e-1" in row[-1] for row in rows)
    assert "tiny: d and c are both below" in run(f"explain {options} --check").stdout


def test_large_arrays_are_shown_as_digests(run, trained):
    text = run("explain --index 3").stdout
    W = trained.network.weights[0].astype(np.float64)
    numbers = [format_number(n) for n in (np.linalg.norm(W), W.min(), W.max())]
    assert f"        W² {' '.join(f'{n:>9}' for n in numbers)}\n" in text
    assert re.search(r"^z² = W² a¹ \+ b² +W² 30 x 64, b² 30$", text, re.M)
    assert re.search(r"^Fact 5   D_W² C = d_z² C ⊗ a¹ +30 x 64$", text, re.M)
    rows = table_of(text, "Fact 5 D_W² C")
    assert [label for label, _ in rows[:2]] == ["D_W² C", "ΔW²"]
    for label, (d_z, a, d, central, deviation, change) in rows[2:]:
        assert re.fullmatch(r"\d+, \d+", label)
        assert (d, change) == pytest.approx((d_z * a, -3 * d), rel=1e-2)
        assert d == central
        assert deviation < 1e-6
    assert len(rows) == 7
    assert re.search(r"^   largest +d_z² C +a¹ +D_W² C   central deviation", text, re.M)


def test_a_picture_is_read_as_predict_reads_it(run, trained, data):
    Image.fromarray(data[2][0]).resize((40, 40)).save("a.png")
    (answer,) = (json.loads(line) for line in run("predict --json a.png").stdout.splitlines())
    done = run("explain a.png --json")
    document = json.loads(done.stdout)
    outputs = document["feedforward"][-1]["a"]["values"]
    np.testing.assert_allclose(outputs, answer["outputs"], rtol=1e-4, atol=1e-6)
    assert document["image"] == "a.png"
    assert document["label"] == answer["prediction"]
    note = f"Without --label, the prediction, {document['label']}, counts as the correct class."
    assert note in done.stderr
    done = run("explain a.png --label 3 --json")
    assert json.loads(done.stdout)["label"] == 3
    assert "--label" not in done.stderr


def test_a_picture_is_explained_without_a_run_of_ones_own(run, data):
    Image.fromarray(data[2][0]).resize((40, 40)).save("a.png")
    done = run("explain a.png --check")
    assert done.stderr.startswith("Using the network that comes with mlp")
    assert "no checkpoint" in run("explain", status=1).stderr


ARRAY = {"shape", "values"}
DERIVATIVE = {*ARRAY, "fact", "compared", "central", "deviations", "largest_deviation"}


def test_the_json_document_has_what_the_readme_says(run):
    document = json.loads(run("explain --sizes 4-3-2 --json").stdout)
    assert list(document) == [
        *(
            "checkpoint",
            "seed",
            "index",
            "image",
            "label_name",
            "answer_name",
            "sizes",
            "activation",
            "cost",
        ),
        *("label", "answer", "eta", "x", "y", "feedforward", "C", "backpropagate", "check"),
    ]
    assert [layer["layer"] for layer in document["feedforward"]] == [2, 3]
    assert [layer["layer"] for layer in document["backpropagate"]] == [3, 2]
    for layer in document["feedforward"]:
        assert list(layer) == ["layer", "W", "b", "z", "a"]
        for name in "Wbza":
            assert set(layer[name]) == ARRAY
    for layer in document["backpropagate"]:
        assert list(layer) == [
            *("layer", "slope", "d_a", "d_z", "d_b", "D_W"),
            *("Delta_b", "Delta_W", "new_b", "new_W"),
        ]
        for name in ("d_a", "d_z", "d_b", "D_W"):
            assert set(layer[name]) == DERIVATIVE
            shape = tuple(layer[name]["shape"])
            for key in ("values", "central", "deviations"):
                assert np.shape(layer[name][key]) == shape
    assert document["check"] == {
        **document["check"],
        "parameters": 23,
        "compared_parameters": 23,
        "compared": 23 + 2 * 5,
        "incomparable": 0,
        "tolerance": 1e-6,
        "passes": True,
    }
    assert set(document["check"]["at"]) == {"name", "layer", "index"}


def test_the_json_document_of_a_check(run):
    document = json.loads(run("explain --sizes 40-3-2 --check --json").stdout)
    assert {(d["name"], d["layer"], d["fact"]) for d in document["derivatives"]} == {
        *(("d_a", 3, 1), ("d_z", 3, 2), ("d_b", 3, 3), ("D_W", 3, 5)),
        *(("d_a", 2, 6), ("d_z", 2, 2), ("d_b", 2, 3), ("D_W", 2, 5)),
    }
    by_name = {(d["name"], d["layer"]): d for d in document["derivatives"]}
    assert len(by_name["D_W", 3]["entries"]) == 6
    assert len(by_name["D_W", 2]["entries"]) == 5  # of 120, the worst
    deviations = [entry["deviation"] for entry in by_name["D_W", 2]["entries"]]
    assert deviations == sorted(deviations, reverse=True)
    assert deviations[0] == by_name["D_W", 2]["largest_deviation"]
    assert by_name["D_W", 2]["compared"] == 120
    assert document["check"]["passes"]


def test_json_has_no_numbers_that_are_none(run):
    """Sums of infinities: every number that is none is null, and the check fails."""
    huge = np.full((2, 2), 1.7e308)
    network = Network([huge, -huge], [np.zeros(2), np.zeros(2)])
    save(network, image_shape=(1, 2), activation="relu")
    image, label = np.array([[[255, 255]]], np.uint8), np.zeros(1, np.uint8)
    write_dataset(Path("data"), [image, label, image, label])

    def refuse(constant):
        raise AssertionError(constant)

    done = run("explain --checkpoint own.npz --check --json", status=1)
    assert not json.loads(done.stdout, parse_constant=refuse)["check"]["passes"]
    done = run("explain --checkpoint own.npz --json")
    assert (
        json.loads(done.stdout, parse_constant=refuse)["feedforward"][0]["z"]["values"][0] is None
    )
    assert "inf" in run("explain --checkpoint own.npz").stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--sizes 4", "'4' is not two or more numbers"),
        ("--sizes 4-0-2", "0 units, expected 1 to 1,000,000"),
        ("--sizes 4-2000000", "2,000,000 units, expected 1 to 1,000,000"),
        ("--sizes 4-x", "'4-x' is not two or more"),
        ("--sizes 4--2", "'4--2' is not two or more"),
        ("--sizes ", "'' is not two or more"),
        (f"--sizes 4-2 --checkpoint {FIRST}", "--sizes with --checkpoint"),
        ("--sizes 4-2 --index 0", "--sizes with --index"),
        ("--sizes 4-2 a.png", "--sizes with IMAGE"),
        ("--sizes 4-2 --label 2", "--label 2: the network has 2 outputs. Choose 0 to 1."),
        ("--sizes 4-2 --data-dir data", "--sizes with --data-dir"),
        ("--index 1 a.png", "IMAGE with --index"),
        ("--data-dir data a.png", "IMAGE with --data-dir"),
        ("--index 12", "--index 12: the test set holds 12 images. Choose 0 to 11."),
        ("--index 10000", "--index 10000: the test set holds 12 images. Choose 0 to 11."),
        ("--label 3", "--label with the test set"),
        ("--activation relu", "--activation without --sizes"),
        ("--cost quadratic", "--cost without --sizes"),
        ("--index -1", "-1 is not in the range"),
        ("--eta 0", "0.0 is not in the range"),
        ("--eta nan", "nan is not a finite number"),
        ("--seed -1", "-1 is not in the range"),
        ("--sizes 2-2 --x 1", "--x 1: 1 number, expected 2, one for each input of the network."),
        ("--sizes 2-2 --x 1,2", "--x without --y or --label"),
        ("--sizes 2-2 --x 1,2 --y 1", "--y 1: 1 number, expected 2, one for each output"),
        ("--sizes 2-2 --x 1,a --y 1", "'a' is not a number"),
        ("--sizes 2-2 --x 1,nan --y 1", "nan is not a finite number"),
        ("--sizes 2-2 --x 1, --y 1", "'' is not a number"),
        ("--sizes 2-2 --html a.html --json", "--html with --json: the page is a file of its own"),
        ("--sizes 2-2 --html a.html --check", "--html with --check: the page shows every step"),
        ("--sizes 2-2 --y 1,0", "--y without --x"),
        ("--sizes 2-2 --x 1,2 --y 1,0 --label 1", "--y with --label"),
        ("--x 1,2 --index 1", "--x with --index"),
        ("--x 1,2 a.png", "--x with IMAGE"),
        ("--x 1,2 --dataset mnist", "--x with --dataset"),
        ("--sizes 2-2 --cost cross-entropy --x 1,2 --y 1,2", "--y 1,2: expected numbers from 0"),
        ("--sizes 2-2 --cost log-likelihood --x 1,2 --y 1,1", "--y 1,1: adds up to 2, expected 1"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(run, trained, options, words):
    done = run(["explain", *options.split(" ")], status=2)
    assert words in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_a_data_folder_in_the_environment_does_not_disturb_a_new_network(run):
    text = run("explain --sizes 4-2").stdout
    assert run("explain --sizes 4-2", env={"MLP_DATA_DIR": "data"}).stdout == text


def test_a_picture_with_a_label_beyond_the_outputs_is_wrong_usage(run, trained, data):
    Image.fromarray(data[2][0]).save("a.png")
    assert (
        "--label 10: the network has 10 outputs" in run("explain a.png --label 10", status=2).stderr
    )


def test_what_is_not_there_is_said(run, trained):
    assert "Error: a.png: no such file" in run("explain a.png", status=1).stderr
    assert "none.npz: no such file" in run("explain --checkpoint none.npz", status=1).stderr
    for file in Path("data").iterdir():
        file.unlink()
    assert "no mnist here" in run("explain", status=1).stderr
    run("explain --sizes 4-3-2")


def test_too_large_a_network_for_the_memory_is_said(run):
    done = run("explain --sizes 1000000-1000000", status=1)
    assert done.stderr.startswith("Error: Not enough memory")


@pytest.mark.parametrize("has_symbols", [True, False])
@pytest.mark.parametrize("check", ["", "--check"])
@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy", "log-likelihood"])
def test_eighty_columns_are_enough(run, monkeypatch, has_symbols, check, cost):
    monkeypatch.setattr("mlp_cli.commands.explain.can_encode", lambda _: has_symbols)
    text = run(f"explain --sizes 12-10-3-2 --activation tanh --cost {cost} {check}").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii() != has_symbols
    assert ("d_z² C" if has_symbols else "d_z^2 C") in text
    headings = [line for line in text.splitlines() if line.endswith("central deviation")]
    assert headings
    for line in headings:  # they stand over their columns of ten characters
        assert len(line) % 10 == 0


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-8", "d_z² C"), ("ascii", "d_z^2 C"), ("latin-1", "d_z^2 C")]
)
def test_any_encoding_will_do(encoding, name):
    done = subprocess.run(
        [sys.executable, "-m", "mlp_cli", "explain", "--sizes", "2-2-1"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        timeout=60,
        check=True,
    )
    assert name in done.stdout.decode(encoding)


def test_symbols_have_an_ascii_spelling():
    assert in_ascii("d_a¹⁰ C = (W¹¹)ᵗ d_z¹¹ C") == "d_a^10 C = (W^11)^t d_z^11 C"
    assert in_ascii("ΔW² = -η D_W² C ⊗ a ⊙ σ'") == "Delta W^2 = -eta D_W^2 C (x) a * sigma'"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0.000000"), (-0.0, "0.000000"), (1.0, "1.000000"), (-0.09375, "-0.093750")),
        *((-12.3456789, "-12.34568"), (123456.789, "123456.79"), (1e7, "1.000e+07")),
        *((0.00012345, "1.234e-04"), (-0.00012345, "-1.23e-04"), (-1.5e-300, "-1.5e-300")),
        *((0.0009999999, "1.000e-03"), (float("inf"), "inf"), (float("nan"), "nan")),
    ],
)
def test_numbers_take_nine_characters(value, text):
    assert format_number(value) == text
    assert len(text) <= CELL
