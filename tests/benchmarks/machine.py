"""What a benchmark ran on, in a line."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine():
    """Processor, cores, system, versions, and what NumPy and the compiled engine run on it.

    Libraries choose the code that fits the processor, unless the environment makes them take
    another, as OPENBLAS_CORETYPE does. NumPy is imported here.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{_processor()}, {cores} cores, {platform.system()}, "
        f"Python {platform.python_version()}, NumPy {version('numpy')}{_blas()}, "
        f"compiled engine {_kernel()}"
    )


def _blas():
    """What NumPy multiplies with."""
    import numpy as np  # noqa: F401
    from threadpoolctl import threadpool_info

    for library in threadpool_info():
        if library["user_api"] == "blas":
            return f" with {library['internal_api']} for {library.get('architecture', 'any')}"
    return ""


def _kernel():
    from mlp_cli.learning.compiled import variants

    return "for " + variants()[0] if variants() else "missing"


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def markdown(header, rows):
    """A table with its columns in line: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]

    def line(cells):
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(padded)} |"

    return "\n".join(line(cells) for cells in [header, rule, *rows])
