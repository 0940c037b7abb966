"""The network that comes with the program: small, of its preset, as good as it says."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlp_cli import load_dataset
from mlp_cli.learning.sgd import validate
from mlp_cli.runs import bundled
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import write_dataset

ROOT = Path(__file__).parents[1]


@pytest.fixture
def picture():
    """A 1 as one may draw it."""
    grey = np.full((40, 40), 255, np.uint8)
    grey[8:32, 18:22] = 0
    Image.fromarray(grey).save("image.png")


def test_it_is_small_and_says_how_it_is_made_again():
    assert bundled.PATH.stat().st_size <= 700_000
    preset = tomllib.loads((ROOT / "configs" / "handwriting.toml").read_text())
    settings = load_checkpoint(bundled.PATH).settings
    assert settings.options().items() >= {**preset, "seed": 0}.items()
    assert len(load_checkpoint(bundled.PATH).history) == preset["epochs"]


@pytest.mark.mnist
def test_its_accuracy_is_the_one_it_is_introduced_with(mnist_dir):
    data = load_dataset("mnist", mnist_dir)
    run = load_checkpoint(bundled.PATH)
    assert run.settings.fingerprint == data.fingerprint()
    correct = validate(run.network, data.test.images, data.test.labels).correct
    assert correct / len(data.test) == pytest.approx(bundled.TEST_ACCURACY, abs=0.0002)


def test_predict_works_before_any_training_and_says_with_what(run, picture):
    done = run("predict image.png")
    assert done.stdout.startswith("image.png: 1 (")
    assert done.stderr == (
        "Using the network that comes with mlp (test accuracy 99.30 % on MNIST).\n"
        "Train your own with: mlp train\n"
    )


def test_a_network_of_ones_own_comes_first(run, picture):
    write_dataset(Path("data"), None)
    run("train --epochs 1 --validation 10")
    done = run("predict image.png")
    assert done.stderr.startswith("Using checkpoints/mnist-64-30-10-001.npz, the newest.")


def test_nothing_else_takes_it_unasked(run):
    for command in ("evaluate", "train --resume", "inspect", "export --format csv -o a.csv"):
        assert "no checkpoint (.npz) here" in run(command, status=1).stderr


def test_it_is_never_trained_on(run):
    done = run(f"train --resume --checkpoint {bundled.PATH}", status=1)
    assert "holds no state to resume from" in done.stderr
