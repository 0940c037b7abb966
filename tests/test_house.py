"""The house keeps its walls: who imports whom, what is light, what is documented."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

import mlp_cli
from mlp_cli.commands.shared.group import COMMANDS, mlp

pytestmark = pytest.mark.alike

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mlp_cli"
MODULES = sorted(PACKAGE.rglob("*.py"))

# The packages outside the standard library, and the rooms of this one, that each room may import.
# A room stands above all that it imports: the floors go up from the first line to the last.
ALLOWED = {
    "errors": set(),
    "version": set(),
    "system": {"errors"},
    "nn": {"numpy", "errors"},
    "learning": {"numpy", "threadpoolctl", "errors", "nn", "system"},
    "measuring": {"numpy", "nn"},
    "datasets": {"numpy", "requests", "urllib3", "errors", "system"},
    "images": {"numpy", "PIL", "errors", "system"},
    "explanation": {"numpy", "nn"},
    "charts": {"matplotlib", "numpy", "errors", "system", "nn", "measuring"},
    "runs": {
        *("numpy", "errors", "version", "system", "nn", "learning", "measuring", "datasets"),
        *("charts", "matplotlib"),  # whose figure a run returns
    },
    "sweeps": {
        *("numpy", "optuna", "distributed", "tornado", "errors", "version", "system", "datasets"),
        *("measuring", "learning", "runs"),
    },
    "pages": {
        *(
            "numpy",
            "PIL",
            "matplotlib",
            "charts",
            "errors",
            "system",
            "nn",
            "measuring",
            "datasets",
            "images",
        ),
        *("explanation", "runs", "sweeps"),
    },
    "door": {
        *("numpy", "tqdm", "errors", "nn", "learning", "datasets", "runs"),
    },
    "sklearn": {
        *("numpy", "errors", "nn", "learning", "runs", "door"),
    },
    "exports": {
        *("numpy", "onnx", "tensorboardX", "errors", "version", "nn", "learning", "runs", "system"),
    },
}
# What stands in the package's own folder beside the rooms.
DOORS = {"__init__.py", "__main__.py", "errors.py", "sklearn.py", "version.py", "py.typed"}
# What must not be loaded for a page of help.
HEAVY = {
    "numpy",
    "requests",
    "PIL",
    "tqdm",
    "threadpoolctl",
    "matplotlib",
    "onnx",
    "optuna",
    "distributed",
    "tensorboardX",
    "sklearn",
}


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree):
    """The packages and rooms that a module imports, wherever in it."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [node.module]
        for name in names:
            top, *inner = name.split(".")
            if top == "mlp_cli":
                yield inner[0] if inner else "__init__"
            elif top not in sys.stdlib_module_names:
                yield top


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_room_imports_only_what_it_may(path):
    found = set(imports(ast.parse(path.read_text()))) - {room(path)}
    if room(path) not in ("commands", "__main__", "__init__"):
        assert found <= ALLOWED[room(path)]
    if room(path) not in ("commands", "__main__"):
        assert not found & {"commands", "click"}
    if room(path) not in ("commands", "door"):
        assert "tqdm" not in found


def test_no_floor_imports_a_higher_one():
    """And so there is no circle of rooms."""
    floors = list(ALLOWED)
    for number, (name, allowed) in enumerate(ALLOWED.items()):
        assert not allowed & set(floors[number:]), name


def test_the_package_has_no_file_without_a_room():
    beside = {path.name for path in PACKAGE.iterdir()} - {"__pycache__", "configs"}
    assert beside == DOORS | ALLOWED.keys() - {"errors", "sklearn", "version"} | {"commands"}


def test_every_command_has_a_file_and_every_file_a_command():
    files = {path.stem for path in (PACKAGE / "commands").glob("*.py")} - {"__init__"}
    assert files == set(COMMANDS.values())


@pytest.mark.parametrize("name", ["runs", "learning", "commands", "commands/shared"])
def test_a_room_whose_names_help_needs_imports_nothing_itself(name):
    assert not list(imports(ast.parse((PACKAGE / name / "__init__.py").read_text())))


def test_no_two_modules_export_one_name_for_different_things():
    homes = {}
    for path in MODULES:
        if room(path) == "commands":  # a command has the name of what it does
            continue
        for node in ast.parse(path.read_text()).body:
            names = []
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names = [node.name]
            elif isinstance(node, ast.Assign):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names = [node.target.id]
            for name in names:
                if not name.startswith("_"):
                    homes.setdefault(name, set()).add(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_open_with_a_sentence_and_stay_readable(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("arguments", ["", "--help", "--version", "train --help", "predict -h"])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys; from mlp_cli.commands.shared.group import mlp;"
        f"mlp({arguments.split()!r}, prog_name='mlp', standalone_mode=False);"
        f"sys.exit(', '.join(sorted({HEAVY!r} & sys.modules.keys())))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "\n", done.stderr


def test_predict_loads_neither_requests_nor_tqdm():
    code = (
        "import sys; from mlp_cli.commands.shared.group import mlp;"
        "import mlp_cli.runs.reading, mlp_cli.images, mlp_cli.nn.network;"
        f"sys.exit(', '.join(sorted({HEAVY - {'numpy', 'PIL'}!r} & sys.modules.keys())))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "\n", done.stderr


def test_predict_does_not_wait_for_parts_of_numpy_that_it_does_without(tmp_path):
    """Each costs a twentieth of the command."""
    picture = np.full((40, 40), 255, np.uint8)
    picture[8:32, 18:22] = 0
    Image.fromarray(picture).save(tmp_path / "one.png")
    code = (
        "import sys; from mlp_cli.commands.shared.group import mlp;"
        "mlp(['predict', 'one.png'], standalone_mode=False);"
        "sys.exit(len({'numpy.ma', 'numpy.random'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr


def options():
    for name in COMMANDS:
        for parameter in mlp.get_command(click.Context(mlp), name).params:
            if isinstance(parameter, click.Option):
                yield pytest.param(name, parameter, id=f"{name} {parameter.name}")


@pytest.mark.parametrize(("command", "option"), list(options()))
def test_every_option_has_help_and_stands_in_the_reference(command, option):
    assert option.help, command
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    shared, *sections = re.split(r"^### mlp ", reference, flags=re.MULTILINE)
    (own,) = (section for section in sections if section.startswith(f"{command}\n"))
    for spelling in option.opts:
        assert f"`{spelling}`" in shared + own, f"{spelling} of {command}"


def test_the_continuous_integration_runs_the_readmes_test_command():
    """By the script's own line that finds the command, run here without what follows it."""
    readme, script = (ROOT / "README.md").read_text(), (ROOT / ".ci" / "run").read_text()
    command = re.search(r"^pip install -e .* && pytest.*$", readme, re.MULTILINE)
    assert command, "the README has a command that installs and tests"
    finds = re.search(r"^command=.*$", script, re.MULTILINE)
    found = subprocess.run(
        ["bash", "-c", f'{finds[0]}\necho "$command"'], cwd=ROOT, capture_output=True, text=True
    )
    assert found.stdout == f"{command[0]}\n"
    assert 'bash -euo pipefail -c "$command"' in script


@pytest.mark.parametrize("name", mlp_cli.__all__)
def test_every_public_name_is_there(name):
    assert getattr(mlp_cli, name).__name__ == name
    assert f"`{name}`" in (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_a_name_that_is_not_public_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = mlp_cli.nonsense


def test_dependencies_are_those_of_the_design():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.match(r"[a-z]+", requirement)[0] for requirement in project["dependencies"]}
    assert names == {"click", "numpy", "pillow", "requests", "threadpoolctl", "tqdm"}


def test_the_documents_pictures_are_shown_and_small():
    docs = ROOT / "docs"
    pages = [ROOT / "README.md", *docs.glob("*.md")]
    shown = {
        name
        for page in pages
        for name in re.findall(r"\]\((?:docs/)?([^)/]+\.png)\)", page.read_text(encoding="utf-8"))
    }
    assert shown == {path.name for path in docs.glob("*.png")}
    assert sum(path.stat().st_size for path in docs.glob("*.png")) <= 250_000
