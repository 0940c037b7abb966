"""A network is judged by a fair sample of its data, and what is odd about them is said."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.datasets.holding_out import choose_validation, hold_out_sample
from mlp_cli.datasets.own.folder import OwnFolder
from mlp_cli.learning import ahead
from mlp_cli.learning.sgd import train_epochs
from mlp_cli.runs.fairness import hold_out_stream
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import make_arrays, make_settings, write_dataset

PATH = Path("run.npz")
TRAIN = f"train --dataset own --batch-size 4 --checkpoint {PATH}"


def sorted_arrays(train=1200, **options):
    """A dataset sorted by class, as a script makes one that goes from folder to folder."""
    images, labels, *test = make_arrays(train=train, test=100, **options)
    order = np.argsort(labels, kind="stable")
    return [images[order], labels[order], *test]


def hints(done):
    return [line for line in done.stderr.splitlines() if line.startswith("hint: ")]


def network_of(path):
    return [array.tobytes() for array in load_checkpoint(path).resume.network.parameters]


@pytest.fixture
def own():
    return write_dataset(Path("own"), sorted_arrays())


def test_a_set_sorted_by_class_is_validated_on_every_class(run, own):
    done = run(f"{TRAIN} --validation 200 --epochs 4 --patience 3")
    assert "1,000 training, 200 validation, 100 test images" in done.stderr
    assert hints(done) == []
    trained = load_checkpoint(PATH)
    assert trained.settings.held_out == "stratified"
    assert trained.best_accuracy > 0.9
    report = json.loads(run(f"evaluate --checkpoint {PATH} --split validation --json").stdout)
    assert [figure["examples"] for figure in report["per_class"]] == [20] * 10
    assert report["accuracy"] == trained.best_accuracy
    report = json.loads(run(f"evaluate --checkpoint {PATH} --split train --json").stdout)
    assert report["examples"] == 1000


def test_without_validation_a_good_network_is_not_blamed(run):
    """The first thousand images are of one class, of which it reads all but a few."""
    images, labels, *test = sorted_arrays(train=11_000)
    images[:1000:50] = images[-1]
    write_dataset(Path("own"), [images, labels, *test])
    assert hints(run(f"{TRAIN} --validation 0 --epochs 1")) == []


def test_of_a_named_dataset_the_last_images_are_held_out(run):
    images, labels, *test = sorted_arrays()
    write_dataset(Path("data/mnist"), [images, labels, *test])
    done = run("train --validation 60 --epochs 4 --batch-size 4 --checkpoint run.npz")
    assert load_checkpoint(PATH).settings.held_out == "last"
    report = json.loads(run("evaluate --checkpoint run.npz --split validation --json").stdout)
    assert [figure["examples"] for figure in report["per_class"]] == [0] * 9 + [60]
    first, *more = hints(done)
    assert first == (
        "hint: none of the 60 images held out is of 0, 1, 2, 3, 4, 5, 6, 7, 8: validation does "
        "not tell how well these are read. A sample of every class is held out with "
        "--dataset ./data/mnist"
    )
    assert more == []  # and eta is not blamed for a validation of one class
    assert hints(run("train --validation 100 --epochs 2 --dataset ./data/mnist")) == []


def test_a_run_from_before_resumes_with_the_images_that_it_held_out(run, own, monkeypatch):
    """The last ones, whatever folder they are in: the network is the same, to the bit."""
    with monkeypatch.context() as before:
        before.setattr(OwnFolder, "held_out", "last")
        for epochs in (2, 4):
            options = f"--validation 300 --epochs {epochs} --schedule halve-on-plateau"
            run(f"{TRAIN} {options}".replace("run.npz", f"{epochs}.npz"))
    with np.load("2.npz") as archive:
        arrays = dict(archive)
    meta = json.loads(arrays["meta"].item())
    del meta["held_out"]
    np.savez(PATH, **(arrays | {"meta": np.array(json.dumps(meta))}))
    run(f"train --resume --checkpoint {PATH} --epochs 4")
    assert network_of(PATH) == network_of("4.npz")
    accuracies = [
        [e["validation_accuracy"] for e in load_checkpoint(path).history]
        for path in (PATH, Path("4.npz"))
    ]
    assert accuracies[0] == accuracies[1]


@pytest.mark.parametrize("more", ["", "--distort shift", "--engine numpy --dropout 0.2"])
def test_a_run_that_stopped_holds_out_the_same_images_and_ends_in_the_same_network(run, own, more):
    options = f"--validation 200 --seed 5 {more}"
    run(f"{TRAIN} {options} --epochs 3".replace("run.npz", "whole.npz"))
    run(f"{TRAIN} {options} --epochs 1")
    run(f"train --resume --checkpoint {PATH} --epochs 3")
    assert network_of(PATH) == network_of("whole.npz")


@pytest.mark.parametrize("distort", ["none", "shift"])
def test_what_is_held_out_is_never_learnt_from_and_all_the_rest_is(run, monkeypatch, distort):
    """Every image has its own first pixel, up to 250 of them."""
    arrays = sorted_arrays(train=250)
    arrays[0][:, 0, 0] = np.arange(250)
    write_dataset(Path("own"), arrays, gzipped=False)
    seen, validated = [], []

    def spy(engine, images, labels, schedule, rng, validation, *, examples, **options):
        chosen = slice(None) if examples is None else examples
        if distort == "none":  # not copied: the set may be larger than memory
            assert not images.flags.owndata
            assert len(images) == 250
            seen.extend(images[chosen, 0, 0].tolist())
        assert len(labels[chosen]) == 200
        validated.extend(validation[0][:, 0, 0].tolist())
        return train_epochs(
            engine, images, labels, schedule, rng, validation, examples=examples, **options
        )

    def spy_on_distorted(self, images, *arguments):
        seen.extend(images[:, 0, 0].tolist())
        made(self, images, *arguments)

    made = ahead.DistortedEpochs.__init__
    monkeypatch.setattr(ahead.DistortedEpochs, "__init__", spy_on_distorted)
    monkeypatch.setattr("mlp_cli.runs.training.train_blocks", spy)
    run(f"{TRAIN} --validation 50 --epochs 1 --distort {distort}")
    assert sorted(seen + validated) == list(range(250))
    assert len(validated) == 50


def test_another_seed_holds_out_others(own):
    dataset = load_dataset("own", Path("data"))
    run_of = {}
    for seed in (0, 0, 1):
        stream = hold_out_stream(make_settings(held_out="stratified", seed=seed))
        run_of.setdefault(seed, []).append(dataset.divide(200, stream).held_out.tolist())
    assert run_of[0][0] == run_of[0][1] != run_of[1][0]


def test_a_class_of_one_image_keeps_it_although_rounding_took_most_from_it():
    """Of 4 in 7, each class of one is due 0.57, and the third 2.86."""
    labels = np.array([0, 1, 2, 2, 2, 2, 2], np.uint8)
    held_out = hold_out_sample(labels, 4, np.random.default_rng(0))
    assert labels[held_out].tolist() == [2, 2, 2, 2]


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=10).filter(lambda counts: sum(counts) > 1),
    st.data(),
)
def test_a_sample_has_the_classes_as_the_whole_has_them(counts, data):
    size = sum(counts)
    count = data.draw(st.integers(1, size - 1))
    labels = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    np.random.default_rng(7).shuffle(labels)
    held_out = hold_out_sample(labels, count, np.random.default_rng(0))
    assert len(held_out) == count
    assert (np.diff(held_out) > 0).all()
    found = np.bincount(labels[held_out], minlength=len(counts))
    present = sum(n > 0 for n in counts)
    if count <= size - present:  # every class keeps an image
        assert all(n > f for n, f in zip(counts, found, strict=True) if n)
    if count <= size // 2 and 1 not in counts:  # nothing is kept back for training
        for n, f in zip(counts, found, strict=True):
            assert abs(f - count * n / size) < 1


# What is odd about the data


HEALTHY = "--validation 200 --epochs 1"


def said(run, arrays, options=HEALTHY):
    write_dataset(Path("own"), arrays)
    PATH.unlink(missing_ok=True)
    return hints(run(f"{TRAIN} {options}"))


def test_nothing_is_said_about_data_like_any_other(run):
    assert said(run, sorted_arrays()) == []


def test_a_class_with_no_image_left_to_train_on_is_named(run):
    images, labels, *test = make_arrays(train=40)
    labels[:] = [*([0] * 30), *([4] * 6), *([7] * 4)]
    write_dataset(Path("data"), [images, labels, *test])
    done = run("train --epochs 1 --validation 10 --batch-size 4")
    assert hints(done)[0] == (
        "hint: no image of 4, 7 is left to train on: all of them are held out. "
        "A sample of every class is held out with --dataset ./data"
    )
    assert "left to train" not in run("train --epochs 1 --validation 10 --dataset ./data").stderr
    done = run("train --epochs 1 --validation 39 --dataset ./data")
    assert "Use a smaller --validation." in hints(done)[0]


def test_classes_of_which_none_is_held_out_are_named(run):
    (hint, *_) = said(run, sorted_arrays(), "--validation 4 --epochs 1")
    assert hint == (
        "hint: none of the 4 images held out is of 4, 5, 6, 7, 8, 9: validation does not tell how "
        "well these are read. Use a larger --validation."
    )


def test_classes_that_only_the_test_set_has_are_named(run):
    images, labels, *test = sorted_arrays(classes=8)
    test[1][:5] = [8, 9, 8, 9, 9]
    assert said(run, [images, labels, *test]) == [
        "hint: test images are of 8, 9, and no training image is. "
        "Add such images to the training set."
    ]


@pytest.mark.parametrize(("brightest", "factor"), [(1, 255), (15, 17), (63, 4)])
def test_images_that_were_scaled_are_named(run, brightest, factor):
    images, labels, *test = sorted_arrays()
    hint = said(run, [images // (255 // brightest), labels, *test], HEALTHY)[0]
    assert hint.startswith(f"hint: the brightest pixel is {brightest} of 255,")
    assert hint.endswith(f"Multiply the images by {factor}.")
    images[:-1] = 0
    images[-1, 0, 0] = 200  # seldom ink is not no ink
    assert not any("brightest" in line for line in said(run, [images, labels, *test], HEALTHY))


def test_black_images_are_named(run):
    images, labels, *test = sorted_arrays()
    assert said(run, [images * 0, labels, *test])[0].endswith("all images are black.")


def test_a_batch_larger_than_the_data_is_named(run):
    (hint, *_) = said(run, sorted_arrays(), f"{HEALTHY} --batch-size 1001")
    assert hint == (
        "hint: --batch-size 1001 is more than the 1,000 training images: an epoch is one update. "
        "Use a smaller --batch-size."
    )


def test_what_is_odd_is_said_before_the_first_epoch_and_not_again(run):
    images, labels, *test = sorted_arrays(classes=8)
    test[1][:5] = 9
    write_dataset(Path("own"), [images, labels, *test])
    lines = run(f"{TRAIN} {HEALTHY}").stderr.splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.startswith("hint: test images are of 9")]
    assert lines[at + 1].startswith("epoch 1/1")
    assert hints(run(f"train --resume --checkpoint {PATH} --epochs 2")) == []


# How many are held out where nobody says it


@pytest.mark.parametrize(
    ("size", "held_out"), [(60_000, 10_000), (124_800, 10_000), (200, 33), (60, 10), (59, 0)]
)
def test_a_sixth_is_held_out_unless_somebody_says_how_many(size, held_out):
    assert choose_validation(size) == held_out


def test_a_small_folder_trains_without_a_word_about_validation(run):
    write_dataset(Path("own"), make_arrays(train=72))
    done = run("train --dataset own --epochs 1")
    assert "60 training, 12 validation, 12 test images" in done.stderr
    write_dataset(Path("own"), make_arrays(train=24))
    done = run("train --dataset own --epochs 1")
    assert "24 training, 0 validation, 12 test images" in done.stderr
    assert (
        "--validation 24: the training set"
        in run("train --dataset own --epochs 1 --validation 24", status=2).stderr
    )


def test_patience_needs_images_held_out_however_few_there_are(run):
    write_dataset(Path("own"), make_arrays(train=50))
    done = run("train --dataset own --patience 2", status=2)
    assert "--patience 2: needs validation images" in done.stderr
