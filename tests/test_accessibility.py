"""Every page has no fault that axe-core finds: on a screen and a telephone, light and dark.

MLP_TEST_AXE names axe.min.js of the npm package axe-core. Where it is set, it must be there.
"""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.datasets.loading import Split
from mlp_cli.explanation.passes import explain_example
from mlp_cli.nn.network import Network
from mlp_cli.pages.canvas.page import write_html
from mlp_cli.pages.explanation.page import render_explanation
from mlp_cli.pages.findings import HELD_OUT, Findings
from mlp_cli.pages.report import render_report
from mlp_cli.pages.sweep_findings import SweepFindings
from mlp_cli.pages.sweep_report import render_sweep
from tests.makers import adopt_network, make_arrays, make_run
from tests.test_sweep_report import FOLDER, make_plan, save_runs

PROMISED = os.environ.get("MLP_TEST_AXE")
SHAPE = {"image_shape": (8, 8), "sizes": (64, 5, 10)}


def found(name="a.npz", images="test images", **changes):
    *_, pictures, labels = make_arrays(test=100)
    run = make_run(**SHAPE, **changes)
    run.network.activation = run.settings.activation
    return Findings.of(name, run, Split(pictures, labels), images=images)


def drawing(sizes=(784, 12, 10)):
    file = BytesIO()
    write_html(adopt_network(sizes, (28, 28)), file)
    return file.getvalue()


def sweep():
    save_runs(make_plan())
    return render_sweep(SweepFindings.of(FOLDER))


def explanation(sizes=(2, 2, 2)):
    network = Network.initialise(sizes, np.random.default_rng(0), "scaled", np.float64)
    x, y = np.linspace(0, 1, sizes[0]), np.eye(sizes[-1])[0]
    e = explain_example(network, x, y, 3.0, np.random.default_rng(0))
    return render_explanation(e, {"network": ["one"], "example": ["drawn"]}, None)


PAGES: dict[str, Callable[[], bytes]] = {
    "drawing": drawing,
    "drawing with 100 classes": lambda: drawing((784, 8, 6, 100)),
    "report": lambda: render_report([found()]),
    "report of relu": lambda: render_report([found(activation="relu")]),
    "report of several": lambda: render_report([found(), found("b.npz", eta=0.5)]),
    "report that follows": lambda: render_report([found(images=HELD_OUT)], is_followed=True),
    "sweep": sweep,
    "explanation": explanation,
    "explanation of a large network": lambda: explanation((64, 12, 10)),
}
"""every kind of page, by name; a new kind is a line here"""


@pytest.fixture(scope="session")
def axe():
    """The script that checks a page."""
    path = Path(PROMISED or "axe.min.js")
    if not path.is_file():
        message = "no axe-core: pages are NOT checked; npm install axe-core, and set MLP_TEST_AXE"
        if PROMISED:
            pytest.fail(f"{path}: {message}")
        pytest.skip(message)
    return path.read_text(encoding="utf-8")


def violations(browser, axe):
    browser.execute_script(axe)
    found = browser.execute_async_script(
        "const done = arguments[0];"
        "axe.run().then(({ violations }) => done(violations), (e) => done(String(e)));"
    )
    assert isinstance(found, list), found
    return [f"{v['id']}: {node['html'][:150]}" for v in found for node in v["nodes"]]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault(name, axe, browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(PAGES[name]())
    faults = []
    try:
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
                feature = {"name": "prefers-color-scheme", "value": scheme}
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
                browser.get(path.as_uri())
                faults += [f"{width} {scheme} {each}" for each in violations(browser, axe)]
                assert (
                    browser.execute_script("return document.documentElement.scrollWidth") <= width
                )
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert faults == []


def test_boxes_over_several_digits_have_no_fault(axe, browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(drawing())
    browser.get(path.as_uri())
    browser.execute_script(
        "for (const x of [60, 140, 220]) { drawing.penDown({ x, y: 90 });"
        "drawing.extend([{ x, y: 150 }]); } read();"
    )
    assert browser.execute_script("return elements.boxes.children.length") == 3
    assert violations(browser, axe) == []


def test_a_fault_is_found(axe, browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><title>a</title><img src='data:,'>", encoding="utf-8")
    browser.get(path.as_uri())
    assert any(fault.startswith("image-alt: ") for fault in violations(browser, axe))
