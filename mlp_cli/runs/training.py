"""The process of training: options and data to epochs, each kept in the run."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any, Self

from mlp_cli.datasets.catalogue import find_source
from mlp_cli.datasets.holding_out import choose_validation
from mlp_cli.datasets.loading import Dataset, Split
from mlp_cli.datasets.source import HoldOut
from mlp_cli.errors import DataError, OptionError
from mlp_cli.learning.ahead import DistortedEpochs
from mlp_cli.learning.arithmetic import read_arithmetic, unlike
from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.engine import (
    Engine,
    check_engine,
    check_takes,
    choose_for,
    make_engine,
)
from mlp_cli.learning.names import PLAIN, width_of
from mlp_cli.learning.progress import EpochProgress
from mlp_cli.learning.sgd import EpochResult, train_blocks
from mlp_cli.learning.streams import Streams, spawn_streams
from mlp_cli.learning.threads import choose_threads, limit_threads, reserve_memory
from mlp_cli.learning.update_rule import UpdateRule
from mlp_cli.measuring.evaluation import Evaluation
from mlp_cli.measuring.health import Health, examine, spread
from mlp_cli.measuring.scores import Score
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Images, Indices
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.claim import Claim
from mlp_cli.runs.combinations import check_combination
from mlp_cli.runs.fairness import doubt_data, hold_out_stream
from mlp_cli.runs.log import EpochLog
from mlp_cli.runs.pretrained import Pretrained
from mlp_cli.runs.schema import Option
from mlp_cli.runs.settings import SETTINGS, Settings

Guard = Callable[[], AbstractContextManager[None]]
"""makes a block that a signal must not break into, such as the saving of an epoch"""


class Training:
    """A network that learns from a dataset, and the run that records it."""

    def __init__(self, run: Run, dataset: Dataset, engine: Engine, streams: Streams) -> None:
        self.run = run
        self.dataset = dataset
        settings = run.settings
        check_takes(settings.engine, dataset.train.images, settings.sizes)
        self.division = dataset.divide(settings.validation, hold_out_stream(settings))
        self.doubts = doubt_data(dataset, self.division)
        self.held_out = self._seen(dataset.train.take(self.division.held_out))
        """as the network sees them"""
        self.watched = self._images_to_watch()
        """some images held out or, without these, to learn from, as the network sees them"""
        self._engine = engine
        self._streams = streams
        now = read_arithmetic()
        self.rounds_unlike_before = unlike(run.arithmetic, now)
        """what rounds otherwise than in the run's last epoch: each name with both texts"""
        run.arithmetic = now
        reserve_memory(settings.threads)

    @classmethod
    def begin(
        cls,
        options: Mapping[str, Option],
        dataset: Dataset,
        data_dir: Path,
        start: Pretrained | None = None,
        held_out: HoldOut | None = None,
    ) -> Self:
        """Return the training of a new run.

        options: those of `mlp train`, by name. Where validation, engine or threads are not given,
        they are chosen here.
        start: the network to begin with, which the options fit: see `Pretrained.complete`. None:
        one with random parameters.
        held_out: which images are held out; None: as is usual for the dataset.
        Raises OptionError where they leave no image to train on, or ask for an engine that is not
        there; DataError where the images do not fit the network to begin with.
        """
        if start is not None:
            start.require(dataset)
        settings = settings_of(options, dataset, data_dir, held_out)
        streams = spawn_streams(settings.seed)
        network = Network.initialise(
            settings.sizes,
            streams.initialisation,
            settings.init,
            settings.dtype,
            settings.activation,
            settings.cost,
        )
        origin = None
        if start:
            takes_last = start.has_classes(dataset.classes, dataset.class_names)
            origin = start.put_into(network, takes_last=takes_last)
        engine = _engine_of(network, settings, streams)
        run = Run.begin(settings, engine, streams.shuffling, origin)
        return cls(run, dataset, engine, streams)

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
                "Name the folder of the run's own data with --dataset, or train a new run."
            )
        dataset.require(settings.image_shape, settings.sizes[-1])
        streams = spawn_streams(settings.seed)
        streams.shuffling.bit_generator.state = state.shuffling
        engine = _engine_of(state.network, settings, streams)
        engine.velocities = state.velocities
        return cls(run, dataset, engine, streams)

    def epochs(
        self, claim: Claim | None = None, log: EpochLog | None = None, guard: Guard = nullcontext
    ) -> Iterator[EpochResult]:
        """Train to the end of the run, and yield every epoch once it is saved and logged.

        See `blocks`, which also reports how far an epoch is.
        """
        for each in self.blocks(claim, log, guard):
            if isinstance(each, EpochResult):
                yield each

    def blocks(
        self, claim: Claim | None = None, log: EpochLog | None = None, guard: Guard = nullcontext
    ) -> Iterator[EpochProgress | EpochResult]:
        """Train to the end of the run; yield every block of examples, and every epoch once saved.

        The run ends early where `patience` epochs in a row were no better.
        claim: on the file to save every epoch to; None: they stay in memory.
        guard: makes the block in which an epoch is saved and logged.
        Raises DivergedError, naming the epoch, where a parameter is no longer a finite number;
        CheckpointError or LogError where an epoch cannot be saved or logged.
        """
        run, settings = self.run, self.run.settings
        if run.has_ended:
            return
        with ExitStack() as stack:
            stack.enter_context(limit_threads(settings.threads))
            split, examples = self._examples()
            images: Images | Callable[[int], Images] = split.images
            if settings.distort != "none":
                distorted = DistortedEpochs(
                    split.images,
                    settings.distort,
                    settings.distort_strength,
                    self._streams.augmentation,
                    len(run.history) + 1,
                    settings.epochs,
                    settings.view,
                )
                images = stack.enter_context(distorted).epoch_images
            results = train_blocks(
                self._engine,
                images,
                split.labels,
                settings.learning_rates(),
                self._streams.shuffling,
                (self.held_out.images, self.held_out.labels) if settings.validation else None,
                examples=examples,
                accuracies=[entry["validation_accuracy"] for entry in run.history],
            )
            for result in results:
                if isinstance(result, EpochProgress):
                    yield result
                    continue
                run.record(result, self._engine, self._streams.shuffling)
                with guard():
                    if claim is not None:
                        claim.save(run)
                    if log is not None and not log.waits:
                        log.append(run.history[-1])
                if log is not None and log.waits:  # one signal has to suffice meanwhile
                    log.append(run.history[-1])
                yield result
                if run.is_out_of_patience:
                    return

    def test(self, claim: Claim | None = None, guard: Guard = nullcontext) -> Score:
        """Return the score of the best network on the test images, and record its accuracy.

        claim: on the file to save the test accuracy to, if it is new.
        Raises CheckpointError where that cannot be written.
        """
        run, test = self.run, self.dataset.test
        with limit_threads(run.settings.threads):
            score = Evaluation.of(run.network, run.seen(test.images), test.labels).score
        if run.test_accuracy is None:
            run.test_accuracy = score.accuracy
            if claim is not None:
                with guard():
                    claim.save(run)
        return score

    @property
    def network(self) -> Network:
        """The network as it is after the last epoch, best or not."""
        return self._engine.network

    @property
    def engine_variant(self) -> str | None:
        """The processor's version of the engine; None if there is but one."""
        return self._engine.variant

    def health(self) -> Health:
        """Return signs of trouble, as some images show them."""
        return examine(self._engine.network, self.watched.images, self.watched.labels)

    def _images_to_watch(self) -> Split:
        """Return images from all over those held out, or over those to learn from.

        Images held out are a fair sample only if they have every class that the network learns.
        """
        kept, held_out = self.division
        indices = kept if self.doubts.not_held_out or not len(held_out) else held_out
        return self._seen(self.dataset.train.take(indices[spread(len(indices))]))

    def _examples(self) -> tuple[Split, Indices | None]:
        """Return a split, and the indices of the examples in it to learn from; None: all.

        The images are as the network sees them, or those to distort, which a view changes later.
        A sample is not copied, since the set may be larger than memory. Images by a view and
        distorted images are copies in any case.
        """
        train, settings = self.dataset.train, self.run.settings
        if settings.distort != "none":
            return train.take(self.division.kept), None
        if settings.held_out == "last" or settings.view != PLAIN:
            return self._seen(train.take(self.division.kept)), None
        return train, self.division.kept

    def _seen(self, split: Split) -> Split:
        """Return a split whose images are as the network sees them."""
        return Split(self.run.seen(split.images), split.labels)


def settings_of(
    options: Mapping[str, Option],
    dataset: Dataset,
    data_dir: Path,
    held_out: HoldOut | None = None,
) -> Settings:
    """Return the settings of a run: its options, and what follows from the data.

    Raises OptionError for an engine that is not there, a view wider than the images, or options
    that need images held out where there are too few to hold any out.
    """
    values: dict[str, Any] = dict(options)
    columns = dataset.image_shape[1]
    if (width_of(values["view"]) or 0) > columns:
        raise OptionError(
            f"--view {values['view']}: the images are {columns} pixels wide. "
            f"Choose a width of {columns} at most, or another view."
        )
    values.setdefault("validation", choose_validation(len(dataset.train)))
    check_combination(values, typed=())
    sizes = (dataset.pixels, *values.pop("hidden"), dataset.classes)
    if values["engine"] == SETTINGS["engine"].automatic:
        values["engine"] = choose_for(dataset.train.images, sizes, values["batch_size"])
    check_engine(values["engine"])
    distorts = values["distort"] != "none"
    values.setdefault("threads", choose_threads(sizes, values["batch_size"], busy_cores=distorts))
    return Settings(
        data_dir=str(data_dir),
        fingerprint=dataset.fingerprint(),
        held_out=held_out or find_source(values["dataset"]).held_out,
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        sizes=sizes,
        **values,
    )


def _engine_of(network: Network, settings: Settings, streams: Streams) -> Engine:
    dropout = Dropout(settings.dropout, streams.shuffling) if settings.dropout else None
    rule = UpdateRule(settings.momentum, settings.l2, dropout)
    return make_engine(settings.engine, network, settings.batch_size, rule)
