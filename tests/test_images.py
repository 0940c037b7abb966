"""A picture file to grey levels, and to MNIST's form, whatever kind of picture it is."""

import contextlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mlp_cli.errors import PictureError
from mlp_cli.images import normalise, open_stream, read_picture, take_as_is
from tests.makers import damage, draw_seven

pytestmark = pytest.mark.alike


def read(picture, name="picture.png", **options):
    path = Path(name)
    picture.save(path, **options)
    return read_picture(path)


def assert_alike(one, other, tolerance=12):
    """Equal but for the last grey levels: mean deviation over the pixels that hold ink."""
    ink = (one > 0) | (other > 0)
    assert np.abs(one.astype(float) - other)[ink].mean() < tolerance


@pytest.mark.parametrize("size", [(1000, 12), (12, 1000), (1000, 1)])
def test_a_coloured_strip_is_read(size):
    picture = Image.new("RGB", size, (250, 0, 0))
    picture.paste((0, 250, 0), (0, 0, size[0] // 4, size[1]))
    grey = read(picture)
    assert grey.shape == size[::-1]
    assert np.ptp(grey) > 50  # the two colours differ


def is_mnist_like(image):
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    mass = image.sum()
    centre = (
        image.sum(axis=1) @ np.arange(28) / mass,
        image.sum(axis=0) @ np.arange(28) / mass,
    )
    assert image.dtype == np.uint8
    assert image.shape == (28, 28)
    assert max(np.ptp(rows), np.ptp(columns)) in (18, 19, 20)
    assert centre == pytest.approx((14, 14), abs=0.51)
    assert image.max() > 200
    return True


def test_a_drawing_takes_mnists_form():
    assert is_mnist_like(normalise(read(draw_seven())))


SAME_SEVEN = {
    "light on dark": lambda: draw_seven(ink=255, ground=0),
    "grey on grey": lambda: draw_seven(ink=120, ground=180),
    "dark on dark": lambda: draw_seven(ink=10, ground=60),
    "light on light": lambda: draw_seven(ink=250, ground=180),
    "transparent, the hidden colour white": lambda: draw_seven(
        mode="RGBA", ink=(0, 0, 0, 255), ground=(255, 255, 255, 0)
    ),
    "in a corner": lambda: draw_seven(at=(8, 8)),
    "on a large page": lambda: draw_seven(size=(900, 400), at=(700, 250)),
    "larger": lambda: draw_seven(size=(400, 400), scale=2.0),
    "blue on yellow": lambda: draw_seven(mode="RGB", ink=(20, 20, 120), ground=(250, 240, 150)),
    "transparent, black ink": lambda: draw_seven(mode="RGBA", ink=(0, 0, 0, 255), ground=(0,) * 4),
    "transparent, white ink": lambda: draw_seven(
        mode="RGBA", ink=(255, 255, 255, 255), ground=(255, 255, 255, 0)
    ),
    "palette": lambda: draw_seven().convert("P"),
    "two colours": lambda: draw_seven().convert("1"),
    "cmyk": lambda: draw_seven(mode="RGB", ink=(0, 0, 0), ground=(255,) * 3).convert("CMYK"),
}


@pytest.mark.parametrize("kind", SAME_SEVEN)
def test_every_kind_of_picture_gives_the_same_digit(kind):
    expected = normalise(read(draw_seven()))
    picture = SAME_SEVEN[kind]()
    name = "kind.tiff" if picture.mode == "CMYK" else "kind.png"
    assert_alike(normalise(read(picture, name)), expected)


def test_a_palette_may_have_a_transparent_entry():
    picture = draw_seven().convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    ground = picture.getpixel((0, 0))
    picture.putpalette([0] * 768)  # ink and ground are black both, the ground transparent
    grey = read(picture, transparency=ground)
    assert_alike(normalise(grey), normalise(read(draw_seven())))


def test_half_transparent_ink_is_half_as_dark():
    grey = read(draw_seven(mode="RGBA", ink=(0, 0, 0, 128), ground=(0,) * 4))
    assert set(np.unique(grey)) == {255 - 128, 255}


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_a_huge_picture_is_reduced_to_the_same_digit(mode):
    ink, ground = (0, 255) if mode == "L" else ((0, 0, 0, 255), (0,) * 4)
    grey = read(draw_seven(mode, ink, ground, size=(6000, 4000), at=(2000, 1000), scale=15.0))
    assert max(grey.shape) == 1024
    assert_alike(normalise(grey), normalise(read(draw_seven())))


def test_sixteen_bits_a_pixel_give_the_same_digit():
    deep = np.asarray(draw_seven()).astype(np.uint16) * 200
    grey = read(Image.fromarray(deep), "deep.png")
    assert grey.max() <= 255
    assert_alike(normalise(grey), normalise(read(draw_seven())))


@pytest.mark.parametrize("scale", [1 / 255, 1, 40, -1])
def test_numbers_of_any_range_give_the_same_digit(scale):
    """Fractions 0..1, grey levels, more than 255, and below 0, as floating-point TIFF has them."""
    floats = np.asarray(draw_seven()).astype(np.float32) * scale
    image = normalise(read(Image.fromarray(floats), "float.tiff"))
    assert_alike(image, normalise(read(draw_seven())))


@pytest.mark.parametrize(("low", "high"), [(-3e38, 3e38), (0, 1e-45), (-1e-45, 0)])
def test_the_farthest_and_the_nearest_of_floats_are_grey_levels(low, high):
    floats = np.where(np.asarray(draw_seven()) == 0, low, high).astype(np.float32)
    image = normalise(read(Image.fromarray(floats), "float.tiff"))
    assert_alike(image, normalise(read(draw_seven())))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite_are_refused(value):
    floats = np.asarray(draw_seven()).astype(np.float32)
    floats[5, 5] = value
    with pytest.raises(PictureError, match="not finite numbers"):
        read(Image.fromarray(floats), "float.tiff")


def test_broken_exif_is_no_reason_to_refuse_a_picture():
    expected = np.asarray(draw_seven(), float)
    for number, exif in enumerate((b"Exif\0\0broken", b"MM\0*\0\0\xff\xff", b"")):
        np.testing.assert_array_equal(read(draw_seven(), f"{number}.png", exif=exif), expected)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "tiff", "webp", "ppm"])
@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_anywhere_is_refused_or_does_no_harm(kind, data):
    """Whatever bytes change: our error, or a digit in MNIST's form."""
    draw_seven(size=(40, 40), at=(5, 5), scale=0.3).save(f"whole.{kind}")
    Path("damaged").write_bytes(damage(data, Path(f"whole.{kind}").read_bytes()))
    with contextlib.suppress(PictureError):
        assert normalise(read_picture(Path("damaged"))).shape == (28, 28)


def test_jpeg_noise_does_not_widen_the_box():
    image = normalise(read(draw_seven(), "seven.jpg", quality=60))
    assert_alike(image, normalise(read(draw_seven())), tolerance=20)


@pytest.mark.parametrize(
    ("orientation", "taken"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),  # shown a quarter turn clockwise, as it was held
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_a_picture_is_turned_as_its_exif_says(orientation, taken):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = draw_seven() if taken is None else draw_seven().transpose(taken)
    np.testing.assert_array_equal(
        read(turned, "turned.png", exif=exif), np.asarray(draw_seven(), float)
    )


def test_a_set_of_another_size_takes_its_own_form():
    image = normalise(read(draw_seven()), (16, 16))
    assert image.shape == (16, 16)
    rows = np.flatnonzero(image.any(axis=1))
    assert np.ptp(rows) in (10, 11)  # 20/28 of 16 is 11.4


class Pipe:
    """What sys.stdin is: text, with the bytes behind it."""

    def __init__(self, data):
        self.buffer = io.BytesIO(data)


def test_a_picture_may_come_through_a_pipe():
    np.testing.assert_array_equal(open_stream(Pipe(png())).grey, np.asarray(draw_seven(), float))


def test_a_pipe_without_a_picture_or_an_end_is_refused():
    with pytest.raises(PictureError, match="not a picture"):
        open_stream(Pipe(b""))
    with pytest.raises(PictureError, match="closed"):
        open_stream(None)
    with pytest.raises(PictureError, match="more than 100 bytes"):
        open_stream(Pipe(bytes(101)), most_bytes=100)


def test_red_on_green_of_the_same_brightness_is_seen():
    """Luminance has 0.299 red and 0.587 green: both colours have 59.8 of it."""
    picture = draw_seven("RGB", (200, 0, 0), (0, 102, 0))
    assert np.ptp(np.asarray(picture.convert("L"))) <= 1
    assert 50 < read(picture).min() < read(picture).max() - 100 < 155
    assert_alike(normalise(read(picture)), normalise(read(draw_seven())))


def test_a_picture_without_colour_keeps_its_grey_levels():
    grey = np.arange(2500, dtype=np.uint8).reshape(50, 50)
    picture = Image.fromarray(np.stack([grey] * 3, axis=2))
    np.testing.assert_array_equal(read(picture), grey)


def test_a_hole_in_an_opaque_picture_takes_the_colour_of_its_paper():
    picture = draw_seven("RGBA", (0, 0, 90, 255), (220, 210, 150, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 200, 20))
    grey = read(picture)
    np.testing.assert_array_equal(grey[:20], np.full((20, 200), grey[30, 5]))


def test_raw_takes_28_by_28_as_they_are():
    pixels = np.arange(784, dtype=np.uint8).reshape(28, 28)
    grey = read(Image.fromarray(pixels))
    np.testing.assert_array_equal(take_as_is(grey, (28, 28)), pixels)
    with pytest.raises(PictureError, match="30 x 28 pixels, expected 28 x 28 with --raw"):
        take_as_is(np.zeros((28, 30)), (28, 28))


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_a_blank_picture_is_refused(level, mode):
    ground = level if mode == "L" else (level, level, level, 0)
    with pytest.raises(PictureError, match="blank"):
        normalise(read(Image.new(mode, (50, 50), ground)))


def test_a_single_pixel_is_blank():
    with pytest.raises(PictureError, match="blank"):
        normalise(read(Image.new("L", (1, 1), 7)))


def png():
    draw_seven().save("whole.png")
    return Path("whole.png").read_bytes()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: b"", "not a picture"),
        (lambda: b"not a picture at all", "not a picture"),
        (lambda: png()[:100], "cannot be read"),
        (lambda: png()[:50] + b"xxxx" + png()[54:], "cannot be read"),
    ],
)
def test_files_that_are_no_picture_are_refused(data, words):
    Path("bad.png").write_bytes(data())
    with pytest.raises(PictureError, match=words):
        read_picture(Path("bad.png"))


def test_missing_files_and_folders_are_refused():
    with pytest.raises(PictureError, match="no such file"):
        read_picture(Path("none.png"))
    with pytest.raises(PictureError, match=r"cannot be read \(Is a directory\)"):
        read_picture(Path())


@pytest.mark.mnist
def test_mnists_own_images_come_out_as_they_were(mnist_dir):
    """Saved as pictures and normalised, they lie where they lay: within half a pixel."""
    from mlp_cli import load_dataset

    images = load_dataset("mnist", mnist_dir).test.images[:500]
    exact = 0
    for image in images:
        again = normalise(image.astype(float))
        shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
        apart = [np.abs(np.roll(again, s, (0, 1)) - image.astype(float)).mean() for s in shifts]
        exact += shifts[int(np.argmin(apart))] == (0, 0)
    assert exact >= 450


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="A pipe or a device"):
        read_picture(tmp_path / "pipe.png")
