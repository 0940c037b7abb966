"""Who reads pictures: one network or a committee, and the bundled network beside one's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlp_cli.commands.shared.checkpoint import Checkpoint, choose_reader
from mlp_cli.commands.shared.text import note
from mlp_cli.datasets.catalogue import find_source
from mlp_cli.datasets.source import DIGIT_NAMES, Source
from mlp_cli.system.characters import one_line

if TYPE_CHECKING:
    from mlp_cli.nn.types import Floats, Images
    from mlp_cli.runs.committee import Committee, CommitteeMember

OutputsOf = Callable[["Images"], "Floats"]
"""computes outputs, (n, classes), for images, (n, rows, columns)"""


@dataclass(frozen=True)
class Readers:
    """The networks that read, and what their classes are called."""

    committee: "Committee"
    source: Source
    """the dataset whose classes' names are printed"""
    beside: "OutputsOf | None" = None
    """the bundled network's outputs, where it is asked what it thinks of a reading"""

    @classmethod
    def open(cls, checkpoints: tuple[Checkpoint, ...]) -> "Readers":
        """Return the readers that were named, or else the newest network of one's own.

        The bundled network is asked beside it only where nobody named a checkpoint, and where
        both read digits of one size.
        """
        from mlp_cli.runs.committee import Committee

        committee = Committee.open([choose_reader(each) for each in checkpoints or (None,)])
        source = _class_names(committee)
        beside = None if checkpoints else _bundled_beside(committee.first, source)
        return cls(committee, source, beside)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns of the images that are read."""
        return self.committee.first.settings.image_shape

    @property
    def names(self) -> list[str]:
        """The name of every class."""
        classes = self.committee.first.settings.sizes[-1]
        return [self.source.class_name(label) for label in range(classes)]


def _bundled_beside(member: "CommitteeMember", source: Source) -> "OutputsOf | None":
    """Return the outputs of the bundled network, if it reads what this other network reads."""
    from mlp_cli.runs import bundled
    from mlp_cli.runs.reading import load_checkpoint

    if member.checkpoint == bundled.PATH:
        return None
    classes = member.settings.sizes[-1]
    if classes != len(DIGIT_NAMES) or member.settings.image_shape != bundled.IMAGE_SHAPE:
        return None
    if [source.class_name(label) for label in range(classes)] != list(DIGIT_NAMES):
        return None
    return load_checkpoint(bundled.PATH).outputs


def _class_names(committee: "Committee") -> Source:
    """Return the dataset whose classes' names are printed, and say where members have others."""
    first = committee.first.settings
    classes = range(first.sizes[-1])

    def names(dataset: str) -> list[str]:
        source = find_source(dataset)
        return [source.class_name(label) for label in classes]

    for member in committee.members:
        if names(member.settings.dataset) != names(first.dataset):
            note(
                f"{one_line(member.checkpoint)}: was trained on {member.settings.dataset}; "
                f"the classes are named as in {first.dataset}."
            )
    return find_source(first.dataset)
