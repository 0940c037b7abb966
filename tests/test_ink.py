"""From grey levels to ink: windows, thresholds, the ground and its light, ruled paper."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp_cli.images.ground import (
    LIGHT_WINDOW,
    border_of,
    find_ink,
    has_dark_strokes,
    is_even,
    is_ground_bright,
)
from mlp_cli.images.lines import column_lengths, cut_out, find_lines, remove_lines, turned
from mlp_cli.images.threshold import Levels, find_levels, median, otsu_threshold
from mlp_cli.images.windows import closing, odd, opening, window_maximum, window_mean
from tests.makers import draw_seven

pytestmark = pytest.mark.alike


def array(rows):
    return np.array(rows, np.float32)


def seven_on(paper, ink=0.3):
    """A 7 drawn on this paper (200, 200): it leaves a fraction of the light that falls on it."""
    drawn = np.asarray(draw_seven()) == 0
    return np.where(drawn, ink * paper, paper).astype(np.float32), drawn


def pages():
    """Evenly lit paper and paper under a lamp, under a shadow with a sharp edge, and noisy."""
    y, x = np.mgrid[:200, :200]
    slope = 90 + 0.3 * x + 0.35 * y
    shadow = np.where(x + 2 * y > 330, 220, 120)
    noise = np.random.default_rng(0).normal(0, 4, (200, 200))
    return {"even": 0 * x + 200, "lamp": slope, "shadow": shadow, "noise": slope + noise}


# windows


@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 5, 9, 15]))
def test_windows_agree_with_looking_at_every_window(seed, side):
    values = np.random.default_rng(seed).random((7, 11), np.float32)
    padded = np.pad(values, side // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    np.testing.assert_array_equal(window_maximum(values, side), windows.max(axis=(2, 3)))
    np.testing.assert_allclose(window_mean(values, side), windows.mean(axis=(2, 3)), rtol=1e-5)


def test_closing_fills_what_is_narrow_and_keeps_a_step():
    row = array([9, 9, 1, 9, 9, 9, 3, 3, 3, 3, 3, 3])
    filled = closing(np.tile(row, (6, 1)), 3)
    np.testing.assert_array_equal(filled[0], [9, 9, 9, 9, 9, 9, 3, 3, 3, 3, 3, 3])
    np.testing.assert_array_equal(opening(np.tile(-row, (6, 1)), 3), -filled)


def test_windows_have_a_middle():
    assert [odd(length) for length in (0, 3, 4.7, 5, 6)] == [3, 3, 5, 5, 7]


# thresholds


@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (10,), (9, 3), (6, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_median_is_that_of_numpy(shape, dtype):
    values = (np.random.default_rng(0).random(shape) * 255).astype(dtype)
    expected = np.median(values, axis=0)
    assert np.array_equal(median(values), expected)
    assert median(values).dtype == expected.dtype


def test_otsu_splits_between_two_groups():
    assert 14 < otsu_threshold(array([10, 12, 14, 200, 210, 220])) < 200
    assert otsu_threshold(array([0, 200])) == pytest.approx(100, abs=1)
    assert otsu_threshold(array([7, 7])) == 7


def test_otsu_by_hand():
    """Levels 0, 0, 1, 5, 6, 6: splitting 3 | 3, w = 1/2 and means 1/3, 17/3 lie farthest apart."""
    assert 1 < otsu_threshold(array([0, 0, 1, 5, 6, 6])) < 5


def test_levels_are_the_papers_noise_and_the_middle_of_the_ink():
    rng = np.random.default_rng(0)
    ink = rng.normal(0, 0.02, 10_000).astype(np.float32)
    ink[:500] += 0.6
    levels = find_levels(ink)
    assert levels.noise == pytest.approx(0.02, rel=0.1)
    assert levels.ink == pytest.approx(0.6, abs=0.02)
    assert (levels.seed, levels.growth) == pytest.approx((levels.ink / 2, levels.ink / 3))


def test_thresholds_stay_above_the_noise():
    levels = Levels.of(noise=0.1, ink=0.2)
    assert (levels.seed, levels.growth) == pytest.approx((0.3, 0.25))


def test_noise_alone_has_no_levels_that_hold_ink():
    assert find_levels(np.zeros((20, 20), np.float32)) is None
    assert find_levels(np.full((20, 20), 0.01, np.float32)) is None


# ground and light


@pytest.mark.parametrize("light", pages())
@pytest.mark.parametrize("inverted", [False, True], ids=["dark on light", "light on dark"])
def test_ink_is_found_whatever_the_light(light, inverted):
    grey, drawn = seven_on(pages()[light])
    ink = find_ink(255 - grey if inverted else grey)
    levels = find_levels(ink)
    found = ink > levels.seed
    assert (found & drawn).sum() > 0.97 * drawn.sum()
    assert (found & ~drawn).sum() < 0.03 * drawn.sum()


def test_ink_is_a_fraction_of_the_light_on_the_paper():
    grey, drawn = seven_on(pages()["lamp"], ink=0.3)
    assert find_ink(grey)[drawn] == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("light", ["lamp", "noise"])
def test_unevenly_lit_paper_has_no_ink_on_average(light):
    grey, drawn = seven_on(pages()[light])
    assert np.median(find_ink(grey)[~drawn]) == pytest.approx(0, abs=0.005)


def test_the_ground_is_what_the_border_mostly_is():
    grey = np.full((20, 20), 200, np.float32)
    grey[5:15, 8:12] = 50
    grey[0, :5] = 0  # a dark spot at the edge does not turn the picture around
    ink = find_ink(grey)
    assert ink[5:15, 8:12] == pytest.approx(0.75)
    assert (ink[15:, :] == 0).all()


def test_a_frame_is_not_the_ground():
    grey = np.full((32, 32), 250, np.float32)
    grey[0] = grey[-1] = grey[:, 0] = grey[:, -1] = 120
    grey[8:24, 12:18] = 0
    assert find_ink(grey)[8:24, 12:18] == pytest.approx(1)


def test_a_digit_along_all_the_border_is_not_the_ground():
    """A thick white 0 that fills a black picture but for its middle and its corners."""
    y, x = np.mgrid[:28, :28] - 13.5
    radius = np.hypot(x, y)
    grey = np.where((radius > 9) & (radius < 16), 255, 0).astype(np.float32)
    ground = is_ground_bright(grey, border_of(grey), otsu_threshold(grey))
    assert (border_of(grey) > 0).mean() > 0.5
    assert not ground


def test_a_band_of_one_level_is_even_and_a_slope_is_not():
    assert is_even(border_of(np.asarray(draw_seven(), np.float32)))
    assert not is_even(border_of(pages()["lamp"].astype(np.float32)))


@pytest.mark.parametrize("light", ["lamp", "shadow", "noise"])
def test_strokes_are_dark_or_light_and_shadows_neither(light):
    grey, _ = seven_on(pages()[light])
    side = odd(min(grey.shape) * LIGHT_WINDOW)
    assert has_dark_strokes(grey, side)
    assert not has_dark_strokes(255 - grey, side)


# ruled paper


def ruled(level, spacing=25, tilt=0.03, upright=False):
    """Ink of a 7 (0.8) on lines (this level) that are 2 pixels wide."""
    drawn = np.asarray(draw_seven()) == 0
    rows, columns = np.mgrid[:200, :200]
    lines = (rows + tilt * columns) % spacing < 2
    lines = lines.T if upright else lines
    return np.where(drawn, 0.8, np.where(lines, level, 0)).astype(np.float32), drawn, lines


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("tilt", [-0.06, 0, 0.03])
def test_lines_are_found_where_they_are(upright, tilt):
    ink, _, lines = ruled(0.4, tilt=tilt, upright=upright)
    found = find_lines(ink, 0.2)
    assert {line.upright for line in found} == {upright}
    union = np.zeros(ink.shape, bool)
    for line in found:
        turned(union, upright)[line.row, line.column] = True
    assert (union & lines).sum() > 0.8 * lines.sum()


def test_a_digit_has_no_lines():
    ink, _, _ = ruled(0)
    assert find_lines(ink, 0.2) == []


def test_faint_lines_stay_below_the_thresholds():
    ink, drawn, _ = ruled(0.4)
    left, levels = remove_lines(ink, find_levels(ink))
    np.testing.assert_array_equal(left > levels.growth, drawn)


def test_lines_as_dark_as_the_pen_are_cut_but_not_where_a_stroke_crosses():
    ink, drawn, _ = ruled(0.8)
    left, levels = remove_lines(ink, find_levels(ink))
    found = left > levels.growth
    assert (found & drawn).sum() > 0.95 * drawn.sum()
    assert (found & ~drawn).sum() < 0.15 * drawn.sum()
    assert len(find_lines(ink, levels.growth)) >= 7
    assert find_lines(cut_out(ink, find_lines(ink, 0.3), 0.3), 0.3) == []


def test_a_1_from_border_to_border_is_not_a_line_of_the_paper():
    ink = np.zeros((100, 80), np.float32)
    ink[:, 38:43] = 0.8
    left, _ = remove_lines(ink, find_levels(ink))
    np.testing.assert_array_equal(left, ink)


def test_the_foot_of_a_2_from_border_to_border_is_not_a_line_of_the_paper():
    ink = np.zeros((100, 80), np.float32)
    ink[80:86] = ink[20:86, 30:36] = 0.8
    left, _ = remove_lines(ink, find_levels(ink))
    np.testing.assert_array_equal(left, ink)


def test_a_picture_of_lines_alone_is_left_unchanged():
    ink = np.zeros((100, 80), np.float32)
    ink[:, 20:24] = ink[:, 50:54] = 0.8
    assert len(find_lines(ink, 0.3)) == 2
    left, _ = remove_lines(ink, find_levels(ink))
    np.testing.assert_array_equal(left, ink)


def test_hundreds_of_lines_take_little_memory():
    ink = np.zeros((600, 600), np.float32)
    ink[::6] = ink[:, ::6] = 0.8
    tracemalloc.start()
    try:
        lines = find_lines(ink, 0.3)
        cut_out(ink, lines, 0.3)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(lines) == 200
    assert most < 30 * ink.nbytes


def test_column_lengths_by_hand():
    mask = np.array([[1, 0], [1, 1], [0, 1], [1, 1]], bool)
    assert column_lengths(mask).tolist() == [[2, 0], [2, 3], [0, 3], [1, 3]]
