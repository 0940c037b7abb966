"""--view as a setting of a run: what is learned, measured, predicted, explained and shown by it."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlp_cli.datasets.loading import Split
from mlp_cli.errors import CheckpointError, ExportError
from mlp_cli.exports.nielsen import write_nielsen
from mlp_cli.images import normalise, read_picture
from mlp_cli.learning.ahead import distort_epoch
from mlp_cli.learning.streams import spawn_streams
from mlp_cli.learning.views import view
from mlp_cli.measuring.evaluation import Evaluation
from mlp_cli.measuring.health import examine
from mlp_cli.nn.encoding import pixels_to_x
from mlp_cli.pages.findings import Findings
from mlp_cli.pages.report import render_report
from mlp_cli.runs import training
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.settings import Settings
from tests.makers import adopt_network, make_run, with_view, write_dataset
from tests.processes import contents

SHAPE = (10, 12)
PATH = Path("run.npz")
TRAIN = "train --validation 10 --batch-size 4 --checkpoint run.npz --epochs 2"
VIEWS = ["deslant", "width-8", "width-12"]


def leaning(count, seed):
    """Images of strokes that lean, one of three widths for each class, and their labels."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 3).astype(np.uint8)
    rows, columns = np.indices(SHAPE)
    images = np.zeros((count, *SHAPE), np.uint8)
    for image, label in zip(images, labels, strict=True):
        across = np.abs(columns - 6 + rng.uniform(-0.7, 0.7) * (rows - 4.5))
        image[(across <= label + 0.4) & (rows > 0) & (rows < 9)] = rng.integers(100, 255)
    return images, labels


@pytest.fixture(autouse=True)
def data(own_folder):
    arrays = [*leaning(60, 0), *leaning(30, 1)]
    write_dataset(Path("data"), arrays)
    return arrays


@pytest.fixture(params=VIEWS)
def trained(request, run):
    """A run by each view."""
    run(f"{TRAIN} --view {request.param}")
    return load_checkpoint(PATH)


def adopted(name, shape=(28, 28)):
    """The run of a random network that sees images by this view."""
    return with_view(adopt_network((shape[0] * shape[1], 5, 10), shape), name)


@pytest.mark.parametrize("option", ["--data-dir", "--dataset"])
def test_the_network_learns_from_images_by_the_view(run, data, option):
    """As from a dataset whose images were so from the beginning: the same bits."""
    for name in VIEWS:
        run(f"{TRAIN} --view {name} {option} ./data")
        seen = [view(data[0], name), data[1], view(data[2], name), data[3]]
        write_dataset(Path(f"seen-{name}"), seen)
        run(f"{TRAIN} {option} ./seen-{name}".replace("run.npz", "seen.npz"))
        with np.load(PATH) as ours, np.load("seen.npz") as theirs:
            for key in set(ours.files) - {"meta"}:
                np.testing.assert_array_equal(ours[key], theirs[key])
        one, other = load_checkpoint(PATH), load_checkpoint(Path("seen.npz"))
        assert one.settings.view == name
        assert one.test_accuracy == other.test_accuracy
        figures = ("cost", "validation_cost", "validation_accuracy")
        for ours, theirs in zip(one.history, other.history, strict=True):
            assert [ours[key] for key in figures] == [theirs[key] for key in figures]
        PATH.unlink()
        Path("seen.npz").unlink()


@pytest.mark.parametrize("name", VIEWS)
def test_the_network_learns_from_distorted_images_by_the_view(run, data, monkeypatch, name):
    """The distortion comes first: what it slants or shrinks, the view brings into its form.

    Strokes that both have made paler are restored.
    """
    learned, seed = {}, spawn_streams(0).augmentation

    class Spy(training.DistortedEpochs):
        def epoch_images(self, epoch):
            learned[epoch] = super().epoch_images(epoch).copy()
            return learned[epoch]

    monkeypatch.setattr(training, "DistortedEpochs", Spy)
    run(f"{TRAIN} --view {name} --distort elastic --distort-strength 0.5")
    for epoch in (1, 2):
        distorted = distort_epoch(data[0][:50], "elastic", 0.5, seed, epoch)
        seen = view(distorted, name)
        restored = np.clip((seen.astype(float) - 128) * 1.25 + 128, 0, 255)
        assert (seen != distorted).any()
        np.testing.assert_allclose(learned[epoch], restored, atol=0.5)


def test_signs_of_trouble_are_looked_for_in_images_by_the_view(run, data, monkeypatch):
    examined = []
    monkeypatch.setattr(
        training,
        "examine",
        lambda network, images, labels: examined.append(images) or examine(network, images, labels),
    )
    run(f"{TRAIN} --view deslant")
    for images in examined:
        np.testing.assert_array_equal(images, view(data[0][50:], "deslant"))
    assert examined


@pytest.mark.parametrize("more", ["", "--distort elastic", "--dataset ./data"])
def test_a_resumed_run_ends_in_the_same_bits(run, more):
    options = f"--view deslant --momentum 0.5 --eta 0.1 {more}"
    run(f"{TRAIN} {options}")
    run("train --resume --checkpoint run.npz --epochs 4")
    run(f"{TRAIN} {options} --epochs 4".replace("run.npz", "whole.npz"))
    assert contents(PATH) == contents("whole.npz")


def test_the_view_of_a_run_does_not_change(run, trained):
    name, before = trained.settings.view, PATH.read_bytes()
    done = run("train --resume --checkpoint run.npz --epochs 3 --view plain", status=2)
    assert f"run.npz: --view plain: the run to be resumed has {name}." in done.stderr
    assert PATH.read_bytes() == before
    run(f"train --resume --checkpoint run.npz --epochs 3 --view {name}")


def test_training_says_by_which_view(run, trained):
    done = run("train --resume --checkpoint run.npz")
    assert f"compiled engine, view {trained.settings.view}\n" in done.stderr.replace(
        "numpy engine", "compiled engine"
    )


@pytest.mark.parametrize("split", ["test", "validation", "train"])
def test_evaluate_sees_the_images_by_the_view(run, trained, data, split):
    images, labels = {
        "test": data[2:],
        "validation": (data[0][50:], data[1][50:]),
        "train": (data[0][:50], data[1][:50]),
    }[split]
    document = json.loads(run(f"evaluate --checkpoint run.npz --split {split} --json").stdout)
    seen = view(images, trained.settings.view)
    expected = Evaluation.of(trained.network, seen, labels)
    assert document["cost"] == pytest.approx(expected.cost, abs=1e-12)
    assert document["cost"] != Evaluation.of(trained.network, images, labels).cost
    if split == "test":
        assert document["accuracy"] == trained.test_accuracy
    if split == "validation":
        assert document["accuracy"] == trained.best_accuracy


def test_predict_sees_a_picture_by_the_view(run, trained, data):
    Image.fromarray(data[2][4]).save("4.png")
    document = json.loads(run("predict 4.png --raw --json --checkpoint run.npz").stdout)
    seen = view(data[2][4:5], trained.settings.view)
    np.testing.assert_allclose(document["outputs"], trained.network.outputs(seen)[0], atol=1e-6)
    assert document["outputs"] != trained.network.outputs(data[2][4:5])[0].tolist()


def test_explain_takes_an_example_by_the_view(run, trained, data):
    x = pixels_to_x(view(data[2][4:5], trained.settings.view), "float64")[0]
    document = json.loads(run("explain --checkpoint run.npz --index 4 --json").stdout)
    largest = {entry["index"][0] - 1: entry["value"] for entry in document["x"]["largest"]}
    assert largest
    assert all(x[index] == value for index, value in largest.items())
    assert document["x"]["norm"] == pytest.approx(np.linalg.norm(x), abs=1e-9)
    text = run("explain --checkpoint run.npz --index 4").stdout
    assert f"image 4 of mnist's test set, view {trained.settings.view}\n" in text


@pytest.mark.parametrize("name", VIEWS)
def test_explain_takes_a_picture_by_the_view(run, name):
    """By a network that answers otherwise where it sees the picture as it is."""
    picture = np.zeros((60, 60), np.uint8)
    for row in range(10, 50):
        picture[row, 45 - row // 2 : 52 - row // 2] = 255
    Image.fromarray(picture).save("a.png")
    normalised = normalise(read_picture(Path("a.png")), SHAPE)[None]
    seen = view(normalised, name)
    networks = (adopt_network((120, 5, 10), SHAPE, seed=seed, init="normal") for seed in range(100))
    chosen = next(
        each
        for each in networks
        if each.network.outputs(seen).argmax() != each.network.outputs(normalised).argmax()
    )
    with_view(chosen, name).save(PATH)
    document = json.loads(run("explain a.png --checkpoint run.npz --json").stdout)
    x = pixels_to_x(seen, "float64")[0]
    assert document["x"]["norm"] == pytest.approx(np.linalg.norm(x), abs=1e-9)
    assert document["label"] == chosen.network.outputs(seen).argmax()
    assert f"example     a.png, view {name}\n" in run("explain a.png --checkpoint run.npz").stdout


def test_the_report_shows_mistakes_as_the_network_sees_them(data):
    run = make_run(sizes=(120, 5, 3), image_shape=SHAPE, view="width-8")
    found = Findings.of("run.npz", run, Split(*data[2:]))
    seen = view(data[2], "width-8")
    assert found.evaluation.cost == Evaluation.of(run.network, seen, data[3]).cost
    assert found.mistakes
    for mistake in found.mistakes:
        np.testing.assert_array_equal(mistake.image, seen[mistake.index])
    page = render_report([found]).decode()
    assert "The images are as the network sees them (view width-8)." in page
    plain = Findings.of("run.npz", make_run(sizes=(120, 5, 3), image_shape=SHAPE), Split(*data[2:]))
    assert "as the network sees them" not in render_report([plain]).decode()


def test_a_checkpoint_of_an_earlier_version_sees_images_as_they_are(run):
    run(TRAIN)
    with np.load(PATH) as archive:
        arrays = dict(archive)
    meta = json.loads(arrays["meta"].item())
    assert meta.pop("view") == "plain"
    np.savez("old.npz", **arrays | {"meta": np.array(json.dumps(meta))})
    assert load_checkpoint(Path("old.npz")).settings.view == "plain"
    done = run("evaluate --checkpoint old.npz --json")
    assert json.loads(done.stdout)["accuracy"] == meta["test_accuracy"]


@pytest.mark.parametrize("name", ["width-7", "width-", "width-08", "slanted", "Deslant", "", "7"])
def test_a_name_that_is_no_view_is_refused(run, name):
    expected = "expected plain, deslant or width-N, with N from 8 to the width of an image."
    done = run(["train", "--view", name], status=2)
    assert f"{name!r} is no view, {expected}" in done.stderr
    Path("a.toml").write_text(f"view = {json.dumps(name)}")
    done = run("train --config a.toml", status=2)
    assert f"a.toml: view is {name!r}, {expected}" in done.stderr


def test_a_view_wider_than_the_images_is_refused_before_anything_is_kept(run):
    done = run(f"{TRAIN} --view width-13", status=2)
    assert "Error: --view width-13: the images are 12 pixels wide. Choose a wid" in done.stderr
    assert not PATH.exists()


@pytest.mark.parametrize("name", ["width-13", "width-7", "upside down", 7, None])
def test_a_checkpoint_with_no_possible_view_is_refused(name):
    run = adopted("plain", SHAPE)
    meta = json.loads(run.to_meta()) | {"view": name}
    with pytest.raises(CheckpointError, match=r"^meta: view is .*, expected "):
        Settings.from_meta(meta)


def test_a_small_checkpoint_keeps_the_view(run, trained):
    run("export --format small --checkpoint run.npz -o small.npz")
    assert load_checkpoint(Path("small.npz")).settings.view == trained.settings.view


def test_the_format_of_the_book_has_no_place_for_a_view():
    write_nielsen(adopted("plain"), BytesIO())
    with pytest.raises(
        ExportError, match=r"^view deslant: the format's readers see images as they"
    ):
        write_nielsen(adopted("deslant"), BytesIO())


def test_a_network_from_elsewhere_sees_images_as_they_are():
    assert Run.adopt(adopted("deslant").network, "mnist", None).settings.view == "plain"
