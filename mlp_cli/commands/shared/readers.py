"""Who reads pictures: one network or a committee, and the bundled network beside one's own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mlp_cli.commands.shared.checkpoint import Checkpoint, choose_reader
from mlp_cli.commands.shared.text import note
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.datasets.source import DIGIT_NAMES
from mlp_cli.system.characters import one_line
from mlp_cli.system.memory import address_space_limit

if TYPE_CHECKING:
    from mlp_cli.images.types import Mask
    from mlp_cli.nn.types import Floats, Images
    from mlp_cli.runs.committee import Committee, CommitteeMember

OutputsOf = Callable[["Images"], "Floats"]
"""computes outputs, (n, classes), for images, (n, rows, columns)"""
AreUnlike = Callable[["Images"], "Mask"]
"""says which images, (n, rows, columns), hardly show what a network reads"""


@dataclass(frozen=True)
class Readers:
    """The networks that read, and what their classes are called."""

    committee: "Committee"
    classes: ClassNames
    """the names that are printed"""
    beside: "OutputsOf | None" = None
    """the bundled network's outputs, where it is asked what it thinks of a reading"""

    @classmethod
    def open(cls, checkpoints: tuple[Checkpoint, ...]) -> "Readers":
        """Return the readers that were named, or else the newest network of one's own.

        The bundled network is asked beside it only where nobody named a checkpoint, and where
        both read digits of one size.
        """
        from mlp_cli.runs.committee import Committee

        if address_space_limit() is not None:
            from mlp_cli.learning.threads import reserve_memory

            reserve_memory(1)
        committee = Committee.open([choose_reader(each) for each in checkpoints or (None,)])
        classes = _class_names(committee)
        beside = None if checkpoints else _bundled_beside(committee.first, classes)
        return cls(committee, classes, beside)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns of the images that are read."""
        return self.committee.first.settings.image_shape

    @property
    def read_digits(self) -> bool:
        """Whether the classes are the ten digits."""
        return _are_digits(self.committee.first, self.classes)

    @property
    def unlike(self) -> "AreUnlike | None":
        """Says which images are hardly digits, where digits in MNIST's form are read."""
        from mlp_cli.images.several.likeness import SHAPE, are_unlike

        if not self.read_digits or self.shape != SHAPE:
            return None
        from mlp_cli.runs import bundled
        from mlp_cli.runs.reading import load_checkpoint

        return partial(are_unlike, digits=load_checkpoint(bundled.DIGITS_PATH).outputs)


def _bundled_beside(member: "CommitteeMember", classes: ClassNames) -> "OutputsOf | None":
    """Return the outputs of the bundled network, if it reads what this other network reads."""
    from mlp_cli.runs import bundled
    from mlp_cli.runs.reading import load_checkpoint

    if member.checkpoint == bundled.PATH:
        return None
    if member.settings.image_shape != bundled.IMAGE_SHAPE or not _are_digits(member, classes):
        return None
    return load_checkpoint(bundled.PATH).outputs


def _are_digits(member: "CommitteeMember", classes: ClassNames) -> bool:
    """Return whether a network's classes are the ten digits."""
    return classes.all(member.settings.sizes[-1]) == list(DIGIT_NAMES)


def _class_names(committee: "Committee") -> ClassNames:
    """Return the names of classes that are printed, and say where members have others."""
    from mlp_cli.runs.naming import names_of

    first, *others = committee.members
    classes, count = names_of(first.settings), first.settings.sizes[-1]
    for member in others:
        if names_of(member.settings).all(count) != classes.all(count):
            note(
                f"{one_line(member.checkpoint)}: was trained on {member.settings.dataset}; "
                f"the classes are named as in {first.settings.dataset}."
            )
    return classes
