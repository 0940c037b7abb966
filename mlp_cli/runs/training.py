"""A run of training: settings and data to epochs, each kept in the run's checkpoint."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Self

from mlp_cli.datasets.loading import Dataset
from mlp_cli.errors import DataError
from mlp_cli.learning.ahead import DistortedEpochs
from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.learner import Learner
from mlp_cli.learning.sgd import EpochResult, train_epochs
from mlp_cli.learning.streams import Streams, spawn_streams
from mlp_cli.learning.threads import limit_threads
from mlp_cli.measuring.health import Health, examine
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Images
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.settings import Settings


class Training:
    """A network that learns from a dataset, and the run that remembers it."""

    def __init__(self, run: Run, dataset: Dataset, learner: Learner, streams: Streams) -> None:
        settings = run.settings
        self.run = run
        self.dataset = dataset
        self.training, self.held_out = dataset.split_validation(settings.validation)
        self._learner = learner
        self._streams = streams

    @classmethod
    def begin(cls, settings: Settings, dataset: Dataset) -> Self:
        """Return a run that has not had an epoch yet.

        Raises OptionError where its settings leave no image to train on.
        """
        streams = spawn_streams(settings.seed)
        network = Network.initialise(
            settings.sizes,
            streams.initialisation,
            settings.init,
            settings.dtype,
            settings.activation,
            settings.cost,
        )
        learner = _learner(network, settings, streams)
        run = Run.begin(settings, learner, streams.shuffling)
        return cls(run, dataset, learner, streams)

    @classmethod
    def resume(cls, run: Run, dataset: Dataset) -> Self:
        """Return the training of a run, as it was after its last epoch, to the bit.

        Raises CheckpointError where the run was made without what that needs, DataError
        where the data are not those that it was trained on.
        """
        settings, state = run.settings, run.require_state()
        if (fingerprint := dataset.fingerprint()) != settings.fingerprint:
            raise DataError(
                f"{dataset.folder}: other data than the run was trained on: SHA-256 over the "
                f"arrays {fingerprint[:16]}..., expected {settings.fingerprint[:16]}...\n"
                "Name the folder of the run's own data with --data-dir, or train a new run."
            )
        dataset.require(settings.image_shape, settings.sizes[-1])
        streams = spawn_streams(settings.seed)
        streams.shuffling.bit_generator.state = state.shuffling
        learner = _learner(state.network, settings, streams)
        learner.velocities = state.velocities
        return cls(run, dataset, learner, streams)

    def epochs(self) -> Iterator[EpochResult]:
        """Train to the end of the run, and yield every epoch once the run knows of it.

        It ends early where `patience` epochs in a row were no better.
        Raises DivergedError, naming the epoch, where a parameter is no longer a finite number.
        """
        run, settings = self.run, self.run.settings
        if self.has_ended:
            return
        with ExitStack() as stack:
            stack.enter_context(limit_threads(settings.threads))
            images: Images | Callable[[int], Images] = self.training.images
            if settings.distort != "none":
                distorted = DistortedEpochs(
                    self.training.images,
                    settings.distort,
                    settings.distort_strength,
                    self._streams.augmentation,
                    len(run.history) + 1,
                    settings.epochs,
                )
                images = stack.enter_context(distorted).epoch_images
            results = train_epochs(
                self._learner,
                images,
                self.training.labels,
                settings.learning_rates(),
                self._streams.shuffling,
                (self.held_out.images, self.held_out.labels) if settings.validation else None,
                accuracies=[entry["validation_accuracy"] for entry in run.history],
            )
            for result in results:
                run.record(result, self._learner, self._streams.shuffling)
                yield result
                if self.is_out_of_patience:
                    return

    @property
    def has_ended(self) -> bool:
        """Tell whether the run has had all its epochs, or `patience` of them without a better."""
        run = self.run
        return len(run.history) >= run.settings.epochs or self.is_out_of_patience

    @property
    def is_out_of_patience(self) -> bool:
        """Tell whether `patience` epochs in a row were no better than the best before them."""
        return 0 < self.run.settings.patience <= self.run.epochs_since_best

    def health(self) -> Health:
        """Return how the network fares on images held out, or on training images without any."""
        split = self.held_out if len(self.held_out) else self.training
        return examine(self._learner.network, split.images, split.labels)


def _learner(network: Network, settings: Settings, streams: Streams) -> Learner:
    return Learner(
        network,
        settings.batch_size,
        momentum=settings.momentum,
        l2=settings.l2,
        dropout=Dropout(settings.dropout, streams.shuffling) if settings.dropout else None,
    )
