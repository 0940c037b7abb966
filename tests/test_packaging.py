"""Packaging: what the distributions hold, and that mlp works with a compiler and without."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.errors import OptionError
from mlp_cli.learning import compiled
from mlp_cli.learning.compiled import CompiledEngine
from mlp_cli.learning.engine import check_engine, choose
from mlp_cli.learning.plain import PlainEngine
from mlp_cli.learning.update_rule import UpdateRule
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.network import Network
from mlp_cli.version import __version__
from tests.makers import write_dataset

ROOT = Path(__file__).parents[1]
# What the source distribution has: the package, and what builds, tests and documents it.
SOURCES = [
    *(".ci", "configs", "docs", "mlp_cli", "tests"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md"),
    *("MANIFEST.in", "pyproject.toml", "setup.py"),
]
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def copy_sources(folder):
    """Copy the sources as a fresh checkout has them: nothing is built there yet."""
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=LEFT_BEHIND)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def call(*command, status=0, **environment):
    """Run a command, and return what it printed. It finds no module of this checkout."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False,
        env=inherited | environment,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def refuse_old_tools():
    """Skip where [dev] is not installed: without a network no tools to build are fetched."""
    try:
        version("build")
        is_new = int(version("setuptools").split(".")[0]) >= 77
    except PackageNotFoundError:
        is_new = False
    if not is_new:
        pytest.skip('no build and setuptools 77 to build with; pip install -e ".[dev]"')


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """The sources, an sdist of them, and a wheel of that, made without compiler and network."""
    refuse_old_tools()
    folder = tmp_path_factory.mktemp("distributions")
    sources = copy_sources(folder / "sources")
    before = files_in(sources)
    call(
        *(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", sources),
        CC="false",
    )
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return before, sdist, wheel


def test_the_sdist_has_all_that_builds_tests_and_documents(distributions):
    sources, sdist, _ = distributions
    assert sdist.name == f"mlp_cli-{__version__}.tar.gz"
    with tarfile.open(sdist) as archive:
        members = [member for member in archive if member.isfile()]
    names = {member.name.partition("/")[2] for member in members}
    made = {name for name in names if ".egg-info/" in name} | {"PKG-INFO", "setup.cfg"}
    assert names - made == sources
    (script,) = (member for member in members if member.name.endswith("/.ci/run"))
    assert script.mode & 0o100 == (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_the_wheel_has_the_package_and_the_presets(distributions):
    sources, _, wheel = distributions
    package = {name for name in sources if name.startswith("mlp_cli/")}
    sources_of_kernel = {name for name in package if name.endswith((".c", ".h"))}
    presets = {f"mlp_cli/{name}" for name in sources if name.startswith("configs/")}
    assert sources_of_kernel
    assert presets
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == package - sources_of_kernel | presets


def test_one_wheel_serves_all_later_pythons(distributions):
    _, _, wheel = distributions
    name, number, python, abi, _ = wheel.stem.split("-", 4)
    assert (name, number, python, abi) == ("mlp_cli", __version__, "cp311", "abi3")


def test_the_metadata_are_those_of_the_project(distributions):
    _, _, wheel = distributions
    with zipfile.ZipFile(wheel) as archive:
        prefix = f"mlp_cli-{__version__}.dist-info"
        lines = archive.read(f"{prefix}/METADATA").decode().splitlines()
        scripts = archive.read(f"{prefix}/entry_points.txt").decode()
        assert f"{prefix}/licenses/LICENSE" in archive.namelist()
    assert {"Name: mlp-cli", f"Version: {__version__}", "License-Expression: MIT"} <= set(lines)
    assert "mlp = mlp_cli.__main__:main" in scripts


# With the kernel, and without


def test_the_kernel_uses_the_stable_interface(kernel):
    assert ".abi3." in kernel.__file__ or sys.platform == "win32"
    assert compiled.variants()[-1] in ("baseline", "loops")


def test_without_the_kernel_auto_is_numpy(monkeypatch):
    monkeypatch.setattr(compiled, "_kernel", None)
    assert choose((784, 30, 10), 10) == "numpy"
    check_engine("numpy")
    with pytest.raises(OptionError, match="there was no C compiler"):
        check_engine("compiled")


def test_to_ask_for_a_kernel_that_is_not_there_is_wrong_usage(run, monkeypatch):
    monkeypatch.setattr(compiled, "_kernel", None)
    write_dataset(Path("data"))
    done = run("train --engine compiled --epochs 1", status=2)
    assert done.stderr.startswith("Error: --engine compiled: mlp was installed without it")
    assert done.stderr.count("\n") == 1
    assert os.listdir() == ["data"]


def test_a_run_of_the_kernel_resumes_without_it_by_another_engine(run, monkeypatch, kernel):
    write_dataset(Path("data"))
    run("train --engine compiled --epochs 1 --validation 10")
    monkeypatch.setattr(compiled, "_kernel", None)
    done = run("train --resume --epochs 2")
    assert "engine numpy instead of compiled: the last digits will differ" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("compiler", [None, "false"], ids=["compiler", "no compiler"])
@pytest.mark.parametrize("editable", [False, True], ids=["sdist", "editable"])
def test_an_installed_program_learns(request, tmp_path, compiler, editable):
    """In a fresh environment; pip fetches what it needs from its index."""
    if not compiler:
        request.getfixturevalue("kernel")
    environment = {"CC": compiler} if compiler else {}
    call(sys.executable, "-m", "venv", tmp_path / "venv")
    programs = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    sources = copy_sources(tmp_path / "sources")
    pip = (programs / "python", "-m", "pip", "install", "--quiet")
    if editable:
        call(*pip, "-e", sources, **environment)
    else:
        call(*pip, "build")
        build = (programs / "python", "-m", "build", "--outdir", tmp_path / "dist")
        call(*build, "--sdist", sources)
        (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
        call(*build, "--wheel", sources, **environment)
        (wheel,) = (tmp_path / "dist").glob("*.whl")
        assert wheel.stem.split("-")[2:4] == ["cp311", "abi3"]
        with zipfile.ZipFile(wheel) as archive:
            kernels = [name for name in archive.namelist() if "/_kernel." in name]
        assert len(kernels) == (0 if compiler else 1)
        call(*pip, sdist, **environment)
    variants = "from mlp_cli.learning.compiled import variants; print(len(variants()))"
    assert bool(int(call(programs / "python", "-c", variants))) == (compiler is None)
    mlp = programs / "mlp"
    assert "compiled" in call(mlp, "train", "--help")
    assert "hidden = [30]" in call(mlp, "train", "--config", "book-30", "--print-config")
    train = (mlp, "train", "--dataset", "synthetic", "--epochs", 1)
    assert "test accuracy" in call(*train)
    asked = call(*train, "--engine", "compiled", status=2 if compiler else 0)
    assert ("installed without it" in asked) == (compiler is not None)


COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]


@pytest.mark.slow
@pytest.mark.skipif(not COMPILERS, reason="neither gcc nor clang")
@pytest.mark.parametrize("macro", ["AS_IT_IS", "MLP_BASELINE_ALONE", "MLP_PLAIN_LOOPS"])
@pytest.mark.parametrize("standard", ["c11", "gnu17"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_way_to_compile_the_kernel_learns_the_same(
    tmp_path, monkeypatch, compiler, standard, macro
):
    """Also as a compiler without vectors gets it. No warning."""
    call(
        *(compiler, "-O3", "-shared", "-fPIC", f"-std={standard}", f"-D{macro}"),
        *("-Wall", "-Wextra", "-Wpedantic", "-Werror"),
        *("-isystem", sysconfig.get_path("include"), "-o", tmp_path / "_kernel.abi3.so"),
        ROOT / "mlp_cli" / "learning" / "_kernel.c",
    )
    found = importlib.util.spec_from_file_location("_kernel", tmp_path / "_kernel.abi3.so")
    monkeypatch.setattr(compiled, "_kernel", importlib.util.module_from_spec(found))
    assert choose((36, 33, 9, 5), 1) in ("compiled", "numpy")  # it knows every variant
    names = compiled.variants()
    assert names[-1] == ("loops" if macro == "MLP_PLAIN_LOOPS" else "baseline")
    assert macro == "AS_IT_IS" or len(names) == 1
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(50, 6, 6), dtype=np.uint8)
    images[rng.random(images.shape) < 0.7] = 0
    labels, order = rng.integers(5, size=50).astype(np.uint8), rng.permutation(50)
    rule = UpdateRule(momentum=0.5, l2=0.1)
    for name in names:
        for activation in ACTIVATIONS:
            for batch_size in (1, 7, 13):
                ours = Network.initialise(
                    (36, 33, 9, 5), rng, dtype=np.float64, activation=activation
                )
                theirs = ours.copy()
                CompiledEngine(ours, batch_size, rule, variant=name).learn(
                    images, labels, order, 0.1
                )
                PlainEngine(theirs, batch_size, rule).learn(images, labels, order, 0.1)
                for p, q in zip(ours.parameters, theirs.parameters, strict=True):
                    np.testing.assert_allclose(p, q, rtol=0, atol=1e-12)
