"""From ink to MNIST's form: parts, strokes, place; and what makes a reading doubtful."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from mlp_cli.errors import PictureError
from mlp_cli.images import find_digit
from mlp_cli.images.components import choose_digit, find_parts
from mlp_cli.images.digit import cut, widen
from mlp_cli.images.placing import has_mnist_form, place
from mlp_cli.images.strokes import (
    distance_to,
    enlarge,
    set_stroke_width,
    stroke_width,
    thicken,
    thin,
)
from mlp_cli.images.threshold import Levels
from tests.makers import draw_seven

pytestmark = pytest.mark.alike


def blots(*boxes, shape=(100, 100)):
    """A mask of rectangles: top, bottom, left, right."""
    mask = np.zeros(shape, bool)
    for top, bottom, left, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def chosen(*boxes, shape=(100, 100)):
    """Which of these rectangles are taken for the digit, and the choice itself."""
    mask = blots(*boxes, shape=shape)
    choice = choose_digit(mask.astype(np.float32), find_parts(mask), mask)
    return [bool(choice.mask[top, left]) for top, _, left, _ in boxes], choice


def drawn(draw, size=(200, 200)):
    picture = Image.new("L", size, 255)
    draw(ImageDraw.Draw(picture))
    return np.asarray(picture, np.float32)


def bar(width, length=100):
    """An upright bar of this width, 0..1, with room around it."""
    return np.pad(np.ones((length, width), np.float32), 3)


# parts


def flood(mask):
    """Parts by a fill from every pixel that has none yet: slow, and plain to see."""
    labels, n = np.zeros(mask.shape, int), 0
    for start in zip(*np.nonzero(mask), strict=True):
        if labels[start]:
            continue
        n += 1
        waiting = [start]
        while waiting:
            row, column = waiting.pop()
            if not (0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]):
                continue
            if mask[row, column] and not labels[row, column]:
                labels[row, column] = n
                waiting += [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return labels, n


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.1, 0.35, 0.5, 0.8]),
    st.sampled_from([(1, 1), (1, 9), (9, 1), (13, 17)]),
)
def test_parts_are_those_of_a_flood_fill(seed, fraction, shape):
    mask = np.random.default_rng(seed).random(shape) < fraction
    labels, n = flood(mask)
    parts = find_parts(mask)
    assert parts.area.size == n
    assert np.flatnonzero(mask).tolist() == parts.pixels.tolist()
    for number in range(n):
        own = parts.mask_of(np.array([number]))
        rows, columns = np.nonzero(own)
        np.testing.assert_array_equal(own, labels == labels[rows[0], columns[0]])
        assert parts.area[number] == own.sum() == parts.sum(own)[number]
        assert (parts.top[number], parts.bottom[number]) == (rows.min(), rows.max() + 1)
        assert (parts.left[number], parts.right[number]) == (columns.min(), columns.max() + 1)


def test_the_roof_of_a_5_belongs_to_it():
    assert chosen((30, 35, 40, 60), (38, 80, 35, 60))[0] == [True, True]


def test_the_halves_of_a_broken_digit_belong_together():
    assert chosen((30, 70, 35, 40), (32, 70, 43, 48))[0] == [True, True]


def test_another_digit_beside_does_not_belong_to_it_and_is_counted():
    taken, choice = chosen((30, 70, 42, 52), (30, 70, 60, 70))
    assert taken == [True, False]
    assert choice.others == 1


def test_specks_are_left_out():
    assert chosen((30, 70, 40, 60), (72, 74, 50, 52))[0] == [True, False]


def test_distant_parts_are_left_out():
    assert chosen((20, 50, 40, 60), (75, 90, 40, 60))[0] == [True, False]


def test_the_edge_of_the_page_is_left_out_however_dark():
    taken, choice = chosen((0, 100, 0, 10), (40, 60, 48, 52))
    assert taken == [False, True]
    assert (choice.top, choice.bottom, choice.left, choice.right) == (40, 60, 48, 52)
    assert (choice.others, choice.fraction, choice.at_border) == (0, 1, False)


def test_parts_at_the_border_count_less():
    assert chosen((0, 45, 60, 100), (30, 70, 30, 50))[0] == [False, True]


def test_a_digit_at_the_border_is_taken_where_there_is_no_other():
    taken, choice = chosen((0, 60, 40, 60))
    assert taken == [True]
    assert choice.at_border
    assert choice.extent == 60


def test_parts_without_a_seed_are_no_digit():
    mask = blots((30, 70, 40, 60))
    assert choose_digit(mask.astype(np.float32), find_parts(mask), np.zeros_like(mask)) is None
    assert choose_digit(mask.astype(np.float32), find_parts(~mask & mask), mask) is None


def test_cutting_keeps_the_soft_edge_and_nothing_else():
    ink = np.full((100, 100), 0.1, np.float32)
    ink[30:70, 40:60] = 0.8
    _, choice = chosen((30, 70, 40, 60))
    digit = cut(ink, choice, Levels.of(0, ink=0.4))
    assert digit.shape == (42, 22)
    assert digit[1:-1, 1:-1] == pytest.approx(1)
    assert digit[0, 1:-1] == pytest.approx(0.25)
    assert digit[0, 0] == 0


def test_widening_adds_the_neighbours_by_a_side():
    assert widen(blots((1, 2, 1, 2), shape=(3, 3))).tolist() == [
        [False, True, False],
        [True, True, True],
        [False, True, False],
    ]


# strokes


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_distances_agree_with_looking_at_every_pixel(seed, reach):
    mask = np.random.default_rng(seed).random((9, 14)) < 0.05
    rows, columns = np.mgrid[:9, :14]
    nearest = np.full((9, 14), reach + 1.0)
    for row, column in zip(*np.nonzero(mask), strict=True):
        nearest = np.minimum(nearest, np.hypot(rows - row, columns - column))
    exact = nearest <= reach  # further away the cap may be taken on the way
    found = distance_to(mask, reach)
    np.testing.assert_allclose(found[exact], nearest[exact], rtol=1e-6)
    assert (found[~exact] > reach).all()


@pytest.mark.parametrize("width", [3, 6, 12, 20])
def test_the_width_of_a_bar_is_measured(width):
    mask = bar(width) > 0
    inside = distance_to(~mask, 20) - 0.5
    assert stroke_width(inside, mask) == pytest.approx(width, rel=0.15)


@pytest.mark.parametrize("by", [1, 2.5, 4])
def test_thickening_adds_on_both_sides(by):
    grown = thicken(bar(6) > 0, by)
    assert grown[grown.shape[0] // 2].sum() == pytest.approx(6 + 2 * by, abs=0.1)


@pytest.mark.parametrize("fraction", [0.4, 0.7])
def test_thinning_narrows_each_stroke_and_breaks_none(fraction):
    mask = blots((5, 95, 5, 25), (5, 8, 25, 90))  # 20 wide, and 3
    inside = distance_to(~mask, 20) - 0.5
    left = thin(inside, mask, fraction, 21)
    assert left[50].sum() == pytest.approx(20 * fraction, abs=1)
    assert left[:, 60].max() == 1
    assert left[:, 60].sum() < 3


@pytest.mark.parametrize("width", [1, 3, 8, 20, 30])
def test_any_pen_makes_strokes_of_mnists_width(width):
    """An L of 100 x 70 pixels drawn with it: in the image its strokes are 2.5 pixels wide."""
    ink = np.zeros((110, 80), np.float32)
    ink[5:105, 5 : 5 + width] = ink[105 - width : 105, 5:75] = 1
    strokes = set_stroke_width(ink, (28, 28))
    image = place(strokes.ink, strokes.scale, (28, 28)) / 255
    rows = np.flatnonzero(image.max(axis=1) > 0.5)
    assert len(rows) == pytest.approx(20, abs=1)
    assert image[rows[4:12]].sum(axis=1) == pytest.approx(2.5, abs=0.5)
    assert not strokes.solid


def test_a_blot_keeps_its_width():
    strokes = set_stroke_width(np.ones((50, 40), np.float32), (28, 28))
    assert strokes.solid
    image = place(strokes.ink, strokes.scale, (28, 28))
    assert float(image.sum()) == pytest.approx(20 * 16 * 255, rel=0.1)


def test_faint_strokes_are_brought_to_full_strength_and_noise_is_not():
    ink = np.zeros((80, 80), np.float32)
    ink[10:70, 10:14] = 1
    ink[10:70, 60:64] = 0.4
    ink[40, 40] = 0.1
    strength = enlarge(ink)
    assert strength[40, 11] == strength[40, 61] == 1
    assert strength[40, 40] < 0.5


def test_ink_that_is_all_paper_has_no_strokes():
    assert set_stroke_width(np.zeros((9, 9), np.float32), (28, 28)) is None


def test_a_hair_becomes_a_stroke():
    strokes = set_stroke_width(np.ones((500, 1), np.float32), (28, 28))
    image = place(strokes.ink, strokes.scale, (28, 28))
    assert np.ptp(np.flatnonzero(image.max(axis=1) > 100)) in (19, 20)
    assert image[14].sum(dtype=int) == pytest.approx(2.5 * 255, rel=0.2)


@pytest.mark.parametrize("shape", [(14, 28), (28, 14)])
def test_an_oblong_image_takes_a_digit_that_fits_its_narrower_side(shape):
    strokes = set_stroke_width(np.pad(np.ones((50, 8), np.float32), 1), shape)
    image = place(strokes.ink, strokes.scale, shape)
    rows = np.ptp(np.flatnonzero(image.max(axis=1) > 127)) + 1
    assert rows == pytest.approx(shape[0] * 20 / 28, abs=1)


# place


def test_the_centre_of_mass_goes_to_the_pixel_of_index_14():
    ink = np.zeros((60, 20), np.float32)
    ink[5:35, 4:8] = ink[50:55] = 1
    image = place(ink, 0.3, (28, 28)).astype(float)
    for axis in (0, 1):
        assert image.sum(axis=axis) @ np.arange(28) / image.sum() == pytest.approx(14, abs=0.05)
    assert image.sum() == pytest.approx(ink.sum() * 0.3**2 * 255, rel=0.01)


def test_a_lopsided_digit_stops_at_the_edge():
    ink = np.full((20, 2), 0.01, np.float32)
    ink[19] = 1
    image = place(ink, 1, (20, 20))
    assert np.flatnonzero(image.any(axis=1)).tolist() == list(range(20))
    np.testing.assert_array_equal(place(ink[::-1], 1, (20, 20)), image[::-1])


def test_edges_are_antialiased_by_how_much_is_covered():
    """A square of 3 x 3 at half the size: the middle pixel whole, a quarter at either side."""
    image = place(np.ones((3, 3), np.float32), 0.5, (8, 8))
    assert image[4, 3:6].tolist() == [64, 255, 64]
    assert image[3, 3] == 16


def form(at=(4, 4), size=(20, 16)):
    """Ink of this size, as an image whose centre of mass is that of the box."""
    grey = np.zeros((28, 28), np.float32)
    grey[at[0] : at[0] + size[0], at[1] : at[1] + size[1]] = 200
    return grey


def test_mnists_form_is_known():
    assert has_mnist_form(form((4, 6)), (28, 28))  # rows 4..23: the middle is 13.5
    assert not has_mnist_form(form((3, 6)), (28, 28))
    assert not has_mnist_form(form((4, 6), (19, 16)), (28, 28))
    assert not has_mnist_form(form((4, 6)) + 1, (28, 28))
    assert not has_mnist_form(form((4, 6)), (20, 20))
    assert not has_mnist_form(np.zeros((28, 28), np.float32), (28, 28))


@pytest.mark.parametrize("inverted", [False, True])
def test_a_picture_in_mnists_form_is_left_as_it_is(inverted):
    slope = np.linspace(0.8, 1, 28)
    image = np.round(form((4, 6)) * slope * slope[:, None])
    assert has_mnist_form(image, (28, 28))
    np.testing.assert_array_equal(find_digit(255 - image if inverted else image).image, image)


@pytest.mark.mnist
def test_mnists_own_images_stay_as_they_are(mnist_dir):
    from mlp_cli import load_dataset

    images = load_dataset("mnist", mnist_dir).test.images[:2000]
    same = sum(
        np.array_equal(find_digit(image.astype(np.float32)).image, image) for image in images
    )
    assert same >= 0.999 * len(images)


# doubts


def seven(**options):
    return np.asarray(draw_seven(**options), np.float32)


def two_digits(draw):
    draw.line([(20, 50), (60, 50), (40, 150)], fill=0, width=8)
    draw.line([(140, 50), (140, 150)], fill=0, width=8)


def scribble(draw):
    """A digit's worth of ink in the middle, and many times that around it, in small pieces."""
    draw.line([(100, 85), (100, 115)], fill=0, width=6)
    for x in range(5, 200, 14):
        for y in (20, 40, 60, 140, 160, 180):
            draw.line([(x, y), (x + 9, y + 9)], fill=0, width=4)


DOUBTFUL = {
    "2 digits": lambda: drawn(two_digits),
    "something else": lambda: drawn(scribble),
    "cut off": lambda: seven(at=(60, -30)),
    "solid shape": lambda: drawn(lambda draw: draw.ellipse((40, 40, 160, 160), fill=0)),
    "very faint": lambda: seven(ink=232),
    "only 10 pixels": lambda: seven(size=(40, 40), at=(15, 12), scale=0.09),
}


@pytest.mark.parametrize("words", DOUBTFUL)
def test_each_doubtful_picture_has_its_warning(words):
    (warning,) = find_digit(DOUBTFUL[words]()).warnings
    assert words in warning


def test_a_good_picture_has_no_warnings():
    assert find_digit(seven()).warnings == ()


@pytest.mark.parametrize("seed", range(5))
def test_paper_alone_is_blank(seed):
    rng = np.random.default_rng(seed)
    paper = rng.uniform(200, 210, size=(60, 60))
    with pytest.raises(PictureError, match="blank"):
        find_digit(paper)


@pytest.mark.parametrize("seed", range(5))
def test_noisy_paper_under_a_lamp_is_blank(seed):
    rng = np.random.default_rng(seed)
    paper = 120 + 0.3 * np.mgrid[:200, :200][0] + rng.normal(0, 5, (200, 200))
    with pytest.raises(PictureError, match="blank"):
        find_digit(paper)


@pytest.mark.parametrize("side", [1, 2, 3])
def test_a_speck_is_blank(side):
    paper = np.full((200, 200), 255)
    paper[100 : 100 + side, 90 : 90 + side] = 0
    with pytest.raises(PictureError, match="blank"):
        find_digit(paper)


@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 40), (40, 1), (2, 2), (7, 90), (64, 64)]))
def test_any_pixels_are_a_digit_or_blank(seed, shape):
    rng = np.random.default_rng(seed)
    grey = rng.choice([0, 128, 255], size=shape) * rng.random()
    try:
        image = find_digit(grey).image
    except PictureError:
        return
    assert image.shape == (28, 28)
    assert image.max() > 0
