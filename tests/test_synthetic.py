"""The drawn digits: their form, their variety, and how they are kept."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mlp_cli import load_dataset
from mlp_cli.commands.shared.group import mlp
from mlp_cli.datasets.catalogue import CATALOGUE
from mlp_cli.datasets.drawn.drawing import choose_styles, draw_digits, draw_styles
from mlp_cli.datasets.drawn.source import Drawn
from mlp_cli.datasets.drawn.strokes import POINTS_A_STYLE, STYLES, trace
from mlp_cli.datasets.drawn.synthetic import DigitSet
from mlp_cli.datasets.files import FILES
from mlp_cli.datasets.idx import read_idx
from mlp_cli.datasets.steps import Received, Started
from mlp_cli.errors import DataAccessError, DataError
from mlp_cli.images.placing import has_mnist_form
from mlp_cli.learning.sgd import sgd, validate
from mlp_cli.nn.network import Network

FOLDER = Path("data/synthetic")
FORCE = "mlp download --dataset synthetic --data-dir data --force"
TRAINING, TEST = DigitSet("train", 60_000, 1000), DigitSet("t10k", 10_000, 1000)


@pytest.fixture
def small(monkeypatch):
    """A few digits instead of the 70,000, by the same name."""
    few = Drawn(name="synthetic", training_images=400, test_images=200, block=200)
    monkeypatch.setitem(CATALOGUE, few.name, few)
    return few


@pytest.fixture(scope="module")
def digits():
    return draw_digits(np.arange(2000) % 10, np.random.default_rng(3))


def digits_in(steps):
    """How many images these steps wrote."""
    return sum(step.count for step in steps if isinstance(step, Received)) // (28 * 28)


def run(command, status=0):
    done = CliRunner().invoke(mlp, command.split(), prog_name="mlp")
    assert done.exit_code == status, done.output
    return done


def kept():
    return {path.name: path.read_bytes() for path in FOLDER.iterdir()}


# the digits


def test_a_seed_draws_the_same_digits_and_another_seed_others(digits):
    labels = np.arange(2000) % 10
    np.testing.assert_array_equal(draw_digits(labels, np.random.default_rng(3)), digits)
    assert (draw_digits(labels, np.random.default_rng(4)) != digits).any(axis=(1, 2)).all()


def test_blocks_and_sets_are_drawn_from_streams_of_their_own():
    train = DigitSet("train", 400, 200)
    np.testing.assert_array_equal(list(train.blocks()), [train.draw(0), train.draw(200)])
    first_numbers = [
        digits.stream(start).random()
        for digits in (TRAINING, TEST)
        for start in range(0, digits.count, digits.block)
    ]
    assert len(set(first_numbers)) == 70


def test_there_are_as_many_of_each_digit_in_no_order():
    drawn = CATALOGUE["synthetic"]
    assert (drawn.training_images, drawn.test_images) == (TRAINING.count, TEST.count)
    for digits in (TRAINING, TEST):
        labels = digits.labels()
        np.testing.assert_array_equal(np.bincount(labels), 10 * [digits.count // 10])
        # The images held out of training are the last ones.
        assert np.bincount(labels[-10_000:], minlength=10).min() > 850
        assert (labels[:100] != labels[100:200]).any()


def test_images_have_the_normal_form_of_mnist(digits):
    assert digits.shape == (2000, 28, 28)
    assert digits.dtype == np.uint8
    # By the rule that recognises a user's picture which has the form already.
    has_form = [has_mnist_form(image.astype(float), (28, 28)) for image in digits]
    assert np.mean(has_form) > 0.99


def test_grey_levels_are_spread_as_in_mnist(digits):
    """There 81 % of the pixels are black, 6 % white or nearly, and every image has white ones."""
    assert np.mean(digits == 0) == pytest.approx(0.81, abs=0.02)
    assert np.mean(digits >= 250) == pytest.approx(0.06, abs=0.015)
    assert np.mean(digits.max(axis=(1, 2)) == 255) > 0.98


# the styles


def test_styles_are_as_frequent_as_the_table_says():
    styles = choose_styles(TRAINING.labels(), np.random.default_rng(0))
    counts = np.bincount(styles, minlength=len(STYLES))
    for digit in range(10):
        own = [s for s, style in enumerate(STYLES) if style.digit == digit]
        expected = np.array([STYLES[s].frequency for s in own])
        np.testing.assert_allclose(counts[own] / 6000, expected / expected.sum(), atol=0.03)
    assert counts.min() > 0


class Steady:
    """A hand that does nothing to the strokes."""

    def standard_normal(self, shape, dtype):
        return np.zeros(shape, dtype)

    random = standard_normal


def test_no_two_styles_look_alike():
    images = draw_styles(np.arange(len(STYLES)), Steady()).astype(int)
    apart = np.abs(images[:, None] - images).mean(axis=(2, 3))
    np.fill_diagonal(apart, 255)
    assert apart.min() > 4
    names = [(style.digit, style.name) for style in STYLES]
    assert len(set(names)) == len(names)


def test_curves_pass_every_point_of_the_table_and_lift_the_pen():
    curves = trace()
    points = curves.basis @ curves.controls
    assert points.shape == (len(STYLES), POINTS_A_STYLE, 2)
    for s, style in enumerate(STYLES):
        strokes = style.strokes.split("|")
        for word in style.strokes.replace("|", " ").split():
            target = np.array(word.rstrip("!").split(","), float) / 100
            assert np.linalg.norm(points[s] - target, axis=1).min() < 0.05, (style, word)
        assert np.count_nonzero(~curves.joined[s]) == len(strokes) - 1
        steps = np.linalg.norm(np.diff(points[s], axis=0), axis=1)[curves.joined[s]]
        assert steps.max() < 0.1, style
        assert np.isclose(curves.basis[s].sum(axis=1), 1, atol=1e-5).all()


def test_the_line_is_straight_right_up_to_a_corner():
    (s,) = (s for s, style in enumerate(STYLES) if (style.digit, style.name) == (1, "with serif"))
    x, y = (trace().basis[s] @ trace().controls[s]).T
    corner = y.argmin()
    assert (x[corner], y[corner]) == pytest.approx((0.2, 0), abs=0.02)
    np.testing.assert_allclose(x[corner + 1 :], 0.2, atol=1e-6)
    np.testing.assert_allclose(x[:corner] / 0.2, 1 - y[:corner] / 0.18, atol=1e-5)


def test_a_network_trained_on_some_reads_others():
    rng = np.random.default_rng(0)
    labels = (np.arange(6000) % 10).astype(np.uint8)
    images = draw_digits(labels, rng)
    network = Network.initialise((784, 30, 10), rng)
    for _ in sgd(network, images[1000:], labels[1000:], epochs=6, eta=3.0, batch_size=10, rng=rng):
        pass
    assert validate(network, images[:1000], labels[:1000]).correct > 800


# how they are kept


def test_kept_digits_are_the_drawn_ones(small):
    drawn = load_dataset("synthetic", Path("data"))
    assert not Path("data").exists()
    assert digits_in(small.bring(Path("data"))) == 600
    assert sorted(kept()) == sorted(FILES)
    read = load_dataset("synthetic", Path("data"))
    assert read.folder == FOLDER
    assert read.fingerprint() == drawn.fingerprint()
    assert (len(read.train), len(read.test), read.image_shape) == (400, 200, (28, 28))


def test_the_steps_of_drawing_count_the_bytes_of_the_images(small):
    sizes, counts = {}, {}
    for step in small.bring(Path("data")):
        if isinstance(step, Started):
            file = step.file
            sizes[file], counts[file] = step.size, 0
        else:
            counts[file] += step.count
    assert sizes == counts == {name: len(data) for name, data in kept().items() if "images" in name}


def test_kept_digits_are_used_again(small):
    list(small.bring(Path("data")))
    before = {path: path.stat().st_mtime_ns for path in FOLDER.iterdir()}
    assert list(small.bring(Path("data"))) == []
    assert {path: path.stat().st_mtime_ns for path in FOLDER.iterdir()} == before


def test_interrupted_drawing_leaves_complete_files_and_resumes(small):
    steps = small.bring(Path("data"))
    while digits_in([next(steps)]) < 200:
        pass
    steps.close()
    assert [path.name for path in FOLDER.iterdir()] == ["train-labels-idx1-ubyte"]
    assert not small.is_there(Path("data"))
    list(small.bring(Path("data")))
    load_dataset("synthetic", Path("data"))
    (FOLDER / FILES[2]).unlink()
    assert digits_in(small.bring(Path("data"))) == 200


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def overwrite(path):
    path.write_bytes(b"<html>")


def swap(path):
    data = bytearray(path.read_bytes())
    data[16:] = data[16:][::-1]
    path.write_bytes(data)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [cut, overwrite, swap])
def test_other_files_are_refused_and_can_be_drawn_anew(small, name, damage):
    list(small.bring(Path("data")))
    intact = kept()
    damage(FOLDER / name)
    with pytest.raises(DataError) as error:
        load_dataset("synthetic", Path("data"))
    assert str(error.value).startswith(f"data/synthetic/{name}: ")
    assert str(error.value).endswith(f"\nReplace all four files by newly drawn ones with: {FORCE}")
    assert FORCE in run(TRAIN, status=1).stderr
    run(FORCE.removeprefix("mlp "))
    assert kept() == intact


def test_a_kept_file_without_permission_is_no_reason_to_draw_it_anew(small, unprivileged):
    list(small.bring(Path("data")))
    (FOLDER / FILES[0]).chmod(0)
    with (
        unprivileged(),
        pytest.raises(DataAccessError, match=f"{FILES[0]}: cannot be read") as error,
    ):
        small.load(Path("data"))
    assert FORCE not in str(error.value)


def test_another_processors_rounding_is_no_reason_to_refuse(small):
    list(small.bring(Path("data")))
    path = FOLDER / FILES[0]
    data = np.frombuffer(path.read_bytes(), np.uint8).copy()
    grey = (data[16:] > 0) & (data[16:] < 255)
    assert grey.any()
    data[16:][grey] += 1
    path.write_bytes(data.tobytes())
    images = load_dataset("synthetic", Path("data")).train.images
    np.testing.assert_array_equal(images.ravel(), data[16:])


def test_ones_own_files_in_the_data_folder_are_not_taken_for_the_drawn_ones(small):
    list(small.bring(Path("elsewhere")))
    Path("elsewhere/synthetic").rename("data")
    (Path("data") / FILES[1]).unlink()
    assert load_dataset("synthetic", Path("data")).folder == FOLDER
    assert load_dataset("synthetic", Path("data")).fingerprint() == small.load(Path()).fingerprint()
    assert not FOLDER.exists()


def test_two_processes_draw_at_once():
    code = (
        "from pathlib import Path; from mlp_cli.datasets.drawn.source import Drawn;"
        "few = Drawn(name='synthetic', training_images=4000, test_images=1000);"
        "list(few.bring(Path('data'))); few.load(Path('data'))"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert sorted(kept()) == sorted(FILES)
    images = read_idx(FOLDER / FILES[0])
    np.testing.assert_array_equal(
        images, np.concatenate(list(DigitSet("train", 4000, 1000).blocks()))
    )


def test_a_folder_that_cannot_be_written_is_found_before_drawing(small):
    Path("data").touch()
    with pytest.raises(DataAccessError, match=r"^data/synthetic: cannot be written \(Not a dir"):
        next(small.bring(Path("data")))


# the commands

TRAIN = "train --dataset synthetic --epochs 1 --validation 100"


def test_train_draws_once_and_finds_it_the_next_time(small):
    done = run(TRAIN)
    assert "synthetic is not in data: drawing it into data/synthetic\n" in done.stderr
    assert "synthetic from data/synthetic: 300 training, " in done.stderr
    assert "drawing" not in run(TRAIN).stderr
    assert Path("checkpoints/synthetic-784-30-10-002.npz").exists()
    assert json.loads(run("evaluate --json").stdout)["dataset"] == "synthetic"


def test_evaluate_draws_them_where_they_are_not_kept(small):
    accuracy = json.loads((run(TRAIN) and run("evaluate --json")).stdout)["accuracy"]
    Path("data").rename("moved")
    assert json.loads(run("evaluate --json").stdout)["accuracy"] == accuracy
    assert not Path("data").exists()


def test_evaluate_prefers_a_folder_where_they_are_kept_to_drawing_them(small, monkeypatch):
    run(f"{TRAIN} --data-dir other")
    Path("other").rename("data")
    monkeypatch.setattr(
        DigitSet, "draw_all", lambda digits: pytest.fail(f"{digits.name} drawn anew")
    )
    run("evaluate")


def test_train_needs_no_place_to_keep_them(small, unprivileged):
    run(f"{TRAIN} --data-dir other")  # loads what there is to load while root may
    shutil.rmtree("checkpoints")
    Path("data").mkdir(mode=0o500)
    with unprivileged():
        done = run(TRAIN)
    assert "data/synthetic: cannot be written (Permission denied)." in done.stderr
    assert "The digits are drawn for this run alone.\n" in done.stderr
    assert "test accuracy" in done.stdout


def test_download_draws_the_synthetic_dataset(small):
    said = "synthetic is in data/synthetic: drawn, not fetched.\n"
    assert run("download --dataset synthetic").stdout == said
    assert len(kept()) == 4
    Path("stick").mkdir()
    for option in ("--from stick", "--verify"):
        done = run(f"download --dataset synthetic {option}", status=2)
        assert "synthetic is drawn, not fetched: leave out --mirror" in done.stderr


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("hidden", [30, 100])
def test_a_network_trained_on_drawn_digits_reads_mnist(mnist_dir, hidden):
    run(f"train --dataset synthetic --hidden {hidden}")
    from mlp_cli.runs.reading import load_checkpoint

    network = load_checkpoint(Path(f"checkpoints/synthetic-784-{hidden}-10-001.npz")).network
    test = load_dataset("mnist", mnist_dir).test
    assert validate(network, test.images, test.labels).correct >= 8500
