"""The choices for learning, by name. Nothing heavy is imported: a command's help lists them."""

import re
from typing import Literal

ScheduleName = Literal["constant", "cosine", "step", "halve-on-plateau"]
"""how the learning rate changes from epoch to epoch"""

DistortionName = Literal["shift", "affine", "elastic"]
"""how training images are distorted; each kind includes the ones before it"""

EngineName = Literal["compiled", "numpy", "plain"]
"""the code that takes a network through an epoch"""

PLAIN, DESLANT = "plain", "deslant"
LEAST_WIDTH = 8
"""columns: narrower digits lose their shape"""


def width_of(view: str) -> int | None:
    """Return N of the view `width-N`; None for other views and for what is no view."""
    found = re.fullmatch(r"width-([1-9][0-9]{0,5})", view)
    return int(found[1]) if found else None


def is_view(name: str) -> bool:
    """Return whether this is `plain`, `deslant`, or `width-N` with N from LEAST_WIDTH."""
    return name in (PLAIN, DESLANT) or (width_of(name) or 0) >= LEAST_WIDTH
