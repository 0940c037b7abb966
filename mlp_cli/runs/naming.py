"""Which classes the outputs of a run's network are, and labels of other data in their terms."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlp_cli.datasets.catalogue import find_source
from mlp_cli.datasets.class_names import ClassNames, listed
from mlp_cli.errors import DataError
from mlp_cli.runs.settings import Settings

if TYPE_CHECKING:  # predict does without its parts of NumPy
    from mlp_cli.datasets.loading import Dataset


def names_of(settings: Settings) -> ClassNames:
    """Return what a run's classes are called.

    A checkpoint that was written before it held names has those of its dataset's name.
    """
    return ClassNames(settings.class_names or tuple(find_source(settings.dataset).classes))


def conflict(ours: ClassNames, theirs: ClassNames, count: int) -> str | None:
    """Return a class that two networks of `count` outputs have at different places, if any.

    Where one has no names, there is none.
    """
    if not (ours.names and theirs.names):
        return None
    places = {name: label for label, name in enumerate(ours.all(count))}
    others = enumerate(theirs.all(count))
    return next((name for label, name in others if places.get(name, label) != label), None)


def in_terms_of(settings: Settings, dataset: "Dataset") -> "Dataset":
    """Return a dataset whose labels are a run's outputs, class by class of the same name.

    Labels without names are called by their numbers. Where one side has no names, and the other
    does not have these numbers, a label is the output of its number: see `are_by_position`.
    Raises DataError where both have names, and the network has no class of a name.
    """
    wanted, known = _names_of_both(settings, dataset)
    found = {label: known.index(name) for label, name in wanted.items() if name in known}
    missing = [name for label, name in wanted.items() if label not in found]
    if missing and dataset.class_names and names_of(settings).names:
        raise _unknown(dataset, missing, known)
    if missing or all(label == output for label, output in found.items()):
        return dataset
    return dataset.relabelled(found)


def are_by_position(settings: Settings, dataset: "Dataset") -> bool:
    """Return whether a label of the data is called otherwise than the output of its number."""
    wanted, known = _names_of_both(settings, dataset)
    return any(name != ClassNames(known).class_name(label) for label, name in wanted.items())


def _names_of_both(settings: Settings, dataset: "Dataset") -> tuple[dict[int, str], list[str]]:
    """Return what each label in use is called, and each output."""
    names = ClassNames(dataset.class_names)
    wanted = {label: names.class_name(label) for label in dataset.labels_in_use}
    return wanted, names_of(settings).all(settings.sizes[-1])


def _unknown(dataset: "Dataset", missing: Sequence[str], known: Sequence[str]) -> DataError:
    return DataError(
        f"{dataset.folder}: images of {listed(missing)}, and the network has no such class; "
        f"expected some of {listed(known)}.\n"
        "Train a network on these classes with --dataset, or take such images out."
    )
