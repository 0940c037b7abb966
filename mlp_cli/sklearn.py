"""The network as an estimator of scikit-learn: for its pipelines, searches and scores."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets, unique_labels
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "mlp_cli.sklearn needs scikit-learn 1.6 or newer. "
        'Install it with: pip install "mlp-cli[sklearn]"'
    ) from error

from mlp_cli.door.settings_by_name import check_new, in_pythons_words, options_of
from mlp_cli.errors import MlpError
from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.engine import check_engine, check_takes, choose_for, make_engine
from mlp_cli.learning.names import EngineName, ScheduleName
from mlp_cli.learning.schedules import Schedule
from mlp_cli.learning.sgd import train_epochs
from mlp_cli.learning.streams import spawn_streams
from mlp_cli.learning.threads import choose_threads, limit_threads, limit_threads_for_outputs
from mlp_cli.learning.update_rule import UpdateRule
from mlp_cli.nn.checks import to_grey_levels
from mlp_cli.nn.names import ActivationName, CostName, DtypeName, InitName
from mlp_cli.nn.network import IMAGES_AT_ONCE, Network
from mlp_cli.nn.types import Floats, ImagesOrX, Labels
from mlp_cli.runs.schema import Option
from mlp_cli.runs.settings import SETTINGS

MOST_SEED = 2**31 - 1
"""of the seeds that are drawn where `random_state` is no number"""


class MLPClassifier(ClassifierMixin, BaseEstimator):
    """A multilayer perceptron that classifies features of any range.

    Its settings are those of `mlp train` by name; `random_state` is the seed, and `dtype` is
    float64. Scale the features, by StandardScaler for example. Features that are grey levels / 255
    are learned from as fast as images, with `dtype="float32"`, and the network is then that of
    `mlp_cli.train(..., validation=0)`.

    classes_: the labels, sorted.  network_: the `Network`, whose outputs are in their order.
    engine_: the name of the engine that learned.  n_features_in_: the units of its input layer.
    """

    def __init__(
        self,
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
        dtype: DtypeName = "float64",
        engine: Literal["auto"] | EngineName = "auto",
        threads: int | None = None,
        random_state: "int | np.random.RandomState | None" = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.cost = cost
        self.init = init
        self.epochs = epochs
        self.eta = eta
        self.schedule = schedule
        self.schedule_every = schedule_every
        self.warmup = warmup
        self.batch_size = batch_size
        self.momentum = momentum
        self.l2 = l2
        self.dropout = dropout
        self.dtype = dtype
        self.engine = engine
        self.threads = threads
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Train a new network for `epochs` epochs.

        X: features, (n, n_features).  y: labels of any type, (n,).
        Raises ValueError for wrong arrays or settings, or where training diverges.
        """
        with _value_errors():
            options = self._options()
            x, y = self._checked(X, y, options)
            self.classes_, labels = np.unique(y, return_inverse=True)
            self._begin(x.shape[1], options)
            schedule = Schedule(
                options["eta"],
                options["epochs"],
                options["schedule"],
                every=options["schedule_every"],
                warmup=options["warmup"],
            )
            self._learn(x, labels, schedule, options)
        return self

    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None
    ) -> Self:
        """Train for one epoch of these examples at the rate `eta`, from where the network is.

        classes: all labels there will be, in the first call.  Raises as `fit` does.
        """
        with _value_errors():
            options = self._options()
            is_first = not hasattr(self, "network_")
            if is_first and classes is None:
                raise ValueError("classes: needed in the first call of partial_fit.")
            x, y = self._checked(X, y, options, reset=is_first)
            if is_first:
                self.classes_ = unique_labels(classes)
                self._begin(x.shape[1], options)
            elif classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
                raise ValueError(
                    f"classes={classes} differ from those of the first call, {self.classes_}."
                )
            known = np.isin(y, self.classes_)
            if not known.all():
                other = np.asarray(y)[~known][0].item()
                raise ValueError(f"y: {other!r} is not one of the classes, {self.classes_}.")
            labels = np.searchsorted(self.classes_, y)
            self._learn(x, labels, Schedule(options["eta"], 1), options)
        return self

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return the label of the largest output for each example: (n,)."""
        best = self._outputs(X).argmax(axis=1)
        labels: npt.NDArray[Any] = self.classes_[best]
        return labels

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the outputs as fractions of their sum, in the order of `classes_`: (n, classes).

        With the log-likelihood they are the softmax itself. Where all are 0, all are equal.
        """
        outputs = self._outputs(X)
        outputs[outputs.sum(axis=1) == 0] = 1
        probabilities: Floats = outputs / outputs.sum(axis=1, keepdims=True)
        return probabilities

    def _options(self) -> dict[str, Any]:
        """Return all settings of a run, each checked; the seed is drawn from `random_state`."""
        given = self.get_params(deep=False)
        state = given.pop("random_state")
        is_seed = isinstance(state, int | np.integer)
        seed = state if is_seed else check_random_state(state).randint(MOST_SEED)
        defaults: dict[str, Option | None] = {s.name: s.default for s in SETTINGS.values()}
        options = defaults | options_of({**given, "seed": seed, "validation": 0})
        check_new({name: value for name, value in options.items() if value is not None})
        return options

    def _checked(
        self, X: npt.ArrayLike, y: npt.ArrayLike, options: dict[str, Any], *, reset: bool = True
    ) -> tuple[Floats, npt.NDArray[Any]]:
        features, labels = validate_data(self, X, y, dtype=options["dtype"], reset=reset)
        check_classification_targets(labels)
        return features, labels

    def _begin(self, features: int, options: dict[str, Any]) -> None:
        """Make the network, and what its learning remembers."""
        streams = spawn_streams(options["seed"])
        self.network_ = Network.initialise(
            (features, *options["hidden"], len(self.classes_)),
            streams.initialisation,
            options["init"],
            options["dtype"],
            options["activation"],
            options["cost"],
        )
        self._shuffling = streams.shuffling
        self._velocities: list[Floats] = []

    def _learn(
        self,
        x: Floats,
        labels: npt.NDArray[np.intp],
        schedule: Schedule,
        options: dict[str, Any],
    ) -> None:
        """Take the network through the epochs of the schedule."""
        images: ImagesOrX = x
        if x.min() >= 0 and x.max() <= 1 and (grey := to_grey_levels(x)) is not None:
            images = grey
        sizes, batch_size = self.network_.sizes, options["batch_size"]
        name = options["engine"]
        if name == SETTINGS["engine"].automatic:
            name = choose_for(images, sizes, batch_size)
        check_engine(name)
        check_takes(name, images, sizes)
        dropout = Dropout(options["dropout"], self._shuffling) if options["dropout"] else None
        rule = UpdateRule(options["momentum"], options["l2"], dropout)
        engine = make_engine(name, self.network_, batch_size, rule)
        if self._velocities and engine.velocities:
            engine.velocities = self._velocities
        threads = options["threads"] or choose_threads(sizes, batch_size)
        is_short = sizes[-1] <= np.iinfo(np.uint8).max + 1
        bytes_: Labels = labels.astype(np.uint8 if is_short else np.intp)
        with limit_threads(threads):
            for _ in train_epochs(engine, images, bytes_, schedule, self._shuffling):
                pass
        self._velocities, self.engine_ = engine.velocities, name

    @np.errstate(over="ignore", invalid="ignore")
    def _outputs(self, X: npt.ArrayLike) -> Floats:
        """Return the outputs of the network: (n, classes)."""
        check_is_fitted(self)
        network = self.network_
        x = validate_data(self, X, dtype=network.dtype, reset=False)
        outputs = np.empty((len(x), network.sizes[-1]), network.dtype)
        with limit_threads_for_outputs(network.sizes):
            for start in range(0, len(x), IMAGES_AT_ONCE):
                part = slice(start, start + IMAGES_AT_ONCE)
                outputs[part] = network.feedforward(x[part])[-1]
        return outputs


@contextmanager
def _value_errors() -> Iterator[None]:
    """Raise ValueError, which scikit-learn's searches expect, for what is wrong with a run."""
    try:
        with in_pythons_words():
            yield
    except MlpError as error:
        raise ValueError(str(error)) from error
