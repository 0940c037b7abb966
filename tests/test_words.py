"""What is no digit: likeness, words beside numbers, and the company that a shape is in."""

import numpy as np
import pytest

from mlp_cli.commands.shared.all_digits import page_networks
from mlp_cli.images.several import Box, find_digits
from mlp_cli.images.several.crowd import Crowd
from mlp_cli.images.several.doubting import AMONG_OTHERS, NO_DIGIT, doubts_of
from mlp_cli.images.several.likeness import (
    DIGIT_CLASSES,
    SHAPE,
    are_unlike,
    likeness,
    mean_likeness,
)
from mlp_cli.images.several.shapes import Candidate, Page, Shape
from mlp_cli.images.several.words import in_numbers, in_words
from mlp_cli.images.threshold import Levels
from mlp_cli.runs import bundled
from mlp_cli.runs.reading import load_checkpoint
from tests.likeness import SHARES, Sources, blot, labelled_shape, photographed_shape, scribble
from tests.pages import Writer, drawn_digits, edit_distance, legible, make_form, make_page, trim

pytestmark = pytest.mark.alike


@pytest.fixture(scope="module")
def networks():
    return page_networks()


@pytest.fixture(scope="module")
def network():
    return load_checkpoint(bundled.PATH)


@pytest.fixture(scope="module")
def drawn(network):
    return legible(drawn_digits(300), network.outputs)


# likeness


def test_likeness_is_the_sum_of_the_outputs_of_digits():
    outputs = np.zeros((2, DIGIT_CLASSES + 1))
    outputs[0, [3, 8, DIGIT_CLASSES]] = 0.5, 0.2, 0.3
    outputs[1, DIGIT_CLASSES] = 1
    assert likeness(np.zeros((2, *SHAPE), np.uint8), lambda images: outputs) == pytest.approx(
        [0.7, 0]
    )


def test_it_sees_images_in_its_own_shape_whatever_the_reader_takes(networks, drawn):
    seen = []

    def read(images):
        assert images.shape[1:] == (20, 16)
        return np.full((len(images), 10), 0.1)

    def digits(images):
        seen.append(images.shape[1:])
        return networks.digits(images)

    page = make_page(1, [drawn], "clean").grey
    found = find_digits(page, (20, 16), read, networks._replace(digits=digits))
    assert len(found.digits) > 4
    small = np.pad(drawn.images[0], 1).astype(np.float32)
    assert len(find_digits(small, (20, 16), read, networks._replace(digits=digits)).digits) == 1
    assert len(seen) >= 2
    assert set(seen) == {SHAPE}


def test_only_what_is_unlike_a_digit_at_a_glance_is_looked_at_again():
    looks = []

    def digits(images):
        looks.append(len(images))
        likeness = images.max(axis=(1, 2)) / 255 / DIGIT_CLASSES
        return np.repeat(likeness[:, None], DIGIT_CLASSES + 1, axis=1)

    images = np.zeros((3, *SHAPE), np.uint8)
    images[1:] = np.array([51, 255])[:, None, None]  # 0.2, and 1
    assert are_unlike(images, digits).tolist() == [True, False, False]
    assert looks == [3, 2 * 12]
    assert not are_unlike(images[2:], digits).any()
    assert looks[2:] == [1]


def test_drawn_digits_are_like_digits(networks, drawn):
    images = []
    for seed in range(100):
        rng = np.random.default_rng([4, seed])
        _, ink = Writer(rng, drawn).digit(rng.uniform(18, 90))
        images.append(photographed_shape(rng, ink)[1])
    found = mean_likeness(np.stack(images), networks.digits)
    assert (found > 0.5).mean() >= 0.93


@pytest.mark.parametrize(("make", "least"), [(blot, 0.85), (scribble, 0.85)])
def test_blots_and_scribbles_are_not(networks, make, least):
    images = []
    for seed in range(60):
        rng = np.random.default_rng([3, seed])
        ink = np.asarray(make(rng).reduce(6), np.float32) / 255
        if ink.max() > 0.5 and (found := photographed_shape(rng, trim(ink))) is not None:
            images.append(found[1])
    assert len(images) >= 50
    found = mean_likeness(np.stack(images), networks.digits)
    assert (found < 0.5).mean() >= least


def test_letters_are_not(networks, network):
    """Those of a hand; printed ones have an o, a z and an l, which are digits by their looks."""
    seen = []
    for seed in (3, 15, 48):
        page = make_page(seed, [drawn_digits(10)], "none")
        seen.append(find_digits(page.grey, (28, 28), network.outputs, networks))
    assert all(each.digit.warnings for found in seen for each in found.digits)


def test_a_shape_is_the_same_for_its_seed(drawn):
    sources = Sources([drawn], [])
    assert sum(SHARES.values()) == pytest.approx(1)
    rng = np.random.default_rng(0)
    seeds = [
        seed
        for seed in range(60)
        if np.random.default_rng([78, seed]).choice(list(SHARES), p=list(SHARES.values()))
        in ("digit", "scribble", "blot")
    ]
    labels = []
    for seed in rng.choice(seeds, 12, replace=False):
        one, other = (labelled_shape(int(seed), sources) for _ in range(2))
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one[0], other[0])
            labels.append(one[1])
    assert DIGIT_CLASSES in labels
    assert min(labels) < DIGIT_CLASSES


# words


ROW = Shape(Box(0, 0, 100, 50), np.ones((50, 100), bool))


def crowd(*likenesses, gaps=(), cut=(), bars=(), sure=1.0):
    """Shapes of 20 x 30 pixels in a row, 4 pixels apart or, after those in gaps, 40."""
    shapes, left = [], 10
    for k in range(len(likenesses)):
        mask = np.ones((30, 20), bool)
        mask[3:-3, 3:-3] = False
        if k in bars:
            mask[:, 3:] = False
        shapes.append(Shape(Box(left, 10, left + 20, 40), mask, ROW if k in cut else None))
        left += 20 + (40 if k in gaps else 4)
    candidates = [Candidate(np.zeros((28, 28), np.uint8), solid=False)] * len(shapes)
    certainty = np.full(len(shapes), sure)
    return Crowd.of(shapes, candidates, certainty, np.array(likenesses, float)), [
        list(range(len(shapes)))
    ]


def test_the_odds_of_a_word_are_the_product_of_its_shapes():
    # log(0.8 / 0.2) = 1.386: three of them are more than 3, and two are less.
    assert in_numbers(*crowd(0.8, 0.8, 0.8)).all()
    assert not in_numbers(*crowd(0.8, 0.8)).any()
    # 2 x 1.386 + log(0.4 / 0.6) = 2.77 - 0.41
    assert not in_numbers(*crowd(0.8, 0.8, 0.4)).any()


def test_no_shape_says_more_than_its_bounds():
    assert not in_numbers(*crowd(1.0)).any()  # 2.2
    assert in_numbers(*crowd(1.0, 1.0)).all()
    assert in_words(*crowd(0.0, 0.0)).all()  # -8
    assert not in_words(*crowd(0.0, 0.0, 0.95)).any()  # -8 + 2.2
    assert not in_words(*crowd(0.0, 0.0, cut=(0, 1))).any()  # -4
    assert in_words(*crowd(0.0, 0.0, 0.0, 0.4, cut=(0, 1, 2))).all()  # -6 - 0.4


def test_a_bare_line_says_little_against_a_number():
    assert in_numbers(*crowd(0.95, 0.0, 0.0, 0.95, bars=(1, 2))).all()  # 4.4 - 1
    assert not in_numbers(*crowd(0.95, 0.0, 0.95, bars=(1,), cut=(1,))).any()  # 4.4 - 1.5


def test_a_wide_gap_ends_a_word():
    found = in_words(*crowd(0.0, 0.0, 0.95, 0.95, gaps=(1,)))
    assert found.tolist() == [True, True, False, False]


def test_beside_words_a_weaker_one_is_a_word_too():
    weak, gaps = (0.3, 0.3), (1, 3)  # -1.7
    assert not in_words(*crowd(*weak, 0.95, 0.95, gaps=(1,))).any()
    found = in_words(*crowd(*weak, 0.0, 0.0, 0.95, 0.95, gaps=gaps))
    assert found.tolist() == [True] * 4 + [False] * 2


def test_one_shape_alone_is_no_word():
    assert not in_words(*crowd(0.0)).any()


# company


def doubts(*arguments, **options):
    together, lines = crowd(*arguments, **options)
    blank = np.zeros((100, 900), np.float32)
    page = Page(blank, Levels.of(0.0, 1.0), blank > 0)
    return doubts_of(together, lines, page)


def test_a_shape_that_is_no_digit_is_doubted_and_its_neighbours_are_not():
    found = doubts(0.99, 0.99, 0.1, 0.99, 0.99, 0.99)
    assert found == [(), (), (NO_DIGIT,), (), (), ()]


def test_what_looks_like_a_digit_among_letters_is_doubted():
    found = doubts(0.1, 0.99, 0.1, 0.1, 0.99, 0.1)
    assert found[1] == found[4] == (AMONG_OTHERS,)


def test_a_number_among_letters_is_not():
    found = doubts(0.1, 0.1, 0.1, 0.1, 0.99, 0.99, 0.99, gaps=(3,))
    assert found[:4] == [(NO_DIGIT,)] * 4
    assert found[4:] == [()] * 3


def test_where_there_are_few_shapes_they_have_to_be_likelier():
    assert doubts(0.5) == [(NO_DIGIT,)]
    assert doubts(*[0.5] * 5) == [()] * 5


def test_pieces_of_a_shape_are_believed_where_one_of_them_is_surely_a_digit():
    rest = [0.99] * 4
    assert doubts(*rest, 0.6, 0.6, cut=(4, 5)) == [()] * 4 + [(NO_DIGIT,)] * 2
    assert doubts(*rest, 0.6, 0.99, cut=(4, 5)) == [()] * 6
    assert doubts(*rest, 0.6, 0.6) == [()] * 6


# pages


def test_words_beside_numbers_are_left_out(network, networks, drawn):
    errors = digits = 0
    for seed in range(8):
        page = make_form(seed, [drawn])
        found = find_digits(page.grey, (28, 28), network.outputs, networks)
        text = "".join(str(int(each.outputs.argmax())) for each in found.digits)
        errors += edit_distance(text, page.text)
        digits += len(page.text)
    assert digits >= 50
    assert 1 - errors / digits >= 0.8


def test_it_is_said_how_many_shapes_were_left_out(network, networks):
    page = make_page(3, [drawn_digits(10)], "none")
    found = find_digits(page.grey, (28, 28), network.outputs, networks)
    said = found.warnings[-1]
    assert said.endswith(" shapes left out that are no digits, such as letters of words")
    assert int(said.split()[0]) >= 10


def test_without_the_networks_nothing_is_a_word(network):
    page = make_page(3, [drawn_digits(10)], "none")
    found = find_digits(page.grey, (28, 28), network.outputs)
    assert not any("letters" in warning for warning in found.warnings)
    assert len(found.digits) >= 10
