"""The history of a run: the figures of every epoch."""

HISTORY_KEYS = (
    *("epoch", "eta", "cost", "training_accuracy"),
    *("validation_cost", "validation_accuracy", "seconds"),
)

Entry = dict[str, int | float | None]
"""the figures of one epoch, by the names in HISTORY_KEYS; in earlier files without training
accuracy or the cost of validation, and such an entry stays as it is"""


def is_better(entry: Entry, best: Entry) -> bool:
    """Return whether an epoch is better than the best so far; without validation, it always is."""
    accuracy, highest = entry["validation_accuracy"], best["validation_accuracy"]
    if accuracy is None or highest is None or accuracy != highest:
        return accuracy is None or highest is None or accuracy > highest
    cost, lowest = entry.get("validation_cost"), best.get("validation_cost")
    return cost is not None and lowest is not None and cost < lowest
