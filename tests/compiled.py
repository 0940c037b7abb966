"""The compiled engine in the tests: every version of the kernel that this processor can run.

Where the kernel is not built its tests are skipped, and say so. With MLP_TEST_COMPILED=1, which
promises it, they fail.
"""

import os
from functools import partial
from importlib import import_module

import pytest

from mlp_cli.learning.compiled import CompiledEngine, variants
from mlp_cli.learning.update_rule import GRADIENT_DESCENT

IS_PROMISED = os.environ.get("MLP_TEST_COMPILED") == "1"
VERSIONS = variants() or [None]
KERNEL = import_module("mlp_cli.learning._kernel") if variants() else None


def require_kernel():
    """Skip the test that calls this, or fail it, where there is no kernel."""
    if not variants():
        message = "the compiled engine is not built: no C compiler when mlp was installed"
        if IS_PROMISED:
            pytest.fail(f"{message}, and MLP_TEST_COMPILED=1 promises it")
        pytest.skip(message)


def make_compiled(network, batch_size, rule=GRADIENT_DESCENT, *, version):
    require_kernel()
    return CompiledEngine(network, batch_size, rule, variant=version)


COMPILED = {
    f"compiled for {version}" if version else "compiled": partial(make_compiled, version=version)
    for version in VERSIONS
}
"""what makes an engine, by the version of the kernel that it has"""

by_version = pytest.mark.parametrize("version", VERSIONS)
