"""The process of training: options and data to epochs, each kept in the run."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any, Self

from mlp_cli.datasets.loading import Dataset
from mlp_cli.errors import DataError
from mlp_cli.learning.ahead import DistortedEpochs
from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.engine import Engine, check_engine, choose, make_engine
from mlp_cli.learning.sgd import EpochResult, train_epochs
from mlp_cli.learning.streams import Streams, spawn_streams
from mlp_cli.learning.threads import choose_threads, limit_threads
from mlp_cli.learning.update_rule import UpdateRule
from mlp_cli.measuring.evaluation import Evaluation
from mlp_cli.measuring.health import Health, examine
from mlp_cli.measuring.scores import Score
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Images
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.log import EpochLog
from mlp_cli.runs.schema import Option
from mlp_cli.runs.settings import SETTINGS, Settings

Guard = Callable[[], AbstractContextManager[None]]
"""makes a block that a signal must not break into, such as the saving of an epoch"""


class Training:
    """A network that learns from a dataset, and the run that records it."""

    def __init__(self, run: Run, dataset: Dataset, engine: Engine, streams: Streams) -> None:
        self.run = run
        self.dataset = dataset
        self.train_split, self.held_out = dataset.split_validation(run.settings.validation)
        self._engine = engine
        self._streams = streams

    @classmethod
    def begin(cls, options: Mapping[str, Option], dataset: Dataset, data_dir: Path) -> Self:
        """Return the training of a new run.

        options: those of `mlp train`, by name. Where engine or threads are not given, they are
        chosen here.
        Raises OptionError where they leave no image to train on, or ask for an engine that is not
        there.
        """
        settings = settings_of(options, dataset, data_dir)
        streams = spawn_streams(settings.seed)
        network = Network.initialise(
            settings.sizes,
            streams.initialisation,
            settings.init,
            settings.dtype,
            settings.activation,
            settings.cost,
        )
        engine = _engine_of(network, settings, streams)
        return cls(Run.begin(settings, engine, streams.shuffling), dataset, engine, streams)

    @classmethod
    def resume(cls, run: Run, dataset: Dataset) -> Self:
        """Return the training of a run, as it was after its last epoch, to the bit.

        Raises CheckpointError where the checkpoint holds no state to resume from, DataError where
        the data are not those that the run was trained on.
        """
        settings, state = run.settings, run.require_state()
        if (fingerprint := dataset.fingerprint()) != settings.fingerprint:
            raise DataError(
                f"{dataset.folder}: not the data that the run was trained on: SHA-256 over the "
                f"arrays {fingerprint[:16]}..., expected {settings.fingerprint[:16]}...\n"
                "Name the folder of the run's own data with --data-dir, or train a new run."
            )
        dataset.require(settings.image_shape, settings.sizes[-1])
        streams = spawn_streams(settings.seed)
        streams.shuffling.bit_generator.state = state.shuffling
        engine = _engine_of(state.network, settings, streams)
        engine.velocities = state.velocities
        return cls(run, dataset, engine, streams)

    def epochs(
        self, path: Path | None = None, log: EpochLog | None = None, guard: Guard = nullcontext
    ) -> Iterator[EpochResult]:
        """Train to the end of the run, and yield every epoch once it is saved and logged.

        The run ends early where `patience` epochs in a row were no better.
        path: the checkpoint to save every epoch to; None: they stay in memory.
        guard: makes the block in which an epoch is saved and logged.
        Raises DivergedError, naming the epoch, where a parameter is no longer a finite number;
        CheckpointError or LogError where an epoch cannot be saved or logged.
        """
        run, settings = self.run, self.run.settings
        if self.has_ended:
            return
        with ExitStack() as stack:
            stack.enter_context(limit_threads(settings.threads))
            images: Images | Callable[[int], Images] = self.train_split.images
            if settings.distort != "none":
                distorted = DistortedEpochs(
                    self.train_split.images,
                    settings.distort,
                    settings.distort_strength,
                    self._streams.augmentation,
                    len(run.history) + 1,
                    settings.epochs,
                )
                images = stack.enter_context(distorted).epoch_images
            results = train_epochs(
                self._engine,
                images,
                self.train_split.labels,
                settings.learning_rates(),
                self._streams.shuffling,
                (self.held_out.images, self.held_out.labels) if settings.validation else None,
                accuracies=[entry["validation_accuracy"] for entry in run.history],
            )
            for result in results:
                run.record(result, self._engine, self._streams.shuffling)
                with guard():
                    if path is not None:
                        run.save(path)
                    if log is not None and not log.waits:
                        log.append(run.history[-1])
                if log is not None and log.waits:  # one signal has to suffice meanwhile
                    log.append(run.history[-1])
                yield result
                if self.is_out_of_patience:
                    return

    def test(self, path: Path | None = None, guard: Guard = nullcontext) -> Score:
        """Return the score of the best network on the test images, and record its accuracy.

        path: the checkpoint to save the test accuracy to, if it is new.
        Raises CheckpointError where that cannot be written.
        """
        run, test = self.run, self.dataset.test
        score = Evaluation.of(run.network, test.images, test.labels).score
        if run.test_accuracy is None:
            run.test_accuracy = score.accuracy
            if path is not None:
                with guard():
                    run.save(path)
        return score

    @property
    def engine_variant(self) -> str | None:
        """The processor's version of the engine; None if there is but one."""
        return self._engine.variant

    @property
    def has_ended(self) -> bool:
        """Whether the run has had all its epochs, or `patience` of them without a better one."""
        return len(self.run.history) >= self.run.settings.epochs or self.is_out_of_patience

    @property
    def is_out_of_patience(self) -> bool:
        """Whether `patience` epochs in a row were no better than the best before them."""
        return 0 < self.run.settings.patience <= self.run.epochs_since_best

    def health(self) -> Health:
        """Return signs of trouble, from images held out, or from training images without any."""
        split = self.held_out if len(self.held_out) else self.train_split
        return examine(self._engine.network, split.images, split.labels)


def settings_of(options: Mapping[str, Option], dataset: Dataset, data_dir: Path) -> Settings:
    """Return the settings of a run: its options, and what follows from the data."""
    values: dict[str, Any] = dict(options)
    sizes = (dataset.pixels, *values.pop("hidden"), dataset.classes)
    if values["engine"] == SETTINGS["engine"].automatic:
        values["engine"] = choose(sizes, values["batch_size"])
    check_engine(values["engine"])
    distorts = values["distort"] != "none"
    values.setdefault("threads", choose_threads(sizes, values["batch_size"], busy_cores=distorts))
    return Settings(
        data_dir=str(data_dir),
        fingerprint=dataset.fingerprint(),
        image_shape=dataset.image_shape,
        sizes=sizes,
        **values,
    )


def _engine_of(network: Network, settings: Settings, streams: Streams) -> Engine:
    dropout = Dropout(settings.dropout, streams.shuffling) if settings.dropout else None
    rule = UpdateRule(settings.momentum, settings.l2, dropout)
    return make_engine(settings.engine, network, settings.batch_size, rule)
