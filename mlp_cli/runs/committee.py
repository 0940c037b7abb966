"""A committee: several runs whose outputs are averaged.

The members may differ in size, activation, cost, engine and precision, and in how they see their
images. They read images of one shape, and have the same number of classes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import CheckpointError, OptionError
from mlp_cli.learning.threads import limit_threads_for_outputs
from mlp_cli.measuring.evaluation import Evaluation
from mlp_cli.measuring.scores import Disagreements, Score
from mlp_cli.nn.names import CostName
from mlp_cli.nn.types import Floats, Images, Labels
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.naming import conflict, names_of
from mlp_cli.runs.reading import load_trained
from mlp_cli.runs.settings import Settings
from mlp_cli.system.characters import one_line
from mlp_cli.system.files import is_same_place

KEPT_BYTES = 128 << 20
"""of the members' parameters that stay in memory; other members are read again when needed"""


@dataclass(frozen=True)
class CommitteeMember:
    """One run of a committee: its file, and its settings."""

    checkpoint: Path
    settings: Settings


@dataclass(frozen=True)
class Committee:
    """The members, in the order in which they were named; one alone is a committee of one."""

    members: tuple[CommitteeMember, ...]
    _kept: dict[Path, Run] = field(repr=False)
    """the runs that are in memory, by their file"""

    @classmethod
    def open(cls, paths: Sequence[Path]) -> Self:
        """Return the committee of these checkpoints, each of them read and checked once.

        Raises CheckpointError where one cannot be used or does not fit the first, OptionError
        where two are the same file.
        """
        _refuse_twins(paths)
        members: list[CommitteeMember] = []
        kept: dict[Path, Run] = {}
        size = 0
        for path in paths:
            run = _load(path)
            members.append(CommitteeMember(path, run.settings))
            _require_alike(members[0], members[-1])
            size += sum(array.nbytes for array in run.network.parameters)
            if size <= KEPT_BYTES:
                kept[path] = run
        return cls(tuple(members), kept)

    @property
    def first(self) -> CommitteeMember:
        """The member that was named first: its dataset and class names are the committee's."""
        return self.members[0]

    @property
    def is_one(self) -> bool:
        """Whether there is one member, whose outputs are then the committee's as they are."""
        return len(self.members) == 1

    def runs(self) -> Iterator[Run]:
        """Yield the members' runs, without the state to resume them.

        Those that are not in memory are read one after the other. Raises CheckpointError where
        a file is not any more what it was.
        """
        for member in self.members:
            run = self._kept.get(member.checkpoint) or _load(member.checkpoint)
            _require_alike(self.first, CommitteeMember(member.checkpoint, run.settings))
            yield run

    def member_outputs(self, images: Images) -> list[Floats]:
        """Return every member's outputs for images, each (n, classes).

        images: uint8, (n, rows, columns).
        """
        return [run.outputs(images) for run in self.runs()]

    def outputs(self, images: Images) -> Floats:
        """Return the mean of the members' outputs for images: (n, classes)."""
        return average(run.outputs(images) for run in self.runs())

    @property
    def cost(self) -> CostName:
        """The cost function that the members share, or else the log-likelihood.

        The log-likelihood of a committee is -ln of the averaged output of the correct class,
        which is defined whatever the members were trained by.
        """
        costs = {member.settings.cost for member in self.members}
        return self.first.settings.cost if len(costs) == 1 else "log-likelihood"

    def evaluate(self, images: Images, labels: Labels) -> "CommitteeEvaluation":
        """Evaluate the committee and every member on images whose classes are known.

        images: (n, rows, columns).  labels: (n,), below the number of classes.
        """
        members: list[MemberScore] = []
        predictions: list[npt.NDArray[np.int32]] = []

        def outputs_of_members() -> Iterator[Floats]:
            for member, run in zip(self.members, self.runs(), strict=True):
                with limit_threads_for_outputs(run.settings.sizes):
                    outputs = run.outputs(images)
                alone = Evaluation.of_outputs(outputs, labels, run.settings.cost)
                members.append(MemberScore(member.checkpoint, alone.score, alone.cost))
                predictions.append(alone.predictions.astype(np.int32))
                yield outputs

        together = Evaluation.of_outputs(average(outputs_of_members()), labels, self.cost)
        disagreements = Disagreements.of(predictions, together.predictions, labels)
        return CommitteeEvaluation(together, members, disagreements)


class MemberScore(NamedTuple):
    """How good one member is alone."""

    checkpoint: Path
    score: Score
    cost: float
    """mean, per image, of the member's own cost function"""


class CommitteeEvaluation(NamedTuple):
    """How good a committee is, how good its members are, and how often they disagree."""

    together: Evaluation
    """of the averaged outputs; its cost is `Committee.cost`"""
    members: list[MemberScore]
    disagreements: Disagreements


def average(arrays: Iterable[Floats]) -> Floats:
    """Return the mean of arrays of one shape, which may come one after the other.

    The sum is in float64. One array alone is returned as it is, in its own precision.
    """
    total: Floats | None = None
    count = 0
    for array in arrays:
        count += 1
        total = array if total is None else np.add(total, array, dtype=np.float64)
    if total is None:
        raise ValueError("no array, expected at least one")
    return total if count == 1 else total / count


def _load(path: Path) -> Run:
    """Return a trained run without its state to resume, which may be twice its network."""
    return replace(load_trained(path), resume=None)


def _refuse_twins(paths: Sequence[Path]) -> None:
    """Raise OptionError where a file is named twice: its outputs would count twice."""
    for one, other in combinations(paths, 2):
        if is_same_place(one, other):
            names = f"{one}" if one == other else f"{one} and {other}"
            raise OptionError(
                f"--checkpoint {names}: the same file twice. Name each member of a committee once."
            )


def _require_alike(first: CommitteeMember, other: CommitteeMember) -> None:
    """Raise CheckpointError where two members cannot be averaged."""
    one, two = first.settings, other.settings
    for found, expected, what in (
        (_by(two.image_shape), _by(one.image_shape), "images of {} pixels"),
        (str(two.sizes[-1]), str(one.sizes[-1]), "{} classes"),
    ):
        if found != expected:
            raise CheckpointError(
                f"{other.checkpoint}: {what.format(found)}, expected {expected} "
                f"as in {first.checkpoint}. Members of a committee read alike images and classes."
            )
    if moved := conflict(names_of(one), names_of(two), one.sizes[-1]):
        raise CheckpointError(
            f"{other.checkpoint}: has its classes in another order than {first.checkpoint}, "
            f"{one_line(moved)} among them, so that their outputs cannot be averaged.\n"
            "Train it again with the classes of the other, in the same order."
        )


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
