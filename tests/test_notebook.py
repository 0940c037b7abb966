"""The notebook of the tutorial: in step with it, and executed from the first cell to the last."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.documents import Folder, agree, blocks

pytestmark = pytest.mark.alike

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"
ADVICE = "make it again with: python docs/make_notebook.py"
EXECUTE = """\
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
nbformat.write(notebook, "executed.ipynb")
"""


def make_notebook():
    spec = importlib.util.spec_from_file_location("make_notebook", ROOT / "docs/make_notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def snippets():
    """The blocks of Python in the section of the tutorial."""
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    section = text.partition("\n## From Python\n")[2].partition("\n## ")[0]
    found = [block for block in blocks(section) if block.language == "python"]
    assert len(found) > 4
    return found


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_is_the_tutorials_section():
    assert NOTEBOOK.read_text(encoding="utf-8") == make_notebook().notebook(), ADVICE


def test_the_notebook_is_valid_and_has_every_snippet():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    sources = [cell["source"] for cell in code_cells(notebook)]
    assert sources == ["\n".join(block.text) for block in snippets()]


@pytest.mark.mnist
def test_the_notebook_runs_and_prints_what_the_tutorial_shows(mnist_dir, tmp_path):
    """In one kernel, and without a network. A notebook shows the curves by themselves."""
    place = tmp_path / "folder"
    place.mkdir()
    Folder(place, mnist_dir / "mnist")
    nowhere = "http://127.0.0.1:9"
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "HTTPS_PROXY": nowhere,
        "HTTP_PROXY": nowhere,
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    words = [sys.executable, "-c", EXECUTE, str(NOTEBOOK)]
    done = subprocess.run(
        words, cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    executed = json.loads((place / "executed.ipynb").read_text(encoding="utf-8"))
    kinds = set()
    for cell, block in zip(code_cells(executed), snippets(), strict=True):
        printed = [
            line
            for output in cell["outputs"]
            if output.get("name") == "stdout"
            for line in "".join(output["text"]).splitlines()
        ]
        if block.output:
            assert agree(block.output.text, printed), printed
        kinds |= {kind for output in cell["outputs"] for kind in output.get("data", {})}
    assert "image/svg+xml" in kinds
