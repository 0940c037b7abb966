"""A checkpoint to pass on: small, and without the state that only resuming needs."""

import zipfile
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from mlp_cli.errors import ExportError
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.writing import name_parameters, write_arrays

SMALL_DTYPE = "float16"
"""11 significant bits and five for the exponent: a parameter changes by 1/2048 of itself at most"""


def write_small(run: Run, file: BinaryIO) -> None:
    """Write a checkpoint with the network in half precision, packed, and no state to resume from.

    It omits the test accuracy, since the rounded network may read an image differently, and the
    data folder of this machine. Raises ExportError where a parameter is too large.
    """
    arrays = {}
    largest = float(np.finfo(SMALL_DTYPE).max)
    for name, array in name_parameters(run.network.parameters).items():
        if (extreme := float(np.abs(array).max())) > largest:
            raise ExportError(
                f"array {name}: holds {extreme:.3g}, expected {largest:,.0f} at most, "
                f"the largest {SMALL_DTYPE}. The checkpoint itself can be passed on as it is."
            )
        arrays[name] = array.astype(SMALL_DTYPE)
    settings = replace(run.settings, data_dir="data")
    passed_on = replace(run, settings=settings, resume=None, test_accuracy=None)
    arrays["meta"] = np.array(passed_on.to_meta(stored_dtype=SMALL_DTYPE))
    write_arrays(file, arrays, zipfile.ZIP_DEFLATED)
