"""A trained network for a new run to begin with, and how such a run learns."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.datasets.loading import Dataset
from mlp_cli.errors import CheckpointError, OptionError
from mlp_cli.nn.network import Network
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.naming import names_of
from mlp_cli.runs.origin import Origin, hash_parameters
from mlp_cli.runs.reading import load_trained
from mlp_cli.runs.schema import Option, show_option
from mlp_cli.runs.settings import SETTINGS, Settings

OF_THE_NETWORK = ("hidden", "activation", "cost", "view")
"""settings without which its parameters mean nothing: no run from it can have others"""
OF_LEARNING = ("batch_size", "momentum", "l2", "dropout", "distort", "distort_strength")
"""settings that a run from it has too, unless others are given"""
PART_OF_ETA = 0.1
"""of the learning rate that it was trained with: see `Pretrained.complete`"""


class Pretrained(NamedTuple):
    """A trained network for a new run to begin with."""

    name: str
    """of its file, or `bundled`"""
    settings: Settings
    """those that it was trained with"""
    network: Network

    @classmethod
    def load(cls, path: Path, name: str | None = None) -> Self:
        """Return the network in a checkpoint, that of the best epoch.

        name: what the run calls it; None: the file's own name.
        Raises CheckpointError where there is none, or it has learned nothing yet.
        """
        run = load_trained(path)
        return cls(name or path.name, run.settings, run.network)

    @property
    def digest(self) -> str:
        """The SHA-256 of its parameters."""
        return hash_parameters(self.network)

    def save(self, path: Path) -> None:
        """Write a checkpoint of it, without a history. Raises CheckpointError where that fails."""
        Run(self.settings, self.network, resume=None).save(path)

    def own_options(self) -> dict[str, Option]:
        """Return the options that follow from the network and from how it was trained."""
        is_known = self.settings.epochs > 0  # otherwise it was trained elsewhere
        names = (*OF_THE_NETWORK, *(OF_LEARNING if is_known else ()))
        options: dict[str, Option] = {name: getattr(self.settings, name) for name in names}
        if is_known:
            options["eta"] = float(f"{PART_OF_ETA * self.settings.eta:.6g}")
            options["schedule"] = "cosine"
        return options

    def complete(self, given: Mapping[str, Option]) -> dict[str, Option]:
        """Return all options of a run that begins here, with these among them.

        What is not given is as this network was trained, but for the learning rate.

        Raises OptionError, naming both values, for one that would need another network.
        """
        own = self.own_options()
        for name in OF_THE_NETWORK:
            if name in given and given[name] != own[name]:
                raise OptionError(
                    f"{SETTINGS[name].spelling} {show_option(given[name])}: the network of "
                    f"{self.name}, which --from takes, has {show_option(own[name])}. "
                    "Leave the option out, or train a new network without --from."
                )
        defaults = {s.name: s.default for s in SETTINGS.values() if s.default is not None}
        return {**defaults, **own, **given}

    def require(self, dataset: Dataset) -> None:
        """Raise DataError where the images of a dataset have another shape."""
        dataset.require(self.settings.image_shape, dataset.classes)

    def has_classes(self, classes: int, names: Sequence[str]) -> bool:
        """Return whether its outputs are these classes.

        names: what the data call them; none where they have no names.
        """
        own = names_of(self.settings)
        if classes != self.settings.sizes[-1]:
            return False
        return not (names and own.names) or own.all(classes) == ClassNames(names).all(classes)

    def put_into(self, network: Network, *, takes_last: bool) -> Origin:
        """Give a network with random parameters those of this one, and return their origin.

        Its hidden layers are as large.
        takes_last: the last layer too, which `has_classes` decides; else that one stays as it is.
        Raises OptionError where a parameter is too large for its precision.
        """
        layers = list(zip(network.parameters, self.network.parameters, strict=True))
        taken = len(layers) if takes_last else len(layers) - 1
        for ours, theirs in layers[:taken]:
            with np.errstate(over="ignore"):
                ours[:] = theirs
        if not network.is_finite():
            raise OptionError(
                f"--dtype {network.dtype}: parameters of {self.name}, which --from takes, are too "
                f"large for it. Choose --dtype {self.network.dtype}."
            )
        return Origin(self.name, self.digest, taken)


def require_same_start(origin: Origin | None, path: Path | None, name: str) -> None:
    """Raise OptionError where a run that is resumed began with another network than this.

    path, name: of the checkpoint that somebody named. Where it is gone, its name must do.
    """
    if origin is not None:
        try:
            if path is None or hash_parameters(load_trained(path).network) == origin.parameters:
                return
        except CheckpointError:
            if name == origin.checkpoint:
                return
    found = f"those of {origin.checkpoint}" if origin else "random parameters"
    raise OptionError(
        f"--from {name}: the run to be resumed began with {found}. "
        "Leave the option out, or train a new run."
    )
