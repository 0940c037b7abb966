"""Arrays from outside: each is checked once, at whichever door it comes in."""

import re

import numpy as np
import pytest

from mlp_cli import normalise, read_picture
from mlp_cli.errors import DataError, MlpError, ShapeError
from mlp_cli.learning.sgd import sgd
from mlp_cli.measuring.evaluation import Evaluation
from mlp_cli.nn.checks import to_grey_levels
from mlp_cli.nn.network import Network
from tests.makers import adopt_network, draw_seven, make_data, make_network

IMAGES, LABELS = make_data(20)
X = IMAGES / np.float32(255)
RAW = X * np.float32(0.999)  # no grey levels: x in another spelling would be bytes again

WRONG_IMAGES = {
    "whole numbers of 64 bits": (IMAGES.astype(np.int64), DataError, "int64, expected uint8"),
    "numbers below 0": (IMAGES.astype(int) - 3, DataError, "They go from -"),
    "truth values": (IMAGES > 9, DataError, "bool, expected uint8"),
    "objects": (IMAGES.astype(object), DataError, "object, expected uint8"),
    "text": (IMAGES.astype(str), DataError, "expected uint8"),
    "complex numbers": (X.astype(complex), DataError, "complex128, expected uint8"),
    "grey levels as floats": (IMAGES.astype(float), DataError, "Divide them by 255"),
    "floats below 0": (X - 0.5, DataError, r"floats from -0.* to .*, expected x from 0 to 1"),
    "floats far above": (X * 1000, DataError, "expected x from 0 to 1.\nScale them"),
    "no number": (np.where(X.max() == X, np.nan, X), DataError, r"nan at index \(\d+, \d, \d\)"),
    "infinity": (np.where(X.max() == X, np.inf, X), DataError, r"inf at index \(\d+, \d, \d\)"),
    "a list of lists": (IMAGES.tolist(), DataError, "int64, expected uint8"),
    "lists of unlike lengths": ([[1, 2], [3]], DataError, "no array can be made of it"),
    "other pixels": (IMAGES[:, :1], ShapeError, "3 pixels each; expected 6"),
    "an axis of channels": (IMAGES[..., None], ShapeError, "Leave out the last axis"),
    "one image alone": (IMAGES[0, 0], ShapeError, r"shape \(3,\), expected \(n, rows, columns\)"),
    "no pixels": (IMAGES[:, :, :0], ShapeError, r"shape \(20, 2, 0\)"),
    "None": (None, DataError, "object, expected uint8|shape"),
}  # fmt: skip
WRONG_LABELS = {
    "a label beyond the outputs": (LABELS + 1, DataError, "3 at index .*, expected 0 to 2"),
    "a label below 0": (LABELS.astype(int) - 1, DataError, "-1 at index .*, expected 0 to 2"),
    "a label that a byte would wrap": (LABELS.astype(int) + 256, DataError, "expected 0 to 2"),
    "floats": (LABELS.astype(float), DataError, "float64, expected whole numbers"),
    "truth values": (LABELS > 0, DataError, "bool, expected whole numbers"),
    "text": (LABELS.astype(str), DataError, "expected whole numbers"),
    "objects": (LABELS.astype(object), DataError, "object, expected whole numbers"),
    "one-hot rows": (np.eye(3)[LABELS], ShapeError, "Of one-hot rows take labels.argmax"),
    "a column": (LABELS[:, None], ShapeError, r"Take labels\[:, 0\]"),
    "too few": (LABELS[:-1], ShapeError, "19, expected 20, one for each of images"),
    "too many": (np.append(LABELS, 0), ShapeError, "21, expected 20"),
}
SAME = {
    "floats that are whole grey levels": X,
    "float64": IMAGES / 255,
    "pixels in a row": IMAGES.reshape(20, 6),
    "in Fortran order": np.asfortranarray(IMAGES),
    "every second of more": np.repeat(IMAGES, 2, axis=0)[::2],
    "read-only": np.frombuffer(IMAGES.tobytes(), np.uint8).reshape(IMAGES.shape),
    "bytes in the other order": X.astype(X.dtype.newbyteorder()),
    "a list of floats": X.astype(float).tolist(),
}


def learn(images=IMAGES, labels=LABELS, **options):
    network = make_network(dtype=np.float64)
    settings = {"epochs": 2, "eta": 3.0, "batch_size": 4, "rng": np.random.default_rng(0)}
    return network, list(sgd(network, images, labels, **(settings | options)))


def evaluate(images, labels):
    return Evaluation.of(make_network(), images, labels)


IMAGE_DOORS = {
    "Network.outputs": lambda images: make_network().outputs(images),
    "Run.outputs": lambda images: adopt_network().outputs(images),
    "sgd": learn,
    "validation of sgd": lambda images: learn(validation=(images, LABELS)),
    "Evaluation.of": lambda images: evaluate(images, LABELS),
}
LABEL_DOORS = {
    "sgd": lambda labels: learn(labels=labels),
    "validation of sgd": lambda labels: learn(validation=(IMAGES, labels)),
    "Evaluation.of": lambda labels: evaluate(IMAGES, labels),
}


@pytest.mark.parametrize("wrong", WRONG_IMAGES)
@pytest.mark.parametrize("door", IMAGE_DOORS)
def test_wrong_images_are_refused_at_every_door(door, wrong):
    images, kind, message = WRONG_IMAGES[wrong]
    with pytest.raises(MlpError) as caught:
        IMAGE_DOORS[door](images)
    assert type(caught.value) in (kind, ShapeError if "|" in message else kind)
    assert re.search(message, str(caught.value)), caught.value


@pytest.mark.parametrize("wrong", WRONG_LABELS)
@pytest.mark.parametrize("door", LABEL_DOORS)
def test_wrong_labels_are_refused_at_every_door(door, wrong):
    labels, kind, message = WRONG_LABELS[wrong]
    name = "validation labels" if door.startswith("validation") else "labels"
    with pytest.raises(kind, match=f"^{name}: ") as caught:
        LABEL_DOORS[door](labels)
    assert re.search(message.replace("of images", "of (validation )?images"), str(caught.value))


@pytest.mark.parametrize("spelling", SAME)
def test_images_in_any_spelling_are_the_same_images(spelling):
    images = SAME[spelling]
    expected, found = make_network().outputs(IMAGES), make_network().outputs(images)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)
    (one, results), (other, expected_results) = learn(images), learn()
    assert results[-1].cost == pytest.approx(expected_results[-1].cost, rel=1e-6)
    for W, expected_W in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(W, expected_W, rtol=0, atol=1e-6)


def test_floats_from_0_to_1_are_not_divided_again():
    np.testing.assert_array_equal(
        make_network().outputs(RAW),
        make_network().feedforward(RAW.reshape(20, 6).astype(np.float64))[-1],
    )


@pytest.mark.parametrize("labels", [LABELS.tolist(), LABELS.astype(np.int64), LABELS.astype(">i2")])
def test_labels_of_any_whole_numbers_are_the_same_labels(labels):
    assert learn(labels=labels)[0].weights[0].tobytes() == learn()[0].weights[0].tobytes()


def test_the_caller_keeps_its_arrays():
    images, labels = RAW.copy(), LABELS.astype(np.int64)
    learn(images, labels)
    assert images.tobytes() == RAW.tobytes()
    assert labels.tolist() == LABELS.tolist()


def test_no_image_gives_no_output():
    assert make_network().outputs(IMAGES[:0]).shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_grey_level_is_found_again_in_its_x(dtype):
    levels = np.arange(256, dtype=np.uint8).reshape(1, 256)
    found = to_grey_levels(levels / dtype(255))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, levels)
    np.testing.assert_array_equal(
        (levels / np.float64(255)).astype(np.float32), levels / np.float32(255)
    )


def test_x_between_two_grey_levels_is_not_rounded_to_one():
    x = np.full((3, 4), 100 / 255)
    x[2, 3] = np.nextafter(x[2, 3], 1)
    assert to_grey_levels(x) is None


@pytest.mark.parametrize(
    ("x", "kind", "message"),
    [
        (IMAGES.reshape(20, 6), DataError, "uint8, expected floats. Images are read by"),
        (X, ShapeError, r"shape \(20, 2, 3\), expected \(m, 6\)"),
        ([[1, 2], [3]], DataError, "no array"),
        (None, DataError, "object"),
    ],
)
def test_feedforward_refuses_what_is_no_x(x, kind, message):
    with pytest.raises(kind, match=message):
        make_network().feedforward(x)


def test_feedforward_takes_x_of_any_range():
    make_network().feedforward([[-3.0, 2.5, 0, 0, 0, 100.0]])


W2, W3, B2, B3 = (np.zeros(shape) for shape in ((5, 6), (3, 5), (5,), (3,)))


@pytest.mark.parametrize(
    ("weights", "biases", "kind", "message"),
    [
        ([], [], ShapeError, "0 arrays of weights"),
        ([W2, W3], [B2], ShapeError, "2 arrays of weights and 1 of biases"),
        ([W2], [B2, B3], ShapeError, "1 arrays of weights and 2 of biases"),
        ([W2, W3.T], [B2, B3], ShapeError, r"W3: shape \(5, 3\), expected \(3, 5\)"),
        ([B2, W3], [B2, B3], ShapeError, r"W2: shape \(5,\)"),
        ([W2, W3], [B2, W3], ShapeError, r"b3: shape \(3, 5\), expected \(n,\)"),
        ([W2, W3.astype(int)], [B2, B3], DataError, "W3: int64, expected float64"),
        ([W2, W3], [B2, B3.astype(np.float32)], DataError, "b3: float32, expected float64"),
        ([W2.astype(int)], [B2.astype(int)], DataError, "W2: int64, expected floats"),
    ],
)
def test_parameters_that_make_no_network_are_refused(weights, biases, kind, message):
    with pytest.raises(kind, match=message):
        Network(weights, biases)


SEVEN = np.asarray(draw_seven())


@pytest.mark.parametrize(
    ("grey", "kind", "message"),
    [
        (
            SEVEN / 255,
            DataError,
            r"floats up to 1, expected grey levels from 0 to 255: 255 \* grey",
        ),
        (SEVEN - 300.0, DataError, "from -300 to -45"),
        (np.where(SEVEN, np.nan, 1.0), DataError, "from nan to nan"),
        (SEVEN.astype(str), DataError, "expected numbers"),
        (SEVEN[0], ShapeError, r"expected \(rows, columns\)"),
        (SEVEN[:0], ShapeError, r"shape \(0, 200\)"),
    ],
)
def test_normalise_refuses_what_is_no_picture(grey, kind, message):
    with pytest.raises(kind, match=message):
        normalise(grey)


def test_a_picture_is_read_by_its_name_and_in_any_type():
    draw_seven().save("image.png")
    image = normalise(read_picture("image.png"))
    np.testing.assert_array_equal(normalise(SEVEN), image)
    np.testing.assert_array_equal(normalise(SEVEN.astype(int)), image)
