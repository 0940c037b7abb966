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

    Where the data or the network have no names, a label is the output of that number, unless the
    names are numbers. Raises DataError where the network has no class of a name.
    """
    ours, theirs = dataset.class_names, names_of(settings).names
    labels, outputs = dataset.labels_in_use, range(settings.sizes[-1])
    data_names = ClassNames(ours)
    wanted = {label: data_names.class_name(label) for label in labels}
    if not ours or (not theirs and not all(name.isdecimal() for name in wanted.values())):
        return dataset
    network_names = [ClassNames(theirs).class_name(output) for output in outputs]
    found = {label: network_names.index(n) for label, n in wanted.items() if n in network_names}
    if missing := [name for label, name in wanted.items() if label not in found]:
        raise _unknown(dataset, missing, network_names)
    if all(label == output for label, output in found.items()):
        return dataset
    return dataset.relabelled(found)


def _unknown(dataset: "Dataset", missing: Sequence[str], known: Sequence[str]) -> DataError:
    return DataError(
        f"{dataset.folder}: images of {listed(missing)}, and the network has no such class; "
        f"expected some of {listed(known)}.\n"
        "Train a network on these classes with --dataset, or take such images out."
    )
