"""A run: its settings, its history and its parameters, as a checkpoint holds them.

A checkpoint is one .npz file, readable by anyone with np.load. `docs/formats.md` lists its keys.

W2, b2, W3, b3, ...   the parameters of the best validation epoch, named as in the derivation
meta                  a JSON string: settings, history, best epoch, test accuracy, versions
resume/...            the parameters after the last epoch, the velocities of momentum, and the
                      state of the shuffling: all that is needed to resume the run to the bit

A checkpoint made small has its parameters in half precision, which meta's `stored_dtype` says,
packed, and nothing under resume/; one of a network that was trained elsewhere has no history.
"""

import json
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import CheckpointError, OptionError
from mlp_cli.learning.names import PLAIN
from mlp_cli.learning.views import view
from mlp_cli.nn.checks import check_images, require_grey_levels
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, Images, ImagesOrX
from mlp_cli.runs.history import HISTORY_KEYS, Entry, is_better
from mlp_cli.runs.origin import Origin
from mlp_cli.runs.places import unwritable
from mlp_cli.runs.schema import Option
from mlp_cli.runs.settings import Settings
from mlp_cli.runs.writing import name_parameters, write_arrays
from mlp_cli.system.files import replacing
from mlp_cli.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mlp_cli.learning.engine import Engine
    from mlp_cli.learning.sgd import EpochResult

FORMAT_VERSION = 1
KNOWN_ELSEWHERE = (
    *("dataset", "class_names", "image_shape", "sizes", "dtype", "activation", "cost"),
)
"""the settings of a network that was trained elsewhere which follow from it, or were given"""


@dataclass
class ResumeState:
    """The state that the next epoch begins with."""

    network: Network
    """the parameters after the last epoch"""
    velocities: list[npt.NDArray[Any]]
    """of (W^l | b^l), l = 2..L, after the last epoch; none without momentum"""
    shuffling: Mapping[str, Any]
    """the state of the generator that shuffles, after the last epoch"""


@dataclass
class Run:
    """A run so far: its settings, its history, its best and its last parameters."""

    settings: Settings
    network: Network
    """the parameters of the best validation epoch; without validation, of the last epoch"""
    resume: ResumeState | None
    """None in a small checkpoint: it cannot be resumed"""
    history: list[Entry] = field(default_factory=list)
    """one entry per epoch, with HISTORY_KEYS; the seconds are those of training alone"""
    best_epoch: int = 0
    """1 for the first; 0 without a history, in a network that was trained elsewhere"""
    test_accuracy: float | None = None
    """of `network` on the test set, 0..1, once the run has ended"""
    engine_variant: str | None = None
    """the processor's version of the engine in the last epoch; None if there is but one"""
    arithmetic: dict[str, str] = field(default_factory=dict)
    """what rounded the numbers of the last epoch, by name; empty where it is not known"""
    origin: Origin | None = None
    """the trained network that the run began with; None: it began with random parameters"""

    @classmethod
    def begin(
        cls,
        settings: Settings,
        engine: "Engine",
        rng: "np.random.Generator",
        origin: Origin | None = None,
    ) -> Self:
        """Return a run that has had no epoch yet."""
        state = _resume_state(engine, rng)
        return cls(settings, engine.network.copy(), state, origin=origin)

    def with_options(self, given: Mapping[str, Option]) -> Self:
        """Return the run with these options, to be resumed.

        Raises OptionError, naming both values, for one that would make it another run, or that
        asks for fewer epochs than it has had; CheckpointError where it cannot be resumed.
        """
        self.require_state()
        settings, done = self.settings.with_options(given), len(self.history)
        if settings.epochs < done:
            raise OptionError(
                f"--epochs {settings.epochs}: the run to be resumed has had {done}. "
                "Choose as many or more."
            )
        return replace(self, settings=settings)

    def require_state(self) -> ResumeState:
        """Return the state that the next epoch begins with.

        Raises CheckpointError where the checkpoint was made without it.
        """
        if self.resume is None:
            raise CheckpointError(
                "holds no state to resume from, only the network.\nTrain a new run with: mlp train"
            )
        return self.resume

    @classmethod
    def adopt(cls, network: Network, dataset: str, image_shape: tuple[int, int] | None) -> Self:
        """Return a run that holds a network which was trained elsewhere.

        It has no history and no state to resume from. Its sizes, activation, cost and precision
        are known from the network; other settings are 0 or the first choice.
        image_shape: rows and columns of its images; None: they are square, or one row where no
        square has as many pixels.
        Raises OptionError where rows times columns is not the number of the network's inputs.
        """
        pixels, side = network.sizes[0], math.isqrt(network.sizes[0])
        square = (side, side) if side * side == pixels else (1, pixels)
        rows, columns = image_shape or square
        if rows * columns != pixels:
            raise OptionError(
                f"--image-shape {rows} {columns}: the network has {pixels:,} inputs, one for each "
                f"pixel. Choose rows and columns whose product is {pixels:,}."
            )
        settings = Settings(
            dataset=dataset,
            data_dir="data",
            fingerprint="",
            image_shape=(rows, columns),
            sizes=tuple(network.sizes),
            epochs=0,
            eta=0.0,
            batch_size=1,
            validation=0,
            seed=0,
            init="scaled",
            dtype="float64" if network.dtype == np.float64 else "float32",
            activation=network.activation,
            cost=network.cost,
        )
        return cls(settings, network, resume=None)

    def record(self, result: "EpochResult", engine: "Engine", rng: "np.random.Generator") -> None:
        """Add an epoch: its figures, and the network after it, best or not.

        Of two equally accurate epochs the one with the lower validation cost is the best. Where
        the costs are equal, or one is not known, the earlier stays.
        """
        best = self.history[self.best_epoch - 1] if self.history else None
        self.history.append({key: getattr(result, key) for key in HISTORY_KEYS})
        self.resume = _resume_state(engine, rng)
        self.test_accuracy = None
        self.engine_variant = engine.variant
        if best is None or is_better(self.history[-1], best):
            self.network, self.best_epoch = engine.network.copy(), result.epoch

    def outputs(self, images: ImagesOrX) -> Floats:
        """Return the outputs of the best network for images, by the run's view: (n, classes).

        images: as `Network.outputs` takes them.  Raises ShapeError or DataError for others, and
        for floats that are no grey levels where the view moves grey levels.
        """
        images = check_images(images, self.settings.sizes[0])
        if self.settings.view == PLAIN:
            return self.network.outputs(images)
        grey = require_grey_levels(images, f"the run's view {self.settings.view}")
        return self.network.outputs(self.seen(grey.reshape(-1, *self.settings.image_shape)))

    def seen(self, images: Images) -> Images:
        """Return images as the network sees them, by the run's view: (n, rows, columns)."""
        return view(images, self.settings.view)

    @property
    def awaits_its_first_epoch(self) -> bool:
        """Whether the run has begun and has had no epoch; its network has learned nothing yet."""
        return self.resume is not None and not self.history

    @property
    def is_imported(self) -> bool:
        """Whether the network was trained elsewhere."""
        return not self.history and not self.awaits_its_first_epoch

    @property
    def best_accuracy(self) -> float | None:
        """The validation accuracy of the best epoch, 0..1; None without validation."""
        return self.accuracy_after(self.best_epoch) if self.history else None

    def accuracy_after(self, epoch: int) -> float | None:
        """Return the validation accuracy after this epoch, 0..1; None without validation."""
        return self.history[epoch - 1]["validation_accuracy"]

    @property
    def has_ended(self) -> bool:
        """Whether the run has had all its epochs, or `patience` of them without a better one."""
        return len(self.history) >= self.settings.epochs or self.is_out_of_patience

    @property
    def is_out_of_patience(self) -> bool:
        """Whether `patience` epochs in a row were no more accurate than the best before them."""
        return 0 < self.settings.patience <= len(self.history) - self.first_best_epoch

    @property
    def first_best_epoch(self) -> int:
        """The first epoch that was as accurate as the best one: patience counts from there."""
        best = self.best_accuracy
        if best is None:
            return self.best_epoch
        accuracies = (entry["validation_accuracy"] or 0.0 for entry in self.history)
        return next(epoch for epoch, each in enumerate(accuracies, start=1) if each >= best)

    @property
    def training_seconds(self) -> float:
        """The time of training alone, over all epochs."""
        return sum(entry["seconds"] or 0.0 for entry in self.history)

    def plot(self, path: str | PathLike[str] | None = None) -> "Figure":
        """Return the learning curves, as `mlp train --plot` draws them.

        path: a file to draw them to, .png, .svg or .pdf; None: none.
        Raises CheckpointError without a history, MissingPackageError without matplotlib,
        OptionError for another ending, OutputError where the file cannot be written.
        """
        from mlp_cli.charts.drawing import draw_run

        return draw_run(self, None if path is None else Path(path))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the file: a reader sees the one before or this one complete, never a part of one.

        Raises CheckpointError where the file cannot be written; the one before is untouched.
        """
        path = Path(path)
        try:
            with replacing(path) as file:
                self.write(file)
        except OSError as error:
            raise unwritable(path, error) from error

    def write(self, file: BinaryIO, **more: Any) -> None:  # noqa: ANN401  whatever JSON can have
        """Write the checkpoint to an open file, with `more` entries in its meta."""
        arrays = {
            **name_parameters(self.network.parameters),
            "meta": np.array(self.to_meta(**more)),
        }
        if self.resume is not None:
            arrays |= name_parameters(self.resume.network.parameters, "resume/")
            arrays |= name_parameters(self.resume.velocities, "resume/velocity/")
            arrays["resume/shuffle"] = np.array(json.dumps(self.resume.shuffling))
        write_arrays(file, arrays)

    def to_meta(self, **more: Any) -> str:  # noqa: ANN401  whatever JSON can have
        """Return all but the arrays as JSON: settings, history, versions, and `more` entries."""
        meta = {
            "format_version": FORMAT_VERSION,
            **asdict(self.settings),
            "best_epoch": self.best_epoch,
            "test_accuracy": self.test_accuracy,
            "engine_variant": self.engine_variant,
            "arithmetic": self.arithmetic,
            "from": self.origin._asdict() if self.origin else None,
            "history": self.history,
            "versions": {
                "mlp": __version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
        }
        return json.dumps(meta | more)


def _resume_state(engine: "Engine", rng: "np.random.Generator") -> ResumeState:
    """Return the state that the next epoch begins with: the engine's own arrays, not copies."""
    return ResumeState(engine.network, engine.velocities, rng.bit_generator.state)
