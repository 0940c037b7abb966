"""What the networks of a command read in pictures: outputs, prediction, and reasons to doubt it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from mlp_cli.commands.shared.readers import AreUnlike, OutputsOf, Readers
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.errors import PictureError
from mlp_cli.measuring.confidence import LEAST_CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mlp_cli.images import Digit
    from mlp_cli.nn.types import Floats
    from mlp_cli.runs.committee import CommitteeMember

PICTURES_AT_ONCE = 100
"""pictures that are in memory together"""


NEXT = "   next "
"""stands before the second class of a reading"""


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
    beside: "Floats | None" = None
    """the outputs of the bundled network, where it is asked what it thinks of the reading"""

    @property
    def ranked(self) -> list[int]:
        """The classes, from the highest output to the lowest."""
        return rank(self.outputs)

    def warnings(self, classes: ClassNames) -> list[str]:
        """Return reasons to doubt the prediction, what the bundled network reads among them.

        classes: names them.
        """
        otherwise = self.by_bundled(classes)
        return [*self.doubts(classes), *([said_by_bundled(otherwise)] if otherwise else [])]

    def doubts(self, classes: ClassNames) -> list[str]:
        """Return reasons in the picture, or in the outputs of its readers, to doubt the prediction.

        classes: names them.
        """
        doubts = list(self.digit.warnings)
        if math.isnan(self._highest):
            doubts.append("the outputs are not numbers, as the network's parameters are too large")
        elif self._highest < LEAST_CONFIDENCE:
            who = "network" if len(self.members) == 1 else "committee"
            doubts.append(f"the {who} is unsure: no output reaches one half")
        votes = Counter(rank(outputs)[0] for outputs in self.members)
        if len(votes) > 1:
            doubts.append(f"the members disagree: {_count(votes, classes)}")
        return doubts

    def by_bundled(self, classes: ClassNames) -> str:
        """Return what the bundled network reads, as in `7 (0.98)`, where that helps the user.

        It does where the networks are unsure, or read another class; else the answer is empty.
        """
        if self.beside is None:
            return ""
        label = rank(self.beside)[0]
        if label == self.ranked[0] and self._highest >= LEAST_CONFIDENCE:
            return ""
        return f"{classes.class_name(label)} ({self.beside[label]:.2f})"

    @property
    def _highest(self) -> float:
        """The highest output; nan if any output is."""
        return float(self.outputs.max())

    def text(self, classes: ClassNames, top: int) -> str:
        """Return the class with the highest output, then the next ones, up to `top`."""
        first, *others = (
            f"{classes.class_name(label)} ({self.outputs[label]:.3f})"
            for label in self.ranked[:top]
        )
        return first + (f"{NEXT}{', '.join(others)}" if others else "")

    def drawing(self, classes: ClassNames, blocks: bool, width: int | None) -> str:
        """Return the digit's image and the outputs as lines of text.

        width: of the terminal; None where there is none.
        """
        from mlp_cli.images import draw_reading

        names = classes.all(len(self.outputs))
        return draw_reading(self.digit.image, self.outputs, names, blocks, width)

    def document(self, readers: Readers) -> dict[str, Any]:
        """Return the reading of a picture as JSON has it."""
        return {"image": self.name, **self.of_digit(readers)}

    def of_digit(self, readers: Readers) -> dict[str, Any]:
        """Return the reading of a digit as JSON has it."""
        members = zip(readers.committee.members, self.members, strict=True)
        return {
            "prediction": self.ranked[0],
            "name": readers.classes.class_name(self.ranked[0]),
            "confidence": float(self.outputs[self.ranked[0]]),
            "outputs": self.outputs.tolist(),
            "warnings": self.warnings(readers.classes),
            **(
                {} if readers.committee.is_one else {"members": [_alone(*each) for each in members]}
            ),
        }


@dataclass(frozen=True)
class Unread:
    """One picture that could not be read, and why."""

    name: str
    reason: str


def read_pictures(
    names: Iterable[str],
    read: "Callable[[str], Digit]",
    outputs_of: "Callable[[npt.NDArray[np.uint8]], Sequence[Floats]]",
    beside: "OutputsOf | None" = None,
    unlike: "AreUnlike | None" = None,
    at_once: int = PICTURES_AT_ONCE,
) -> Iterator[Reading | Unread]:
    """Yield what was read in each picture, or why it could not be read.

    No more than `at_once` pictures are in memory together. Of each such batch, the pictures that
    could not be read come first.

    read: finds the digit of a named picture, or raises PictureError.
    outputs_of: computes every network's outputs, (n, classes), of images, (n, rows, columns).
    beside: computes the bundled network's, where it is asked too.
    unlike: says which images are hardly digits; they are doubted.
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
            images = np.stack([digit.image for _, digit in digits])
            outputs = outputs_of(images)
            others = beside(images) if beside else [None] * len(images)
            if unlike:
                digits = _doubted(digits, unlike(images))
            for (name, digit), output, other, *members in zip(
                digits, average(outputs), others, *outputs, strict=True
            ):
                yield Reading(name, digit, output, tuple(members), other)


def _doubted(
    digits: "list[tuple[str, Digit]]", is_unlike: "npt.NDArray[np.bool_]"
) -> "list[tuple[str, Digit]]":
    """Return named digits, with a doubt about those that are unlike any."""
    from mlp_cli.images.several.doubting import NO_DIGIT

    return [
        (name, digit.doubted(NO_DIGIT) if unlike else digit)
        for (name, digit), unlike in zip(digits, is_unlike, strict=True)
    ]


def _alone(member: "CommitteeMember", outputs: "Floats") -> dict[str, Any]:
    """Return what one member of a committee reads, as the JSON document has it."""
    return {
        "checkpoint": str(member.checkpoint),
        "prediction": rank(outputs)[0],
        "outputs": outputs.tolist(),
    }


def said_by_bundled(reading: str) -> str:
    """Return a clause on what the bundled network reads, and how to ask it."""
    return f"the network that comes with mlp reads {reading}: --checkpoint bundled"


def _count(votes: "Counter[int]", classes: ClassNames) -> str:
    """Return how many members read what, as in `2 of 3 read 7, 1 reads 1`."""
    (first, most), *others = votes.most_common()
    parts = [f"{most} of {votes.total()} {_read(most)} {classes.class_name(first)}"]
    parts += [f"{count} {_read(count)} {classes.class_name(label)}" for label, count in others]
    return ", ".join(parts)


def _read(count: int) -> str:
    return "reads" if count == 1 else "read"
