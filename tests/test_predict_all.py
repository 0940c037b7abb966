"""mlp predict --all: every digit of a picture as text, JSON, drawing and files."""

import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from mlp_cli.commands.shared.all_digits import MOST_DOUBTS, MOST_PLACES, PageReading
from mlp_cli.commands.shared.group import mlp
from mlp_cli.commands.shared.readings import Reading
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.datasets.source import DIGIT_NAMES
from mlp_cli.images import Digit, Picture, open_picture
from mlp_cli.images.several import Box, DigitsFound, PlacedDigit
from mlp_cli.images.show_all import draw_page
from tests import makers
from tests.makers import draw_seven, make_run

pytestmark = pytest.mark.alike

KEYS = ["box", "line", "prediction", "name", "confidence", "outputs", "warnings"]


@pytest.fixture
def page():
    """A page of 7s: three in the first line, two in the second."""
    picture, boxes = makers.draw_page(3, 2)
    picture.save("page.png")
    return boxes


def documents(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_digits_of_a_line_are_printed_with_the_lowest_output(run):
    makers.draw_page(4)[0].save("page.png")
    done = run("predict --all page.png")
    assert re.fullmatch(r"page\.png: 7777 \((\d\.\d\d)\)\n", done.stdout)
    (document,) = documents(run("predict --all --json page.png"))
    lowest = min(digit["confidence"] for digit in document["digits"])
    assert f"({lowest:.2f})" in done.stdout


def test_every_line_of_writing_is_printed_as_a_line(run, page):
    first, *lines = run("predict --all page.png").stdout.splitlines()
    assert re.fullmatch(r"page\.png: 2 lines \(\d\.\d\d\)", first)
    assert [re.sub(r"\d\.\d\d", "x", line) for line in lines] == ["    777 (x)", "    77 (x)"]


def test_the_document_has_every_digit_with_its_box_and_line(run, page):
    (document,) = documents(run("predict --all --json page.png"))
    assert list(document) == ["image", "text", "digits", "warnings"]
    assert (document["image"], document["text"]) == ("page.png", "777\n77")
    assert [digit["line"] for digit in document["digits"]] == [1, 1, 1, 2, 2]
    for digit, box in zip(document["digits"], page, strict=True):
        assert list(digit) == KEYS
        assert digit["prediction"] == 7
        assert digit["confidence"] == digit["outputs"][7]
        assert digit["box"] == pytest.approx(box, abs=10)  # the pen is 12 pixels wide


@pytest.mark.parametrize("orientation", [1, 6, 8])
def test_boxes_are_in_pixels_of_the_file_upright(run, page, orientation):
    """Though a large picture is reduced before it is read."""
    large = Image.open("page.png").resize((2000, 1600))
    turned = large.rotate({1: 0, 6: 90, 8: -90}[orientation], expand=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned.save("large.png", exif=exif)
    (small,) = documents(run("predict --all --json page.png"))
    (document,) = documents(run("predict --all --json large.png"))
    factors = 2000 / 400, 1600 / 320, 2000 / 400, 1600 / 320
    assert document["text"] == small["text"] == "777\n77"
    for digit, box in zip(document["digits"], page, strict=True):
        expected = [side * factor for side, factor in zip(box, factors, strict=True)]
        assert digit["box"] == pytest.approx(expected, abs=50)


def test_a_box_of_the_whole_picture_is_the_whole_file():
    picture = Picture(np.zeros((512, 1024), np.float32), (), (1001, 2003))
    assert picture.in_file(Box(0, 0, 1024, 512)) == (0, 0, 2003, 1001)
    assert picture.in_file(Box(1, 1, 2, 2)) == (1, 1, 4, 4)


def test_a_large_photograph_has_the_size_of_its_file():
    """Where it is decoded at a part of that."""
    Image.new("L", (14_000, 12_000), 255).save("photo.jpg")
    picture = open_picture(Path("photo.jpg"))
    assert picture.size == (12_000, 14_000)
    assert max(picture.grey.shape) <= 1024


def test_a_committee_has_the_members_of_every_digit(run, page):
    make_run(image_shape=(28, 28), sizes=(784, 5, 10)).save(Path("own.npz"))
    command = "predict --all --json page.png --checkpoint bundled --checkpoint own.npz"
    (document,) = documents(run(command))
    for digit in document["digits"]:
        assert list(digit) == [*KEYS, "members"]
        outputs = [member["outputs"] for member in digit["members"]]
        assert digit["outputs"] == pytest.approx(np.mean(outputs, axis=0), abs=1e-6)
        assert digit["members"][0]["prediction"] == 7


def test_classes_that_have_names_are_printed_by_name(run, page):
    run_ = make_run(image_shape=(28, 28), sizes=(784, 5, 10), dataset="fashion-mnist")
    run_.network.weights[1][:] = 0
    run_.network.biases[1][:] = [-9] * 7 + [9, -9, -9]
    run_.save(Path("own.npz"))
    done = run("predict --all page.png --checkpoint own.npz")
    assert "    Sneaker Sneaker Sneaker (1.00)\n    Sneaker Sneaker (1.00)\n" in done.stdout
    (document,) = documents(run("predict --all page.png --json --checkpoint own.npz"))
    assert document["text"] == "Sneaker Sneaker Sneaker\nSneaker Sneaker"
    assert "┌Sneaker" in run("predict --all page.png --show --checkpoint own.npz").stdout


def test_standard_input_is_read_and_one_that_cannot_be_read_does_not_stop_others(run, page):
    Path("bad.png").write_text("no picture")
    Image.new("L", (99, 99), 255).save("blank.png")
    command = "predict --all --json bad.png - blank.png page.png none.png"
    done = run(command, status=1, input=Path("page.png").read_bytes())
    piped, named = documents(done)
    assert piped == named | {"image": "-"}
    for words in ("bad.png: not a picture", "blank.png: blank", "none.png: no such file"):
        assert f"Error: {words}" in done.stderr
    assert done.stderr.endswith("2 read, 0 doubtful, 3 not read\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--all --raw", "--raw and --all exclude each other"),
        ("--all --top 2", "--top and --all exclude each other"),
        ("--save-boxes boxes.png", "--save-boxes: one digit alone has no box. Give --all too."),
        ("--all --json --show", "--show and --json exclude each other"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(run, page, options, words):
    assert words in run(f"predict page.png {options}", status=2).stderr
    assert os.listdir() == ["page.png"]


def test_a_setting_of_top_in_the_environment_does_not_forbid_all(run, page, monkeypatch):
    monkeypatch.setenv("MLP_PREDICT_TOP", "5")
    run("predict --all page.png")


# the drawing


@pytest.mark.parametrize("width", [80, 40])
def test_the_drawing_fits_the_terminal_and_names_every_digit(run, page, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run("predict --all --show page.png").stdout.splitlines()[3:]
    assert max(map(len, lines)) <= width
    assert [line.count("7─") for line in lines if "7─" in line] == [3, 2]
    assert sum(line.count("█") for line in lines) > 20


def test_the_drawing_is_ascii_where_the_terminal_knows_no_more(page):
    words = ["predict", "--all", "--show", "page.png"]
    done = CliRunner(charset="ascii").invoke(mlp, words)
    assert done.exit_code == 0
    assert done.stdout.isascii()
    assert done.stdout.count("+7-") == 5


def placed(count, in_line, size=20, rise=0):
    """So many digits, numbered 0 to 9 again and again, in lines of these."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 10:18] = 255
    digits = []
    for k in range(count):
        line, column = divmod(k, in_line)
        left, top = int(column * size * 1.5), int(line * size * 2 + column * rise)
        box = Box(left, top, left + size, top + size)
        digits.append(PlacedDigit(Digit(image), box, line + 1, np.eye(10)[k % 10]))
    return digits


@pytest.mark.parametrize("width", [80, 40])
def test_a_page_of_many_digits_is_drawn_as_their_names_in_place(width):
    digits = placed(300, in_line=25, rise=0.5)
    lines = draw_page(digits, [str(k % 10) for k in range(300)], width, blocks=True).splitlines()
    assert max(map(len, lines)) <= width
    texts = [re.sub(" ", "", line) for line in lines if line]
    assert "".join(texts) == "0123456789" * 30
    assert len(texts) == 12  # a line of writing is a line of text


def test_a_line_of_digits_that_rises_is_drawn_so():
    digits = placed(10, in_line=10, size=20, rise=-20)
    lines = draw_page(digits, ["1"] * 10, 20, blocks=True).splitlines()
    assert len(lines) > 5
    assert lines[0].index("1") > lines[-1].index("1")


@pytest.mark.parametrize("shape", [(1, 1), (5000, 3), (3, 5000)])
def test_a_box_of_any_shape_is_drawn_within_the_width(shape):
    digit = PlacedDigit(Digit(np.zeros((28, 28), np.uint8)), Box(0, 0, *shape), 1, np.eye(10)[1])
    lines = draw_page([digit, digit], ["1", "1"], 40, blocks=False).splitlines()
    assert 0 < max(map(len, lines)) <= 40
    assert len(lines) <= 44
    assert draw_page([], [], 40, blocks=True) == ""


# files


def test_boxes_are_drawn_on_the_picture(run, page):
    run("predict --all page.png --save-boxes boxes.png")
    drawn = np.asarray(Image.open("boxes.png").convert("RGB")).astype(int)
    before = np.asarray(Image.open("page.png"))
    factor = drawn.shape[1] / before.shape[1]
    assert drawn.shape == (before.shape[0] * factor, before.shape[1] * factor, 3)
    red = (drawn[..., 0] > drawn[..., 1] + 50) & (drawn[..., 0] > drawn[..., 2] + 50)
    (document,) = documents(run("predict --all page.png --json"))
    for digit in document["digits"]:
        left, top, right, bottom = (int(side * factor) for side in digit["box"])
        assert red[bottom, left:right].all()
        assert red[top:bottom, right].all()
        assert not red[top + 30 : bottom - 1, left + 1 : right - 1].any()


def test_boxes_of_several_pictures_go_to_a_folder(run, page):
    draw_seven().save("seven.png")
    run("predict --all page.png seven.png --save-boxes out --save-normalised out")
    digits = [f"page-{number}.png" for number in range(1, 6)]
    made = {"page.png", "seven.png", "seven-1.png", *digits}
    assert set(os.listdir("out")) == made
    with Image.open("out/page-1.png") as image:
        assert image.size == (28, 28)
    run("predict --all page.png seven.png --save-boxes out --save-normalised out")
    assert set(os.listdir("out")) == made
    before = Path("page.png").read_bytes()
    run("predict --all page.png seven.png --save-boxes .")
    assert Path("page.png").read_bytes() == before
    assert Path("page-2.png").exists()
    assert (
        "expected another name"
        in run("predict --all page.png --save-boxes page.png", status=1).stderr
    )


def test_saved_digits_are_read_the_same_again(run, page):
    (document,) = documents(
        run("predict --all --json - --save-normalised out", input=Path("page.png").read_bytes())
    )
    assert sorted(os.listdir("out")) == [f"stdin-{number}.png" for number in range(1, 6)]
    again = documents(run("predict --raw --json out --checkpoint bundled"))
    for digit, alone in zip(document["digits"], again, strict=True):
        assert digit["outputs"] == pytest.approx(alone["outputs"], abs=1e-5)


# doubts


def reading(doubts, beside=None, in_line=10, sure=0.9):
    """A page whose digits, all read as 0, have these warnings."""
    outputs = np.array([sure] + [0.0] * 9)
    digits = placed(len(doubts), in_line)
    readings = tuple(
        Reading("page.png", Digit(digits[0].digit.image, tuple(each)), outputs, (outputs,), other)
        for each, other in zip(doubts, beside or [None] * len(doubts), strict=True)
    )
    picture = Picture(np.zeros((9, 9), np.float32), (), (9, 9))
    return PageReading("page.png", picture, tuple(digits), readings, ("it is upside down",))


MNIST = ClassNames(DIGIT_NAMES)


def test_a_doubt_that_digits_share_is_said_once_with_their_places():
    doubts = [[], ["faint"], [], ["faint", "cut"], ["faint"]]
    assert reading(doubts, in_line=5).warnings(MNIST) == [
        "it is upside down",
        "digits 2, 4, 5: faint",
        "digit 4: cut",
    ]
    assert reading(doubts, in_line=2).warnings(MNIST) == [
        "it is upside down",
        "digit 2 of line 1; digit 2 of line 2; digit 1 of line 3: faint",
        "digit 2 of line 2: cut",
    ]
    assert reading([["faint"]] * 3).warnings(MNIST)[1:] == ["all 3 digits: faint"]
    assert reading([["faint"]]).warnings(MNIST)[1:] == ["digit 1: faint"]


def test_doubts_of_a_large_page_stay_few_and_short():
    doubts = [[f"it has {number % 40} corners"] for number in range(300)]
    found = reading(doubts, beside=[np.eye(10)[k % 10] for k in range(300)]).warnings(MNIST)
    assert len(found) == 1 + MOST_DOUBTS + 1 + 1
    assert max(map(len, found)) < 200
    assert found[-2] == "252 more doubts about single digits; --json has them all"
    assert found[-1].count("(1.00)") == MOST_PLACES
    assert "and 264 more: the network that comes with mlp reads 1 (1.00), 2 (1.00)" in found[-1]
    (only,) = reading([[]], beside=[np.eye(10)[4]]).warnings(MNIST)[1:]
    assert only == "digit 1: the network that comes with mlp reads 4 (1.00): --checkpoint bundled"


def test_a_page_without_digits_is_no_error():
    page = reading([])
    assert page.text(MNIST) == "no digit"
    assert page.drawing(MNIST, 80, blocks=True) == ""
    assert page.warnings(MNIST) == ["it is upside down"]


def test_a_page_without_digits_is_shown_by_its_line_alone(run, monkeypatch):
    draw_seven().save("page.png")
    found = DigitsFound((), ("1 mark left out",))
    monkeypatch.setattr("mlp_cli.images.several.find_digits", lambda *arguments: found)
    assert run("predict --all --show page.png").stdout == "page.png: no digit\n"


def test_an_output_that_is_no_number_is_null_and_nan(run, page):
    own = make_run(image_shape=(28, 28), sizes=(784, 5, 10), activation="relu")
    own.network.weights[0][:] = 3e38
    own.network.weights[1][:] = [3e38, -3e38, 3e38, -3e38, 3e38]
    own.save(Path("own.npz"))
    assert "(nan)" in run("predict --all page.png --checkpoint own.npz").stdout
    (document,) = documents(run("predict --all page.png --json --checkpoint own.npz"))
    assert {digit["confidence"] for digit in document["digits"]} == {None}


def test_warnings_of_the_picture_are_in_its_document(run, page):
    picture = Image.open("page.png")
    file = io.BytesIO()
    picture.save(file, "TIFF", save_all=True, append_images=[picture])
    (document,) = documents(run("predict --all --json -", input=file.getvalue()))
    assert "only the first of 2 pages is read" in document["warnings"]
    done = run("predict --all -", input=file.getvalue())
    assert "standard input: only the first of 2 pages is read.\n" in done.stderr
