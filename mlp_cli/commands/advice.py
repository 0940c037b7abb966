"""What to try when a network does not learn as it could."""

from typing import TYPE_CHECKING

from mlp_cli.settings import Settings

if TYPE_CHECKING:
    from mlp_cli.nn.health import Health


def advise(health: "Health", settings: Settings) -> dict[str, str]:
    """Return a line for each sign of trouble, by the kind of trouble."""
    scaled = " or --init scaled" if settings.init == "normal" else ""
    advice = {}
    if health.is_near_chance:
        advice["chance"] = (
            f"hint: hardly better than always giving the same answer. Try another --eta{scaled}."
        )
    elif health.silent_classes:
        classes = ", ".join(map(str, health.silent_classes))
        advice["silent"] = (
            f"hint: no image is read as {classes}, though some are. "
            f"Try a smaller --eta{scaled}, or another --seed."
        )
    if health.is_saturated:
        advice["saturated"] = (
            "hint: more than half of the hidden units are saturated and hardly learn. "
            f"Try a smaller --eta{scaled}."
        )
    return advice
