"""How arrays become a .npz file, and what they are called there."""

import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]


def write_arrays(file: BinaryIO, arrays: Arrays, packing: int = zipfile.ZIP_STORED) -> None:
    """Write arrays as a .npz file, by name.

    This is what np.savez does; but in some versions np.savez prints a traceback on a full disk.
    """
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def name_parameters(
    layers: Sequence[npt.NDArray[Any]], prefix: str = ""
) -> dict[str, npt.NDArray[Any]]:
    """Return each (W^l | b^l) as two arrays under the derivation's names: W2, b2, W3, b3, ..."""
    named = {}
    for l, W_b in enumerate(layers, start=2):
        named[f"{prefix}W{l}"], named[f"{prefix}b{l}"] = W_b[:, :-1], W_b[:, -1]
    return named
