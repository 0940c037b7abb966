"""Where the first parameters of a run are from, if they were another network's."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from mlp_cli.nn.network import Network
from mlp_cli.runs.schema import Kind, Text, Whole, bad_meta


class Origin(NamedTuple):
    """The trained network that a run began with."""

    checkpoint: str
    """the name of its file, or `bundled`"""
    parameters: str
    """their SHA-256, as `hash_parameters` has it: of two files with the same, either will do"""
    layers: int
    """how many layers were taken, from layer 2 on; the others began with random parameters"""

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any], layers: int) -> Self | None:
        """Return the origin in a checkpoint's meta; None where the run began at random.

        layers: how many the run's network has, the input not counted.
        Raises CheckpointError where it is something else.
        """
        found = meta.get("from")
        if found is None:
            return None
        kinds: dict[str, Kind] = {
            "checkpoint": Text(),
            "parameters": Text(),
            "layers": Whole(0, layers),
        }
        if not isinstance(found, dict) or not all(
            kind.accepts(found.get(name)) for name, kind in kinds.items()
        ):
            raise bad_meta("from", found, f"null or an object with {', '.join(kinds)}")
        if not re.fullmatch("[0-9a-f]{64}", found["parameters"]):
            raise bad_meta("from", found["parameters"], "a SHA-256 for its parameters")
        return cls(**{name: found[name] for name in kinds})

    def describe(self, sizes: tuple[int, ...]) -> str:
        """Return the origin in words. sizes: units of every layer of the run's network."""
        fresh = "" if self.layers == len(sizes) - 1 else ", with a fresh last layer"
        return f"{self.checkpoint} (parameters {self.parameters[:16]}...){fresh}"


def hash_parameters(network: Network) -> str:
    """Return the SHA-256 over the bytes of W^2, b^2, W^3, b^3, ..., in hexadecimal.

    Each array is taken row by row, in the network's precision, the lowest byte first.
    """
    sha = hashlib.sha256()
    for W, b in zip(network.weights, network.biases, strict=True):
        for array in (W, b):
            sha.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)
    return sha.hexdigest()
