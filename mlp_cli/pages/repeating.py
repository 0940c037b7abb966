"""The command that trains a run again."""

from math import isclose

from mlp_cli.datasets.source import DEFAULT_DATA_DIR
from mlp_cli.pages.markup import Html, command, element
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.settings import SETTINGS


def how_to_repeat(run: Run) -> list[Html]:
    """Return how a run is trained again, as parts of a page; nothing for one from elsewhere."""
    if run.is_imported:
        return []
    text = "It is trained again, to the same bits, by"
    if not _had_its_schedule(run):
        text = (
            "Its learning rate or epochs were changed on resume. A run with its last settings is "
            "trained by"
        )
    return [element("p", text), command(["mlp", "train", *_typed(run)])]


def _typed(run: Run) -> list[str]:
    """Return the run's options as they are typed; those that have their default are left out."""
    settings, typed = run.settings, []
    for name, value in settings.options().items():
        setting = SETTINGS[name]
        if name == "hidden":
            value = value or [0]
        if value != setting.default:
            for each in value if isinstance(value, list) else [value]:
                typed += [setting.spelling, str(each)]
    if settings.data_dir != str(DEFAULT_DATA_DIR):
        typed += ["--data-dir", settings.data_dir]
    if run.origin:
        typed += ["--from", run.origin.checkpoint]
    return typed


def _had_its_schedule(run: Run) -> bool:
    """Return whether every epoch had the learning rate that the settings give it now."""
    schedule = run.settings.learning_rates()
    accuracies = [entry["validation_accuracy"] for entry in run.history]
    return all(
        isclose(entry["eta"] or 0.0, schedule.rate(accuracies[:epoch]))
        for epoch, entry in enumerate(run.history)
    )
