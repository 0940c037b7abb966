"""Hints on what to try when a network does not learn well."""

from typing import TYPE_CHECKING

from mlp_cli.runs.settings import Settings

if TYPE_CHECKING:
    from mlp_cli.measuring.health import Health


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
            f"hint: hardly better than always predicting one class. Try another --eta{scaled}."
        )
    elif health.silent_classes:
        classes = ", ".join(map(str, health.silent_classes))
        signs["silent"] = (
            f"hint: no image is read as {classes}, though some are. "
            f"Try a smaller --eta{scaled}, or another --seed."
        )
    if health.is_saturated:
        signs["saturated"] = (
            "hint: more than half of the hidden units are saturated and hardly learn. "
            f"Try a smaller --eta{scaled}."
        )
    return signs
