"""The compiled engine in the tests: every version of the kernel that this processor can run.

Where the kernel is not built its tests are skipped, and say so. Where MLP_TEST_COMPILED is
set, which promises it, they fail.
"""

import os
from functools import partial

import pytest

from mlp_cli.learning import compiled
from mlp_cli.learning.compiled import CompiledEngine, variants
from mlp_cli.learning.update_rule import GRADIENT_DESCENT

PROMISED = os.environ.get("MLP_TEST_COMPILED")
VERSIONS = variants() or [None]
KERNEL = compiled._kernel


def require_kernel():
    """Skip the test that calls this, or fail it, where there is no kernel."""
    if KERNEL is None:
        message = "no compiled kernel; install a C compiler, then mlp again"
        if PROMISED:
            pytest.fail(f"{message}: MLP_TEST_COMPILED promises it")
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
