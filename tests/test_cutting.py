"""Touching digits: what the two networks see, and how well they cut."""

import numpy as np
import pytest

from mlp_cli.commands.shared.all_digits import page_networks
from mlp_cli.images.several.contacts import (
    CONTACT,
    WINDOW_SHAPE,
    WORKING_HEIGHT,
    cutting_cost,
    windows_around,
)
from mlp_cli.images.several.cuts import between, find_cuts
from mlp_cli.images.several.likeness import DIGIT_CLASSES, SHAPE
from mlp_cli.images.several.shapes import Shape
from mlp_cli.images.several.splitting import CutPiece, Splitting, working_mask
from mlp_cli.images.several.types import Box
from mlp_cli.images.several.wholes import PIECE_SHAPE, SIDE, WINDOW_MARGIN, halved, window_of
from mlp_cli.runs import bundled
from mlp_cli.runs.reading import load_checkpoint
from tests.cutting import (
    contacts_of,
    make_number,
    owners_of,
    shapes_in,
    whole_windows,
)
from tests.pages import drawn_digits

pytestmark = pytest.mark.alike


@pytest.fixture(scope="module")
def cutting():
    return page_networks()


@pytest.fixture(scope="module")
def sources():
    return [drawn_digits(300, seed=21)]


@pytest.mark.parametrize(
    ("path", "shape", "classes"),
    [
        (bundled.CONTACTS_PATH, WINDOW_SHAPE, 2),
        (bundled.WHOLES_PATH, PIECE_SHAPE, 2),
        (bundled.DIGITS_PATH, SHAPE, DIGIT_CLASSES + 1),
    ],
)
def test_a_network_is_an_ordinary_run_and_small(path, shape, classes):
    settings = load_checkpoint(path).settings
    assert settings.image_shape == shape
    assert settings.sizes[-1] == classes
    assert path.stat().st_size <= 450_000


# what the networks see


def test_a_window_holds_the_ink_around_its_pixel_two_by_two_as_one():
    mask = np.zeros((60, 50), bool)
    mask[30, 20] = mask[31, 21] = mask[10, 0] = True
    (window,) = windows_around(mask, np.array([30]), np.array([20]))
    assert window.shape == WINDOW_SHAPE
    # Rows 10 to 49 and columns 0 to 39 of the mask; the pixel is the first of its four.
    assert window[10, 10] == 2 * 63
    assert window[0, 0] == 63
    assert window.sum() == 3 * 63


def test_a_cut_costs_least_through_sure_contacts_and_nothing_off_the_ink():
    mask = np.zeros((8, 8), bool)
    mask[2, 2:5] = True
    outputs = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    cost = cutting_cost(mask, lambda windows: outputs)
    assert CONTACT == 1
    assert cost[2, 2] == pytest.approx(0, abs=1e-6)
    assert cost[2, 3] == pytest.approx(0.11 * np.log((1 + 0.12) / 0.12))
    assert cost[2, 4] == 1
    assert np.count_nonzero(cost) == np.count_nonzero(cost[2, 2:5])


def test_a_piece_is_seen_around_its_centre_of_mass_with_the_rest_below_it():
    ink = np.zeros((40, 90), np.float32)
    ink[10:32, 20:26] = 1  # the piece
    ink[10:32, 28:32] = 1
    piece = ink.copy()
    piece[:, 26:] = 0
    window = window_of(halved(piece), halved(ink))
    assert window.shape == (2 * SIDE, SIDE)
    own, rest = window[:SIDE], window[SIDE:]
    rows, columns = np.nonzero(own)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (9, 19, 13, 15)
    rows, columns = np.nonzero(rest)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (9, 19, 17, 18)
    assert set(window.ravel()) == {0, 255}


def test_a_shape_is_halved_within_a_margin():
    ink = np.arange(15, dtype=np.float32).reshape(3, 5)
    half = halved(ink)
    inner = half[
        WINDOW_MARGIN // 2 : WINDOW_MARGIN // 2 + 2, WINDOW_MARGIN // 2 : WINDOW_MARGIN // 2 + 3
    ]
    expected = [[3, 5, (4 + 9) / 4], [(10 + 11) / 4, (12 + 13) / 4, 14 / 4]]
    np.testing.assert_allclose(inner, expected)
    assert half.sum() == pytest.approx(ink.sum() / 4)


# the way through the cuts


def test_the_best_way_has_the_largest_sum_of_scores():
    image, window = np.zeros((28, 28), np.uint8), np.zeros((56, 28), np.uint8)
    ends = [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)]
    pieces = [CutPiece(start, end, image, window) for start, end in ends]
    shape = Shape(Box(10, 0, 40, 20), np.ones((20, 30), bool))
    cuts = np.array([[10] * 20, [20] * 20])
    splitting = Splitting(shape, cuts, 1.0, pieces)
    scores = np.array([-1.0, -2.0, -0.1, -0.2, -3.0, -0.5])
    boxes = [each.box for each in splitting.best(scores)]
    assert boxes == [Box(10, 0, 30, 20), Box(30, 0, 40, 20)]
    scores[-1] = -0.2
    assert splitting.best(scores) == [shape]
    assert [splitting.is_all(piece) for piece in pieces] == [False] * 5 + [True]


# numbers that touch


def test_contacts_are_the_pixels_beside_another_digit():
    owners = np.array([[1, 1, 2, 2], [1, 0, 0, 2], [1, 0, 0, 0], [0, 0, 3, 3]])
    expected = np.zeros((4, 4), bool)
    expected[0, 1:3] = True
    np.testing.assert_array_equal(contacts_of(owners), expected)


def test_a_number_knows_whose_digit_every_pixel_is(sources):
    number = make_number(np.random.default_rng(3), sources, 0.9)
    assert set(np.unique(number.owner)) == set(range(len(number.labels) + 1))
    ground = np.median(number.grey)
    assert (number.grey[number.owner > 0] < ground - 20).mean() > 0.9
    again = make_number(np.random.default_rng(3), sources, 0.9)
    np.testing.assert_array_equal(again.grey, number.grey)


def test_a_cut_leads_along_most_contacts(cutting, sources):
    """Of the digits that touch, each is nearly all there is between some two cuts."""
    shares = []
    for seed in range(30):
        rng = np.random.default_rng([5, seed])
        number = make_number(rng, sources, 0.9)
        page, shapes = shapes_in(number, number.height)
        for shape in shapes:
            mask = working_mask(page, shape, WORKING_HEIGHT / number.height)
            owners = owners_of(number, shape, mask)
            cuts = find_cuts(cutting_cost(mask, cutting.contacts), WORKING_HEIGHT)
            digits = [k for k in range(1, 7) if (owners == k).sum() > 100]
            if len(digits) > 1:
                shares += [best_share(owners, cuts, digit) for digit in digits]
    assert len(shares) > 30
    assert np.mean(np.array(shares) > 0.8) >= 0.9


def best_share(owners, cuts, digit):
    """The largest share that a digit and a piece between two cuts have in common."""
    columns = np.arange(owners.shape[1])
    best = 0.0
    for start in range(len(cuts) + 1):
        for end in range(start + 1, len(cuts) + 2):
            inside = (owners > 0) & between(cuts, start, end, columns)
            common = np.count_nonzero(inside & (owners == digit))
            most = max(np.count_nonzero(inside), np.count_nonzero(owners == digit))
            best = max(best, common / most)
    return best


def test_whole_digits_are_known(cutting, sources):
    windows, labels = [], []
    for seed in range(20):
        for some, theirs in whole_windows(
            np.random.default_rng([6, seed]), sources, cutting.contacts
        ):
            windows.append(some)
            labels.append(theirs)
    found = cutting.wholes(np.concatenate(windows))[:, 1] > 0.5
    expected = np.concatenate(labels)
    assert 0.2 < expected.mean() < 0.7
    assert (found == expected).mean() >= 0.88
