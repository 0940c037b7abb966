"""The page of `mlp explain --html` in a real browser, its numbers held to Python's."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from mlp_cli.errors import ExportError
from mlp_cli.explanation.passes import explain_example
from mlp_cli.nn.network import Network
from mlp_cli.pages import in_javascript
from mlp_cli.pages.explanation.page import HERE, STEP_SCRIPTS, render_explanation
from tests.makers import draw_seven, write_dataset

ROOT = Path(__file__).parents[1]
ABOUT = {"network": ["one"], "example": ["another"]}


def explained(sizes, *, seed=0, eta=0.7, activation="sigmoid", cost="quadratic", dtype="float64"):
    rng = np.random.default_rng(seed)
    network = Network.initialise(sizes, rng, "scaled", dtype, activation, cost)
    x, y = rng.random(sizes[0]), np.eye(sizes[-1])[seed % sizes[-1]]
    return explain_example(network, x, y, eta, rng)


def worked_by_hand():
    """The step of section 5 of the derivation."""
    network = Network(
        [np.array([[0.0, 3.0], [np.log(3), 5.0]]), np.array([[2.0, -4 / 3]])],
        [np.array([0.0, 0.0]), np.array([0.0])],
    )
    return explain_example(
        network, np.array([1.0, 0.0]), np.array([1.0]), 2.0, np.random.default_rng(0)
    )


@pytest.fixture
def opened(browser, tmp_path):
    """Open the page of an explanation; afterwards nothing may stand in the browser's console."""

    def opened(e, image_shape=None, about=ABOUT):
        path = tmp_path / "page.html"
        path.write_bytes(render_explanation(e, about, image_shape))
        browser.get(path.as_uri())
        return browser

    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]},
    )
    yield opened
    assert browser.get_log("browser") == []


@pytest.fixture
def small(opened):
    return opened(explained((2, 2, 2)))


def heading(page):
    return page.find_element(By.CSS_SELECTOR, "#step h2").text


def headings(page):
    return page.execute_script("return steps.map(titleOf)")


def press(page, *keys):
    ActionChains(page).send_keys(*keys).perform()


def numbers(page, symbol, l):
    return page.execute_script(
        "const { net, passes } = view; const { W, b } = net;"
        "return Array.from({ ...passes, W, b }[arguments[0]][arguments[1]])",
        symbol,
        l,
    )


def assert_same_passes(page, e, tolerance):
    """Every number of both passes, and every central difference that Python compares."""
    assert page.execute_script("return view.passes.C") == pytest.approx(e.C, abs=tolerance)
    for layer in e.layers:
        arrays = {
            "z": layer.z,
            "a": layer.a,
            "d_a": layer.d_a.values,
            "d_z": layer.d_z.values,
            "D_W": layer.D_W.values,
        }
        if layer.slope is not None:
            arrays["slope"] = layer.slope
        for symbol, expected in arrays.items():
            found = np.reshape(numbers(page, symbol, layer.l), expected.shape)
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        for d in layer.derivatives:
            positions = np.union1d(d.shown, d.worst)
            central = page.execute_script(
                "const [symbol, l, entries] = arguments;"
                "return entries.map(([i, j]) =>"
                " centralDifference(view.net, view.passes, saved.y, symbol, l, i, j))",
                d.symbol,
                d.l,
                d.entries[positions].tolist(),
            )
            found = np.array(central, float)  # NaN, where there is none, comes as None
            is_void = np.isnan(d.deviations[positions])
            np.testing.assert_array_equal(np.isnan(found), is_void)
            allowed = max(tolerance, 1e-8) * np.abs(d.central[positions]) + 1e-10  # rounding
            assert (np.abs(found - d.central[positions]) <= allowed)[~is_void].all()


@pytest.mark.parametrize("sizes", [(3, 2), (4, 5, 3), (12, 11, 4, 3)])
@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy", "log-likelihood"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_every_kind_of_network_has_pythons_numbers(opened, activation, cost, sizes):
    e = explained(sizes, activation=activation, cost=cost)
    assert_same_passes(opened(e), e, 1e-9)


def test_wanted_outputs_between_0_and_1_have_pythons_numbers(opened):
    for cost in ("quadratic", "cross-entropy"):
        e = explained((2, 3, 2), cost=cost)
        e = explain_example(
            e.network, np.array([0.05, 0.1]), np.array([0.01, 0.99]), 0.5, np.random.default_rng(0)
        )
        assert_same_passes(opened(e), e, 1e-9)


def test_a_unit_at_the_corner_of_relu_has_no_central_difference(opened):
    network = Network([np.array([[1.0]]), np.array([[1.0]])], [np.zeros(1)] * 2, "relu")
    e = explain_example(network, np.array([0.0]), np.array([1.0]), 1.0, np.random.default_rng(0))
    page = opened(e)
    assert_same_passes(page, e, 1e-12)
    press(page, Keys.END)
    names = headings(page)
    page.execute_script(
        "go(arguments[0])",
        names.index("Backpropagate: layer 2, derivative with respect to the biases"),
    )
    assert page.find_element(By.CSS_SELECTOR, ".compared td:last-child").text == "none"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_large_network_has_pythons_numbers(opened, dtype):
    e = explained((784, 30, 10), dtype=dtype)
    # The parameters of a checkpoint in float32 are exact; others are shortened to it.
    assert_same_passes(opened(e, (28, 28)), e, 1e-12 if dtype == "float32" else 1e-6)


@pytest.mark.parametrize("sizes", [(2, 2, 1), (5, 4, 3, 2), (784, 30, 10)])
def test_twenty_updates_have_pythons_numbers(opened, sizes):
    e = explained(sizes, eta=0.5, activation="tanh", cost="cross-entropy", dtype="float32")
    page = opened(e)
    press(page, Keys.END)
    network, costs = e.network.copy(), [e.C]
    for _ in range(21):
        activations = network.feedforward(e.x[None])
        network.descend(network.backpropagate(activations, e.y[None]), e.eta)
        costs.append(explain_example(network, e.x, e.y, 1.0, np.random.default_rng(0)).C)
    assert page.execute_script("return view.costs") == pytest.approx(costs[:2], abs=1e-6)
    page.find_element(By.ID, "twenty").click()
    assert page.execute_script("return view.costs") == pytest.approx(costs, abs=1e-6)
    for k, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), start=2):
        for name, expected in (("W", W), ("b", b)):
            found = page.execute_script(f"return Array.from(view.after.{name}[{k}])")
            np.testing.assert_allclose(found, expected.ravel(), rtol=0, atol=1e-6)
    assert page.find_element(By.ID, "spoken").get_attribute("textContent").startswith("Update 21.")
    page.find_element(By.ID, "restart").click()
    assert page.execute_script("return view.costs") == pytest.approx(costs[:2], abs=1e-6)


def test_again_shows_one_more_update_and_keeps_the_focus(small):
    press(small, Keys.END)
    after = small.find_element(By.ID, "after").text
    small.find_element(By.ID, "again").send_keys(Keys.ENTER)
    assert small.find_element(By.ID, "before").text == after
    assert float(small.find_element(By.ID, "after").text) < float(after)
    assert small.switch_to.active_element.get_attribute("id") == "again"
    press(small, Keys.HOME)
    assert small.find_element(By.ID, "title").text == "Feedforward: the input, after 1 update"


def test_updates_are_watched_one_by_one_where_motion_is_welcome(browser, opened):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    page = opened(explained((2, 2, 1)))
    press(page, Keys.END)
    page.find_element(By.ID, "twenty").click()
    counts = page.execute_async_script(
        """const done = arguments[0], seen = new Set();
        const timer = setInterval(() => {
          seen.add(view.costs.length);
          if (view.costs.length === 22) { clearInterval(timer); done([...seen]); }
        }, 20);"""
    )
    assert len(counts) > 10
    press(page, Keys.HOME)
    assert page.execute_script("return view.costs.length") == 22


def test_keys_buttons_slider_and_touch_reach_every_step(small):
    names = headings(small)
    assert names[0] == heading(small) == "Feedforward: the input"
    back, forward = (small.find_element(By.ID, name) for name in ("back", "next"))
    assert not back.is_enabled()
    for name in names[1:]:
        press(small, Keys.ARROW_RIGHT)
        assert heading(small) == name
    assert not forward.is_enabled()
    for name in names[-2::-1]:
        back.click()
        assert heading(small) == name
    for name in names[1:4]:
        finger = ActionBuilder(small, mouse=PointerInput("touch", "finger"))
        finger.pointer_action.move_to(forward).pointer_down().pointer_up()
        finger.perform()
        assert heading(small) == name
    press(small, Keys.HOME)
    small.find_element(By.ID, "slider").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert heading(small) == names[2]
    assert small.find_element(By.ID, "place").text == f"3 / {len(names)}"


def test_every_step_is_announced_with_its_values(small):
    spoken = small.find_element(By.ID, "spoken")
    assert spoken.get_attribute("aria-live") == "polite"
    count = len(headings(small))
    for number, name in enumerate(headings(small)[1:], start=2):
        press(small, Keys.ARROW_RIGHT)
        words = spoken.get_attribute("textContent")
        assert words.startswith(f"Step {number} of {count}. {name}. ")
        if "weighted inputs" in name and name.startswith("Feedforward"):
            z = [f"{value:.4f}".replace("-", "−") for value in numbers(small, "z", int(name[19]))]  # noqa: RUF001
            assert words.endswith(f"is {', '.join(z)}.")


def test_the_step_worked_by_hand_shows_every_number(opened):
    page = opened(worked_by_hand())
    expected = {
        "layer 2, weighted inputs": ["0.0000", "1.0986", "3.0000", "5.0000"],
        "layer 2, activations": ["0.5000", "0.7500"],
        "layer 3, activations": ["0.5000"],
        "the cost": ["0.125000"],
        "layer 3, derivative with respect to the outputs": ["−0.5000"],  # noqa: RUF001
        "layer 3, derivative with respect to the weighted inputs": ["−0.1250"],  # noqa: RUF001
        "layer 3, derivative with respect to the weights": ["−0.0625", "−0.0938"],  # noqa: RUF001
        "back to layer 2": ["−0.2500", "0.1667"],  # noqa: RUF001
        "layer 2, derivative with respect to the weights": ["−0.0625", "0.0313"],  # noqa: RUF001
        "every parameter moves against its derivative": ["2.1250", "−1.1458", "1.0361", "0.061"],  # noqa: RUF001
    }
    names = [name.partition(": ")[2] for name in headings(page)]
    for name, values in expected.items():
        page.execute_script("go(arguments[0])", names.index(name))
        text = page.find_element(By.ID, "step").text
        for value in values:
            assert value in text, name
    drawn = page.find_element(By.CSS_SELECTOR, "#drawing svg").text
    for value in ("0.0000", "3.0000", "1.0986", "5.0000", "2.0000", "−1.3333", "0.7500"):  # noqa: RUF001
        assert value in drawn


def test_every_derivative_stands_beside_its_central_difference(small):
    for name in headings(small):
        if name.startswith("Backpropagate"):
            rows = small.find_elements(By.CSS_SELECTOR, ".compared tbody tr")
            assert len(rows) == (4 if "weights" in name else 2)
            for row in rows:
                derivative, central, deviation = (
                    cell.text for cell in row.find_elements(By.TAG_NAME, "td")
                )
                assert derivative == central
                assert float(deviation.replace("−", "-")) < 1e-6  # noqa: RUF001
        press(small, Keys.ARROW_RIGHT)


def test_pointing_at_a_weight_shows_where_it_enters(small):
    small.execute_script("go(1)")
    panel = small.find_element(By.ID, "weight")
    assert panel.text == "Point at a weight to see where it enters."
    line = small.find_element(By.CSS_SELECTOR, '.connection[data-weight="3,0,1"] .reach')
    width, height = line.rect["width"], line.rect["height"]  # it rises from left to right
    ActionChains(small).move_to_element_with_offset(line, 0.3 * width, -0.3 * height).perform()
    assert "from unit 2 of layer 2 to unit 1 of layer 3" in panel.text
    for part in ("Feedforward", "Fact 5", "central difference", "Fact 6", "Update"):
        assert part in panel.text
    w, a = numbers(small, "W", 3)[1], numbers(small, "a", 2)[1]
    assert f"{w * a:.4f}" in panel.text
    chosen = small.find_elements(By.CSS_SELECTOR, ".connection.chosen")
    assert [each.get_attribute("data-weight") for each in chosen] == ["3,0,1"]
    cell = small.find_element(By.CSS_SELECTOR, 'td[data-weight="2,1,0"]')
    ActionChains(small).move_to_element(cell).perform()
    assert "from unit 1 of layer 1 to unit 2 of layer 2" in panel.text
    assert "Fact 6" not in panel.text  # nothing goes back to the input
    marked = small.find_elements(By.CSS_SELECTOR, "mrow[data-term=W2].on")
    assert len(marked) == 1


def test_a_finger_on_a_weight_shows_where_it_enters(small):
    small.execute_script("go(1)")
    cell = small.find_element(By.CSS_SELECTOR, 'td[data-weight="2,1,1"]')
    finger = ActionBuilder(small, mouse=PointerInput("touch", "finger"))
    finger.pointer_action.move_to(cell).pointer_down().pointer_up()
    finger.perform()
    panel = small.find_element(By.ID, "weight")
    assert "from unit 2 of layer 1 to unit 2 of layer 2" in panel.text


def test_weights_are_reached_by_the_keyboard(small):
    small.execute_script("go(1)")
    first = small.find_element(By.CSS_SELECTOR, 'td[data-weight="2,0,0"]')
    assert first.get_attribute("tabindex") == "0"
    small.execute_script("arguments[0].focus()", first)
    press(small, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    panel = small.find_element(By.ID, "weight")
    assert "from unit 2 of layer 1 to unit 2 of layer 2" in panel.text
    assert heading(small) == "Feedforward: layer 2, weighted inputs"
    assert panel.get_attribute("role") == "status"


def test_a_matrix_without_numbers_is_walked_by_mouse_and_keys(opened):
    page = opened(explained((64, 30, 10)), (8, 8))
    page.execute_script("go(1)")
    matrix = page.find_element(By.CSS_SELECTOR, "canvas.matrix")
    panel = page.find_element(By.ID, "weight")
    ActionChains(page).move_to_element(matrix).perform()
    assert re.search(r"from unit 3\d of layer 1 to unit 1[56] of layer 2", panel.text)
    assert panel.find_elements(By.CSS_SELECTOR, ".pixels canvas")
    ActionChains(page).move_to_element(page.find_element(By.TAG_NAME, "h1")).perform()
    page.execute_script("arguments[0].focus()", matrix)
    press(page, Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert "from unit 3 of layer 1 to unit 2 of layer 2" in panel.text


@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy", "log-likelihood"])
def test_a_facts_name_opens_its_proof(opened, cost):
    page = opened(explained((2, 2, 2), cost=cost))
    names = set()
    for _ in headings(page):
        for button in page.find_elements(By.CSS_SELECTOR, "button.fact"):
            if button.text in names:
                continue
            names.add(button.text)
            button.click()
            dialog = page.find_element(By.ID, "proof")
            assert dialog.find_element(By.TAG_NAME, "h2").text == button.text
            assert dialog.find_elements(By.TAG_NAME, "math")
            for link in dialog.find_elements(By.TAG_NAME, "a")[:1]:
                link.click()
                assert dialog.find_element(By.TAG_NAME, "h2").text != button.text
            press(page, Keys.ESCAPE)
            assert not dialog.is_displayed()
        press(page, Keys.ARROW_RIGHT)
    assert names >= {f"Fact {n}" for n in range(1, 7)} | {"Proposition 1", "Proposition 2E"}


def make_proofs():
    """The script that writes the proofs, from the documents' folder."""
    path = ROOT / "docs" / "make_proofs.py"
    spec = importlib.util.spec_from_file_location("make_proofs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_proofs_are_those_of_the_derivation():
    module = make_proofs()
    found = (HERE / "proofs.html").read_text(encoding="utf-8")
    assert found == module.proofs(), "make them again: python docs/make_proofs.py"
    assert found.count("<template") == len(module.SECTIONS)
    assert "<mi>&" not in found  # an environment that the converter does not know
    assert "$" not in found


def test_links_in_the_proofs_lead_to_other_proofs():
    found = (HERE / "proofs.html").read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"]*)"', found))
    assert links
    assert links <= {f"#{name}" for name in re.findall(r'data-proof="([^"]*)"', found)}


def test_paper_has_all_steps_one_after_the_other(browser, small):
    names = headings(small)
    try:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        small.execute_script("dispatchEvent(new Event('beforeprint'))")
        articles = small.find_elements(By.TAG_NAME, "article")
        assert [a.find_element(By.TAG_NAME, "h2").text for a in articles] == names
        for article in articles:
            assert article.is_displayed()
            assert article.find_elements(By.CSS_SELECTOR, ".drawing svg")
        assert not small.find_element(By.TAG_NAME, "nav").is_displayed()
        assert not small.find_elements(By.CSS_SELECTOR, "article button")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        small.execute_script("dispatchEvent(new Event('afterprint'))")
    assert not small.find_elements(By.TAG_NAME, "article")


@pytest.mark.parametrize(
    ("sizes", "shape", "cost"),
    [
        ((2, 2, 1), None, "cross-entropy"),
        ((12, 10, 8, 3), None, "log-likelihood"),
        ((784, 30, 10), (28, 28), "quadratic"),
    ],
)
def test_every_step_fits_a_telephone(opened, sizes, shape, cost):
    page = opened(explained(sizes, cost=cost), shape)
    try:
        page.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True},
        )
        for name in headings(page):
            width = page.execute_script("return document.documentElement.scrollWidth")
            assert width == 390, name
            place = page.find_element(By.ID, "next").rect
            assert place["height"] >= 44
            page.execute_script("go(at + 1)")
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_dark_pages_are_dark_and_paper_is_light(browser, small):
    ground = "return getComputedStyle(document.body).backgroundColor"
    assert small.execute_script(ground) == "rgb(255, 255, 255)"
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    try:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [dark]})
        assert small.execute_script(ground) == "rgb(21, 24, 28)"
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": "print", "features": [dark]}
        )
        assert small.execute_script(ground) == "rgb(255, 255, 255)"
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_numbers_that_are_not_finite_stop_no_step(opened):
    network = Network([np.full((2, 2), 1e308), np.full((2, 2), np.inf)], [np.zeros(2)] * 2)
    e = explain_example(network, np.ones(2), np.array([0.0, 1.0]), 1.0, np.random.default_rng(0))
    page = opened(e)
    for name in headings(page):
        assert heading(page) == name
        press(page, Keys.ARROW_RIGHT)


def test_the_page_asks_for_nothing_and_may_not(browser, small):
    assert small.execute_script("return performance.getEntriesByType('resource').length") == 0
    refused = small.execute_async_script(
        "const done = arguments[0];"
        "document.addEventListener('securitypolicyviolation', (e) => done(e.violatedDirective));"
        "fetch('http://127.0.0.1:9/').then(() => done('sent'), () => {});"
    )
    assert refused == "connect-src"
    browser.get_log("browser")  # the refusal that was asked for


def test_names_are_text_whatever_they_hold(opened):
    hostile = "</script><script>document.title = 'taken'</script><!--<b>&amp; {{script}}"
    page = opened(explained((2, 2)), about={"network": [hostile], "example": ["drawn"]})
    assert page.title == "Backpropagation, step by step"
    assert page.find_element(By.CSS_SELECTOR, ".about dd").text == hostile


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_page_of_a_usual_network_is_small(dtype):
    e = explained((784, 30, 10), dtype=dtype)
    assert len(render_explanation(e, ABOUT, (28, 28))) < 300_000


def test_a_network_that_the_page_cannot_hold_is_refused(monkeypatch):
    monkeypatch.setattr(in_javascript, "MAX_PARAMETER_BYTES", 10)
    with pytest.raises(ExportError, match="bytes of parameters, expected 10 at most"):
        render_explanation(explained((2, 2)), ABOUT, None)


def test_scripts_are_short():
    for path in STEP_SCRIPTS:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 250, path


@pytest.mark.parametrize(
    "options",
    [
        "--sizes 2-2-1",
        "--sizes 3-2-2 --activation relu --cost log-likelihood --label 1",
        "--sizes 2-2-2 --x 0.05,0.10 --y 0.01,0.99 --eta 0.5",
        "--index 3",
        "seven.png --label 7",
        "",
    ],
)
def test_the_command_writes_the_page_of_what_it_prints(run, browser, options):
    write_dataset(Path("data"))
    draw_seven().save("seven.png")
    if "--sizes" not in options:
        run("train --epochs 1 --validation 10 --batch-size 4")
    document = json.loads(run(f"explain {options} --json").stdout)
    done = run(f"explain {options} --html page.html")
    size = Path("page.html").stat().st_size
    assert done.stdout == f"page.html: {size:,} bytes. Open it in a browser.\n"
    browser.get(Path("page.html").resolve().as_uri())
    assert browser.execute_script("return view.passes.C") == pytest.approx(document["C"])
    assert browser.execute_script("return saved.eta") == document["eta"]
    assert browser.execute_script("return saved.sizes") == document["sizes"]
    has_image = browser.execute_script("return saved.image") is not None
    assert has_image == ("--sizes" not in options)
    about = browser.find_element(By.CSS_SELECTOR, ".about").text
    assert "-".join(map(str, document["sizes"])) in about
    assert browser.get_log("browser") == []


def test_a_page_replaces_no_checkpoint_and_no_folder(run):
    write_dataset(Path("data"))
    run("train --epochs 1 --validation 10 --batch-size 4 --checkpoint own.npz")
    before = Path("own.npz").read_bytes()
    done = run("explain --sizes 2-2 --html own.npz", status=1)
    assert "own.npz: a checkpoint, which is never overwritten" in done.stderr
    assert Path("own.npz").read_bytes() == before
    run("explain --sizes 2-2 --html none/page.html", status=1)
