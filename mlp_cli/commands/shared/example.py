"""The example that `mlp explain` takes through the network."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlp_cli.commands.shared.dataset import load_for_network, other_data
from mlp_cli.commands.shared.text import note
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.errors import OptionError, PictureError
from mlp_cli.learning.names import PLAIN
from mlp_cli.system.characters import one_line

if TYPE_CHECKING:
    import numpy as np

    from mlp_cli.nn.network import Network
    from mlp_cli.nn.types import Floats, Images
    from mlp_cli.runs.checkpoint import Run


class Example(NamedTuple):
    """One example, its correct class, and where it comes from."""

    x: "Floats"
    """(n_1,), values 0..1"""
    label: int
    origin: str
    number: int | None = None
    """its index in the test set"""
    image: str | None = None
    """the path of the picture"""
    classes: ClassNames = ClassNames()
    """what the network's classes are called"""


def draw_example(network: "Network", label: int | None, rng: "np.random.Generator") -> Example:
    """Return a random example; each x has two decimals, short enough to follow on paper."""
    x = rng.random(network.sizes[0]).round(2)
    classes = network.sizes[-1]
    drawn = int(rng.integers(classes))
    return Example(x, drawn if label is None else _checked(label, classes), "drawn")


def example_of_test_set(
    run: "Run", checkpoint: Path, index: int, dataset: str | None, data_dir: Path | None
) -> Example:
    """Return the test image of this index from the dataset that was named, or the run's own."""
    found = load_for_network(run.settings, checkpoint, dataset, data_dir)
    if other := other_data(found, run.settings):
        note(other)
    test = found.dataset.test
    if index >= len(test):
        raise OptionError(
            f"--index {index}: the test set holds {len(test):,} images. "
            f"Choose 0 to {len(test) - 1}."
        )
    origin = f"image {index:,} of {found.name}'s test set{_by_view(run)}"
    return Example(
        _x(run, test.images[index]),
        int(test.labels[index]),
        origin,
        number=index,
        classes=found.classes(run.settings),
    )


def example_of_picture(run: "Run", path: Path, label: int | None) -> Example:
    """Return the digit in a picture; without a label, the prediction counts as correct."""
    from mlp_cli.images import normalise, open_picture
    from mlp_cli.runs.naming import names_of

    name = one_line(path)
    try:
        picture = open_picture(path)
        image = normalise(picture.grey, run.settings.image_shape)
    except PictureError as error:
        raise PictureError(f"{name}: {one_line(error)}") from error
    for remark in picture.remarks:
        note(f"{name}: {remark}.")
    if label is None:
        label = int(run.outputs(image[None])[0].argmax())
        heading = names_of(run.settings).class_heading(label)
        note(f"Without --label, the prediction, {heading}, counts as the correct class.")
    return Example(
        _x(run, image),
        _checked(label, run.settings.sizes[-1]),
        name + _by_view(run),
        image=str(path),
        classes=names_of(run.settings),
    )


def _checked(label: int, classes: int) -> int:
    """Return the label. Raises OptionError where the network has no output for it."""
    if label >= classes:
        raise OptionError(
            f"--label {label}: the network has {classes} outputs. Choose 0 to {classes - 1}."
        )
    return label


def _by_view(run: "Run") -> str:
    """Return how the network sees the image, in words that follow its name."""
    return "" if run.settings.view == PLAIN else f", view {run.settings.view}"


def _x(run: "Run", image: "Images") -> "Floats":
    """Return the input x of an image, as the run's network sees it: (n_1,)."""
    from mlp_cli.nn.encoding import pixels_to_x

    x: Floats = pixels_to_x(run.seen(image[None]), "float64")[0]
    return x
