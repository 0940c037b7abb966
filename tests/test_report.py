"""The report: what it shows, that it needs no other file, and that it trusts no checkpoint."""

import re
from base64 import b64decode
from datetime import datetime
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlp_cli.datasets.loading import Split
from mlp_cli.nn.network import Network
from mlp_cli.pages.findings import SHOWN_MISTAKES, Findings, Origins
from mlp_cli.pages.markup import Html, element, table
from mlp_cli.pages.pictures import image_uri, weights_uri
from mlp_cli.pages.report import render_report
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.origin import Origin
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import make_arrays, make_run, write_dataset

pytestmark = pytest.mark.alike

VOID = {"img", "meta"}


class Reader(HTMLParser):
    """Reads a page: that elements nest, its text, its elements."""

    def __init__(self, page):
        super().__init__()
        self.open, self.elements, self.text = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "text"):
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


SHAPE = {"image_shape": (8, 8), "sizes": (64, 5, 10)}


@pytest.fixture(scope="module")
def test_images():
    _, _, images, labels = make_arrays(test=100)
    return Split(images, labels)


@pytest.fixture(scope="module")
def found(test_images):
    return Findings.of("run.npz", make_run(**SHAPE), test_images)


@pytest.fixture(scope="module")
def one_page(found):
    return render_report([found]).decode()


@pytest.fixture(scope="module")
def two_page(found, test_images):
    other = Findings.of("b.npz", make_run(**SHAPE, eta=0.5, seed=7), test_images)
    return render_report([found, other]).decode()


def pixels(uri):
    assert uri.startswith("data:image/png;base64,")
    with Image.open(BytesIO(b64decode(uri.partition(",")[2]))) as image:
        return np.asarray(image)


# findings


def test_the_mistakes_are_wrong_predictions_the_most_confident_first(found, test_images):
    outputs = found.run.network.outputs(test_images.images)
    wrong = np.flatnonzero(outputs.argmax(axis=1) != test_images.labels)
    assert len(wrong) > SHOWN_MISTAKES
    assert len(found.mistakes) == SHOWN_MISTAKES
    confidences = [mistake.confidence for mistake in found.mistakes]
    assert confidences == sorted(outputs.max(axis=1)[wrong].tolist(), reverse=True)[:SHOWN_MISTAKES]
    for mistake in found.mistakes:
        assert mistake.truth == test_images.labels[mistake.index] != mistake.prediction
        assert mistake.confidence == outputs[mistake.index, mistake.prediction]
        np.testing.assert_array_equal(mistake.image, test_images.images[mistake.index])


def test_saturated_units_are_counted_by_layer(test_images):
    network = Network.initialise((64, 4, 3, 10), np.random.default_rng(0))
    network.biases[0][:] = [90, -90, 0, 0]
    network.biases[1][:] = [0, 90, 0]
    run = Run.adopt(network, "mnist", (8, 8))
    found = Findings.of("run.npz", run, test_images)
    assert found.saturated == [2, 1]
    assert [len(layer) for layer in found.slopes] == [4, 3]
    x = test_images.images.reshape(100, -1) / np.float32(255)
    hidden = network.feedforward(x)[1]
    np.testing.assert_allclose(found.slopes[0], (hidden * (1 - hidden)).mean(axis=0), atol=1e-6)


# the page


def test_everything_that_the_page_is_for_stands_in_it(found, one_page):
    page = Reader(one_page)
    text = "".join(page.text)
    titles = ["Learning curves", "Settings", "Confusion matrix", "Digit by digit"]
    titles += ["Most confident mistakes", "Weights of the first layer", "Saturation"]
    for title in [*titles, "Time per epoch"]:
        assert title in text
    assert len(page.all("svg")) == 4
    assert len(page.all("img")) == SHOWN_MISTAKES + 5
    first = found.mistakes[0]
    assert page.all("img")[0]["alt"] == (
        f"test image {first.index}: {first.truth}, predicted as {first.prediction}"
    )
    np.testing.assert_array_equal(pixels(page.all("img")[0]["src"]), first.image)
    assert f"{found.evaluation.score.correct} of 100" in text
    assert "epoch 2 of 3" in text
    assert "Median 0.25 s" in text


def test_the_page_needs_no_network_no_script_and_no_other_file(two_page):
    page = Reader(two_page)
    assert {tag for tag, _ in page.elements}.isdisjoint(
        {"script", "link", "iframe", "object", "base", "form", "foreignobject"}
    )
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), tag
            if name in ("src", "href", "xlink:href", "action"):
                assert value.startswith(("data:image/png;base64,", "#")), tag
    assert "url(http" not in two_page
    assert "@import" not in two_page
    (policy,) = (m for m in page.all("meta") if "http-equiv" in m)
    assert policy["content"].startswith("default-src 'none'")


def test_several_runs_share_the_curves_and_differing_settings_are_marked(two_page):
    rows = re.findall(r'<tr class="differs"><th scope="row">(.*?)</th>', two_page)
    assert rows == ["eta ≠", "seed ≠"]
    assert two_page.count('aria-label="Cost and validation accuracy by epoch"') == 1
    assert two_page.count('aria-label="Confusion matrix"') == 2
    text = "".join(Reader(two_page).text)
    assert "Run 1: run.npz" in text
    assert "Run 2: b.npz" in text


def test_classes_that_are_no_digits_have_their_names(test_images):
    found = Findings.of("a.npz", make_run(**SHAPE, dataset="fashion-mnist"), test_images)
    page = Reader(render_report([found]).decode())
    text = "".join(page.text)
    assert "Class by class" in text
    assert "9 Ankle boot" in text
    first = found.mistakes[0]
    names = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
    ]
    names.append("Ankle boot")
    assert page.all("img")[0]["alt"].endswith(
        f": {names[first.truth]}, predicted as {names[first.prediction]}"
    )
    assert f"{names[first.truth]} → {names[first.prediction]}" in text


def test_one_run_has_nothing_to_differ_from(one_page):
    assert 'class="differs"' not in one_page


def test_a_network_from_elsewhere_is_reported_without_a_history(test_images):
    network = Network.initialise((64, 10), np.random.default_rng(0))
    run = Run.adopt(network, "mnist", (8, 8))
    text = "".join(Reader(render_report([Findings.of("a.npz", run, test_images)]).decode()).text)
    assert "No history: the network was trained elsewhere." in text
    assert "The network has no hidden layer." in text
    assert "Time per epoch" not in text


def test_a_network_without_a_mistake_is_reported(test_images):
    network = Network.initialise((64, 10), np.random.default_rng(0))
    network.biases[0][:] = np.where(np.arange(10) == 3, 90, -90)
    threes = Split(test_images.images[:4], np.full(4, 3, np.uint8))
    found = Findings.of("a.npz", Run.adopt(network, "mnist", (8, 8)), threes)
    assert "None: all 4 test images are predicted correctly." in "".join(
        Reader(render_report([found]).decode()).text
    )


HOSTILE = "</td></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\ud800$\\frac{"


def test_nothing_that_a_checkpoint_says_becomes_html(test_images):
    run = make_run(**SHAPE, dataset=HOSTILE, data_dir=HOSTILE, fingerprint=HOSTILE)
    page = Reader(render_report([Findings.of(HOSTILE, run, test_images)] * 2).decode())
    assert not page.all("script")
    assert all(image["src"].startswith("data:") for image in page.all("img"))
    assert HOSTILE.replace("\ud800", "?") in "".join(page.text)


def test_parameters_and_figures_at_the_edge_of_numbers_are_reported(test_images):
    run = make_run(**SHAPE)
    for parameter in run.network.parameters:
        parameter[:] = 3e38
        parameter[:, ::2] = -3e38
    for entry in run.history:
        entry.update(cost=1.7e308, seconds=1.7e308)
    page = Reader(render_report([Findings.of("a.npz", run, test_images)]).decode())
    assert len(page.all("svg")) == 4
    assert "nan %" not in "".join(page.text)


# markup and pictures


def test_only_what_is_known_to_be_html_is_not_escaped():
    assert element("p", "<b>", Html("<i>")) == "<p>&lt;b&gt;<i></p>"
    assert element("img", alt='"<') == '<img alt="&quot;&lt;">'
    assert element("p", class_="") == "<p></p>"


def test_numbers_stand_one_below_the_other():
    html = table(["a", "b"], [["1", "2"]], numbers_from=1)
    assert '<th scope="col">a</th><th scope="col" class="number">b</th>' in html
    assert '<th scope="row">1</th><td class="number">2</td>' in html


def test_weights_are_blue_above_0_orange_below_and_0_is_clear():
    rgba = pixels(weights_uri(np.array([[2.0, -1.0, 0.0, -1e-9]], np.float32)))
    (blue, orange, nothing, hardly) = rgba[0].tolist()
    assert blue[2] > blue[0]
    assert blue[3] == 255
    assert orange[0] > orange[2]
    assert 120 <= orange[3] <= 135
    assert nothing == hardly == [0, 0, 0, 0]


def test_weights_that_are_all_0_are_clear():
    assert not pixels(weights_uri(np.zeros((2, 2)))).any()


def test_an_image_keeps_its_grey_levels():
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(pixels(image_uri(image)), image)


# where a run comes from


def text_of(page):
    return "".join(Reader(page.decode()).text)


def typed(page):
    """The commands on a page, as they are typed."""
    return [unescape(re.sub(r"<[^>]*>", "", c)) for c in re.findall(r"<pre>(.*?)</pre>", page)]


def test_a_page_says_when_and_by_what_its_run_was_written(test_images):
    origins = Origins(datetime(2026, 5, 4, 3, 2), {"mlp": "0.2.0", "numpy": "2.4.1"})
    found = Findings.of("a.npz", make_run(**SHAPE), test_images, origins=origins)
    text = text_of(render_report([found]))
    assert "a.npz was written on 2026-05-04 at 03:02 by mlp 0.2.0, numpy 2.4.1." in text


def test_the_command_on_a_page_trains_the_same_run_again(run, tmp_path):
    write_dataset(tmp_path / "data" / "mnist", make_arrays(train=60))
    options = "--hidden 6,5 --eta 0.5 --epochs 3 --schedule cosine --validation 12 --seed 3"
    run(f"train {options} --checkpoint a.npz -q")
    run("report --checkpoint a.npz")
    page = (tmp_path / "report.html").read_text()
    today = f"{datetime.now().astimezone():%Y-%m-%d}"
    assert f"a.npz was written on {today}" in page
    (command,) = typed(page)
    run(f"{command.removeprefix('mlp ')} --checkpoint b.npz -q")
    first, again = (load_checkpoint(Path(name)) for name in ("a.npz", "b.npz"))
    assert first.settings == again.settings
    for one, other in zip(first.network.parameters, again.network.parameters, strict=True):
        np.testing.assert_array_equal(one, other)
    assert "to the same bits" in page
    run("train --resume --checkpoint a.npz --epochs 4 -q")  # the cosine is another one now
    run("report --checkpoint a.npz")
    page = (tmp_path / "report.html").read_text()
    assert "to the same bits" not in page
    assert "were changed on resume" in page


def test_the_command_names_the_network_that_a_run_began_with(test_images):
    run = make_run(**SHAPE, data_dir="my data")
    run.origin = Origin("bundled", "0" * 64, 2)
    page = render_report([Findings.of("a.npz", run, test_images)]).decode()
    (command,) = typed(page)
    assert command.endswith("--data-dir 'my data' --from bundled")


def test_a_run_without_hidden_layers_is_repeated_with_hidden_0(test_images):
    run = make_run(image_shape=(8, 8), sizes=(64, 10))
    run.network = Network.initialise((64, 10), np.random.default_rng(0))
    (command,) = typed(render_report([Findings.of("a.npz", run, test_images)]).decode())
    assert command.startswith("mlp train --hidden 0 ")


def test_a_run_that_stopped_early_says_how_many_of_its_epochs_it_had(test_images):
    stopped = Findings.of("a.npz", make_run(**SHAPE, patience=1), test_images)
    assert "3 of 30 epochs, stopped by patience 1" in text_of(render_report([stopped]))
    halted = Findings.of("b.npz", make_run(**SHAPE), test_images)
    assert "3 of 30 epochs" in text_of(render_report([halted]))
    complete = Findings.of("c.npz", make_run(**SHAPE, epochs=3), test_images)
    text = text_of(render_report([complete]))
    assert "3 epochs" in text
    assert "of 3 epochs" not in text
    assert "3 of 30" in text_of(render_report([stopped, complete]))


def test_what_is_not_the_default_is_marked(test_images):
    run = make_run(**SHAPE, eta=0.5, patience=1, fingerprint="0123456789abcdef" * 4)
    page = render_report([Findings.of("a.npz", run, test_images)]).decode()
    rows = re.findall(r'<tr class="changed"><th scope="row">(.*?)</th><td[^>]*>(.*?)</td>', page)
    assert rows == [("sizes", "• 64-5-10"), ("eta", "• 0.5"), ("patience", "• 1")]
    assert "01234567…" in page
    assert "0123456789" not in page


def test_an_imported_network_has_only_the_settings_that_are_known(test_images):
    network = Network.initialise((64, 10), np.random.default_rng(0))
    run = Run.adopt(network, "mnist", (8, 8))
    page = render_report([Findings.of("a.npz", run, test_images)]).decode()
    rows = re.findall(r'<th scope="row">([a-z ]+)</th><td class="[^"]*">', page)
    assert {"dataset", "cost"} <= set(rows)
    assert not {"eta", "epochs", "seed", "batch size"} & set(rows)
    assert typed(page) == []


def test_the_list_of_contents_leads_to_every_section(one_page, two_page):
    for page in (one_page, two_page):
        ids = re.findall(r'<h\d id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        links = re.findall(r'<a href="#([^"]+)">', page)
        assert links
        assert set(links) <= set(ids)
    assert re.findall(r'<a href="#run-\d">(.*?)</a>', two_page) == [
        "Run 1: run.npz",
        "Run 2: b.npz",
    ]
    assert '<a href="#most-confident-mistakes">' in one_page


def test_units_of_relu_that_never_learn_are_dead(test_images):
    network = Network.initialise((64, 4, 10), np.random.default_rng(0), activation="relu")
    network.biases[0][:] = [9, -900, 9, -900]
    found = Findings.of("a.npz", Run.adopt(network, "mnist", (8, 8)), test_images)
    text = text_of(render_report([found]))
    assert "Dead: layer 2: 2 of 4." in text
    assert "2 dead3" in text  # below the pictures of their weights
    assert "aturat" not in text


def test_a_short_word_in_a_table_is_not_broken():
    html = table(["a", "b", "c"], [["1", "784-60-20-10", "random parameters"]])
    assert '<td class="word">784-60-20-10</td><td>random parameters</td>' in html
