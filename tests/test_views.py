"""Views: a shear worked by hand, moments that become 0, boxes of a width, and all that is odd."""

import math

import numpy as np
import pytest

from mlp_cli.datasets.idx import read_idx
from mlp_cli.learning import views
from mlp_cli.learning.names import is_view, width_of
from mlp_cli.learning.views import view

SHAPES = [(28, 28), (16, 16), (9, 14), (20, 8), (1, 12), (12, 1), (1, 1), (2, 2), (3, 40)]
VIEWS = ["plain", "deslant", "width-8", "width-14", "width-28"]


def views_of(shape):
    """The views that images of this shape can have."""
    return [name for name in VIEWS if (width_of(name) or 0) <= shape[1]]


VIEWS_OF_SHAPES = [(name, shape) for shape in SHAPES for name in views_of(shape)]


def seen(rows, name):
    """One image, given and returned as lists of rows."""
    return view(np.array([rows], np.uint8), name)[0].tolist()


def noise(n, shape, seed=0, frame=0):
    """Random images whose outermost `frame` rows and columns are black."""
    images = np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)
    rows, columns = np.indices(shape)
    depth = np.minimum(
        np.minimum(rows, shape[0] - 1 - rows), np.minimum(columns, shape[1] - 1 - columns)
    )
    return np.where(depth < frame, 0, images).astype(np.uint8)


def moments(image):
    """mu_11 and mu_02 of an image per unit of its mass: columns with rows, rows with rows."""
    r, c = np.indices(image.shape)
    p = image / image.sum(dtype=np.float64)
    r, c = r - (p * r).sum(), c - (p * c).sum()
    return (p * r * c).sum(), (p * r * r).sum()


def box(image):
    """The rows and columns between which an image has ink: first, last, first, last."""
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    return rows[0], rows[-1], columns[0], columns[-1]


@pytest.fixture(scope="module")
def digits(mnist_dir):
    return read_idx(mnist_dir / "mnist" / "train-images-idx3-ubyte.gz")


# deslant


def test_a_diagonal_becomes_upright():
    """Rows -1, 0, 1 about the middle have their ink at 1, 0, -1: the slant is -2/2 = -1."""
    leaning = [[0, 0, 0, 90, 0], [0, 0, 90, 0, 0], [0, 90, 0, 0, 0]]
    assert seen(leaning, "deslant") == [[0, 0, 90, 0, 0]] * 3


def test_half_a_pixel_is_shared_by_two():
    """Middle at row 1, column 1.5: mu_11 = 100 (-1 x .5 + 1 x -.5) = -100, mu_02 = 200.

    The slant is -1/2: row 0 is read at c + 1/2, row 2 at c - 1/2.
    """
    assert seen([[0, 0, 100, 0], [0, 0, 0, 0], [0, 100, 0, 0]], "deslant") == [
        [0, 50, 50, 0],
        [0, 0, 0, 0],
        [0, 50, 50, 0],
    ]


def test_where_ink_would_leave_the_image_it_leans_less():
    """Rows 0 and 4 have equal mass: mu_11 = -2 x 0 + 2 (50 + 350) = 800, mu_02 = 4 x 200 = 800.

    The slant is 1, and row 4 would move by 2 to the left, where it has room for 1: both move by 1.
    """
    blank = [[0] * 8] * 3
    leaning = [[100, *[0] * 7], *blank, [0, 50, 0, 0, 0, 0, 0, 50]]
    assert seen(leaning, "deslant") == [[0, 100, *[0] * 6], *blank, [50, 0, 0, 0, 0, 0, 50, 0]]


def test_where_ink_has_no_room_at_all_it_stays():
    """mu_11 = 50 (-4.5 - 0.5 + 1 + 6) is above 0, but row 3 cannot move to the left."""
    tight = [[50, 0, 0, 50, 0], [0, 50, 0, 0, 0], [0, 0, 50, 0, 0], [50, 0, 0, 0, 50]]
    assert seen(tight, "deslant") == tight


@pytest.mark.mnist
def test_the_mixed_moment_of_mnists_images_becomes_0(digits):
    """To rounding: 50 grey levels that are wrong by 1/2, ten rows and columns from the middle."""
    images = digits[:4000]
    deslanted = view(images, "deslant")
    before = np.array([moments(image)[0] for image in images])
    after = np.array([moments(image)[0] for image in deslanted])
    assert np.abs(before).mean() > 3
    is_free = np.array([_has_room(image) for image in images])
    assert is_free.mean() > 0.99
    assert np.abs(after[is_free]).max() < 0.1
    assert (np.abs(after) <= np.abs(before) + 0.1).all()


def _has_room(image):
    """Whether the full shear keeps all ink in the image."""
    (mixed, spread), (r, c) = moments(image), np.nonzero(image)
    middle = (image.sum(axis=1) @ np.arange(len(image))) / image.sum(dtype=np.float64)
    to = c - mixed / spread * (r - middle)
    return to.min() >= 0 and to.max() <= image.shape[1] - 1


@pytest.mark.mnist
def test_a_deslanted_image_deslanted_again_is_the_same_to_rounding(digits):
    once = view(digits[:2000], "deslant")
    twice = view(once, "deslant")
    difference = np.abs(once.astype(int) - twice)
    assert difference.mean() < 0.2
    assert np.quantile(difference, 0.999) < 8


@pytest.mark.mnist
def test_a_deslanted_image_keeps_its_ink_row_by_row(digits):
    images = digits[:4000]
    deslanted = view(images, "deslant")
    kept, had = (each.sum(axis=2, dtype=int) for each in (deslanted, images))
    assert np.abs(kept - had).max() <= images.shape[2] / 2
    assert abs(kept.sum() / had.sum() - 1) < 0.001


@pytest.mark.parametrize("shape", [(28, 28), (9, 14), (20, 8), (12, 40)])
def test_every_pixel_is_read_between_two_of_its_row(shape):
    images = noise(20, shape, frame=2)
    for image, result in zip(images, view(images, "deslant"), strict=True):
        assert _has_room(image)
        (mixed, spread), columns = moments(image), shape[1]
        middle = (image.sum(axis=1) @ np.arange(len(image))) / image.sum(dtype=np.float64)
        for r, c in np.ndindex(shape):
            at = c + mixed / spread * (r - middle)
            level = sum(
                (1 - abs(at - k)) * image[r, k]
                for k in (math.floor(at), math.floor(at) + 1)
                if 0 <= k < columns
            )
            # A position is a multiple of 1/256, so it is wrong by 1/512 at most.
            assert abs(result[r, c] - level) <= 0.501 + 255 / 512


# width-N


def test_a_box_of_two_columns_becomes_four():
    """Column j is read at (j + 1/2) 2/4 - 1/2 of the box: -1/4, 1/4, 3/4, 5/4.

    75, 125, 175, 150 of a row have the middle at 1.76, so column 4 - 1.76 is the first: 2.
    """
    assert seen([[100, 200] + [0] * 6], "width-4") == [[0, 0, 75, 125, 175, 150, 0, 0]]


def test_a_box_of_four_columns_becomes_two_means():
    """Read at 1/2 and 5/2, from two columns on both sides: 3/8, 3/8, 1/8 of columns 0, 1, 2."""
    assert seen([[80, 40, 0, 160, 0, 0]], "width-2") == [[0, 0, 45, 65, 0, 0]]


def test_a_lopsided_digit_stops_at_the_edge():
    """The middle of 8 columns that are nearly all light at their left, to column 5 of 10."""
    row = [255, 255, 0, 0, 0, 0, 0, 1, 0, 0]
    assert seen([row], "width-8") == [[0, 0, *row[:8]]]


@pytest.mark.mnist
@pytest.mark.parametrize("width", [8, 14, 18, 28])
def test_mnists_digits_have_boxes_of_that_width(digits, width):
    images = digits[:4000]
    stretched = view(images, f"width-{width}")
    boxes = np.array([box(image) for image in stretched])
    widths = boxes[:, 3] - boxes[:, 2] + 1
    assert widths.max() == width
    # An outermost column may be so faint that none of it is left.
    assert (widths >= width - 2).all()
    assert (widths == width).mean() > 0.9
    heights = np.array([box(image) for image in images])[:, :2]
    assert (np.abs(boxes[:, :2] - heights) <= 1).all()
    middles = (stretched.sum(axis=1) @ np.arange(28)) / stretched.sum(axis=(1, 2))
    stops = (boxes[:, 2] == 0) | (boxes[:, 3] == 27)
    assert np.abs(middles - 14)[~stops].max(initial=0) <= 0.5
    assert stops.all() == (width == 28)


def test_a_digit_of_that_width_only_moves():
    image = np.zeros((10, 30), np.uint8)
    image[2:8, 3:15] = noise(1, (6, 12))[0] | 1
    stretched = np.array(seen(image, "width-12"))
    np.testing.assert_array_equal(stretched[:, box(stretched)[2] :][:, :12], image[:, 3:15])


# all views


@pytest.mark.parametrize(("name", "shape"), VIEWS_OF_SHAPES)
def test_a_view_keeps_shape_and_kind_and_leaves_the_images_alone(name, shape):
    images = noise(30, shape)
    images[:10] = 0
    before = images.copy()
    images.flags.writeable = False  # as those of a mapped file are
    result = view(images, name)
    assert (result.shape, result.dtype) == (images.shape, np.uint8)
    np.testing.assert_array_equal(images, before)
    assert not result[:10].any(), "blank stays blank"
    assert result[10:].any(axis=(1, 2)).all()


@pytest.mark.parametrize(("name", "shape"), VIEWS_OF_SHAPES)
def test_an_image_of_one_pixel_keeps_its_row(name, shape):
    images = np.zeros((math.prod(shape), *shape), np.uint8)
    images.reshape(len(images), -1)[np.diag_indices(len(images))] = 200
    result = view(images, name)
    if width_of(name) is None:
        np.testing.assert_array_equal(result, images)
    else:
        np.testing.assert_array_equal(result.any(axis=2), images.any(axis=2))


@pytest.mark.parametrize("name", VIEWS)
def test_no_images_give_no_images(name):
    assert view(np.empty((0, 28, 28), np.uint8), name).shape == (0, 28, 28)


@pytest.mark.parametrize("name", VIEWS)
def test_blocks_and_the_order_of_the_memory_leave_no_trace(name, monkeypatch):
    images = noise(50, (28, 28), frame=4)
    whole = view(images, name)
    np.testing.assert_array_equal(view(np.asfortranarray(images), name), whole)
    np.testing.assert_array_equal(view(images[::-1], name)[::-1], whole)
    monkeypatch.setattr(views, "PIXELS_AT_ONCE", 7 * 28 * 28)
    np.testing.assert_array_equal(view(images, name), whole)


def test_plain_is_no_copy():
    images = noise(3, (28, 28))
    assert view(images, "plain") is images


@pytest.mark.mnist
def test_the_numbers_are_those_of_every_machine(digits):
    """Sums over MNIST's images by each view: another machine that differs fails here."""
    weights = np.arange(1, 28 * 28 + 1).reshape(28, 28)
    sums = {
        name: int((view(digits[:5000], name) * weights).sum(dtype=np.int64)) for name in VIEWS[1:]
    }
    assert sums == {
        "deslant": 52956277269,
        "width-8": 27030453800,
        "width-14": 47344596551,
        "width-28": 95022234532,
    }


@pytest.mark.parametrize(
    "name", ["width-7", "width-08", "width-", "width-1e1", "width--9", "Deslant", "", "width-٩"]
)
def test_other_names_are_no_views(name):
    assert not is_view(name)


@pytest.mark.parametrize("name", VIEWS)
def test_these_names_are_views(name):
    assert is_view(name)
