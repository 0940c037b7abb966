"""Make the notebook of the tutorial: its section "From Python", with the snippets as cells.

    python docs/make_notebook.py

What the snippets print is left out, since the cells print it; `tests/test_notebook.py` executes
them, and holds the notebook to the tutorial.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "tutorial.ipynb"
SECTION = "From Python"
INTRODUCTION = """\
# mlp from Python

It is made from the [tutorial](tutorial.md#from-python) by `docs/make_notebook.py`. MNIST must be
in `data/mnist` beside this notebook, and a picture of a 7 in `image.png`:

```sh
mlp download --data-dir data
```"""


def section(text: str) -> list[str]:
    """Return the lines of the section, without its heading."""
    _, _, rest = text.partition(f"\n## {SECTION}\n")
    return rest.partition("\n## ")[0].strip().splitlines()


def cells(lines: list[str]) -> list[dict[str, object]]:
    """Return a cell for each snippet, and one for the prose before it."""
    found, prose, block, language = [_cell("markdown", INTRODUCTION)], [], [], None
    for line in lines:
        if line.startswith("```") and language is None:
            language, block = line[3:], []
        elif line.startswith("```"):
            if language == "python":
                found += [_cell("markdown", "\n".join(prose).strip())] if any(prose) else []
                found.append(_cell("code", "\n".join(block)))
                prose = []
            elif language != "text":
                prose += [f"```{language}", *block, "```"]
            language = None
        elif language is not None:
            block.append(line)
        else:
            prose.append(line)
    found += [_cell("markdown", "\n".join(prose).strip())] if any(prose) else []
    return [{"id": f"cell-{number}", **cell} for number, cell in enumerate(found, start=1)]


def _cell(kind: str, text: str) -> dict[str, object]:
    more = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, **more, "source": text.splitlines(keepends=True)}


def notebook() -> str:
    """Return the notebook as it stands in its file."""
    tutorial = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {
        "cells": cells(section(tutorial)),
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(notebook(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")
