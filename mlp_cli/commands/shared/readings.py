"""What the networks of a command read in pictures: outputs, prediction, and reasons to doubt it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.errors import PictureError
from mlp_cli.measuring.confidence import LEAST_CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mlp_cli.images import Digit
    from mlp_cli.nn.types import Floats

PICTURES_AT_ONCE = 100
"""pictures that are in memory together"""


def rank(outputs: "Floats") -> list[int]:
    """Return the classes, from the highest output to the lowest."""
    ranked: list[int] = outputs.argsort(kind="stable")[::-1].tolist()
    return ranked


@dataclass(frozen=True)
class Reading:
    """One picture, and what the networks put out for it."""

    name: str
    digit: "Digit"
    outputs: "Floats"
    """the mean of the members' outputs; those of the network where there is one"""
    members: "tuple[Floats, ...]"

    @property
    def ranked(self) -> list[int]:
        """The classes, from the highest output to the lowest."""
        return rank(self.outputs)

    def warnings(self, classes: ClassNames) -> list[str]:
        """Return reasons to doubt the prediction.

        classes: names them.
        """
        doubts = list(self.digit.warnings)
        highest = float(self.outputs.max())  # nan if any output is
        if math.isnan(highest):
            doubts.append("the outputs are not numbers, as the network's parameters are too large")
        elif highest < LEAST_CONFIDENCE:
            who = "network" if len(self.members) == 1 else "committee"
            doubts.append(f"the {who} is unsure: no output reaches one half")
        votes = Counter(rank(outputs)[0] for outputs in self.members)
        if len(votes) > 1:
            doubts.append(f"the members disagree: {_count(votes, classes)}")
        return doubts


@dataclass(frozen=True)
class Unread:
    """One picture that could not be read, and why."""

    name: str
    reason: str


def read_pictures(
    names: Iterable[str],
    read: "Callable[[str], Digit]",
    outputs_of: "Callable[[npt.NDArray[np.uint8]], Sequence[Floats]]",
    at_once: int = PICTURES_AT_ONCE,
) -> Iterator[Reading | Unread]:
    """Yield what was read in each picture, or why it could not be read.

    No more than `at_once` pictures are in memory together. Of each such batch, the pictures that
    could not be read come first.

    read: finds the digit of a named picture, or raises PictureError.
    outputs_of: computes every network's outputs, (n, classes), of images, (n, rows, columns).
    """
    import numpy as np

    from mlp_cli.runs.committee import average

    waiting = iter(names)
    while batch := list(islice(waiting, at_once)):
        digits = []
        for name in batch:
            try:
                digits.append((name, read(name)))
            except PictureError as error:
                yield Unread(name, str(error))
        if digits:
            outputs = outputs_of(np.stack([digit.image for _, digit in digits]))
            for (name, digit), output, *members in zip(
                digits, average(outputs), *outputs, strict=True
            ):
                yield Reading(name, digit, output, tuple(members))


def _count(votes: "Counter[int]", classes: ClassNames) -> str:
    """Return how many members read what, as in `2 of 3 read 7, 1 reads 1`."""
    (first, most), *others = votes.most_common()
    parts = [f"{most} of {votes.total()} {_read(most)} {classes.class_name(first)}"]
    parts += [f"{count} {_read(count)} {classes.class_name(label)}" for label, count in others]
    return ", ".join(parts)


def _read(count: int) -> str:
    return "reads" if count == 1 else "read"
