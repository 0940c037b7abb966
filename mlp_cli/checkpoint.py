"""The checkpoint: one .npz file that holds a run, readable by anyone with np.load.

W2, b2, W3, b3, ...   the parameters of the best validation epoch, named as in the notes
meta                  a JSON string: settings, history, best epoch, versions
resume/...            the parameters after the last epoch and the state of the shuffling,
                      which is all that continuing the run to the bit needs
"""

import json
import lzma
import platform
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mlp_cli import __version__
from mlp_cli.errors import CheckpointError
from mlp_cli.files import replacing
from mlp_cli.nn.network import Network
from mlp_cli.nn.sgd import EpochResult
from mlp_cli.runs import NEW_RUN, unwritable
from mlp_cli.settings import Settings, bad_meta

FORMAT_VERSION = 1
HISTORY_KEYS = ("epoch", "eta", "cost", "validation_accuracy", "seconds")

DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error),  # the archive
    *(ValueError, TypeError, SyntaxError, tokenize.TokenError),  # a .npy header, or a pickle
    *(MemoryError, OverflowError),  # a header that claims more than there is
    RuntimeError,  # an encrypted member, or an unknown packing
)
"""what reading a damaged .npz can raise"""

Entry = dict[str, int | float | None]
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass
class Checkpoint:
    """A run so far: its settings, its history, its best and its last parameters."""

    settings: Settings
    network: Network
    """the parameters of the best validation epoch; without validation, of the last epoch"""
    last: Network
    """the parameters after the last epoch"""
    shuffle_state: Mapping[str, Any]
    """the state of the generator that shuffles, after the last epoch"""
    history: list[Entry] = field(default_factory=list)
    """one entry per epoch: epoch, eta, cost, validation_accuracy, seconds (of training alone)"""
    best_epoch: int = 0

    @classmethod
    def begin(cls, settings: Settings, network: Network, rng: np.random.Generator) -> Self:
        """Return the checkpoint of a run that has not had an epoch yet."""
        return cls(settings, network.copy(), network, rng.bit_generator.state)

    def record(self, result: EpochResult, network: Network, rng: np.random.Generator) -> None:
        """Add an epoch: its figures, and the network as it left it, best or not.

        The earlier of two equally accurate epochs stays the best.
        """
        best = self.best_accuracy
        accuracy = result.validation_accuracy
        self.history.append({key: getattr(result, key) for key in HISTORY_KEYS})
        self.last = network
        self.shuffle_state = rng.bit_generator.state
        if best is None or accuracy is None or accuracy > best:
            self.network, self.best_epoch = network.copy(), result.epoch

    @property
    def best_accuracy(self) -> float | None:
        """The validation accuracy of the best epoch, 0..1; None where there is none."""
        return self.history[self.best_epoch - 1]["validation_accuracy"] if self.history else None

    @property
    def training_seconds(self) -> float:
        """Time of training alone, over all epochs."""
        return sum(entry["seconds"] or 0.0 for entry in self.history)

    def save(self, path: Path) -> None:
        """Write the file whole: a reader sees the one before or this one, never half of one.

        Raises CheckpointError where the file cannot be written; the one before is untouched.
        """
        versions = {
            "mlp": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        }
        meta = {
            "format_version": FORMAT_VERSION,
            **asdict(self.settings),
            "best_epoch": self.best_epoch,
            "history": self.history,
            "versions": versions,
        }
        arrays: dict[str, npt.NDArray[Any]] = {
            **_name_parameters(self.network),
            "meta": np.array(json.dumps(meta)),
            **_name_parameters(self.last, "resume/"),
            "resume/shuffle": np.array(json.dumps(self.shuffle_state)),
        }
        try:
            # What np.savez does; but that, in some versions, prints a traceback on a full disk.
            with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
                for name, array in arrays.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array, allow_pickle=False)
        except OSError as error:
            raise unwritable(path, error) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Return the run in a checkpoint file, every part of it checked.

    Raises CheckpointError, naming the file and the part, where it is missing, is not a
    checkpoint, is of a newer format, is damaged, or holds arrays that are not its network's.
    """
    try:
        return _parse(_read_arrays(path))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such file, expected a checkpoint. {NEW_RUN}") from error
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error.strerror or error}), expected a checkpoint. {NEW_RUN}"
        ) from error
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error} {NEW_RUN}") from error


def _read_arrays(path: Path) -> Arrays:
    """Return every array of the file. Damage may show only when an array is read, so all are."""
    with path.open("rb") as file:
        start = file.read(4)
        if not start:
            raise CheckpointError("empty: its run has not finished an epoch.")
        if start != b"PK\x03\x04":
            raise CheckpointError(f"begins with {start!r}, expected a checkpoint (.npz).")
        file.seek(0)
        try:
            with np.load(file, allow_pickle=False) as archive:
                members = {name: archive[name] for name in archive.files}
        except DAMAGE as error:
            raise CheckpointError(f"damaged ({error}), expected a whole checkpoint.") from error
    return {name: array for name, array in members.items() if isinstance(array, np.ndarray)}


def _parse(arrays: Arrays) -> Checkpoint:
    """Return the run in these arrays, every part of it checked."""
    meta = _read_json(arrays, "meta")
    version = meta.get("format_version")
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise bad_meta("format_version", version, f"{FORMAT_VERSION}; a newer mlp may read it")
    settings = Settings.from_meta(meta)
    history, best_epoch = _read_history(meta)
    return Checkpoint(
        settings,
        network=_read_network(arrays, settings),
        last=_read_network(arrays, settings, "resume/"),
        shuffle_state=_read_json(arrays, "resume/shuffle"),
        history=history,
        best_epoch=best_epoch,
    )


def _read_json(arrays: Arrays, name: str) -> dict[str, Any]:
    text = arrays.get(name)
    try:
        value = json.loads(text.item()) if text is not None and text.dtype.kind == "U" else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise CheckpointError(f"no JSON object under {name!r}, expected a checkpoint's.")
    return value


def _read_history(meta: Mapping[str, Any]) -> tuple[list[Entry], int]:
    """Return the history and the best epoch in meta, both checked."""
    history, best_epoch = meta.get("history"), meta.get("best_epoch")
    if not isinstance(history, list) or not history or not all(map(_is_entry, history)):
        raise bad_meta("history", history, f"a list of entries with {', '.join(HISTORY_KEYS)}")
    if type(best_epoch) is not int or not 1 <= best_epoch <= len(history):
        raise bad_meta("best_epoch", best_epoch, f"1 to {len(history)}")
    return history, best_epoch


def _is_entry(entry: object) -> bool:
    """Tell whether this is one epoch of a history: numbers, the accuracy possibly null."""
    return isinstance(entry, dict) and all(
        type(entry.get(key, "")) in (int, float)
        or (key == "validation_accuracy" and entry.get(key, "") is None)
        for key in HISTORY_KEYS
    )


def _name_parameters(network: Network, prefix: str = "") -> dict[str, npt.NDArray[Any]]:
    """Return the parameters under the notes' names: W2, b2, W3, b3, ..."""
    named = {}
    for l, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), start=2):
        named[f"{prefix}W{l}"], named[f"{prefix}b{l}"] = W, b
    return named


def _read_network(arrays: Arrays, settings: Settings, prefix: str = "") -> Network:
    """Return the network whose parameters stand under this prefix."""

    def parameter(name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        array = arrays.get(prefix + name)
        if array is None or array.shape != shape or array.dtype != settings.dtype:
            found = "missing" if array is None else f"{array.dtype} {array.shape}"
            expected = f"{settings.dtype} {shape}"
            raise CheckpointError(f"array {prefix}{name}: {found}, expected {expected}.")
        if not np.isfinite(array).all():
            raise CheckpointError(f"array {prefix}{name}: not finite, expected finite numbers.")
        return array

    shapes = list(enumerate(pairwise(settings.sizes), start=2))
    return Network(
        weights=[parameter(f"W{l}", (n_out, n_in)) for l, (n_in, n_out) in shapes],
        biases=[parameter(f"b{l}", (n_out,)) for l, (_, n_out) in shapes],
    )
