"""Pictures as people have them: which formats are read, which frame, and in how much memory."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from mlp_cli.errors import PictureError
from mlp_cli.images import normalise, open_picture, pictures_in, read_picture
from mlp_cli.images import opening as opening_of_pictures
from mlp_cli.images.reducing import reduce
from tests.makers import draw_seven, make_run

pytestmark = pytest.mark.alike

ROOT = Path(__file__).parents[1]
MOST_MEMORY = 300_000_000
"""bytes of a whole process that reads a picture"""

FORMATS = {
    "png": "L",
    "jpg": "RGB",
    "gif": "P",
    "bmp": "RGB",
    "tif": "CMYK",
    "webp": "RGB",
    "avif": "RGB",
    "pgm": "L",
    "ppm": "RGB",
    "ico": "RGBA",
}


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_that_people_have_is_read(ending):
    if ending == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    seven = draw_seven(size=(200, 200))
    seven.convert(FORMATS[ending]).save(f"seven.{ending}")
    expected, image = (
        normalise(np.asarray(seven, float)),
        normalise(read_picture(Path(f"seven.{ending}"))),
    )
    ink = (expected > 0) | (image > 0)
    assert np.abs(expected.astype(float) - image)[ink].mean() < 20


OTHER = {
    "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n": "a PostScript file, which is a program",
    "\xc5\xd0\xd3\xc6": "a PostScript file, which is a program",
    "%PDF-1.7\n": "a PDF document",
    "\n<svg xmlns='http://www.w3.org/2000/svg'/>": "an SVG drawing",
    "<?xml version='1.0'?>\n<svg/>": "an SVG drawing",
    "<!DOCTYPE html><title>404</title>": "a web page, not a picture",
    "\0\0\0\x24ftypheic\0\0\0\0": "a HEIC photograph, which mlp does not read. Export it as JPEG.",
    "\0\0\0\x24ftypmif1\0\0\0\0": "a HEIC photograph, which mlp does not read. Export it as JPEG.",
    "\0\0\0\x0cjP  \r\n": "a JPEG 2000 picture",
    "8BPS\0\1": "a Photoshop file",
    "": "not a picture: empty",
    "/* XPM */": "not a picture that can be read, expected PNG, JPEG, GIF, BMP, TIFF, WebP, AVIF, ",
}


@pytest.mark.parametrize("beginning", OTHER)
def test_another_format_is_named_and_the_way_on(beginning):
    Path("a.png").write_bytes(beginning.encode("latin-1"))
    with pytest.raises(PictureError, match=OTHER[beginning]) as error:
        read_picture(Path("a.png"))
    assert str(error.value).endswith(("JPEG.", "file.", "itself."))


@pytest.mark.parametrize("kind", ["EPS", "TGA", "PCX", "ICNS", "SGI", "DDS"])
def test_no_other_decoder_of_pillows_is_asked(kind, monkeypatch):
    seven = draw_seven("RGB", (0, 0, 0), (255,) * 3, size=(256, 256))
    seven.save("seven", kind)
    Image.init()
    for name, (_, accept) in list(Image.OPEN.items()):
        if name == kind:
            monkeypatch.setitem(Image.OPEN, name, (lambda *_: pytest.fail("it was asked"), accept))
    with pytest.raises(PictureError, match=r"not a picture that can be read|a PostScript file"):
        read_picture(Path("seven"))


def blank():
    return Image.new("L", (200, 200), 255)


SEVERAL = {"gif": "frame", "tif": "page", "png": "frame", "webp": "frame", "avif": "frame"}


@pytest.mark.parametrize("ending", SEVERAL)
def test_of_several_frames_the_first_that_is_not_blank_is_read_and_it_is_said(ending):
    if ending == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    name, other = SEVERAL[ending], draw_seven(at=(20, 20), scale=0.5)
    draw_seven().save(f"a.{ending}", save_all=True, append_images=[other, blank()])
    first = open_picture(Path(f"a.{ending}"))
    assert first.remarks == (f"only the first of 3 {name}s is read",)
    np.testing.assert_allclose(first.grey, np.asarray(draw_seven(), float), atol=60)
    faint = Image.new("L", (200, 200), 250)
    blank().save(f"b.{ending}", save_all=True, append_images=[faint, draw_seven(), blank()])
    third = open_picture(Path(f"b.{ending}"))
    assert third.remarks == (f"only {name} 3 of 4 is read; those before it are blank",)
    np.testing.assert_allclose(third.grey, np.asarray(draw_seven(), float), atol=60)


def test_what_stands_alone_is_read_without_a_remark():
    for ending in ("gif", "tif", "png", "webp", "jpg"):
        draw_seven().save(f"a.{ending}")
        assert open_picture(Path(f"a.{ending}")).remarks == ()
    draw_seven().save("a.mpo", save_all=True, append_images=[draw_seven()])  # a telephone's depth
    assert open_picture(Path("a.mpo")).remarks == ()


def test_only_blank_frames_are_a_blank_picture():
    blank().save("a.gif", save_all=True, append_images=[Image.new("L", (200, 200), 250)] * 2)
    with pytest.raises(PictureError, match="blank"):
        normalise(read_picture(Path("a.gif")))


def test_predict_says_what_of_a_picture_is_not_read(run):
    make_run(image_shape=(28, 28), sizes=(784, 5, 10)).save(Path("net.npz"))
    draw_seven().save("a.tif", save_all=True, append_images=[draw_seven(), draw_seven()])
    remark = "a.tif: only the first of 3 pages is read.\n"
    assert remark in run("predict a.tif --checkpoint net.npz").stderr
    assert remark in run("explain a.tif --checkpoint net.npz").stderr


def test_what_a_folder_holds_besides_is_counted(run):
    make_run(image_shape=(28, 28), sizes=(784, 5, 10)).save(Path("net.npz"))
    Path("in/inner.png").mkdir(parents=True)
    draw_seven().save("in/7.png")
    draw_seven().save("in/8.webp")
    for name in ("._7.png", ".DS_Store", "a.HEIC", "b.heic", "c.txt", "noend"):
        Path("in", name).write_bytes(b"\0")
    os.mkfifo("in/pipe.png")
    done = run("predict in --checkpoint net.npz")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["in/7.png", "in/8.webp"]
    assert (
        "in: not read: 1 folders, 2 hidden, 2 named .heic, 1 named .txt, 1 not plain files, "
        "1 without an ending.\n"
    ) in done.stderr
    assert "not read" not in run("predict in --checkpoint net.npz --quiet").stderr


def test_a_folder_of_other_files_says_what_it_holds():
    Path("in").mkdir()
    Path("in/a.heic").write_bytes(b"\0")
    with pytest.raises(PictureError, match=r"it holds 1 named \.heic.*expected files named \.png"):
        pictures_in(Path("in"))


RANGES = [(-1, 1), (0, 1), (-0.5, 0.5), (-1, 0), (0, 2.5), (-3, 4), (-1000, 3), (0, 1e-3)]


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_floats_of_any_range_are_not_blank(low, high):
    floats = np.where(np.asarray(draw_seven()) == 0, low, high).astype(np.float32)
    floats[0, 0] = (low + high) / 2.1  # no whole number
    Image.fromarray(floats).save("a.tif")
    image = normalise(read_picture(Path("a.tif")))
    expected = normalise(np.asarray(draw_seven(), float))
    assert np.abs(image.astype(float) - expected).mean() < 3


def test_whole_numbers_that_hardly_differ_stay_blank():
    Image.fromarray(np.asarray(draw_seven()).astype(np.uint16) // 100).save("a.png")
    with pytest.raises(PictureError, match="blank"):
        normalise(read_picture(Path("a.png")))


def whole_then_reduced(picture):
    """What `reduce` computes, without strips."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        plain = picture.convert("F")
    elif "A" in picture.getbands() or "transparency" in picture.info:
        plain = picture.convert("RGBA")
        if plain.getchannel("A").getextrema() == (255, 255):
            plain = plain.convert("RGB")
    else:
        plain = picture.convert("L" if picture.mode in ("1", "L") else "RGB")
    plain.thumbnail((1024, 1024), Image.Resampling.BOX, reducing_gap=None)
    return plain


MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16")


@pytest.mark.parametrize("size", [(1500, 1100), (1025, 3), (3, 1025), (1024, 1030), (500, 200)])
@pytest.mark.parametrize("mode", MODES)
def test_strips_give_the_pixels_of_the_whole_picture(mode, size, monkeypatch):
    monkeypatch.setattr("mlp_cli.images.reducing.STRIP_PIXELS", 100_000)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    if mode == "I;16":
        picture = Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
    else:
        picture = Image.fromarray(noise).convert(mode)
    pictures = [picture]
    if mode in ("P", "L"):
        pictures.append(picture.copy())
        pictures[1].info["transparency"] = 7
    for one in pictures:
        expected, found = whole_then_reduced(one), reduce(one)
        assert (found.mode, found.size) == (expected.mode, expected.size)
        assert found.tobytes() == expected.tobytes()


MEASURE = """
import re, sys
from pathlib import Path
from mlp_cli.errors import PictureError
from mlp_cli.images import find_digit, read_picture
try:
    find_digit(read_picture(Path(sys.argv[1])))
    print("read")
except PictureError as error:
    print(error)
# Not ru_maxrss, in which the memory of the parent counts before the program begins.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024)
"""


def measured(path):
    """The answer to a picture, in a process whose memory stays below the bound."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    answer, memory = done.stdout.splitlines()
    assert int(memory) < MOST_MEMORY, (path, memory)
    return answer


@pytest.fixture
def any_size(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)


def seven(mode, size):
    ink, ground = ((0, 0, 0, 255)[: len(mode)], (255, 255, 255, 0)[: len(mode)])
    if len(mode) == 1:
        ink, ground = 0, 1 if mode == "1" else 255
    return draw_seven(mode, ink, ground, size=size, at=(500, 500), scale=min(size) / 150)


LARGEST = {
    "rgba.png": ("RGBA", (6300, 6300), {"compress_level": 1}),
    "rgb.png": ("RGB", (6300, 6300), {"compress_level": 1}),
    "l.png": ("L", (12_600, 12_600), {"compress_level": 1}),
    "g4.tif": ("1", (8900, 8900), {"compression": "group4"}),
    "plain.bmp": ("RGB", (6300, 6300), {}),
    "large.jpg": ("RGB", (12_000, 9000), {"quality": 30}),
    "progressive.jpg": ("RGB", (7000, 7000), {"quality": 30, "progressive": True}),
    "a.webp": ("RGBA", (3600, 3600), {"method": 0, "quality": 10}),
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_pictures_are_read_in_bounded_memory(name, any_size):
    mode, size, options = LARGEST[name]
    seven(mode, size).save(name, **options)
    assert measured(name) == "read"


REFUSED = {
    "rgba.png": ("RGBA", (9400, 9400), {"compress_level": 1}),
    "l.gif": ("L", (13_000, 13_000), {}),
    "progressive.jpg": ("RGB", (12_000, 9000), {"quality": 30, "progressive": True}),
    "a.webp": ("RGB", (4000, 4000), {"method": 0, "quality": 10}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_larger_picture_is_refused_with_figures_and_a_way_on(name, any_size):
    mode, size, options = REFUSED[name]
    seven(mode, size).save(name, **options)
    answer = measured(name)
    assert answer.startswith(
        (f"{size[0]:,} x {size[1]:,} pixels, expected ", f"{size[0] * size[1]:,} pixels, expected ")
    )
    assert "Make the picture smaller, or save it as " in answer


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def icon():
    """An icon of 16 x 16 pixels, by its directory, in which is a PNG of 9000 x 9000."""
    png = saved(Image.new("1", (9000, 9000)), "PNG")
    entry = struct.pack("<4B2H2I", 16, 16, 0, 0, 1, 8, len(png), 22)
    return struct.pack("<3H", 0, 1, 1) + entry + png


def strips(count=3_000_000):
    """A TIFF of 100 rows that lists this many strips."""
    entries = [(256, 3, 1, 100), (257, 3, 1, 100), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, count, 200), (278, 3, 1, 1), (279, 4, count, 200)]
    listed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    start = b"II*\0" + struct.pack("<IH", 8, len(entries)) + listed + bytes(4)
    return start.ljust(200, b"\0") + bytes(4 * count)


def with_exif(size=60_000_000):
    png = saved(draw_seven(), "PNG")
    return png[:33] + chunk(b"eXIf", bytes(size)) + png[33:]


HEAVY = {
    "icon": (icon, "81,000,000 pixels, expected 1,048,576 at most"),
    "strips": (strips, "too much metadata"),
    "exif": (with_exif, "too much metadata"),
    "file": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(80_000_000), "a file of 80,000,008 bytes"),
}


@pytest.mark.parametrize("name", HEAVY)
def test_what_is_heavy_in_other_ways_is_refused(name):
    make, words = HEAVY[name]
    Path(name).write_bytes(make())
    assert measured(name).startswith(words)


def test_a_large_jpeg_is_decoded_at_a_part_of_its_size(monkeypatch):
    draw_seven(size=(4000, 3000), at=(1000, 500), scale=15.0).save("a.jpg")
    whole = normalise(read_picture(Path("a.jpg")))
    monkeypatch.setattr(opening_of_pictures, "MOST_BYTES", 8_000_000)
    part = normalise(read_picture(Path("a.jpg")))
    assert np.abs(whole.astype(float) - part).mean() < 3


def test_the_bound_on_pixels_for_others_is_left_as_it_was():
    before = Image.MAX_IMAGE_PIXELS
    draw_seven().save("a.png")
    read_picture(Path("a.png"))
    assert before == Image.MAX_IMAGE_PIXELS
