"""The report page: its head, the comparison of the runs, and the sections of each run."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from mlp_cli.charts.drawing import learning_curves
from mlp_cli.charts.figures import to_inline_svg
from mlp_cli.charts.recorded import has_recorded
from mlp_cli.datasets.class_names import listed
from mlp_cli.measuring.percent import percent
from mlp_cli.pages.document import document
from mlp_cli.pages.findings import TEST_IMAGES, Findings
from mlp_cli.pages.markup import CHANGED, Html, element, section, table, tiles
from mlp_cli.pages.repeating import how_to_repeat
from mlp_cli.pages.sections import chart, run_sections
from mlp_cli.runs.checkpoint import KNOWN_ELSEWHERE, Run
from mlp_cli.runs.settings import SETTINGS, Settings
from mlp_cli.system.characters import one_line

RELOADING = Path(__file__).with_name("reloading.js")


def render_report(findings: Sequence[Findings], *, is_followed: bool = False) -> bytes:
    """Return the page about these runs as HTML in UTF-8, without other files.

    is_followed: the page is about to be replaced, and loads itself again, by its only script.
    """
    title = f"mlp report: {', '.join(_title(f) for f in findings)}"
    several = len(findings) > 1
    top, parts = [], []
    if several:
        parts.append(_scores(findings))
    else:
        top = [_tiles(findings[0])]
    if findings[0].images != TEST_IMAGES:
        top.append(_notice(findings[0], is_followed=is_followed))
    left = _curves(findings)
    if not several:
        left = element("div", left, _origins(findings[0]))
    parts.append(element("div", left, _settings(findings), class_="sections"))
    for number, found in enumerate(findings, start=1):
        anchor = f"run-{number}" if several else ""
        if several:
            heading = f"Run {number}: {found.name}"
            parts += [element("h2", heading, id=anchor, class_="run"), _origins(found, anchor)]
        parts.append(run_sections(found, anchor))
    script = RELOADING.read_text(encoding="utf-8") if is_followed else ""
    return document(title, _heading(findings), top, parts, script)


def _notice(found: Findings, *, is_followed: bool) -> Html:
    """Return what a page says while its run goes on."""
    run = found.run
    text = (
        f"After {len(run.history)} of {run.settings.epochs} epochs. The test set is read once, at "
        "the end of the run"
    )
    if found.evaluation is not None:
        text += f"; until then predictions are those of {found.images}"
    box = element("input", type="checkbox", id="reload", checked="checked")
    label = element("label", box, " load the page again by itself")
    content = [f"{text}. ", label] if is_followed else [f"{text}."]
    return element("p", *content, class_="notice")


def _origins(found: Findings, inside: str = "") -> Html:
    """Return when and by what the checkpoint was written, and the command that repeats the run."""
    origins = found.origins
    versions = ", ".join(f"{name} {version}" for name, version in origins.versions.items())
    text = f"{found.name} was written"
    if origins.written:
        text += f" on {origins.written:%Y-%m-%d at %H:%M}"
    text += f" by {one_line(versions) or 'unknown versions'}."
    return section("Origin", element("p", text), *how_to_repeat(found.run), inside=inside)


def _heading(findings: Sequence[Findings]) -> str:
    return findings[0].name if len(findings) == 1 else f"{len(findings)} runs"


def _title(found: Findings) -> str:
    words = f"{_sizes(found.run)} on {found.dataset}"
    evaluation = found.evaluation
    return f"{words}, {percent(evaluation.score.accuracy)}" if evaluation else words


def _sizes(run: Run) -> str:
    return "-".join(map(str, run.settings.sizes))


def _epochs(run: Run) -> str:
    """Return how many epochs a run had, and of how many, where it had not all of them."""
    had, planned = len(run.history), run.settings.epochs
    return f"{had}" if had == planned else f"{had} of {planned}"


def _tiles(found: Findings) -> Html:
    """Return the main figures of a single run."""
    run, entries = found.run, []
    if found.evaluation is not None:
        score = found.evaluation.score
        low, high = (percent(end).removesuffix(" %") for end in score.interval)
        what = "test accuracy" if found.images == TEST_IMAGES else f"accuracy, {found.images}"
        entries += [
            (what, percent(score.accuracy), f"{score.correct:,} of {score.examples:,}"),
            ("95 % interval", f"{low} to {high} %", "Wilson"),
        ]
    parameters = sum(p.size for p in run.network.parameters)
    entries.append(("network", _sizes(run), f"{parameters:,} parameters"))
    if run.best_accuracy is not None:
        best = f"epoch {run.best_epoch} of {len(run.history)}"
        entries.append(("best validation accuracy", percent(run.best_accuracy), best))
    if run.history:
        trained = f"{_epochs(run)} epochs"
        if run.has_ended and len(run.history) < run.settings.epochs:
            trained += f", stopped by patience {run.settings.patience}"
        entries.append(("training time", f"{run.training_seconds:,.1f} s", trained))
    return tiles(entries)


def _scores(findings: Sequence[Findings]) -> Html:
    """Return a table of the main figures, with a row for each run."""
    head = ["run", "file", "network", "test", "validation", "best epoch", "epochs", "time"]
    rows = [
        [
            f"{number}",
            found.name,
            _sizes(found.run),
            percent(found.evaluation.score.accuracy if found.evaluation else None),
            percent(found.run.best_accuracy),
            f"{found.run.best_epoch or '-'}",
            _epochs(found.run),
            f"{found.run.training_seconds:,.1f} s",
        ]
        for number, found in enumerate(findings, start=1)
    ]
    return section("Runs", table(head, rows, numbers_from=3), kind="runs")


def _curves(findings: Sequence[Findings]) -> Html:
    """Return the learning curves of all runs in one chart, if any run has a history."""
    runs = [found.run for found in findings]
    if not any(run.history for run in runs):
        text = "No history: the network was trained elsewhere."
        if any(run.awaits_its_first_epoch for run in runs):
            text = "No epoch yet."
        return section("Learning curves", element("p", text))
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
    """Return the settings, with a column for each run.

    Values that are not the default are marked and, of several runs, rows that differ.
    """
    columns = [_texts(found.run) for found in findings]
    several = len(columns) > 1
    rows, classes = [], []
    for name in dict.fromkeys(name for column in columns for name in column):
        values = [column.get(name, "unknown") for column in columns]
        differs = len(set(values)) > 1
        is_changed = any(value.startswith(CHANGED) for value in values)
        # Not everybody can see the colour.
        rows.append([f"{name} ≠" if differs else name, *values])
        classes.append("differs" if differs else "changed" if is_changed and not several else "")
    head = ["setting", *(f"{n}" if several else "value" for n in range(1, len(columns) + 1))]
    text = f"{CHANGED}marks what is not the default"
    text += "; ≠ the settings that differ." if several else "."
    content = table(head, rows, classes=classes)
    return section("Settings", element("p", text), content)


def _texts(run: Run) -> dict[str, str]:
    """Return what the run began with, and every setting that is known, as text, by its name."""
    settings, origin = run.settings, run.origin
    texts = {"began with": origin.describe(settings.sizes) if origin else "random parameters"}
    if run.is_imported:
        texts["began with"] = "unknown"
    for field in fields(settings):
        if run.is_imported and field.name not in KNOWN_ELSEWHERE:
            continue
        value = getattr(settings, field.name)
        if field.name == "sizes":
            value = "-".join(map(str, value))
        elif field.name == "image_shape":
            value = " x ".join(map(str, value))
        elif field.name == "class_names":
            value = listed(value) or "unknown"
        elif field.name == "fingerprint":
            value = f"{value[:8]}…" if value else "unknown"
        mark = CHANGED if _is_changed(settings, field.name) else ""
        texts[field.name.replace("_", " ")] = f"{mark}{value}"
    return texts


def _is_changed(settings: Settings, name: str) -> bool:
    """Return whether a setting has a value that is not its default.

    A default that follows from the data or the machine is not known here.
    """
    name = "hidden" if name == "sizes" else name
    setting = SETTINGS.get(name)
    if setting is None or setting.default is None or setting.automatic:
        return False
    return bool(getattr(settings, name) != setting.default)
