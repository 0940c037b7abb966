"""What rounds is told apart, by names and texts that a checkpoint can hold."""

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from mlp_cli.learning import arithmetic
from mlp_cli.learning.arithmetic import read_arithmetic, unlike

NAMES = {"numpy", "vectors", "blas", "blas_version", "blas_core", "machine"}


def read_elsewhere(**environment):
    """What a process with these environment variables rounds with."""
    code = "import json; from mlp_cli.learning.arithmetic import read_arithmetic as read;"
    done = subprocess.run(
        [sys.executable, "-c", code + "print(json.dumps(read()))"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def openblas_here():
    if read_arithmetic()["blas"] != "openblas" or platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("NumPy has OpenBLAS, which chooses its code for an x86 processor, elsewhere")


def test_each_name_has_its_text_and_survives_json():
    here = read_arithmetic()
    assert here.keys() == NAMES
    assert all(type(text) is str and text for text in here.values())
    assert json.loads(json.dumps(here)) == here
    assert here["numpy"] == np.__version__
    assert here["machine"] == platform.machine()


def test_two_processes_of_one_machine_round_alike():
    assert read_elsewhere() == read_elsewhere() == read_arithmetic()


def test_another_core_type_of_the_blas_library_is_told():
    openblas_here()
    one, other = (read_elsewhere(OPENBLAS_CORETYPE=name) for name in ("Nehalem", "Haswell"))
    assert unlike(one, other) == {"blas_core": ("Nehalem", "Haswell")}


def test_narrower_vectors_of_numpy_are_told():
    """NumPy leaves out what it is told to; the widest that is left is another."""
    here = read_arithmetic()["vectors"]
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    if not found:
        pytest.skip("this NumPy has but its baseline here")
    narrow = read_elsewhere(NPY_DISABLE_CPU_FEATURES=" ".join(found))["vectors"]
    assert here == found[-1] != narrow


def test_a_library_that_is_not_known_has_the_name_that_numpy_was_built_with(monkeypatch):
    monkeypatch.setattr(arithmetic, "threadpool_info", list)
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    here = read_arithmetic()
    assert (here["blas"], here["blas_core"]) == (built["name"], "unknown")


def test_numpys_own_library_is_told_not_another_that_is_loaded(monkeypatch):
    def library(path, version):
        return {"user_api": "blas", "internal_api": "openblas", "filepath": path} | {
            "version": version,
            "architecture": "Zen",
        }

    own = f"{os.path.dirname(np.__file__)}.libs/libopenblas.so"
    loaded = [library("/usr/lib/scipy.libs/a.so", "1"), library(own, "2")]
    monkeypatch.setattr(arithmetic, "threadpool_info", lambda: loaded)
    assert read_arithmetic()["blas_version"] == "2"


def test_a_name_that_one_of_two_lacks_is_no_difference():
    assert unlike({"numpy": "1", "blas": "a"}, {"numpy": "2", "machine": "b"}) == {
        "numpy": ("1", "2")
    }
    assert unlike({}, read_arithmetic()) == {}
