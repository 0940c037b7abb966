"""Small IDX files, datasets, pictures and runs for the tests."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from mlp_cli.datasets.files import FILES
from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.learner import NumpyEngine
from mlp_cli.learning.sgd import EpochResult
from mlp_cli.learning.update_rule import UpdateRule
from mlp_cli.nn.network import Network
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.settings import Settings
from mlp_cli.sweeps.rows import Row

TYPE_BYTES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array):
    """The IDX file of an array, as the format's description has it."""
    array = np.asarray(array)
    start = bytes([0, 0, TYPE_BYTES[array.dtype.str[1:]], array.ndim])
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return start + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def make_arrays(train=40, test=12, shape=(8, 8), classes=10, seed=0):
    """Images that a network can learn: each class is a bright row or column, plus noise."""
    rng = np.random.default_rng(seed)
    arrays = []
    for count in (train, test):
        labels = (np.arange(count) % classes).astype(np.uint8)
        images = rng.integers(0, 60, size=(count, *shape), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            if label < shape[0]:
                image[label] = 255
            else:
                image[:, label - shape[0]] = 255
        arrays += [images, labels]
    return arrays


def write_dataset(folder, arrays=None, dotted=False, gzipped=True):
    """The four files of a dataset in a folder; returns the arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = make_arrays() if arrays is None else arrays
    for stem, array in zip(FILES, arrays, strict=True):
        name = stem.replace("-idx", ".idx") if dotted else stem
        data = idx_bytes(array)
        if gzipped:
            name, data = f"{name}.gz", gzip.compress(data)
        (folder / name).write_bytes(data)
    return arrays


def draw_seven(mode="L", ink=0, ground=255, *, size=(200, 200), at=(60, 50), scale=1.0):
    """A 7 of two strokes, its box 80 x 100 pixels at scale 1."""
    picture = Image.new(mode, size, ground)
    x, y = at
    right, bottom = x + 80 * scale, y + 100 * scale
    points = [(x, y), (right, y), (x + 25 * scale, bottom)]
    ImageDraw.Draw(picture).line(points, fill=ink, width=max(1, round(12 * scale)))
    return picture


def draw_page(*lines, space=40, **options):
    """A page with so many 7s in each line, their boxes 80 x 100 pixels; returns the boxes too.

    Boxes are (left, top, right, bottom), in reading order.
    """
    size = (max(lines) * (80 + space) + space, len(lines) * (100 + space) + space)
    page = Image.new("L", size, 255)
    boxes = []
    for line, count in enumerate(lines):
        for k in range(count):
            x, y = space + k * (80 + space), space + line * (100 + space)
            seven = draw_seven(size=size, at=(x, y), **options)
            page = ImageChops.darker(page, seven)
            boxes.append((x, y, x + 80, y + 100))
    return page, boxes


def damage(data, whole):
    """These bytes with some of them changed, and possibly cut short, as Hypothesis draws it."""
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    return damaged[: data.draw(st.integers(1, len(damaged)))]


def make_network(sizes=(6, 5, 3), dtype=np.float64, **kinds):
    return Network.initialise(sizes, np.random.default_rng(0), dtype=dtype, **kinds)


def make_data(count, seed=1):
    """Images of 2 x 3 random pixels, and random labels of three classes."""
    rng = np.random.default_rng(seed)
    images = rng.integers(256, size=(count, 2, 3), dtype=np.uint8)
    return images, rng.integers(3, size=count).astype(np.uint8)


def odd_images(shape, seed=0):
    """Blobs, a frame, single pixels, faint ones, and nothing: what a view may stumble over."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (40, *shape), np.uint8)
    rows, columns = np.indices(shape)
    for image in images[:20]:  # random strokes with room around them
        image[np.abs(columns - shape[1] / 2 + (rows - 9) * rng.uniform(-1.5, 1.5)) > 2.5] = 0
        image[:3] = image[-3:] = 0
    images[20:26] = np.where(rng.random((6, *shape)) < 0.02, images[20:26], 0)
    images[26:30] = rng.integers(0, 3, (4, *shape), np.uint8)
    images[30:33] = 0
    images[31, -1, 0] = 1
    images[32, 4] = 255
    return images


def make_settings(**changes):
    values = {
        "dataset": "mnist",
        "data_dir": "data",
        "fingerprint": "0" * 64,
        "image_shape": (2, 3),
        "sizes": (6, 5, 3),
        "epochs": 30,
        "eta": 3.0,
        "batch_size": 10,
        "validation": 12,
        "seed": 0,
        "init": "scaled",
        "dtype": "float32",
    }
    return Settings(**(values | changes))


def make_dropout(p):
    """The same masks at each call; None without dropout."""
    return Dropout(p, np.random.default_rng(7)) if p else None


def adopt_network(sizes=(6, 5, 3), shape=(2, 3), seed=0, **options):
    """The run of a network that was not trained here."""
    network = Network.initialise(sizes, np.random.default_rng(seed), **options)
    return Run.adopt(network, "mnist", shape)


def with_view(run, view):
    """The same run, its network seeing images by a view."""
    return replace(run, settings=replace(run.settings, view=view))


def make_run(accuracies=(0.5, 0.75, 0.25), costs=None, **changes):
    """A run whose epochs had these validation accuracies, each epoch with its own parameters.

    costs: their validation costs; without, they are not known.
    """
    settings = make_settings(**changes)
    rng = np.random.default_rng(0)
    network = Network.initialise(settings.sizes, rng, dtype=settings.dtype)
    engine = NumpyEngine(network, settings.batch_size, UpdateRule(settings.momentum))
    run = Run.begin(settings, engine, rng)
    for epoch, accuracy in enumerate(accuracies, start=1):
        network.biases[0][:] = epoch
        for velocity in engine.velocities:
            velocity[:] = epoch
        rng.random()
        run.record(
            EpochResult(
                epoch=epoch,
                eta=settings.eta,
                cost=0.5 / epoch,
                validation_correct=None if accuracy is None else int(12 * accuracy),
                validation_accuracy=accuracy,
                seconds=0.25,
                validation_cost=costs[epoch - 1] if costs else None,
            ),
            engine,
            rng,
        )
    return run


def make_row(settings, accuracies, **changes):
    """A row of a sweep whose seeds, from 0, had these validation accuracies, in five epochs."""
    count = len(accuracies)
    begun = [accuracy is not None for accuracy in accuracies]
    values = {
        "settings": settings,
        "seeds": tuple(range(count)),
        "validation_accuracy": tuple(accuracies),
        "cost": tuple(None if a is None else (1 - a) / 2 for a in accuracies),
        "best_epoch": tuple(4 * b for b in begun),
        "epochs": tuple(5 * b for b in begun),
        "seconds": tuple(1.5 * b for b in begun),
        "checkpoints": tuple(Path("sweep", f"run-{n:03}.npz") for n in range(1, count + 1)),
    }
    return Row(**(values | changes))
