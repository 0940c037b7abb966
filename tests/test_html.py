"""The drawing page in a real browser: with drawings and pictures, compared with Python."""

import base64
import re
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from mlp_cli import load_dataset
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.errors import ExportError, PictureError
from mlp_cli.images import digit, find_digit, read_picture
from mlp_cli.pages.canvas.constants import shared_constants
from mlp_cli.pages.canvas.page import PAGE, write_html
from mlp_cli.runs import bundled
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import adopt_network, odd_images, with_view

SIZE = (784, 12, 10), (28, 28)

# Lines through these points, in percent of the canvas.
CURVES = {
    "0": ["50 15,35 25,30 50,35 75,50 85,65 75,70 50,65 25,50 15"],
    "1": ["52 15,50 50,48 85"],
    "2": ["30 30,38 18,52 14,66 22,68 36,58 52,42 68,28 84,50 83,72 83"],
    "3": ["30 20,48 14,64 22,64 36,50 46,64 54,70 68,60 82,44 86,28 78"],
    "4": ["36 15,32 35,30 52,50 53,72 52", "62 15,61 50,60 86"],
    "5": ["68 15,36 15,34 45,50 42,64 50,68 65,60 80,46 86,30 80"],
    "6": ["60 12,42 30,33 52,33 72,45 86,60 83,67 70,60 56,46 54,35 64"],
    "7": ["28 17,50 17,72 17,60 45,48 86"],
    "8": ["62 24,50 14,36 22,38 36,52 48,64 60,64 76,50 86,36 78,36 62,50 49,62 36,62 24"],
    "9": ["66 28,54 16,38 22,34 38,44 50,58 46,66 30,65 55,60 86"],
}


def exported(run, *others):
    file = BytesIO()
    write_html(run, file, *others)
    return file.getvalue()


@pytest.fixture
def opened(browser, tmp_path):
    """Open the page of a network; afterwards nothing may stand in the browser's console."""

    def opened(run, *others):
        path = tmp_path / "page.html"
        path.write_bytes(exported(run, *others))
        browser.get(path.as_uri())
        return browser

    yield opened
    assert browser.get_log("browser") == []


@pytest.fixture
def page(opened):
    return opened(load_checkpoint(bundled.PATH))


def draw(page, curve):
    canvas = page.find_element(By.ID, "canvas")
    size = canvas.size["width"]
    places = [
        [round((float(percent) / 100 - 0.5) * size) for percent in point.split()]
        for point in curve.split(",")
    ]
    actions = ActionChains(page, duration=5)
    actions.move_to_element_with_offset(canvas, *places[0]).click_and_hold()
    for place in places[1:]:
        actions.move_to_element_with_offset(canvas, *place)
    actions.release().perform()


def settle(page):
    """Wait until the frame is drawn that the last change asked for."""
    page.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
    )


def prediction(page):
    settle(page)
    return page.find_element(By.CSS_SELECTOR, "#answer strong").text


def take_picture(page, picture):
    data = base64.b64encode(picture).decode()
    return page.execute_async_script(
        """const [data, done] = arguments;
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        mlp.readPicture(new Blob([bytes]))
          .then(({ grey }) => done(mlp.findDigit(grey, saved.shape)?.pixels));""",
        data,
    )


@pytest.mark.parametrize("name", CURVES)
def test_a_digit_drawn_with_the_mouse_is_read(page, name):
    for curve in CURVES[name]:
        draw(page, curve)
    assert prediction(page) == name


def test_undo_takes_back_a_stroke_and_clear_all_of_them(page):
    undo, clear = (page.find_element(By.ID, name) for name in ("undo", "clear"))
    assert not undo.is_enabled()
    draw(page, CURVES["1"][0])
    assert prediction(page) == "1"
    draw(page, CURVES["0"][0])
    assert prediction(page) != "1"
    undo.click()
    assert prediction(page) == "1"
    clear.click()
    assert prediction(page) == "–"  # noqa: RUF001  a dash for no prediction
    assert not clear.is_enabled()


def test_the_keyboard_draws_undoes_and_clears(page):
    canvas = page.find_element(By.ID, "canvas")
    page.execute_script("arguments[0].focus()", canvas)
    keys = [Keys.ARROW_UP] * 7 + [Keys.SPACE] + [Keys.ARROW_DOWN] * 14 + [Keys.SPACE]
    ActionChains(page).send_keys(*keys).perform()
    assert prediction(page) == "1"
    ActionChains(page).send_keys(Keys.ARROW_DOWN, Keys.BACKSPACE).perform()
    assert prediction(page) == "–"  # noqa: RUF001
    ActionChains(page).send_keys(Keys.SPACE, Keys.ARROW_DOWN).perform()
    assert prediction(page) != "–"  # noqa: RUF001
    ActionChains(page).send_keys(Keys.ESCAPE).perform()
    assert prediction(page) == "–"  # noqa: RUF001


def test_the_prediction_is_spoken_after_a_pause(page):
    draw(page, CURVES["7"][0])
    spoken = page.execute_async_script(
        "const done = arguments[0]; setTimeout(() => done(elements.spoken.textContent), 900)"
    )
    assert spoken.startswith("7, ")
    assert page.find_element(By.ID, "spoken").get_attribute("aria-live") == "polite"


@pytest.mark.mnist
def test_500_images_have_pythons_outputs(page, mnist_dir):
    images = load_dataset("mnist", mnist_dir).test.images[:500]
    outputs = page.execute_script(
        "return arguments[0].map((pixels) => mlp.outputs(pixels))",
        images.reshape(500, -1).tolist(),
    )
    expected = load_checkpoint(bundled.PATH).network.outputs(images)
    # The page adds in float64, Python in the run's float32.
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("activation", "cost", "sizes", "shape"),
    [
        ("sigmoid", "quadratic", (784, 10), (28, 28)),
        ("tanh", "cross-entropy", (160, 7, 5, 3), (10, 16)),
        ("relu", "log-likelihood", (784, 12, 10), (28, 28)),
    ],
)
def test_every_kind_of_network_has_pythons_outputs(opened, dtype, activation, cost, sizes, shape):
    run = adopt_network(sizes, shape, activation=activation, cost=cost, dtype=dtype)
    images = np.random.default_rng(1).integers(0, 256, (4, *shape), np.uint8)
    outputs = opened(run).execute_script(
        "return arguments[0].map((pixels) => mlp.outputs(pixels))", images.reshape(4, -1).tolist()
    )
    np.testing.assert_allclose(outputs, run.network.outputs(images), rtol=0, atol=1e-6)


def test_a_committee_has_the_mean_of_its_members_outputs(opened):
    relu = adopt_network((784, 12, 10), (28, 28), activation="relu", cost="log-likelihood", seed=1)
    tanh = adopt_network((784, 7, 5, 10), (28, 28), activation="tanh", dtype="float64", seed=2)
    plain = adopt_network((784, 10), (28, 28))
    runs = [plain, with_view(relu, "deslant"), with_view(tanh, "width-14")]
    page = opened(*runs)
    images = np.random.default_rng(1).integers(0, 256, (4, 28, 28), np.uint8)
    outputs = page.execute_script(
        "return arguments[0].map((pixels) => mlp.outputs(pixels))", images.reshape(4, -1).tolist()
    )
    expected = np.average([run.outputs(images) for run in runs], axis=0)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-6)
    whom = page.find_element(By.ID, "whom").text
    assert whom == "for a committee of 3: 784-10, 784-12-10, 784-7-5-10"
    first_has_no_hidden_layer = "return elements.hidden.parentElement.hidden"
    assert page.execute_script(first_has_no_hidden_layer)
    page = opened(*runs[::-1])
    draw(page, CURVES["7"][0])
    settle(page)
    assert "Hidden units of the first" in page.find_element(By.TAG_NAME, "main").text


SHAPES = [(28, 28), (10, 16), (31, 9)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("view", ["plain", "deslant", "width-8", "width-9"])
def test_the_page_sees_an_image_as_python_does(opened, view, shape):
    """Number for number, and so do the outputs that the page computes."""
    run = with_view(adopt_network((shape[0] * shape[1], 5, 10), shape), view)
    images = odd_images(shape)
    page = opened(run)
    seen = page.execute_script(
        "return arguments[0].map((pixels) => viewed(pixels, saved.shape, saved.view))",
        images.reshape(40, -1).tolist(),
    )
    np.testing.assert_array_equal(np.array(seen).reshape(images.shape), run.seen(images))
    assert (run.seen(images) != images).any() == (view != "plain")
    outputs = page.execute_script(
        "return arguments[0].map((pixels) => mlp.outputs(pixels))", images.reshape(40, -1).tolist()
    )
    np.testing.assert_allclose(outputs, run.outputs(images), rtol=0, atol=1e-6)


@pytest.mark.mnist
@pytest.mark.parametrize("view", ["deslant", "width-8", "width-14", "width-28"])
def test_the_page_sees_mnist_as_python_does(opened, mnist_dir, view):
    run = with_view(adopt_network(*SIZE), view)
    images = load_dataset("mnist", mnist_dir).test.images[:1000]
    seen = opened(run).execute_script(
        "return arguments[0].map((pixels) => viewed(pixels, saved.shape, saved.view))",
        images.reshape(1000, -1).tolist(),
    )
    np.testing.assert_array_equal(np.array(seen).reshape(images.shape), run.seen(images))


def test_the_page_shows_what_the_network_sees(opened):
    run = with_view(adopt_network(*SIZE), "width-20")
    page = opened(run)
    draw(page, CURVES["1"][0])
    settle(page)
    levels = page.execute_script(
        "return [...elements.seen.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    inked = np.array(levels).reshape(28, 28, 4)[:, :, 0].any(axis=0)
    assert inked.sum() == 20


def drawn(kind):
    """A picture of a 4 of this kind, as PNG."""
    paper, ink, side = {"dark": (255, 0, 200), "light": (10, 240, 57), "photo": (0, 20, 300)}[kind]
    picture = Image.new("L", (side, side + 40), paper)
    if kind == "photo":  # lit from the left, with noise
        noise = np.random.default_rng(0).normal(0, 2, (side + 40, side))
        light = np.linspace(230, 120, side) + noise
        picture = Image.fromarray(light.astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for curve in CURVES["4"]:
        points = [tuple(float(n) * side / 100 for n in p.split()) for p in curve.split(",")]
        pen.line(points, ink, max(2, side // 20))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def test_a_constant_that_changes_in_python_changes_in_the_page(opened, monkeypatch):
    """A picture whose contrast the normaliser no longer accepts is blank to both."""
    run, picture = load_checkpoint(bundled.PATH), drawn("dark")
    assert take_picture(opened(run), picture)
    monkeypatch.setattr(digit, "MIN_CONTRAST", 300.0)
    with pytest.raises(PictureError, match="blank"):
        find_digit(read_picture(BytesIO(picture)))
    page = opened(run)
    assert page.execute_script("return MIN_CONTRAST") == 300
    assert take_picture(page, picture) is None


def test_the_shared_constants_are_those_that_the_scripts_read():
    scripts = "\n".join(path.read_text() for path in sorted(PAGE.glob("*.js")))
    read = {}
    for names, module in re.findall(r"const \{ ([A-Z_, ]+) \} = IMAGES\.(\w+);", scripts):
        read.setdefault(module, []).extend(names.split(", "))
    shared = shared_constants()
    assert {module: sorted(names) for module, names in read.items()} == {
        module: sorted(values) for module, values in shared.items()
    }
    for values in shared.values():
        for name in values:
            assert len(re.findall(rf"\b{name}\b", scripts)) > 1, f"{name} is used"


def as_mnist_has_it():
    """A picture that needs no normalising: of the network's size, the digit in its place."""
    file = BytesIO()
    Image.fromarray(find_digit(read_picture(BytesIO(drawn("dark")))).image).save(file, "PNG")
    return file.getvalue()


def test_every_constant_in_the_scripts_is_declared():
    """A browser finds a name that is not declared when it gets there, and some lines are rare."""
    scripts = "\n".join(path.read_text() for path in sorted(PAGE.glob("*.js")))
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", scripts, flags=re.DOTALL)
    declared = re.findall(r"\bconst ([A-Z_]+) =", code)
    for names in re.findall(r"\bconst \{ ([A-Z_, ]+) \} =", code):
        declared += names.split(", ")
    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", code)) <= set(declared)


@pytest.mark.parametrize("kind", ["dark", "light", "photo", "as MNIST has it"])
def test_a_picture_is_normalised_as_in_python(page, kind):
    picture = as_mnist_has_it() if kind == "as MNIST has it" else drawn(kind)
    expected = find_digit(read_picture(BytesIO(picture))).image.ravel().astype(int)
    pixels = take_picture(page, picture)
    assert np.abs(np.array(pixels) - expected).max() <= 1


def test_a_chosen_file_is_read_unless_it_is_not_a_picture(page, tmp_path):
    (tmp_path / "4.png").write_bytes(drawn("dark"))
    (tmp_path / "no.png").write_bytes(b"no picture")
    chooser = page.find_element(By.ID, "file")
    chooser.send_keys(str(tmp_path / "4.png"))
    wait(page, "4")
    chooser.send_keys(str(tmp_path / "no.png"))
    wait(page, "this file is not a picture")


def test_a_dropped_file_is_read(page):
    page.execute_script(
        """const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], "4.png", { type: "image/png" }));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));""",
        base64.b64encode(drawn("dark")).decode(),
    )
    wait(page, "4")


def wait(page, words):
    """Wait until the answer begins or ends with these words."""
    found = page.execute_async_script(
        """const [words, done] = arguments;
        const end = Date.now() + 5000;
        (function look() {
          const text = elements.answer.innerText.trim();
          if (text.startsWith(words) || text.endsWith(words) || Date.now() > end) done(text);
          else setTimeout(look, 20);
        })();""",
        words,
    )
    assert found.startswith(words) or found.endswith(words)


def test_the_page_asks_the_network_for_nothing_and_may_not(browser, opened):
    page = opened(adopt_network(*SIZE))
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
    refused = page.execute_async_script(
        "const done = arguments[0];"
        "document.addEventListener('securitypolicyviolation', (e) => done(e.violatedDirective));"
        "fetch('http://127.0.0.1:9/').then(() => done('sent'), () => {});"
    )
    assert refused == "connect-src"
    browser.get_log("browser")  # the refusal that was asked for


def test_names_of_classes_are_text_whatever_they_hold(opened, monkeypatch):
    hostile = "</script><script>document.title = 'taken'</script><!--<b>&amp; {{script}}"
    monkeypatch.setattr(ClassNames, "class_name", lambda names, label: hostile)
    page = opened(adopt_network(*SIZE))
    assert page.title == "Draw a picture"
    row = page.find_element(By.CSS_SELECTOR, "#outputs span")
    assert row.get_attribute("textContent") == hostile


def test_of_many_classes_the_highest_outputs_are_shown(opened):
    run = adopt_network((784, 12, 256), (28, 28))
    names = tuple(f"class {n}" for n in range(256))
    page = opened(replace(run, settings=replace(run.settings, class_names=names)))
    assert len(page.find_elements(By.CSS_SELECTOR, "#outputs li")) == 12
    outputs = page.execute_script("return mlp.outputs(new Array(784).fill(9));")
    assert len(outputs) == 256
    shown = [row.text.split() for row in page.find_elements(By.CSS_SELECTOR, "#outputs li")]
    ranked = np.argsort(np.negative(outputs), kind="stable")[:12].tolist()
    assert [f"{word} {number}" for word, number, _ in shown] == [names[k] for k in ranked]
    assert [float(output) for *_, output in shown] == [round(outputs[k], 3) for k in ranked]
    best = page.find_element(By.CSS_SELECTOR, "#outputs .best")
    assert best.text.startswith(names[ranked[0]])
    assert page.find_element(By.ID, "answer").text.startswith(names[ranked[0]])


def test_the_page_fits_a_telephone(page):
    try:
        page.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True},
        )
        assert page.execute_script("return document.documentElement.scrollWidth") == 360
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_of_a_usual_network_is_below_a_megabyte():
    assert len(exported(adopt_network((784, 100, 10), (28, 28)))) < 1_000_000


def test_inputs_that_are_no_image_are_refused():
    with pytest.raises(ExportError, match="inputs of 1 x 784, expected an image to draw on"):
        exported(adopt_network((784, 12, 10), (1, 784)))
