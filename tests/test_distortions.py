"""Distorted images: where each pixel is read, what is read there, and what stays as it was."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from mlp_cli.datasets.idx import read_idx
from mlp_cli.learning import distortions
from mlp_cli.learning.distortions import distort

KINDS = ["shift", "affine", "elastic"]
SHAPES = [(28, 28), (16, 16), (9, 14), (20, 7)]


class Drawn:
    """A generator whose numbers are known: `uniform` gives these in turn, noise is 0 or real."""

    def __init__(self, *uniform, noise=None):
        self.left = list(uniform)
        self.noise = noise

    def uniform(self, low, high, size):
        assert (low, high) == (-1, 1)
        return np.broadcast_to(np.array(self.left.pop(0), float), size)

    def standard_normal(self, size, dtype):
        return np.zeros(size, dtype) if self.noise is None else self.noise.normal(size=size)


def column(*values):
    """One value for each of several numbers, the same for all images."""
    return [[value] for value in values]


STILL = column(0, 0)
UPRIGHT = column(0, 0, 0, 0)


def noise(n, shape, seed=0):
    """Images that show every pixel that goes astray, with bright borders: nothing is halved."""
    images = np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)
    images[:, 0, 0] = 255
    return images


def bilinear(image, row, column):
    """The grey level between four pixels, 0 outside, by the definition."""
    level = 0.0
    for r in (math.floor(row), math.floor(row) + 1):
        for c in (math.floor(column), math.floor(column) + 1):
            if 0 <= r < image.shape[0] and 0 <= c < image.shape[1]:
                level += (1 - abs(row - r)) * (1 - abs(column - c)) * float(image[r, c])
    return level


STEP = 8
"""grey levels from one row or column of a ramp to the next"""


def ramps(shape):
    """Two images whose grey levels are their pixels' own rows and columns, in STEPs."""
    return (np.indices(shape) * STEP).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [*SHAPES, (1, 1)])
def test_strength_0_changes_nothing(kind, shape):
    images = noise(5, shape)
    distorted = distort(images, np.random.default_rng(0), kind, strength=0)
    np.testing.assert_array_equal(distorted, images)
    assert not np.shares_memory(distorted, images)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_image_is_distorted_and_the_originals_stay(kind, shape):
    images = noise(300, shape)
    before = images.copy()
    distorted = distort(images, np.random.default_rng(0), kind)
    assert distorted.shape == images.shape
    assert distorted.dtype == np.uint8
    assert (distorted != images).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("kind", KINDS)
def test_no_images_give_no_images(kind):
    images = np.empty((0, 28, 28), np.uint8)
    assert distort(images, np.random.default_rng(0), kind).shape == (0, 28, 28)


def test_the_order_of_the_memory_is_no_matter():
    images = noise(4, (28, 28))
    turned = np.asfortranarray(images)
    np.testing.assert_array_equal(
        distort(turned, np.random.default_rng(0), "elastic"),
        distort(images, np.random.default_rng(0), "elastic"),
    )


@pytest.mark.parametrize(("down", "right"), [(2, 0), (-3, 0), (0, 1), (1, -2), (30, 0)])
def test_a_shift_by_whole_pixels_is_a_roll_with_zeros_behind_it(down, right):
    images = noise(3, (28, 28))
    most = max(abs(down), abs(right))
    drawn = Drawn(column(down / most, right / most))
    distorted = distort(images, drawn, "shift", strength=most / distortions.SHIFT)
    rows, columns = np.indices((28, 28))
    expected = np.roll(images, (down, right), axis=(1, 2))
    from_inside = (rows - down >= 0) & (rows - down < 28)
    from_inside &= (columns - right >= 0) & (columns - right < 28)
    np.testing.assert_array_equal(distorted, np.where(from_inside, expected, 0))


@pytest.mark.parametrize("shape", [(28, 28), (9, 14)])
def test_between_pixels_the_grey_level_is_bilinear(shape):
    images = noise(8, shape)
    # Multiples of 1/256 of a pixel, which is how finely shifts are kept.
    shifts = np.random.default_rng(1).integers(-700, 700, (2, 8)) / 256
    strength = 3 / (distortions.SHIFT * min(shape) / distortions.REFERENCE_SIDE)
    distorted = distort(images, Drawn(shifts / 3), "shift", strength)
    for image, result, (down, right) in zip(images, distorted, shifts.T, strict=True):
        for r, c in np.ndindex(shape):
            level = bilinear(image, r - down, c - right)
            assert abs(result[r, c] - level) <= 0.501, (r, c)


def test_a_rotation_above_0_is_counter_clockwise():
    image = np.zeros((1, 29, 29), np.uint8)
    image[0, 14, 24] = 255  # ten pixels to the right of the centre
    quarter = math.pi / 2 / distortions.ROTATION
    turned = distort(image, Drawn(STILL, column(1, 0, 0, 0)), "affine", quarter)
    assert np.unravel_index(turned[0].argmax(), (29, 29)) == (4, 14)


def test_a_slant_above_0_leans_to_the_right():
    image = np.zeros((1, 29, 29), np.uint8)
    image[0, 4:25, 14] = 255
    two_columns_in_ten_rows = 0.2 / distortions.SLANT
    drawn = Drawn(STILL, column(0, 1, 0, 0))
    leaning = distort(image, drawn, "affine", two_columns_in_ten_rows)[0]
    assert leaning[4].argmax() == 16
    assert leaning[14].argmax() == 14
    assert leaning[24].argmax() == 12


@pytest.mark.parametrize(("rows", "columns"), [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_a_scale_above_0_enlarges(rows, columns):
    image = np.zeros((1, 29, 29), np.uint8)
    image[0, 9:20, 9:20] = 100
    scaled = distort(image, Drawn(STILL, column(0, 0, rows, columns)), "affine")[0]
    for sums, scale in ((scaled[:, 14], rows), (scaled[14], columns)):
        expected = 1100 * math.exp(distortions.SCALE * scale)
        assert abs(sums.sum(dtype=int) - expected) < 15


@pytest.mark.parametrize("shape", [(28, 28), (20, 16)])
def test_affine_positions_agree_with_complex_numbers(shape):
    """Each pixel's position, undone step by step for one pixel at a time."""
    rng = np.random.default_rng(0)
    images = np.repeat(ramps(shape)[None], 6, axis=0)
    shifts, u = rng.uniform(-1, 1, (2, 6)), rng.uniform(-1, 1, (4, 6))
    rows, columns = (distort(images[:, axis], Drawn(shifts, u), "affine") / STEP for axis in (0, 1))
    centre_row, centre_column = (shape[0] - 1) / 2, (shape[1] - 1) / 2
    unit = min(shape) / distortions.REFERENCE_SIDE
    checked = 0
    for i in range(6):
        for r, c in np.ndindex(shape):
            # Real part to the right, imaginary part up.
            z = complex(c - centre_column, centre_row - r)
            z *= np.exp(-1j * distortions.ROTATION * u[0, i])
            z -= distortions.SLANT * u[1, i] * z.imag
            up = z.imag / math.exp(distortions.SCALE * u[2, i])
            right = z.real / math.exp(distortions.SCALE * u[3, i])
            row = centre_row - up - shifts[0, i] * distortions.SHIFT * unit
            position = row, centre_column + right - shifts[1, i] * distortions.SHIFT * unit
            if 0 <= position[0] <= shape[0] - 1 and 0 <= position[1] <= shape[1] - 1:
                found = rows[i, r, c], columns[i, r, c]
                np.testing.assert_allclose(found, position, atol=0.125)
                checked += 1
    assert checked > 4 * shape[0] * shape[1]


def displacements(n, shape):
    """How far smooth noise alone displaces every pixel, along rows and columns: (2, n, ...)."""
    both = []
    for axis, ramp in enumerate(ramps(shape)):
        drawn = Drawn(STILL, UPRIGHT, noise=np.random.default_rng(0))
        positions = distort(np.repeat(ramp[None], n, axis=0), drawn, "elastic") / STEP
        both.append(positions - np.indices(shape)[axis])
    return np.array(both)[:, :, 4:-4, 4:-4]  # away from where 0 is read


@pytest.mark.parametrize("shape", [(28, 28), (14, 14), (28, 14)])
def test_displacements_are_those_of_noise_smoothed_by_a_gaussian(shape):
    """Smoothed by a Gaussian of width s, noise is correlated by exp(-d^2 / 4 s^2) at distance d."""
    unit = min(shape) / distortions.REFERENCE_SIDE
    moved = displacements(1500, shape)
    deviation = moved.std(axis=(0, 1))
    np.testing.assert_allclose(deviation, distortions.DISPLACEMENT * unit, rtol=0.06)
    np.testing.assert_allclose(moved.mean(axis=1), 0, atol=0.08)
    fields = moved / deviation
    checked = 0
    for down, right in [(1, 0), (0, 5), (5, 0), (5, 5), (0, 10), (10, 10), (17, 0)]:
        if down < fields.shape[2] and right < fields.shape[3]:
            expected = np.exp(-(down**2 + right**2) / (4 * (distortions.SMOOTHING * unit) ** 2))
            found = np.mean(fields[:, :, 0, 0] * fields[:, :, down, right], axis=1)
            np.testing.assert_allclose(found, expected, atol=0.08)
            checked += 1
    assert checked >= 4
    assert abs(np.mean(fields[0] * fields[1])) < 0.03


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_images(kind):
    images = noise(300, (28, 28))
    first, again, other = (distort(images, np.random.default_rng(seed), kind) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=(1, 2)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_leave_no_trace(kind, monkeypatch):
    images = noise(300, (28, 28))
    images[::2, [0, -1]] = 0
    images[::2, :, [0, -1]] = 0  # so that some are halved
    whole = distort(images, np.random.default_rng(1), kind)
    monkeypatch.setattr(distortions, "PIXELS_PER_BLOCK", 7 * 28 * 28)
    np.testing.assert_array_equal(distort(images, np.random.default_rng(1), kind), whole)


def test_threads_leave_no_trace():
    code = (
        "import numpy as np, zlib; from mlp_cli.learning.distortions import distort;"
        "images = np.random.default_rng(0).integers(0, 256, (2000, 28, 28), np.uint8);"
        "print(zlib.crc32(distort(images, np.random.default_rng(1), 'elastic')))"
    )
    sums = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(sums) == 1


def test_a_digit_that_would_be_cut_off_moves_less():
    images = np.zeros((2, 28, 28), np.uint8)
    images[0, 10:27, 14] = images[1, 0:17, 14] = 255
    drawn = Drawn(column(1, 0))  # both down by 3 pixels
    inside, at_border = distort(images, drawn, "shift", strength=3 / distortions.SHIFT)
    # By 3, 1.5 and 0.75 pixels the last row would be bright; by 0.375 it is 255 * 0.375 = 95.6.
    assert inside[[9, 10, 11, 26, 27], 14].tolist() == [0, 159, 255, 255, 96]
    # The other one touches a border as it is.
    assert at_border[[2, 3, 19, 20], 14].tolist() == [0, 255, 255, 0]


@pytest.mark.mnist
def test_digits_keep_their_ink(mnist_dir):
    images = read_idx(mnist_dir / "mnist" / "t10k-images-idx3-ubyte.gz")[:2000]
    had_bright_border = images[:, [0, -1]].max(axis=(1, 2)) >= distortions.BRIGHT
    had_bright_border |= images[:, :, [0, -1]].max(axis=(1, 2)) >= distortions.BRIGHT
    assert had_bright_border.mean() < 0.03
    distorted = distort(images, np.random.default_rng(0), "elastic")[~had_bright_border]
    assert distorted[:, [0, -1]].max() < distortions.BRIGHT
    assert distorted[:, :, [0, -1]].max() < distortions.BRIGHT
    ink = distorted.sum(axis=(1, 2)) / images[~had_bright_border].sum(axis=(1, 2))
    assert abs(np.mean(ink) - 1) < 0.02
    assert abs(np.log(ink)).max() < 3 * distortions.SCALE
