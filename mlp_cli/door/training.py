"""Train a network on own arrays, and resume a run: one call each."""

import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Literal

import numpy.typing as npt

from mlp_cli.datasets.catalogue import NAMES, find_source
from mlp_cli.datasets.own.arrays import OWN_ARRAYS
from mlp_cli.datasets.source import DEFAULT_DATA_DIR
from mlp_cli.door.own_data import Pair, make_dataset
from mlp_cli.door.settings_by_name import check_new, in_pythons_words, options_of
from mlp_cli.learning.engine import available, check_engine
from mlp_cli.learning.names import PLAIN, EngineName, ScheduleName
from mlp_cli.nn.names import ActivationName, CostName, DtypeName, InitName
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.combinations import check_combination
from mlp_cli.runs.schema import Option
from mlp_cli.runs.settings import SETTINGS, DistortName
from mlp_cli.runs.training import Training


def train(
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    hidden: Sequence[int] = (30,),
    activation: ActivationName = "sigmoid",
    cost: CostName = "quadratic",
    init: InitName = "scaled",
    epochs: int = 30,
    eta: float = 3.0,
    schedule: ScheduleName = "constant",
    schedule_every: int = 10,
    warmup: int = 0,
    batch_size: int = 10,
    momentum: float = 0.0,
    l2: float = 0.0,
    dropout: float = 0.0,
    view: str = "plain",
    distort: DistortName = "none",
    distort_strength: float = 1.0,
    validation: int | Pair | None = None,
    test: Pair | None = None,
    patience: int = 0,
    seed: int = 0,
    dtype: DtypeName = "float32",
    engine: Literal["auto"] | EngineName = "auto",
    threads: int | None = None,
    dataset: str = OWN_ARRAYS,
    progress: bool = True,
) -> Run:
    """Train a network on images and labels, as `mlp train` does, and return the run.

    With the same images, seed and settings it is the run of the command line, to the bit.

    images: (n, rows, columns) or (n, pixels): grey levels of type uint8, or floats, which are x
    from 0 to 1 as they are.  labels: (n,), whole numbers from 0, 256 classes at most.
    Floats that are exactly level / 255 are grey levels; from others neither the compiled engine nor
    `view` nor `distort` can learn.

    hidden: units of each hidden layer.  activation: of the hidden layers.  cost: to minimise.
    init: spread of the first weights.  epochs: passes through the images.  eta: learning rate.
    schedule, schedule_every, warmup: how eta changes.  batch_size: examples per update.
    momentum, l2, dropout: fraction of the last update, L2 regularisation, fraction of hidden units.
    view: how the network sees images.  distort, distort_strength: new images in every epoch.
    validation: images to hold out, a sample of every class: how many, 0 for none; None: a sixth,
    10,000 at most, and none of few; or a pair of images and labels of your own.
    test: a pair that is read once, at the end.
    patience: end after so many epochs without a better one; 0: never.  seed: of all randomness.
    dtype: of the parameters.  engine, threads: what computes.
    dataset: the name of the dataset that the arrays are of, such as "mnist", if they are of one;
    the images held out are then the last ones, as always with it.
    progress: whether a bar shows the epochs, in a terminal or a notebook.

    Raises ShapeError or DataError for wrong arrays, OptionError for wrong settings, before any
    training; DivergedError where a parameter is no longer a finite number.
    """
    given = {name: value for name, value in locals().items() if name in SETTINGS}
    pair = None if validation is None or _is_number(validation) else validation
    if pair is not None:
        given["validation"] = 0  # how many there are, the data will say
    options = options_of(given)
    data = make_dataset(
        images,
        labels,
        pair,  # type: ignore[arg-type]
        test,
        grey_alone=_grey_alone(options),
    )
    if pair is not None:
        options["validation"] = len(pair[1])  # type: ignore[index, arg-type]
    with in_pythons_words():
        if dataset in NAMES:
            data = replace(data, class_names=tuple(find_source(dataset).classes))
        check_new(options)
        held_out: Literal["last"] | None = None if pair is None else "last"
        training = Training.begin(options, data, DEFAULT_DATA_DIR, held_out=held_out)
        return _finish(training, is_tested=test is not None, progress=progress)


def resume(
    run: Run,
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    validation: Pair | None = None,
    test: Pair | None = None,
    epochs: int | None = None,
    eta: float | None = None,
    patience: int | None = None,
    engine: Literal["auto"] | EngineName | None = None,
    threads: int | None = None,
    progress: bool = True,
) -> Run:
    """Train a run on, to the end of its epochs, and return it as another: the given one stays.

    images, labels, validation, test: the arrays that the run was trained on, as `train` had them;
    how many images it holds out, it knows.
    epochs, eta, patience, engine, threads: as `train` has them; None: as the run has them.
    progress: whether a bar shows the epochs, in a terminal or a notebook.

    Raises DataError where the arrays are not the run's, OptionError for wrong settings,
    CheckpointError where the run holds no state to resume from.
    """
    settings = {"epochs": epochs, "eta": eta, "patience": patience, "engine": engine}
    given = {name: value for name, value in settings.items() if value is not None}
    options = options_of(given | {"threads": threads})
    with in_pythons_words():
        resumed = deepcopy(run).with_options(options)
        if engine is not None:
            check_engine(engine)
        now = replace(resumed.settings, engine=available(resumed.settings.engine))
        check_combination(now.options(), options)
        data = make_dataset(images, labels, validation, test, grey_alone=_grey_alone(now.options()))
        training = Training.resume(replace(resumed, settings=now), data)
        return _finish(training, is_tested=test is not None, progress=progress)


def _finish(training: Training, *, is_tested: bool, progress: bool) -> Run:
    """Train to the end, and return the run."""
    from tqdm import tqdm

    run = training.run
    with tqdm(
        total=run.settings.epochs,
        initial=len(run.history),
        unit="epoch",
        disable=not (progress and _has_viewer()),
    ) as bar:
        for result in training.epochs():
            figures = {"cost": f"{result.cost:.4f}"}
            if result.validation_accuracy is not None:
                figures["validation"] = f"{result.validation_accuracy:.2%}"
            bar.set_postfix(figures, refresh=False)
            bar.update()
    if is_tested:
        training.test()
    return run


def _has_viewer() -> bool:
    """Return whether somebody sees a bar: a file of messages would get a line for each step."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return is_terminal or "ipykernel" in sys.modules


def _grey_alone(options: Mapping[str, Option]) -> str:
    """Return the setting that takes grey levels alone, if there is one."""
    for name, idle in (("view", PLAIN), ("distort", "none")):
        if options[name] != idle:
            return f"{name} {options[name]}"
    return ""


def _is_number(validation: object) -> bool:
    """Return whether this says how many images to hold out, rightly or not."""
    return not hasattr(validation, "__len__")
