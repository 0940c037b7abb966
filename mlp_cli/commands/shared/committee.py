"""The images that a committee is evaluated on."""

from typing import TYPE_CHECKING

from mlp_cli.commands.shared.dataset import other_data
from mlp_cli.commands.shared.text import note
from mlp_cli.errors import OptionError
from mlp_cli.system.characters import one_line

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Dataset, Split, SplitName
    from mlp_cli.runs.committee import Committee
    from mlp_cli.runs.known_data import KnownData
    from mlp_cli.runs.settings import Settings


def choose_split(committee: "Committee", found: "KnownData", split: "SplitName") -> "Split":
    """Return one split of the data, and say which members were trained on other data.

    found: the data as found for the first member.
    Raises OptionError where no member has such images, or where members differ in which they are.
    """
    from mlp_cli.runs.fairness import hold_out_stream

    first, data = committee.first.settings, found.dataset
    others = [
        other_data(found if settings is first else found.seen_by(settings), settings)
        for settings in (member.settings for member in committee.members)
    ]
    counts = [
        0 if other else member.settings.validation
        for member, other in zip(committee.members, others, strict=True)
    ]
    if split != "test":
        _require_one_division(committee, counts, data, split)
    if split == "validation" and not counts[0]:
        runs = "run's images" if committee.is_one else "runs' images"
        why = f"{others[0]} None of its images were" if others[0] else f"none of the {runs} were"
        raise OptionError(
            f"--split validation: {why} held out. Choose --split test or --split train."
        )
    _say(committee, others)
    return data.split(split, counts[0], hold_out_stream(first))


def _say(committee: "Committee", others: "list[str | None]") -> None:
    """Say what is to be said of the members' data; what is true of all of them, once."""
    if others[0] and len(set(others)) == 1:
        note(others[0])
        return
    for member, other in zip(committee.members, others, strict=True):
        if other:
            note(f"{one_line(member.checkpoint)}: {other}")


def _require_one_division(
    committee: "Committee", counts: list[int], data: "Dataset", split: "SplitName"
) -> None:
    """Raise OptionError where not all members held out the same images."""
    first = committee.first.settings
    if all(
        count == counts[0] and _hold_out_alike(first, member.settings, count, data)
        for member, count in zip(committee.members, counts, strict=True)
    ):
        return
    parts = [
        f"{one_line(member.checkpoint)}: {_held_out(member.settings, count)}"
        for member, count in zip(committee.members, counts, strict=True)
    ]
    raise OptionError(
        f"--split {split}: the members held out different images ({'; '.join(parts)}). "
        "Choose --split test."
    )


def _hold_out_alike(one: "Settings", other: "Settings", count: int, data: "Dataset") -> bool:
    """Return whether two runs hold out the same images, as many each, of the same data."""
    from mlp_cli.runs.fairness import hold_out_stream

    streams = hold_out_stream(one), hold_out_stream(other)
    if not count or streams == (None, None):
        return True
    if one.held_out == other.held_out and one.seed == other.seed:
        return True
    one_set, other_set = (data.divide(count, stream).held_out.tolist() for stream in streams)
    return bool(one_set == other_set)


def _held_out(settings: "Settings", count: int) -> str:
    if not count:
        return "none"
    if settings.held_out == "last":
        return f"the last {count:,}"
    return f"{count:,} drawn with seed {settings.seed}"
