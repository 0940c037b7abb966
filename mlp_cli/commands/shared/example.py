"""The example that `mlp explain` takes through the network."""

from collections.abc import Sequence
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

    from mlp_cli.datasets.loading import Split
    from mlp_cli.nn.network import Network
    from mlp_cli.nn.types import Floats, Images
    from mlp_cli.runs.checkpoint import Run

SUM_TOLERANCE = 1e-9
"""by which the numbers of a --y may miss 1: they are decimal fractions"""
SHOWN_NUMBERS = 6
"""of a list that a message repeats"""


class Example(NamedTuple):
    """One example, and where it comes from."""

    x: "Floats"
    """(n_1,)"""
    y: "Floats"
    """(n_L,), what the outputs should be"""
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
    return Example(x, _one_hot(network, drawn if label is None else label), "drawn")


def example_as_typed(
    network: "Network", x: Sequence[float], y: Sequence[float] | None, label: int | None
) -> Example:
    """Return an example of the user's own, for a network of any kind.

    x: one number for each input.  y: one for each output; None where there is a label.
    Raises OptionError where there are more or fewer numbers, or the cost does not take them.
    """
    import numpy as np

    _check_count("x", x, network.sizes[0], "input")
    if y is None:
        if label is None:
            raise OptionError("--x without --y or --label: expected what the outputs should be.")
        return Example(np.array(x), _one_hot(network, label), "as given")
    _check_count("y", y, network.sizes[-1], "output")
    if network.cost != "quadratic" and not all(0 <= each <= 1 for each in y):
        raise OptionError(
            f"--y {_as_typed(y)}: expected numbers from 0 to 1, since the cost is {network.cost}."
        )
    if network.cost == "log-likelihood" and abs(sum(y) - 1) > SUM_TOLERANCE:
        raise OptionError(
            f"--y {_as_typed(y)}: adds up to {sum(y):g}, expected 1, as the softmax's outputs do."
        )
    return Example(np.array(x), np.array(y), "as given")


def example_of_test_set(
    run: "Run", checkpoint: Path, index: int | None, dataset: str | None, data_dir: Path | None
) -> Example:
    """Return the test image of this index from the dataset that was named, or the run's own.

    index: None takes the most instructive image.
    """
    found = load_for_network(run.settings, checkpoint, dataset, data_dir)
    if other := other_data(found, run.settings):
        note(other)
    test = found.dataset.test
    why = ""
    if index is None:
        index, why = _most_instructive(run, test), ", which it has most to learn from"
    if index >= len(test):
        raise OptionError(
            f"--index {index}: the test set holds {len(test):,} images. "
            f"Choose 0 to {len(test) - 1}."
        )
    origin = f"image {index:,} of {found.name}'s test set{why}{_by_view(run)}"
    return Example(
        _x(run, test.images[index]),
        _one_hot(run.network, int(test.labels[index])),
        origin,
        number=index,
        classes=found.classes(run.settings),
    )


def _most_instructive(run: "Run", test: "Split") -> int:
    """Return the index of the image with the largest derivative at the outputs, |d_z^L C|.

    The network has most to learn from it: it reads it wrong, or is least sure of it. Where a
    network is right and sure, every derivative is next to 0.
    """
    import numpy as np

    from mlp_cli.nn.costs import COSTS
    from mlp_cli.nn.encoding import one_hot

    outputs = run.outputs(test.images)
    y = one_hot(test.labels, outputs.shape[1], outputs.dtype)
    derivatives = COSTS[run.network.cost].d_z(outputs, y)
    return int(np.nan_to_num(np.linalg.norm(derivatives, axis=1)).argmax())


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
        _one_hot(run.network, label),
        name + _by_view(run),
        image=str(path),
        classes=names_of(run.settings),
    )


def _one_hot(network: "Network", label: int) -> "Floats":
    """Return y = e_(label + 1). Raises OptionError where the network has no output for it."""
    import numpy as np

    classes = network.sizes[-1]
    if label >= classes:
        raise OptionError(
            f"--label {label}: the network has {classes} outputs. Choose 0 to {classes - 1}."
        )
    y: Floats = np.zeros(classes)
    y[label] = 1
    return y


def _check_count(name: str, numbers: Sequence[float], expected: int, unit: str) -> None:
    if len(numbers) != expected:
        found = f"{len(numbers):,} number{'' if len(numbers) == 1 else 's'}"
        raise OptionError(
            f"--{name} {_as_typed(numbers)}: {found}, expected {expected:,}, "
            f"one for each {unit} of the network."
        )


def _as_typed(numbers: Sequence[float]) -> str:
    """Return the beginning of a list of numbers as one types it."""
    shown = ",".join(f"{each:g}" for each in numbers[:SHOWN_NUMBERS])
    return shown + (",..." if len(numbers) > SHOWN_NUMBERS else "")


def _by_view(run: "Run") -> str:
    """Return how the network sees the image, in words that follow its name."""
    return "" if run.settings.view == PLAIN else f", view {run.settings.view}"


def _x(run: "Run", image: "Images") -> "Floats":
    """Return the input x of an image, as the run's network sees it: (n_1,)."""
    from mlp_cli.nn.encoding import pixels_to_x

    x: Floats = pixels_to_x(run.seen(image[None]), "float64")[0]
    return x
