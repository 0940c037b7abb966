"""Hints on what to mend: in the data before the first epoch, then while the network learns."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlp_cli.commands.shared.usual_eta import usual_eta
from mlp_cli.datasets.class_names import listed
from mlp_cli.runs.settings import Settings
from mlp_cli.system.shell import command_line

if TYPE_CHECKING:
    from mlp_cli.measuring.health import Health
    from mlp_cli.runs.training import Training


def _named(settings: Settings, labels: Sequence[int]) -> str:
    """Return the names of a run's classes, the first few where they are many."""
    from mlp_cli.runs.naming import names_of

    names = names_of(settings)
    return listed([names.class_name(label) for label in labels])


def data_hints(training: "Training") -> list[str]:
    """Return a line for each thing that is odd about the data, and how to mend it."""
    doubts, settings, data = training.doubts, training.run.settings, training.dataset
    size, held_out = len(training.division.kept), len(training.held_out)

    smaller, larger = "Use a smaller --validation.", "Use a larger --validation."
    if settings.held_out == "last":
        own = command_line(["--dataset", os.path.join(".", data.folder)])
        smaller = larger = f"A sample of every class is held out with {own}"
    hints = []
    if doubts.not_learnt:
        hints.append(
            f"no image of {_named(settings, doubts.not_learnt)} is left to train on: "
            f"all of them are held out. {smaller}"
        )
    if doubts.not_held_out:
        hints.append(
            f"none of the {held_out:,} images held out is of "
            f"{_named(settings, doubts.not_held_out)}: "
            f"validation does not tell how well these are read. {larger}"
        )
    if doubts.only_tested:
        hints.append(
            f"test images are of {_named(settings, doubts.only_tested)}, and no training image is. "
            "Add such images to the training set."
        )
    if doubts.dimness is not None:
        factor = f"Multiply the images by {255 // doubts.dimness}." if doubts.dimness else ""
        hints.append(
            f"the brightest pixel is {doubts.dimness} of 255, and the network learns slowly "
            f"from such dark images. {factor or 'Look at the files: all images are black.'}"
        )
    if settings.batch_size > size and training.run.origin is None:  # from --from: measured to do
        hints.append(
            f"--batch-size {settings.batch_size} is more than the {size:,} training images: "
            f"an epoch is one update. Use a smaller --batch-size."
        )
    return [f"hint: {hint}" for hint in hints]


class Adviser:
    """Gives a hint for each sign of trouble, once a run.

    A sign counts when it shows after two epochs in a row, or after the last epoch: many networks
    that learn well do not predict every class after their first epoch.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shown: set[str] = set()
        self._said: set[str] = set()

    def hints(self, health: "Health", epoch: int) -> list[str]:
        """Return the hints that are due after this epoch."""
        signs = _signs(health, self._settings)
        is_last = epoch == self._settings.epochs
        due = [kind for kind in signs if is_last or kind in self._shown]
        new = [kind for kind in due if kind not in self._said]
        self._shown = set(signs)
        self._said.update(new)
        return [signs[kind] for kind in new]


def _signs(health: "Health", settings: Settings) -> dict[str, str]:
    """Return a line for each sign of trouble, by the kind of trouble."""
    scaled = " or --init scaled" if settings.init == "normal" else ""
    signs = {}
    if health.is_near_chance:
        signs["chance"] = (
            f"hint: hardly better than always predicting one class. {_other_eta(settings)}{scaled}."
        )
    elif health.silent_classes:
        classes = _named(settings, health.silent_classes)
        signs["silent"] = (
            f"hint: no image is read as {classes}, though some are. "
            f"{_smaller_eta(settings)}{scaled}, or another --seed."
        )
    if health.is_saturated:
        flat = (
            "dead and no longer learn"
            if settings.activation == "relu"
            else ("saturated and hardly learn")
        )
        signs["saturated"] = (
            f"hint: more than half of the hidden units are {flat}. "
            f"{_smaller_eta(settings)}{scaled}."
        )
    return signs


def _other_eta(settings: Settings) -> str:
    """Say which way the learning rate should go, and how far."""
    usual = usual_eta(settings)
    if usual.has(settings.eta):
        return "Try another --eta"
    direction = "smaller" if settings.eta > usual.most else "larger"
    return f"{_who(settings)} learns with {usual} here: try a {direction} --eta"


def _smaller_eta(settings: Settings) -> str:
    usual = usual_eta(settings)
    if settings.eta <= usual.most:
        return "Try a smaller --eta"
    return f"{_who(settings)} learns with {usual} here: try a smaller --eta"


def _who(settings: Settings) -> str:
    """Return what decides on the usual learning rate: the activation, or the cost without one."""
    return settings.activation if settings.hidden else settings.cost
