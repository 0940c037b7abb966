"""mlp report --follow: the page of a run that is being trained."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from mlp_cli.commands.shared import following
from mlp_cli.pages.findings import HELD_OUT, Findings
from mlp_cli.pages.report import render_report
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.system.signals import StopError
from tests.makers import make_arrays, make_run, write_dataset

pytestmark = pytest.mark.alike

CHECKPOINT, PAGE = Path("checkpoints/a.npz"), Path("report.html")


@pytest.fixture
def trained(run):
    """A run of four epochs."""
    write_dataset(Path("data/mnist"), make_arrays(train=60, test=20))
    CHECKPOINT.parent.mkdir()
    options = "--hidden 5 --epochs 4 --validation 12 --eta 0.5"
    run(f"train {options} --checkpoint {CHECKPOINT} -q")
    return load_checkpoint(CHECKPOINT)


def save_after(run, epochs):
    """Write the checkpoint as it was after so many epochs."""
    best = min(run.best_epoch, epochs)
    accuracy = run.test_accuracy if epochs == 4 else None
    history = run.history[:epochs]
    replace(run, history=history, best_epoch=best, test_accuracy=accuracy).save(CHECKPOINT)


@pytest.fixture
def meanwhile(monkeypatch):
    """Do one of these steps, in their order, whenever the command waits; return the pages then."""

    def meanwhile(*steps):
        pages, left = [], list(steps)

        def sleep(_):
            pages.append(PAGE.read_text(encoding="utf-8"))
            left.pop(0)()

        monkeypatch.setattr(following.time, "sleep", sleep)
        return pages

    return meanwhile


def stop():
    raise StopError


def text_of(page):
    return re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)


def is_followed(page):
    return 'id="reload"' in page and "location.reload" in page and "script-src" in page


def test_the_page_has_every_epoch_until_the_run_ends(run, trained, meanwhile):
    save_after(trained, 0)
    steps = [lambda: save_after(trained, 1), lambda: None, lambda: save_after(trained, 3)]
    pages = meanwhile(*steps, lambda: save_after(trained, 4))
    done = run("report --follow")
    assert f"Using {CHECKPOINT}, the newest." in done.stderr
    assert f"{PAGE} follows {CHECKPOINT}" in done.stderr
    assert done.stdout.startswith(f"{PAGE}: ")
    assert [re.search(r"After (\d) of 4 epochs", page)[1] for page in pages] == ["0", "1", "1", "3"]
    assert pages[1] == pages[2], "nothing has changed"
    assert all(map(is_followed, pages))
    for page in pages:
        assert "test accuracy" not in text_of(page), "the test set is read once, at the end"
        assert "The test set is read once, at the end of the run" in page
    assert "No epoch yet." in pages[0]
    assert "Confusion matrix" not in pages[0]
    assert "accuracy, images held out" in pages[1]
    assert "of 12" in pages[1]
    last = PAGE.read_text(encoding="utf-8")
    assert not is_followed(last)
    assert "script" not in last
    assert "test accuracy" in text_of(last)
    assert "After" not in text_of(last)
    run("report -o other.html")
    assert Path("other.html").read_text(encoding="utf-8") == last


def test_a_run_that_has_ended_is_reported_at_once(run, trained, meanwhile):
    pages = meanwhile()
    run(f"report --follow --checkpoint {CHECKPOINT}")
    assert pages == []
    assert not is_followed(PAGE.read_text(encoding="utf-8"))


def test_without_images_held_out_the_page_has_what_comes_from_the_history(run, meanwhile):
    write_dataset(Path("data/mnist"), make_arrays(train=60, test=20))
    CHECKPOINT.parent.mkdir()
    run(f"train --hidden 5 --epochs 4 --validation 0 --checkpoint {CHECKPOINT} -q")
    save_after(load_checkpoint(CHECKPOINT), 2)
    pages = meanwhile(stop)
    run("report --follow", status=130)
    text = text_of(pages[0])
    assert "Learning curves" in text
    assert "Weights of the first layer" in text
    assert "Confusion matrix" not in text
    assert "Most confident mistakes" not in text


def test_an_interruption_leaves_a_page_that_no_longer_loads_itself(run, trained, meanwhile):
    save_after(trained, 2)
    pages = meanwhile(stop)
    done = run("report --follow", status=130)
    assert f"No longer following. {PAGE} shows 2 of 4 epochs." in done.stderr
    assert is_followed(pages[0])
    page = PAGE.read_text(encoding="utf-8")
    assert not is_followed(page)
    assert "script" not in page
    assert "After 2 of 4 epochs" in page
    assert page.endswith("</html>\n")


def test_a_checkpoint_that_is_gone_leaves_such_a_page_too(run, trained, meanwhile):
    save_after(trained, 2)
    meanwhile(CHECKPOINT.unlink)
    done = run("report --follow", status=1)
    assert f"{CHECKPOINT}: no such file" in done.stderr
    assert not is_followed(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("words", ["sweeps/own", "--checkpoint a.npz --checkpoint b.npz"])
def test_only_one_run_can_be_followed(run, words):
    assert "--follow: one run can be followed." in run(f"report --follow {words}", 2).stderr


def test_few_images_are_read_of_a_large_network(run, trained, meanwhile, monkeypatch):
    weights = sum(W.size for W in trained.network.weights)
    monkeypatch.setattr(following, "MOST_PRODUCTS", 5 * weights)
    save_after(trained, 2)
    pages = meanwhile(stop)
    run("report --follow", status=130)
    assert re.search(r"\d of 4\b", text_of(pages[0].partition("95 % interval")[0]))


def test_the_browser_loads_the_page_again_unless_it_is_told_not_to(browser, tmp_path):
    path = tmp_path / "a.html"

    def write(epochs):
        found = Findings.of("a.npz", make_run((0.5,) * epochs), None, images=HELD_OUT)
        path.write_bytes(render_report([found], is_followed=True))

    def notice():
        return browser.find_element(By.CLASS_NAME, "notice").text

    write(2)
    browser.get(path.as_uri())
    write(3)
    end = time.monotonic() + 30
    while "After 3 of 30" not in browser.page_source and time.monotonic() < end:
        time.sleep(0.1)
    assert "After 3 of 30 epochs" in notice()
    browser.find_element(By.ID, "reload").click()
    browser.execute_script("window.isOld = true")
    write(4)
    time.sleep(2.5)
    assert browser.execute_script("return window.isOld")
    assert browser.get_log("browser") == []
