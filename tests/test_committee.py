"""Committees: the mean of their members' outputs, what is said of it, and what is refused."""

import json
import os
import shutil
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from mlp_cli.errors import CheckpointError, OptionError
from mlp_cli.exports.onnx import write_onnx
from mlp_cli.measuring.scores import Disagreements
from mlp_cli.nn.costs import mean_cost
from mlp_cli.runs import bundled, committee
from mlp_cli.runs.committee import Committee, average
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import adopt_network, make_arrays, make_run, write_dataset

UNLIKE = {
    "a.npz": "--hidden 20",
    "b.npz": "--hidden 12 --hidden 8 --cost cross-entropy --activation tanh --seed 1",
    "c.npz": "--hidden 5 --cost log-likelihood --dtype float64 --engine numpy --seed 2 --eta 0.3",
}
NAMES = list(UNLIKE)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three trained runs that differ in size, cost, activation, precision and engine."""
    from click.testing import CliRunner

    from mlp_cli.commands.shared.group import mlp

    folder, before = tmp_path_factory.mktemp("trained"), Path.cwd()
    os.chdir(folder)
    try:
        write_dataset(Path("data"))
        for name, options in UNLIKE.items():
            train = f"train --epochs 3 --validation 10 --batch-size 4 --checkpoint {name}"
            done = CliRunner().invoke(mlp, [*train.split(), *options.split()])
            assert done.exit_code == 0, done.output
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def members(files):
    """The three runs in this folder, with their data."""
    shutil.copytree(files, Path(), dirs_exist_ok=True)
    return [load_checkpoint(Path(name)) for name in NAMES]


@pytest.fixture
def images():
    return make_arrays()[2]


def options_for(*names):
    return [word for name in names for word in ("--checkpoint", str(name))]


def several(*names):
    return " ".join(options_for(*(names or NAMES)))


# outputs


def test_the_outputs_are_numpys_average_of_the_members(members, images):
    found = Committee.open([Path(name) for name in NAMES])
    alone = [run.network.outputs(images).astype(np.float64) for run in members]
    np.testing.assert_allclose(found.outputs(images), np.average(alone, axis=0), rtol=0, atol=1e-7)
    for one, other in zip(found.member_outputs(images), members, strict=True):
        assert one.tobytes() == other.network.outputs(images).tobytes()


def test_the_order_of_the_members_does_not_matter(members, images):
    one, other = (
        Committee.open([Path(name) for name in names]).outputs(images)
        for names in (NAMES, NAMES[::-1])
    )
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-15)


def test_a_committee_of_one_has_the_outputs_of_its_member_to_the_bit(members, images):
    found = Committee.open([Path("a.npz")]).outputs(images)
    assert found.dtype == np.float32
    assert found.tobytes() == members[0].network.outputs(images).tobytes()


def test_the_mean_of_many_small_numbers_is_taken_in_float64():
    arrays = [np.full((2, 3), 0.1, np.float32)] * 1000
    assert average(iter(arrays)) == pytest.approx(np.full((2, 3), np.float64(np.float32(0.1))))
    with pytest.raises(ValueError, match="no array"):
        average([])


def test_members_that_are_not_kept_are_read_again_and_read_the_same(members, images, monkeypatch):
    kept = Committee.open([Path(name) for name in NAMES]).outputs(images)
    monkeypatch.setattr(committee, "KEPT_BYTES", 0)
    read = []
    load = committee.load_trained
    monkeypatch.setattr(committee, "load_trained", lambda path: read.append(path) or load(path))
    again = Committee.open([Path(name) for name in NAMES])
    assert again.outputs(images).tobytes() == kept.tobytes()
    assert [path.name for path in read] == NAMES * 2


def test_no_member_keeps_the_state_that_only_resuming_needs(members):
    assert all(run.resume is None for run in Committee.open([Path("a.npz")]).runs())


def test_a_member_that_was_exchanged_meanwhile_is_refused(members, images, monkeypatch):
    monkeypatch.setattr(committee, "KEPT_BYTES", 0)
    found = Committee.open([Path("a.npz"), Path("b.npz")])
    adopt_network((64, 4, 3), (8, 8)).save(Path("b.npz"))
    with pytest.raises(CheckpointError, match=r"b\.npz: 3 classes, expected 10 as in a\.npz"):
        found.outputs(images)


# evaluate


def test_evaluate_prints_each_member_the_committee_and_what_they_disagree_on(run, members):
    text = run(f"evaluate {several()}").stdout
    lines = text.splitlines()
    assert lines[0] == "mnist, test images"
    assert [line.split()[0] for line in lines[1:4]] == NAMES
    for name, line in zip(NAMES, lines[1:4], strict=True):
        assert (
            run(f"evaluate --checkpoint {name}")
            .stdout.splitlines()[1]
            .endswith(line.removeprefix(name).strip())
        )
    assert lines[4:6] == ["", "committee of 3"]
    assert [line.split("  ")[0] for line in lines[6:10]] == [
        "accuracy", "interval", "mean cost", "disagree",
    ]  # fmt: skip
    assert lines[8].endswith(" (log-likelihood)")


def test_evaluates_document_has_the_committee_its_members_and_disagreements(run, members):
    document = json.loads(run(f"evaluate {several()} --json").stdout)
    alone = [json.loads(run(f"evaluate --checkpoint {name} --json").stdout) for name in NAMES]
    _, _, images, labels = make_arrays()
    outputs = np.average([run.network.outputs(images) for run in members], axis=0)
    predictions = outputs.argmax(axis=1)
    assert document["checkpoints"] == NAMES
    assert document["correct"] == (predictions == labels).sum()
    assert document["cost_function"] == "log-likelihood"
    correct_outputs = outputs[np.arange(len(labels)), labels]
    assert document["cost"] == pytest.approx(-np.log(correct_outputs).mean())
    keys = ("accuracy", "correct", "cost")
    assert document["members"] == [
        {"checkpoint": each["checkpoint"], **{key: each[key] for key in keys}} for each in alone
    ]
    votes = np.array([run.network.outputs(images).argmax(axis=1) for run in members])
    is_disputed = (votes != votes[0]).any(axis=0)
    assert is_disputed.any()
    assert document["disagreements"] == {
        "count": is_disputed.sum(),
        "share": is_disputed.mean(),
        "correct": (predictions == labels)[is_disputed].sum(),
    }
    own = {"checkpoints", "members", "cost_function", "disagreements"}
    assert document.keys() - own == alone[0].keys() - {"checkpoint"}


def test_members_of_one_cost_function_have_that_cost_together(run, members):
    run(f"train --epochs 1 --validation 10 --seed 3 --checkpoint d.npz {UNLIKE['a.npz']}")
    document = json.loads(run(f"evaluate {several('a.npz', 'd.npz')} --json").stdout)
    _, _, images, labels = make_arrays()
    outputs = Committee.open([Path("a.npz"), Path("d.npz")]).outputs(images)
    assert document["cost_function"] == "quadratic"
    assert document["cost"] == pytest.approx(mean_cost(outputs, labels, "quadratic"))
    # The cost is convex in the outputs: their mean costs no more than the members' mean.
    assert document["cost"] <= np.mean([member["cost"] for member in document["members"]])


def test_disagreements_are_counted_by_hand():
    """Four images; the members differ on the second and the fourth, the committee is right once."""
    members = [np.array([1, 2, 3, 4]), np.array([1, 5, 3, 4]), np.array([1, 2, 3, 0])]
    found = Disagreements.of(members, np.array([1, 2, 3, 4]), np.array([1, 2, 0, 9]))
    assert found == Disagreements(count=2, share=0.5, correct=1)


def test_a_committee_that_never_disagrees_has_nothing_to_be_right_on(run, members):
    shutil.copy("a.npz", "copy.npz")
    done = run(f"evaluate {several('a.npz', 'copy.npz')}")
    assert "disagree   0.00 % (0 / 12)\n" in done.stdout


def test_evaluate_draws_the_committees_confusion_matrix(run, members):
    run(f"evaluate {several()} --plot matrix.png")
    with Image.open("matrix.png") as matrix:
        assert matrix.width > 100


# which images


def test_members_that_hold_out_the_same_images_are_validated_on_them(run, members):
    document = json.loads(run(f"evaluate {several()} --split validation --json").stdout)
    assert document["examples"] == 10


@pytest.mark.parametrize("split", ["validation", "train"])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--validation 5", "the last 5"),
        ("--validation 10 --dataset data", "10 drawn with seed 0"),
        ("--validation 0", "none"),
    ],
)
def test_members_that_held_out_different_images_are_refused(run, members, split, options, words):
    run(f"train --epochs 1 {options} --checkpoint d.npz")
    done = run(f"evaluate {several('a.npz', 'd.npz')} --split {split}", status=2)
    assert (
        f"Error: --split {split}: the members held out different images "
        f"(a.npz: the last 10; d.npz: {words}). Choose --split test.\n"
    ) in done.stderr
    assert done.stdout == ""
    run(f"evaluate {several('a.npz', 'd.npz')}")


def test_drawn_sets_are_the_same_images_for_one_seed_alone(run, members):
    """Of a folder of one's own, the images held out are drawn by the seed."""
    train = "train --epochs 1 --validation 10 --dataset data"
    for name, options in (
        ("d.npz", "--seed 4 --hidden 5"),
        ("e.npz", "--seed 4 --hidden 6"),
        ("f.npz", "--seed 5"),
    ):
        run(f"{train} {options} --checkpoint {name}")
    done = run(f"evaluate {several('d.npz', 'e.npz')} --split validation")
    assert "validation images" in done.stdout
    done = run(f"evaluate {several('d.npz', 'f.npz')} --split validation", status=2)
    assert "(d.npz: 10 drawn with seed 4; f.npz: 10 drawn with seed 5)" in done.stderr


def test_members_of_other_data_are_named_and_evaluated_on_those_of_the_first(run, members):
    write_dataset(Path("mine"), make_arrays(seed=5))
    run("train --epochs 1 --validation 10 --dataset mine --checkpoint d.npz")
    done = run(f"evaluate {several('a.npz', 'd.npz')}")
    assert done.stderr == ("d.npz: The network was trained on mine, and is evaluated on mnist.\n")
    assert done.stdout.startswith("mnist, test images\n")
    done = run(f"evaluate {several('d.npz', 'a.npz')}")
    assert done.stderr == "a.npz: The network was trained on mnist, and is evaluated on mine.\n"
    done = run(f"evaluate {several('a.npz', 'b.npz')} --dataset mine")
    assert done.stderr == "The network was trained on mnist, and is evaluated on mine.\n"
    done = run(f"evaluate {several('a.npz', 'd.npz')} --split validation", status=2)
    assert "(a.npz: the last 10; d.npz: none)" in done.stderr


# predict


@pytest.fixture
def picture(images):
    Image.fromarray(images[0]).save("image.png")
    return images[:1]


def test_predict_has_the_mean_and_each_members_outputs(run, members, picture):
    document = json.loads(run(f"predict image.png --raw --json {several()}").stdout)
    alone = [
        json.loads(run(f"predict image.png --raw --json --checkpoint {name}").stdout)
        for name in NAMES
    ]
    assert document["outputs"] == pytest.approx(
        np.average([each["outputs"] for each in alone], axis=0), abs=1e-7
    )
    assert document["members"] == [
        {"checkpoint": name, "prediction": each["prediction"], "outputs": each["outputs"]}
        for name, each in zip(NAMES, alone, strict=True)
    ]
    assert "members" not in alone[0]
    assert document["prediction"] == int(np.argmax(document["outputs"]))


def constant(label, name):
    """A network that answers with one class, whatever it sees."""
    adopted = adopt_network((64, 4, 10), (8, 8))
    adopted.network.weights[-1][:] = 0
    adopted.network.biases[-1][:] = np.where(np.arange(10) == label, 4.0, -4.0)
    adopted.save(Path(name))


def test_predict_warns_where_members_disagree(run, picture):
    for name, label in (("a.npz", 7), ("b.npz", 1), ("c.npz", 7)):
        constant(label, name)
    done = run(f"predict image.png --raw {several()}")
    assert done.stdout.startswith("image.png: 7 (0.")
    assert "image.png: the members disagree: 2 of 3 read 7, 1 reads 1.\n" in done.stderr
    document = json.loads(run(f"predict image.png --raw --json {several()}").stdout)
    assert "the members disagree: 2 of 3 read 7, 1 reads 1" in document["warnings"]
    assert "disagree" not in run(f"predict image.png --raw {several('a.npz', 'c.npz')}").stderr


def test_an_unsure_committee_is_called_a_committee(run, picture):
    for label in range(3):
        constant(label, NAMES[label])
    done = run(f"predict image.png --raw {several()}")
    assert "the committee is unsure: no output reaches one half" in done.stderr
    assert "1 of 3 reads 0, 1 reads 1, 1 reads 2" in done.stderr


def test_predict_shows_the_mean(run, members, picture):
    shown = run(f"predict image.png --raw --show {several()}").stdout
    mean = Committee.open([Path(name) for name in NAMES]).outputs(picture)[0]
    assert f"{mean.max():.3f}" in shown.splitlines()[0]
    assert f"  {mean.max():.3f}\n" in "\n".join(shown.splitlines()[1:]) + "\n"


def test_classes_that_have_other_names_in_a_member_are_said(run, picture):
    constant(3, "a.npz")
    other = load_checkpoint(Path("a.npz"))
    replace(other, settings=replace(other.settings, dataset="fashion-mnist")).save(Path("b.npz"))
    done = run(f"predict image.png --raw {several('a.npz', 'b.npz')}")
    assert (
        "b.npz: was trained on fashion-mnist; the classes are named as in mnist.\n" in done.stderr
    )
    assert done.stdout.startswith("image.png: 3 (")


# export


def test_onnxruntime_answers_as_the_committee_does(run, members, images):
    run(f"export {several()} --format onnx -o all.onnx")
    session = onnxruntime.InferenceSession("all.onnx")
    (found,) = session.run(["outputs"], {"images": images})
    expected = Committee.open([Path(name) for name in NAMES]).outputs(images)
    assert found.dtype == np.float64  # of one member
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_a_model_of_float32_members_answers_in_float32(images):
    runs = [adopt_network((64, 5, 10), (8, 8), seed=seed) for seed in range(5)]
    file = BytesIO()
    write_onnx(runs[0], file, *runs[1:])
    session = onnxruntime.InferenceSession(file.getvalue())
    (found,) = session.run(None, {"images": images})
    assert found.dtype == runs[0].network.dtype
    expected = np.average([run.network.outputs(images) for run in runs], axis=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["nielsen", "csv", "small"])
def test_a_format_for_one_network_refuses_a_committee(run, members, kind):
    done = run(f"export {several()} --format {kind} -o out", status=2)
    assert (
        f"Error: --format {kind}: takes one network, and --checkpoint names 3. "
        "Name one, or choose --format html or onnx.\n"
    ) in done.stderr
    assert not Path("out").exists()


# what is refused


def test_other_images_or_classes_are_refused_with_both_files_and_values(run, members, picture):
    adopt_network((81, 4, 10), (9, 9)).save(Path("wide.npz"))
    adopt_network((64, 4, 3), (8, 8)).save(Path("three.npz"))
    for other, words in (
        ("wide.npz", "images of 9 x 9 pixels, expected 8 x 8"),
        ("three.npz", "3 classes, expected 10"),
    ):
        for command in ("evaluate", "predict image.png", "export --format onnx -o all.onnx"):
            done = run(f"{command} {several('a.npz', other)}", status=1)
            assert f"Error: {other}: {words} as in a.npz." in done.stderr
            assert len(done.stderr.splitlines()) == 1
            assert done.stdout == ""


def damaged(name):
    data = bytearray(Path(name).read_bytes())
    data[len(data) // 2] ^= 0xFF
    Path(name).write_bytes(data)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda name: damaged(name), "b.npz: "),
        (lambda name: Path(name).write_bytes(b""), "b.npz: "),
        (lambda name: Path(name).write_bytes(Path(name).read_bytes()[:-50]), "b.npz: "),
        (lambda name: Path(name).unlink(), "b.npz: no such file"),
        (lambda name: make_run(accuracies=()).save(Path(name)), "b.npz: has no epoch yet"),
    ],
    ids=["a byte", "empty", "cut", "missing", "no epoch"],
)
@pytest.mark.parametrize("order", [("a.npz", "b.npz"), ("b.npz", "a.npz")])
def test_a_member_that_cannot_be_used_is_named_before_anything_is_printed(
    run, members, picture, spoil, words, order
):
    spoil("b.npz")
    for command in ("evaluate", "evaluate --json", "predict image.png --json"):
        done = run(f"{command} {several(*order)}", status=1)
        assert f"Error: {words}" in done.stderr
        assert "a.npz" not in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize("other", ["a.npz", "./a.npz", "link.npz"])
def test_the_same_file_twice_is_refused(run, members, other):
    Path("link.npz").symlink_to("a.npz")
    done = run(f"evaluate {several('a.npz', 'b.npz', other)}", status=2)
    assert ": the same file twice. Name each member of a committee once.\n" in done.stderr
    with pytest.raises(OptionError):
        Committee.open([Path("a.npz"), Path(other)])


def test_a_hundred_members_are_one_committee(run, members, images):
    names = [f"{number}.npz" for number in range(100)]
    for name in names:
        shutil.copy("a.npz", name)
    document = json.loads(run(f"evaluate --json {several(*names)}").stdout)
    assert len(document["members"]) == 100
    assert document["accuracy"] == document["members"][0]["accuracy"]


# names of checkpoints


def test_bundled_and_newest_are_members_too(run, picture):
    write_dataset(Path("data"), make_arrays(shape=(28, 28)))
    run("train --epochs 1 --validation 10")
    first = Path("checkpoints/mnist-784-30-10-001.npz")
    done = run(f"evaluate --json {several('newest', 'bundled')}")
    assert json.loads(done.stdout)["checkpoints"] == [str(first), str(bundled.PATH)]
    assert done.stderr.splitlines()[:2] == [
        f"Using {first}, the newest.",
        "Using the network that comes with mlp (test accuracy 99.30 % on MNIST).",
    ]
    done = run(f"evaluate --json {several('newest', first)}", status=2)
    assert "the same file twice" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "inspect",
        "inspect --checkpoint",
        "predict image.png --checkpoint",
        "explain image.png --checkpoint",
        "export --format csv -o out.csv --checkpoint",
        "report --checkpoint",
        "evaluate --checkpoint",
    ],
)
def test_every_command_knows_bundled_and_newest(run, picture, command):
    done = run(f"{command} newest", status=1)
    assert "checkpoints: no checkpoint (.npz) here, expected one." in done.stderr
    write_dataset(Path("data"), make_arrays(shape=(28, 28)))
    run("train --epochs 1 --validation 10")
    assert (
        "Using checkpoints/mnist-784-30-10-001.npz, the newest.\n"
        in run(f"{command} newest").stderr
    )
    done = run(f"{command} bundled")
    said = "Using the network that comes with mlp (test accuracy 99.30 % on MNIST).\n"
    assert said in done.stderr
    assert said not in run(f"{command} bundled -q").stderr


def test_a_file_called_newest_is_named_by_its_folder(run, members):
    shutil.copy("a.npz", "newest")
    shutil.copy("b.npz", "bundled")
    for name in ("newest", "bundled"):
        document = json.loads(run(f"evaluate --json --checkpoint ./{name}").stdout)
        assert document["checkpoint"] == name
    assert "no checkpoint" in run("evaluate --checkpoint newest", status=1).stderr


def test_train_resumes_the_newest_by_its_name(run, members):
    train = "train --validation 10 --batch-size 4"
    done = run(f"{train} --epochs 1 --resume-or-start --checkpoint newest")
    first = "checkpoints/mnist-64-30-10-001.npz"
    assert f"checkpoint     {first}\n" in done.stdout
    for option in ("--resume", "--resume-or-start"):
        done = run(f"train --epochs 2 {option} --checkpoint newest")
        assert f"checkpoint     {first}\n" in done.stdout
    assert len(load_checkpoint(Path(first)).history) == 2
    done = run("train --resume --checkpoint bundled", status=1)
    assert "holds no state to resume from" in done.stderr


@pytest.mark.parametrize("name", ["newest", "bundled"])
@pytest.mark.parametrize("command", ["train", "train --print-config", "import own.json"])
def test_a_new_checkpoint_takes_no_name_of_one_that_is_there(run, name, command):
    done = run(f"{command} --checkpoint {name}", status=2)
    assert (
        f"Error: --checkpoint {name}: stands for a checkpoint that is there already, expected a "
        f"new file. Name another, or a file that is called so: ./{name}\n"
    ) in done.stderr
    assert not Path(name).exists()


# the environment


@pytest.mark.parametrize("command", ["evaluate --json", "predict image.png --raw --json"])
def test_a_path_with_blanks_in_the_environment_is_one_checkpoint(
    run, members, picture, command, monkeypatch
):
    Path("my runs").mkdir()
    variable = f"MLP_{command.split()[0].upper()}_CHECKPOINT"
    for name in ("my runs/the first.npz", "my runs/b.npz"):
        shutil.copy("a.npz", name)
        monkeypatch.setenv(variable, name)
        typed = run([*command.split(), "--checkpoint", name]).stdout
        assert run(command).stdout == typed


def test_several_in_the_environment_are_separated_like_folders(run, members, monkeypatch):
    Path("my runs").mkdir()
    shutil.copy("a.npz", "my runs/a b.npz")
    names = ["my runs/a b.npz", "b.npz", "~/c.npz"]
    monkeypatch.setenv("HOME", str(Path.cwd()))
    monkeypatch.setenv("MLP_EVALUATE_CHECKPOINT", os.pathsep.join(names))
    document = json.loads(run("evaluate --json").stdout)
    assert document["checkpoints"] == [*names[:2], str(Path.cwd() / "c.npz")]
    document = json.loads(run("evaluate --json --checkpoint b.npz").stdout)
    assert document["checkpoint"] == "b.npz"


def test_a_file_whose_own_name_has_the_separator_stays_one(run, members, monkeypatch):
    name = os.pathsep.join(["a", "b.npz"])
    shutil.copy("a.npz", name)
    monkeypatch.setenv("MLP_EVALUATE_CHECKPOINT", name)
    assert json.loads(run("evaluate --json").stdout)["checkpoint"] == name
