"""The report page: its head, the comparison of the runs, and the sections of each run."""

from collections.abc import Sequence
from dataclasses import fields

from mlp_cli.charts.drawing import has_recorded, learning_curves
from mlp_cli.charts.figures import to_inline_svg
from mlp_cli.datasets.class_names import listed
from mlp_cli.measuring.percent import percent
from mlp_cli.pages.document import document
from mlp_cli.pages.findings import Findings
from mlp_cli.pages.markup import Html, element, table, tiles
from mlp_cli.pages.sections import chart, run_sections, section
from mlp_cli.runs.checkpoint import Run


def render_report(findings: Sequence[Findings]) -> bytes:
    """Return the page about these runs as HTML in UTF-8, without scripts and other files."""
    title = f"mlp report: {', '.join(_title(f) for f in findings)}"
    several = len(findings) > 1
    parts = [
        _scores(findings) if several else _tiles(findings[0]),
        element("div", _curves(findings), _settings(findings), class_="sections"),
    ]
    for number, found in enumerate(findings, start=1):
        if several:
            parts.append(element("h2", f"Run {number}: {found.name}", class_="run"))
        parts.append(run_sections(found))
    return document(title, _heading(findings), parts)


def _heading(findings: Sequence[Findings]) -> str:
    return findings[0].name if len(findings) == 1 else f"{len(findings)} runs"


def _title(found: Findings) -> str:
    accuracy = percent(found.evaluation.score.accuracy)
    return f"{_sizes(found.run)} on {found.dataset}, {accuracy}"


def _sizes(run: Run) -> str:
    return "-".join(map(str, run.settings.sizes))


def _tiles(found: Findings) -> Html:
    """Return the main figures of a single run."""
    score, run = found.evaluation.score, found.run
    low, high = score.interval
    entries = [
        ("test accuracy", percent(score.accuracy), f"{score.correct:,} of {score.examples:,}"),
        ("95 % interval", f"{percent(low)} to {percent(high)}", "Wilson confidence interval"),
        ("network", _sizes(run), f"{sum(p.size for p in run.network.parameters):,} parameters"),
    ]
    if run.best_accuracy is not None:
        best = f"epoch {run.best_epoch} of {len(run.history)}"
        entries.append(("best validation accuracy", percent(run.best_accuracy), best))
    if run.history:
        trained = f"{len(run.history)} epochs"
        entries.append(("training time", f"{run.training_seconds:,.1f} s", trained))
    return tiles(entries)


def _scores(findings: Sequence[Findings]) -> Html:
    """Return a table of the main figures, with a row for each run."""
    head = ["run", "file", "network", "test", "validation", "best epoch", "time"]
    rows = [
        [
            f"{number}",
            found.name,
            _sizes(found.run),
            percent(found.evaluation.score.accuracy),
            percent(found.run.best_accuracy),
            f"{found.run.best_epoch} of {len(found.run.history)}",
            f"{found.run.training_seconds:,.1f} s",
        ]
        for number, found in enumerate(findings, start=1)
    ]
    return section("Runs", table(head, rows, numbers_from=3), kind="runs")


def _curves(findings: Sequence[Findings]) -> Html:
    """Return the learning curves of all runs in one chart, if any run has a history."""
    runs = [found.run for found in findings]
    if not any(run.history for run in runs):
        return section(
            "Learning curves", element("p", "No history: the network was trained elsewhere.")
        )
    text = "The cost is the mean over the training images, during each epoch."
    if len(runs) == 1 and has_recorded(runs[0], "training_accuracy"):
        text = (
            "In training, each image counts just before the update that learns from it; "
            "the images held out are read after the epoch."
        )
    if any(run.best_accuracy is not None for run in runs):
        text += " The dot marks the best epoch, whose parameters the network has."
    name = "Cost and validation accuracy by epoch"
    return section(
        "Learning curves", element("p", text), chart(to_inline_svg(learning_curves(runs)), name)
    )


def _settings(findings: Sequence[Findings]) -> Html:
    """Return the settings, with a column for each run; rows that differ are marked."""
    columns = [_texts(found.run) for found in findings]
    several = len(columns) > 1
    rows, classes = [], []
    for name in columns[0]:
        values = [column[name] for column in columns]
        differs = len(set(values)) > 1
        # Not everybody can see the colour.
        rows.append([f"{name} ≠" if differs else name, *values])
        classes.append("differs" if differs else "")
    head = ["setting", *(f"{n}" if several else "" for n in range(1, len(columns) + 1))]
    parts = [table(head, rows, classes=classes)]
    if several:
        parts.insert(0, element("p", "≠ marks the settings that differ."))
    return section("Settings", *parts)


def _texts(run: Run) -> dict[str, str]:
    """Return what the run began with, and every setting, as text, by its name."""
    settings, origin = run.settings, run.origin
    texts = {"began with": origin.describe(settings.sizes) if origin else "random parameters"}
    if not run.history and not run.awaits_its_first_epoch:
        texts["began with"] = "unknown"
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name == "sizes":
            value = "-".join(map(str, value))
        elif field.name == "image_shape":
            value = " x ".join(map(str, value))
        elif field.name == "class_names":
            value = listed(value) or "unknown"
        elif field.name == "fingerprint":
            value = f"{value[:16]}..." if value else "unknown"
        texts[field.name.replace("_", " ")] = str(value)
    return texts
