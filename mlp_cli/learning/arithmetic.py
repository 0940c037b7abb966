"""What rounds the numbers of this process: the same settings give other last digits with another.

Sums of products are taken in an order that the BLAS library chooses for the processor, and NumPy
computes exp and tanh by the widest vectors there are. Each order rounds in its own way.
"""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

UNKNOWN = "unknown"


def read_arithmetic() -> dict[str, str]:
    """Return what this process rounds with.

    numpy: its version.  vectors: the widest that NumPy uses here.  blas, blas_version and
    blas_core: the library of matrix products, and the processor that it has chosen its code for
    (OPENBLAS_CORETYPE sets it); where the library does not say, the text is "unknown".
    machine: the family of processors.  The compiled kernel's version is the engine's `variant`.

    Takes about a millisecond, most of it to find the libraries of the process.
    """
    config: Mapping[str, Any] = np.show_config(mode="dicts")
    extensions = config.get("SIMD Extensions", {})
    vectors = [*extensions.get("baseline", ()), *extensions.get("found", ())]
    built_with = config.get("Build Dependencies", {}).get("blas", {})
    library = _blas_of_numpy()
    return {
        "numpy": np.__version__,
        "vectors": vectors[-1] if vectors else UNKNOWN,
        "blas": library.get("internal_api") or built_with.get("name") or UNKNOWN,
        "blas_version": library.get("version") or built_with.get("version") or UNKNOWN,
        "blas_core": library.get("architecture") or UNKNOWN,
        "machine": platform.machine() or UNKNOWN,
    }


def unlike(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what two processes round with differently: each name with both texts.

    A name that one of them lacks, as from another version of mlp, is no difference.
    """
    return {
        name: (before[name], text)
        for name, text in now.items()
        if name in before and before[name] != text
    }


def _blas_of_numpy() -> Mapping[str, Any]:
    """Return the loaded BLAS library, by preference NumPy's own; empty where none is known."""
    # Wheels have theirs in numpy.libs or numpy/.dylibs; SciPy's may be loaded beside it.
    own = str(Path(np.__file__).parent)
    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    libraries.sort(key=lambda library: not library["filepath"].startswith(own))
    return libraries[0] if libraries else {}
