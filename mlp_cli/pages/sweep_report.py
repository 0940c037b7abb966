"""The page about a sweep: the best setting, the table, the charts, and every run."""

from collections.abc import Sequence
from pathlib import Path

from mlp_cli.charts.drawing import grouped_curves
from mlp_cli.charts.figures import to_inline_svg
from mlp_cli.measuring.percent import percent
from mlp_cli.pages.document import document
from mlp_cli.pages.markup import Html, command, element, section, table, tiles
from mlp_cli.pages.repeating import how_to_repeat
from mlp_cli.pages.scales import heading, row_words, value_text
from mlp_cli.pages.sections import chart
from mlp_cli.pages.sweep_chart import sweep_chart
from mlp_cli.pages.sweep_findings import MOST_GROUPS, SweepFindings
from mlp_cli.pages.sweep_heat_map import failure_word
from mlp_cli.sweeps.rows import Row
from mlp_cli.system.characters import one_line

SORTING = Path(__file__).with_name("sorting.js")
LISTED_SEEDS = 6
"""With more seeds than this a row shows the range of their figures."""


def render_sweep(found: SweepFindings) -> bytes:
    """Return the page about a sweep as HTML in UTF-8. Its only script sorts the tables."""
    dataset = value_text(found.alike.get("dataset", "several datasets"))
    varying = ", ".join(map(heading, found.different)) or "seeds"
    top = [element("p", f"Folder: {found.name}"), _tiles(found), *_notices(found)]
    parts = [
        _settings_table(found),
        *_failures(found),
        element("div", _chart(found), _curves(found), class_="sections"),
        element("div", _commands(found), _common(found), class_="sections"),
        _runs_table(found),
    ]
    script = SORTING.read_text(encoding="utf-8")
    title = f"Sweep over {varying} on {dataset}"
    return document(title, title, top, parts, script)


def _tiles(found: SweepFindings) -> Html:
    entries = []
    winner = found.winner
    if winner is not None:
        several = len(winner.seeds) > 1
        settings = row_words(winner, found.different)
        what = "best mean validation accuracy" if several else "best validation accuracy"
        entries.append((what, percent(winner.mean), settings))
        if winner.interval is not None:
            low, high = winner.interval
            deviation = f"standard deviation {percent(winner.standard_deviation)}"
            entries.append(("95 % interval", f"{percent(low)} to {percent(high)}", deviation))
    test_accuracy = found.best_run.test_accuracy if found.best_run else None
    if winner is not None and test_accuracy is not None:
        which = f"of the best run, seed {winner.seeds[found.best_seed]}"
        entries.append(("test accuracy", percent(test_accuracy), which))
    settings = f"{len(found.rows):,} settings" if len(found.rows) != 1 else "1 setting"
    entries.append(("complete runs", f"{found.complete:,} of {found.plan.runs:,}", settings))
    entries.append(("training time", f"{found.seconds:,.1f} s", "of all runs, training alone"))
    return tiles(entries)


def _notices(found: SweepFindings) -> list[Html]:
    """Return what is missing, if anything is."""
    notices: list[Html] = []
    if found.not_begun or found.unfinished:
        lacking = (
            f"Not complete. Runs without an epoch: {found.not_begun:,} of {found.plan.runs:,}; "
            f"with epochs to come: {found.unfinished:,}. The sweep is resumed by"
        )
        resume = command(["mlp", "sweep", "-o", found.name])
        notices += [element("p", lacking, class_="notice"), resume]
    if found.failed:
        settings = f"{found.failed:,} of {len(found.rows):,} settings"
        word = failure_word(found.rows).capitalize()
        failed = f"{word}: {settings}, marked with ×. The reasons are below."  # noqa: RUF001
        notices.append(element("p", failed, class_="notice"))
    return notices


def _settings_table(found: SweepFindings) -> Html:
    """Return the table with a row for each setting, the best first."""
    names = [heading(name) for name in found.different]
    head = ["#", *names, "mean", "deviation", "95 % interval", "each seed", "cost"]
    head += ["best epoch", "seconds"]
    rows, classes = [], []
    for number, row in enumerate(found.rows, start=1):
        is_best = row is found.winner
        interval = " to ".join(map(_in_percent, row.interval)) if row.interval else "-"
        cells = [f"{number}{' ★' if is_best else ' ×' if row.error else ''}"]  # noqa: RUF001
        cells += [value_text(row.settings[name]) for name in found.different]
        cells += [_in_percent(row.mean), _in_percent(row.standard_deviation), interval]
        cells += [_each(row), _mean_cost(row), _range(row.best_epoch), _mean_seconds(row)]
        rows.append(cells)
        classes.append("best" if is_best else "")
    text = (
        "Validation accuracy in %: its mean over the seeds, their standard deviation, and the "
        "interval of the mean by Student's t. Cost and seconds are means. ★ marks the best."
    )
    content = table(head, rows, numbers_from=1, classes=classes)
    return section("Settings, the best first", element("p", text), _sortable(content), kind="wide")


def _failures(found: SweepFindings) -> list[Html]:
    """Return why runs cannot go on, if there are any."""
    rows = [
        [f"{number}", row_words(row, found.different), one_line(row.error)]
        for number, row in enumerate(found.rows, start=1)
        if row.error is not None
    ]
    return [section("Not complete", table(["#", "setting", "reason"], rows))] if rows else []


def _sortable(content: Html) -> Html:
    return element("div", content, class_="sortable")


def _in_percent(fraction: float | None) -> str:
    """Return a fraction in percent without the sign, which a column says once."""
    return percent(fraction).removesuffix(" %")


def _each(row: Row) -> str:
    """Return the accuracies of the seeds in their order, or their range."""
    known = [a for a in row.validation_accuracy if a is not None]
    if not known:
        return "-"
    if len(row.seeds) > LISTED_SEEDS:
        return f"{_in_percent(min(known))} to {_in_percent(max(known))}"
    return " ".join(map(_in_percent, row.validation_accuracy))


def _mean_cost(row: Row) -> str:
    known = [cost for cost in row.cost if cost is not None]
    return f"{sum(known) / len(known):.4f}" if known else "-"


def _range(epochs: Sequence[int]) -> str:
    known = [epoch for epoch in epochs if epoch]
    if not known:
        return "-"
    low, high = min(known), max(known)
    return f"{low}" if low == high else f"{low} to {high}"


def _mean_seconds(row: Row) -> str:
    """Return the mean over complete runs."""
    pairs = zip(row.seconds, row.validation_accuracy, strict=True)
    known = [seconds for seconds, accuracy in pairs if accuracy is not None]
    return f"{sum(known) / len(known):,.1f}" if known else "-"


def _chart(found: SweepFindings) -> Html:
    figure = sweep_chart(found.rows, found.plan)
    name = "Validation accuracy by the settings that differ"
    return section("What matters", chart(to_inline_svg(figure), name))


def _curves(found: SweepFindings) -> Html:
    if not found.groups:
        return section("Learning curves", element("p", "No run has had an epoch yet."))
    drawn = sum(len(runs) for _, runs in found.groups)
    text = "A curve for each run, a colour for each setting."
    if drawn < found.complete:
        text = f"The best run of each of the {min(MOST_GROUPS, len(found.groups))} best settings."
    text += " What is far worse than the rest leaves the chart."
    svg = to_inline_svg(grouped_curves(found.groups))
    return section(
        "Learning curves", element("p", text), chart(svg, "Validation accuracy and cost by epoch")
    )


def _commands(found: SweepFindings) -> Html:
    """Return the commands that evaluate the best run and that train it again."""
    if found.winner is None:
        return section("The best run", element("p", "No run is complete yet."))
    path = found.winner.checkpoints[found.best_seed]
    seed = found.winner.seeds[found.best_seed]
    accuracy = percent(found.winner.validation_accuracy[found.best_seed])
    parts = [
        element("p", f"Seed {seed}, validation accuracy {accuracy}. It is evaluated by"),
        command(["mlp", "evaluate", "--checkpoint", str(path)]),
    ]
    if found.best_run is not None:
        parts += how_to_repeat(found.best_run)
    return section("The best run", *parts)


def _common(found: SweepFindings) -> Html:
    rows = [[heading(name), value_text(value)] for name, value in found.alike.items()]
    if not rows:
        return section("In common", element("p", "Every setting differs."))
    return section("In common", table(["setting", "value"], rows))


def _runs_table(found: SweepFindings) -> Html:
    """Return the table with a row for each run."""
    names = [heading(name) for name in found.different]
    head = ["#", *names, "seed", "validation", "cost", "best epoch", "epochs", "seconds"]
    head += ["file"]
    rows, classes = [], []
    for number, row in enumerate(found.rows, start=1):
        for i, seed in enumerate(row.seeds):
            is_best = row is found.winner and i == found.best_seed
            cost, epochs, planned = row.cost[i], row.epochs[i], found.planned_epochs(row)
            cells = [f"{number} ★" if is_best else f"{number}"]
            cells += [value_text(row.settings[name]) for name in found.different]
            cells += [f"{seed}", percent(row.validation_accuracy[i])]
            cells += ["-" if cost is None else f"{cost:.4f}"]
            cells += [f"{row.best_epoch[i] or '-'}"]
            cells += [f"{epochs} of {planned}" if found.goes_on(row, i) else f"{epochs}"]
            cells += [f"{row.seconds[i]:,.1f}" if epochs else "-", row.checkpoints[i].name]
            rows.append(cells)
            classes.append("best" if is_best else "")
    content = table(head, rows, numbers_from=1, classes=classes)
    return section("Every run", _sortable(content), kind="wide")
