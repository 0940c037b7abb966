"""The drawing page as a person uses it: its layout, pen, hidden units, by mouse, touch and keys."""

from contextlib import contextmanager

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import tests.test_html as html
from tests.makers import adopt_network
from tests.test_html import CURVES, SIZE, draw, drawn, prediction, settle, wait

opened, page = html.opened, html.page


@contextmanager
def screen(page, width, *, dark=False, is_mobile=False):
    """Show the page on a screen of this width."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": is_mobile}
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    try:
        yield
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def boxes(page, selector):
    return page.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((e) => {"
        "const { left, right, top, width } = e.getBoundingClientRect();"
        "return { left, right, top, width }; })",
        selector,
    )


def answer(page):
    settle(page)
    return page.execute_script("return elements.answer.innerText.replace(/\\s+/g, ' ').trim()")


def draw_points(page, *points):
    page.execute_script(
        "const [first, ...others] = arguments[0].map(([x, y]) => ({ x, y }));"
        "drawing.penDown(first); drawing.extend(others); read();",
        points,
    )


def test_the_title_says_what_to_do_and_the_sizes_stand_below(page):
    assert page.title == page.find_element(By.TAG_NAME, "h1").text == "Draw a digit"
    assert page.find_element(By.ID, "whom").text == "for a network of 784-320-160-10"


def test_an_empty_canvas_says_what_to_do(page):
    hint = page.find_element(By.ID, "hint")
    assert hint.text == "Draw a digit here\nor drop a picture"
    draw(page, CURVES["1"][0])  # the hint does not stop the pen
    assert prediction(page) == "1"
    assert not hint.is_displayed()
    page.find_element(By.ID, "undo").click()
    assert hint.is_displayed()


@pytest.mark.parametrize("width", [700, 760, 800, 900, 1280])
def test_the_columns_begin_at_one_height_and_end_at_one_edge(page, width):
    with screen(page, width):
        assert len({box["top"] for box in boxes(page, ".columns > section")}) == 1
        tops = {box["top"] for box in boxes(page, "#canvas-box, #answer, #seen")}
        assert len(tops) == 1, "what stands below the headings, too"
        (main,) = boxes(page, "main")
        *_, last = boxes(page, ".columns > section")
        assert last["right"] == main["right"] - 16
        assert {box["right"] for box in boxes(page, "#seen, .inside")} == {last["right"]}
        buttons = boxes(page, ".buttons > *")
        assert len({box["top"] for box in buttons}) == 1
        assert boxes(page, "#canvas")[0]["right"] == pytest.approx(buttons[-1]["right"])
        assert page.execute_script("return document.documentElement.scrollWidth") <= width


def test_the_figures_end_at_one_edge(page):
    draw(page, CURVES["4"][0])
    settle(page)
    edges = page.execute_script(
        "return [...document.querySelectorAll('#outputs output')].map((output) => {"
        "const range = document.createRange(); range.selectNodeContents(output);"
        "return range.getBoundingClientRect().right; })"
    )
    assert len(edges) == 10
    assert np.ptp(edges) < 0.5


def test_the_canvas_dims_in_the_dark(page):
    light = "return getComputedStyle(canvas).filter"
    with screen(page, 1280):
        assert page.execute_script(light) == "brightness(1)"
    with screen(page, 1280, dark=True):
        assert page.execute_script(light) == "brightness(0.8)"


def test_a_small_0_stays_open(page):
    turn = np.linspace(0, 2 * np.pi, 40)
    ring = np.stack([140 + 9 * np.cos(turn), 140 + 12 * np.sin(turn)], axis=1)
    draw_points(page, *ring.tolist())
    assert answer(page) == "0 1.000"


def test_a_single_dot_is_drawn_and_doubtful(page):
    canvas = page.find_element(By.ID, "canvas")
    ActionChains(page).move_to_element(canvas).click().perform()
    assert "doubtful: no strokes but a solid shape" in answer(page)
    assert "doubtful" in page.find_element(By.ID, "answer").get_attribute("class")
    page.find_element(By.ID, "clear").click()
    draw(page, CURVES["1"][0])
    settle(page)
    assert page.find_element(By.ID, "answer").get_attribute("class") == ""


def test_a_file_that_is_no_picture_clears_the_one_before(page, tmp_path):
    (tmp_path / "4.png").write_bytes(drawn("dark"))
    (tmp_path / "no.png").write_bytes(b"no picture")
    chooser = page.find_element(By.ID, "file")
    chooser.send_keys(str(tmp_path / "4.png"))
    wait(page, "4")
    chooser.send_keys(str(tmp_path / "no.png"))
    wait(page, "this file is not a picture")
    assert page.execute_script("return drawing.isEmpty")
    assert not page.find_element(By.ID, "undo").is_enabled()
    assert page.execute_script("return Math.min(...drawing.grey().values)") == 255
    chooser.send_keys(str(tmp_path / "4.png"))  # the same file again is a change
    wait(page, "4")


def test_a_finger_draws(page):
    with screen(page, 390, is_mobile=True):
        page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
        try:
            (box,) = boxes(page, "#canvas")
            path = [(50, 15), (50, 50), (48, 85)]
            points = [
                {
                    "x": box["left"] + x / 100 * box["width"],
                    "y": box["top"] + y / 100 * box["width"],
                }
                for x, y in path
            ]
            for kind, at in [("touchStart", points[:1])] + [("touchMove", [p]) for p in points]:
                page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
            page.execute_cdp_cmd(
                "Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []}
            )
            assert prediction(page) == "1"
        finally:
            page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


# hidden units


@pytest.fixture
def deep(opened):
    run = adopt_network((784, 12, 6, 10), (28, 28), activation="tanh", seed=3)
    return run, opened(run)


def chosen(page):
    return page.execute_script(
        "return [units.layer, units.unit, units.caption.textContent,"
        "units.weights.getAttribute('aria-label')]"
    )


def shown_weights(page):
    """The picture of the weights: its opacity, positive where blue, negative where orange."""
    data = page.execute_script(
        "const { width, height } = units.weights;"
        "const copy = new OffscreenCanvas(width, height).getContext('2d');"
        "copy.drawImage(units.weights, 0, 0);"
        "return [height, width, ...copy.getImageData(0, 0, width, height).data]"
    )
    rgba = np.array(data[2:]).reshape(*data[:2], 4)
    return np.where(rgba[..., 2] > rgba[..., 0], 1, -1) * rgba[..., 3]


def as_opacity(weights):
    return 255 * weights / np.abs(weights).max()


def test_every_hidden_layer_has_a_name_a_number_of_units_and_a_scale(deep):
    _, page = deep
    figures = page.find_elements(By.CSS_SELECTOR, "#hidden figure")
    words = [figure.text.split("\n") for figure in figures]
    assert words[0] == ["Layer 2: 12", "−1", "1", "activation"]  # noqa: RUF001
    assert words[1] == ["Layer 3: 6", "−1", "1", "activation"]  # noqa: RUF001
    assert words[2] == ["Unit 1", "−", "+", "weights"]  # noqa: RUF001


def test_a_unit_that_is_pointed_at_shows_its_activation_and_weights(deep):
    run, page = deep
    pixels = [9] * 784
    page.execute_script("mlp.outputs(arguments[0])", pixels)
    first, second = page.find_elements(By.CSS_SELECTOR, ".cells canvas")
    _, hidden, _, _ = run.network.feedforward(np.full((1, 784), 9 / 255))
    # 12 units stand in rows of 4: this is in the middle of the second cell of the third row.
    width, height = first.size["width"], first.size["height"]
    ActionChains(page).move_to_element_with_offset(
        first, round(-width / 8), round(height / 3)
    ).perform()
    layer, unit, caption, label = chosen(page)
    assert (layer, unit, label) == (0, 9, "weights of unit 10 of layer 2")
    assert caption == f"Unit 10: {hidden[0, 9]:.3f}"
    expected = as_opacity(run.network.weights[0][9]).reshape(28, 28)
    assert np.abs(shown_weights(page) - expected).max() <= 1.5
    second.click()
    layer, unit, _, label = chosen(page)
    assert layer == 1
    assert label == f"weights of unit {unit + 1} of layer 3"
    weights = as_opacity(run.network.weights[1][unit]).reshape(3, 4)  # as the cells of layer 2
    assert np.abs(shown_weights(page) - weights).max() <= 1.5


def test_the_arrow_keys_choose_a_unit(deep):
    _, page = deep
    first, second = page.find_elements(By.CSS_SELECTOR, ".cells canvas")
    page.execute_script("arguments[0].focus()", first)
    keys = [Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ARROW_LEFT, Keys.ARROW_LEFT]
    ActionChains(page).send_keys(*keys).perform()
    assert chosen(page)[:2] == [0, 3]
    ActionChains(page).send_keys(Keys.ARROW_UP, Keys.ARROW_UP).perform()
    assert chosen(page)[:2] == [0, 3], "there is no unit above"
    assert first.get_attribute("aria-valuenow") == "4"
    assert first.get_attribute("aria-valuetext") == "Unit 4"
    assert page.execute_script("return drawing.isEmpty"), "the pen of the keyboard stays"
    page.execute_script("arguments[0].focus()", second)
    assert chosen(page)[:2] == [1, 0]


def test_a_cell_without_a_unit_is_clear(opened):
    page = opened(adopt_network((784, 5, 10), (28, 28)))
    page.execute_script("mlp.outputs(new Array(784).fill(9))")
    opacity = page.execute_script(
        "const { cells } = units.views[0];"
        "const { data } = cells.getContext('2d').getImageData(0, 0, 3, 2);"
        "return [...data].filter((_, i) => i % 4 === 3)"
    )
    assert opacity == [255] * 5 + [0]


def test_a_network_without_hidden_layers_shows_no_units(opened):
    page = opened(adopt_network((784, 10), (28, 28)))
    assert "Hidden units" not in page.find_element(By.TAG_NAME, "main").text
    draw(page, CURVES["7"][0])
    assert prediction(page) in "0123456789"


def test_the_scale_of_relu_ends_at_the_largest_activation(opened):
    run = adopt_network(*SIZE, activation="relu")
    page = opened(run)
    page.execute_script("mlp.outputs(new Array(784).fill(9))")
    _, hidden, _ = run.network.feedforward(np.full((1, 784), 9 / 255))
    (figure, _) = page.find_elements(By.CSS_SELECTOR, "#hidden figure")
    assert figure.text.split("\n") == ["Layer 2: 12", "0", f"{hidden.max():.2f}", "activation"]
