"""A run for TensorBoard: figures after every epoch, now and then pictures of the network."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from math import ceil, sqrt
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from mlp_cli.errors import LogError
from mlp_cli.nn.encoding import pixels_to_x
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, Images, Labels
from mlp_cli.system.packages import import_extra

if TYPE_CHECKING:
    from tensorboardX.proto.summary_pb2 import Summary

SHARE = 1 / 50
"""of a run's time that its pictures and histograms may take: between the first and the last epoch
they are left out where they would take more"""
SECONDS_BETWEEN_FLUSHES = 1.0
"""The writer waits for the disk at each, as long as some epochs take. What a killed process did not
flush is missing in TensorBoard alone."""
MOST_UNITS = 64
"""hidden units whose weights are shown"""
MOST_MISTAKES = 16
BINS_SHOWN = 64
FIGURES = {
    "cost/training": "cost",
    "cost/validation": "validation_cost",
    "accuracy/training": "training_accuracy",
    "accuracy/validation": "validation_accuracy",
    "eta": "eta",
    "seconds": "seconds",
}
"""what TensorBoard calls the figures of an epoch in a history"""

Naming = Callable[[int], str]


class BoardLog:
    """Writes a file of events into a folder, which TensorBoard reads; use it as a context manager.

    Raises LogError where the folder cannot be written.
    """

    def __init__(
        self, folder: Path, history: Sequence[Mapping[str, float | None]], class_name: Naming = str
    ) -> None:
        """Open the folder for a run that has had these epochs.

        They are written where the folder has no events yet. Otherwise a run that was killed may
        have left events of an epoch that it did not save, which TensorBoard is told to forget.
        class_name: names a label.
        """
        self._folder, self._class_name = folder, class_name
        self._opened = time.perf_counter()
        self._flushed = self._opened
        self._spent = 0.0
        from tensorboardX.event_file_writer import EventsWriter

        try:
            folder.mkdir(parents=True, exist_ok=True)
            before = len(list(folder.glob("events.out.tfevents.*")))
            # An absolute path, since the library takes what stands before a colon as a scheme.
            # Files are read in the order of their names, which have the second alone.
            suffix = f".{before:04}.{os.getpid()}"
            self._events = EventsWriter(str(folder.resolve() / "events"), suffix)
        except OSError as error:
            raise self._unwritable(error) from error
        if not before:
            for entry in history:
                self._write(int(entry["epoch"] or 0), summary=_together(_figures(entry)))
        else:
            self._forget_from(len(history) + 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._events.close()
        except OSError as failure:
            if error is None:
                raise self._unwritable(failure) from failure

    def record(
        self,
        entry: Mapping[str, float | None],
        network: Network,
        images: Images,
        labels: Labels,
        *,
        is_last: bool,
    ) -> None:
        """Write the figures of an epoch, and pictures of the network as it is after it.

        entry: one of a history.
        images: some that the network is watched by, (n, rows, columns), as it sees them.
        """
        epoch, parts = int(entry["epoch"] or 0), _figures(entry)
        started = time.perf_counter()
        if epoch == 1 or is_last or self._spent <= SHARE * (started - self._opened):
            parts += self._pictures(network, images, labels)
            self._spent += time.perf_counter() - started
        self._write(epoch, summary=_together(parts))

    def _pictures(self, network: Network, images: Images, labels: Labels) -> "list[Summary]":
        """Return histograms of every layer, the weights of layer 2, and the surest mistakes."""
        from tensorboardX import summary

        activations = network.feedforward(pixels_to_x(images, network.dtype))
        parts = []
        for l, (W, b, a) in enumerate(
            zip(network.weights, network.biases, activations[1:], strict=True), start=2
        ):
            parts += [
                summary.histogram(f"{name}/layer_{l}", values.ravel(), BINS_SHOWN)
                for name, values in (("weights", W), ("biases", b), ("activations", a))
                if np.isfinite(values).all()
            ]
        weights = [row.reshape(images.shape[1:]) for row in network.weights[0][:MOST_UNITS]]
        largest = max(float(np.abs(row).max()) for row in weights) or 1.0
        light = [(127.5 * (1 + row / largest)).round().astype(np.uint8) for row in weights]
        parts.append(summary.image("images/weights_of_layer_2", tiled(light), dataformats="HW"))
        return parts + self._mistakes(activations[-1], images, labels)

    def _mistakes(self, outputs: Floats, images: Images, labels: Labels) -> "list[Summary]":
        """Return the images that are read wrong with the highest outputs, and a list of them."""
        from tensorboardX import summary

        predictions, highest = outputs.argmax(axis=1), outputs.max(axis=1)
        wrong = np.flatnonzero(predictions != labels)
        surest = wrong[np.argsort(-highest[wrong], kind="stable")][:MOST_MISTAKES]
        if not surest.size:
            return []
        lines = [
            f"{number}. {self._class_name(int(labels[i]))} read as "
            f"{self._class_name(int(predictions[i]))} ({highest[i]:.3f})"
            for number, i in enumerate(surest, start=1)
        ]
        return [
            summary.image("images/surest_mistakes", tiled(images[surest]), dataformats="HW"),
            summary.text("surest_mistakes_row_by_row", "\n".join(lines)),
        ]

    def _forget_from(self, epoch: int) -> None:
        """Tell TensorBoard that what it has read of this epoch and later ones does not count."""
        from tensorboardX.proto.event_pb2 import SessionLog

        self._write(epoch, session_log=SessionLog(status=SessionLog.START))

    def _write(self, epoch: int, **content: Any) -> None:  # noqa: ANN401  a part of an event
        """Write one event."""
        from tensorboardX.proto.event_pb2 import Event

        try:
            self._events.write_event(Event(wall_time=time.time(), step=epoch, **content))
            if time.perf_counter() - self._flushed >= SECONDS_BETWEEN_FLUSHES:
                self._events.flush()
                self._flushed = time.perf_counter()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> LogError:
        return LogError(
            f"{self._folder}: cannot be written ({error.strerror or error}), expected a folder for "
            "TensorBoard.\nCheck the disk and its permissions, or name another with --tensorboard."
        )


def _figures(entry: Mapping[str, float | None]) -> "list[Summary]":
    """Return the figures of an epoch that it has."""
    from tensorboardX import summary

    figures = {name: entry.get(key) for name, key in FIGURES.items()}
    return [summary.scalar(name, figure) for name, figure in figures.items() if figure is not None]


def _together(parts: "Sequence[Summary]") -> "Summary":
    """Return one summary with all of these: an event for each would take five times as long."""
    from tensorboardX.proto.summary_pb2 import Summary

    return Summary(value=[value for part in parts for value in part.value])


def require_tensorboard() -> None:
    """Raise MissingPackageError where the writer is not installed."""
    modules = ("tensorboardX", "tensorboardX.event_file_writer", "tensorboardX.summary")
    import_extra(modules, "tensorboard", "--tensorboard needs it")


def tiled(images: Any) -> npt.NDArray[np.uint8]:  # noqa: ANN401  an array, or a list of arrays
    """Return images of one size side by side, with a line between them: (rows, columns).

    As many stand in a row as there are rows, or one more.
    """
    stack = np.pad(np.stack(list(images)), ((0, 0), (0, 1), (0, 1)))
    abreast = ceil(sqrt(len(stack)))
    missing = -len(stack) % abreast
    stack = np.pad(stack, ((0, missing), (0, 0), (0, 0)))
    rows, columns = stack.shape[1:]
    grid = stack.reshape(-1, abreast, rows, columns).swapaxes(1, 2)
    whole: npt.NDArray[np.uint8] = grid.reshape(-1, abreast * columns)
    return whole
