"""Several digits on the drawing page: all are read, in the order and with the outputs of Python."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw
from selenium.webdriver.common.by import By

import tests.test_html as html
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.images import read_picture
from mlp_cli.images.ground import find_ink
from mlp_cli.images.several import Box, find_digits
from mlp_cli.images.several.certainty import mean_outputs
from mlp_cli.images.several.clearing import clear, digit_height
from mlp_cli.images.several.joining import find_fragments, join_stacked
from mlp_cli.images.several.layout import lines_of
from mlp_cli.images.several.marks import is_mark
from mlp_cli.images.several.shapes import Shape
from mlp_cli.images.threshold import find_levels
from mlp_cli.runs import bundled
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import adopt_network
from tests.pages import Writer, drawn_digits, mnist_digits, paste
from tests.test_drawing_page import answer, boxes, draw_points
from tests.test_html import CURVES, SIZE, prediction, settle

opened, page = html.opened, html.page

SIDE = 280  # of the canvas


@pytest.fixture(scope="module")
def network():
    return load_checkpoint(bundled.PATH)


def as_png(grey):
    file = BytesIO()
    Image.fromarray(np.rint(grey).clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def canvas(seed, digits):
    """Two to five digits on white paper, in a line or two."""
    rng = np.random.default_rng(seed)
    count, lines = int(rng.integers(2, 6)), int(rng.integers(1, 3))
    ink = np.zeros((SIDE, SIDE), np.float32)
    writer = Writer(rng, digits)
    height = rng.uniform(36, 44)
    for number in range(lines):
        x = rng.uniform(5, 20)
        for _ in range(count):
            _, stamp = writer.digit(height)
            paste(ink, stamp, 60 + 110 * number + rng.uniform(-4, 4), x)
            x += stamp.shape[1] + rng.uniform(0.2, 0.4) * height
    return 255 - 255 * ink


def found_by_page(page, picture):
    """The text, and of each digit the box, the line, the image and the largest output."""
    return page.execute_async_script(
        """const [data, done] = arguments;
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        mlp.readPicture(new Blob([bytes])).then(({ grey }) => {
          const digits = mlp.findAll(grey);
          done([textOf(digits, digits.map(nameOf)), digits.map(({ box, line, pixels, outputs }) =>
            [box && [box.left, box.top, box.right, box.bottom], line, pixels, highest(outputs)])]);
        });""",
        base64.b64encode(picture).decode(),
    )


def text_of(found):
    lines = {}
    for each in found.digits:
        lines[each.line] = lines.get(each.line, "") + str(int(each.outputs.argmax()))
    return "\n".join(lines.values())


def ink_taken_off(grey):
    """The ink that Python takes for the paper's lines or frames, as the page never does."""
    ink = find_ink(grey)
    return (ink > find_levels(ink).growth) & ~clear(grey).mask


def assert_same(page, network, picture):
    """Assert that the page reads a picture as Python does where it cuts nothing.

    Return the text. The image of a digit that Python took ink off is another one.
    """
    grey = read_picture(BytesIO(picture))
    expected = find_digits(grey, (28, 28), network.outputs)
    taken_off = ink_taken_off(grey)
    text, digits = found_by_page(page, picture)
    assert len(digits) == len(expected.digits)
    assert text == text_of(expected)
    for (box, line, pixels, output), placed in zip(digits, expected.digits, strict=True):
        assert line == placed.line
        # Of soft ink, rounding may move the threshold by a grey level.
        assert np.abs(np.array(box) - placed.box).max() <= 1
        left, top, right, bottom = placed.box
        if not taken_off[top:bottom, left:right].any():
            assert np.abs(np.array(pixels) - placed.digit.image.ravel()).mean() < 8
        assert output == pytest.approx(float(placed.outputs.max()), abs=0.1)
    return text


def assert_canvases(page, network, digits, seeds):
    texts = []
    for seed in seeds:
        grey = canvas(seed, digits)
        texts.append(assert_same(page, network, as_png(grey)))
    assert {text.count("\n") for text in texts} == {0, 1}
    assert {len(text.split("\n")[0]) for text in texts} == {2, 3, 4, 5}


def test_canvases_of_drawn_digits_are_read_as_by_python(page, network):
    assert_canvases(page, network, drawn_digits(300), range(40))


def test_canvases_of_mnists_digits_are_read_as_by_python(page, network, mnist_dir):
    assert_canvases(page, network, *mnist_digits(mnist_dir), range(100, 140))


def test_marks_are_left_out_as_by_python(page, network):
    grey = canvas(4, drawn_digits(300))
    picture = Image.fromarray(grey.astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((262, 92, 268, 98), fill=0)  # a point
    pen.rectangle((225, 250, 255, 254), fill=0)  # a minus
    pen.line((20, 20, 50, 20), fill=0, width=4)
    pen.line((35, 5, 35, 35), fill=0, width=4)  # with the last, a plus
    assert_same(page, network, as_png(picture))


# step by step


def random_boxes(seed, count=12):
    rng = np.random.default_rng(seed)
    left, top = rng.integers(0, 250, (2, count))
    width, height = np.where(rng.random(count) < 0.3, 0.3, 1) * rng.integers(10, 40, (2, count))
    return [Box(*map(int, each)) for each in np.stack([left, top, left + width, top + height]).T]


def by_script(page, boxes, script):
    """What a script returns for `shapes`, full boxes in a picture of 400 columns."""
    return page.execute_script(
        """const shapes = arguments[0].map(([left, top, right, bottom]) => {
          const pixels = [];
          for (let r = top; r < bottom; r++) {
            for (let c = left; c < right; c++) pixels.push(400 * r + c);
          }
          return { left, top, right, bottom, pixels };
        });
        const sides = ({ left, top, right, bottom }) => [left, top, right, bottom];
        """
        + script,
        [list(each) for each in boxes],
    )


@pytest.mark.parametrize("seed", range(30))
def test_shapes_are_joined_left_out_and_put_into_lines_as_by_python(page, seed):
    boxes = random_boxes(seed)
    shapes = [Shape(box, np.ones((box.height, box.width), bool)) for box in boxes]
    height = digit_height(shapes)
    expected = [
        height,
        [list(each.box) for each in join_stacked(shapes, height)],
        [[each.number, each.host] for each in find_fragments(shapes, height)],
        [is_mark(each, height) for each in shapes],
        lines_of(shapes),
    ]
    found = by_script(
        page,
        boxes,
        """const height = digitHeight(shapes);
        return [height, joinStacked(shapes, height).map(sides),
          findFragments(shapes, height).map(({ number, host }) => [number, host]),
          shapes.map((shape) => isMark(shape, height, 400)), linesOf(shapes)];""",
    )
    assert found == expected


def test_the_page_is_as_certain_of_an_image_as_python(page, network):
    images = drawn_digits(20).images
    expected = mean_outputs(images, network.outputs)[1].max(axis=1)
    found = page.execute_script(
        "return arguments[0].map((pixels) => certaintyOf(pixels, saved.shape, outputsOf))",
        images.reshape(20, -1).tolist(),
    )
    np.testing.assert_allclose(found, expected, atol=1e-3)


# on the canvas


def draw_small(page, name, left, top=30, scale=0.4):
    """Draw a digit of CURVES in a part of the canvas that begins here, in percent."""
    for curve in CURVES[name]:
        points = [[float(n) for n in point.split()] for point in curve.split(",")]
        draw_points(page, *[[2.8 * (left + scale * x), 2.8 * (top + scale * y)] for x, y in points])


def test_digits_side_by_side_are_read_each_in_a_box(page):
    draw_small(page, "3", 0)
    one = answer(page)
    assert one.startswith("3 ")
    assert boxes(page, "#boxes span") == []
    draw_small(page, "1", 30)
    draw_small(page, "4", 60)
    assert prediction(page) == "314"
    (area,) = boxes(page, "#canvas")
    middles = [
        ((box["left"] + box["right"]) / 2 - area["left"]) / area["width"]
        for box in boxes(page, "#boxes span")
    ]
    np.testing.assert_allclose(middles, [0.19, 0.50, 0.79], atol=0.03)
    names = [each.text for each in page.find_elements(By.CSS_SELECTOR, "#boxes b")]
    assert names == ["3", "1", "4"]
    page.find_element(By.ID, "undo").click()
    page.find_element(By.ID, "undo").click()
    assert prediction(page) == "31"
    page.find_element(By.ID, "undo").click()
    assert answer(page) == one
    assert boxes(page, "#boxes span") == []


def test_the_outputs_are_those_of_the_least_sure_digit(page):
    draw_small(page, "7", 0)
    draw_small(page, "2", 45)
    settle(page)
    outputs = page.execute_script(
        "return findAll(drawing.grey()).map(({ outputs }) => Math.max(...outputs))"
    )
    least = int(np.argmin(outputs))
    words = f"least sure: the {'72'[least]}, digit {least + 1} of 2, {min(outputs):.3f}"
    assert answer(page) == f"72 {words}"
    shown = page.find_element(By.CSS_SELECTOR, "#outputs .best")
    assert shown.text.split() == ["72"[least], f"{min(outputs):.3f}"]
    assert page.find_element(By.CSS_SELECTOR, "#boxes .shown").text == "72"[least]


def test_two_lines_are_shown_below_each_other(page):
    for name, left, top in (("2", 5, 0), ("7", 45, 3), ("4", 5, 50), ("8", 45, 52)):
        draw_small(page, name, left, top)
    assert prediction(page) == "27\n48"


def test_a_loose_bar_belongs_to_its_5(page):
    draw_small(page, "1", 0)
    draw_points(page, [160, 100], [155, 130], [185, 128], [200, 145], [190, 170], [155, 175])
    draw_points(page, [172, 82], [205, 80])
    assert prediction(page) == "15"


def test_digits_that_touch_are_doubtful(page):
    draw_small(page, "3", 5)
    draw_small(page, "2", 23)
    assert "it is wide and may be two digits that touch" in answer(page)


def test_the_boxes_over_a_picture_are_where_its_digits_are(page):
    grey = np.full((100, 300), 255.0)
    grey[20:80, 30:38] = grey[20:80, 250:258] = 0
    page.execute_async_script(
        """const [data, done] = arguments;
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        take(new Blob([bytes])).then(done);""",
        base64.b64encode(as_png(grey)).decode(),
    )
    assert prediction(page) == "11"
    (area,) = boxes(page, "#canvas")
    for box, left in zip(boxes(page, "#boxes span"), (30, 250), strict=True):
        assert (box["left"] - area["left"]) / area["width"] == pytest.approx(left / 300, abs=0.01)
        assert (box["top"] - area["top"]) / area["width"] == pytest.approx(120 / 300, abs=0.01)


def test_pictures_of_things_are_read_as_one(opened, monkeypatch):
    run = adopt_network(*SIZE)
    names = ClassNames(("coat", "bag", *"abcdefgh"))
    monkeypatch.setattr("mlp_cli.pages.canvas.page.names_of", lambda _: names)
    page = opened(run)
    draw_small(page, "3", 0)
    draw_small(page, "1", 60)
    assert boxes(page, "#boxes span") == []
    assert "Several" not in page.find_element(By.ID, "help").text
