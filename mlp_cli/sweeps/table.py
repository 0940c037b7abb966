"""The figures of a sweep's table, and the table as CSV."""

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mlp_cli.runs.schema import Option
from mlp_cli.sweeps.rows import Row
from mlp_cli.sweeps.variation import spell
from mlp_cli.system.files import open_regular
from mlp_cli.system.outputs import writing

TABLE_FILE = "sweep.csv"
MOST_CSV_BYTES = 1 << 26
DIGITS = 4
"""significant digits of a number in the text; the CSV has all of them"""


def show_value(value: Option) -> str:
    """Return a setting's value for the eye: `256+128`, `0.07319`."""
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else spell(value)


def show_settings(settings: Mapping[str, Option]) -> str:
    """Return settings on a line: `hidden 256+128, eta 0.1`."""
    return ", ".join(f"{name} {show_value(value)}" for name, value in settings.items())


def shorten(text: str, width: int | None) -> str:
    """Return a text that is cut to a width; None: as long as it is."""
    return text if width is None or len(text) <= width else f"{text[: width - 2]}.."


def runs_of(row: Row) -> int:
    """Return how many runs of a row have a figure."""
    return sum(accuracy is not None for accuracy in row.validation_accuracy)


def of_complete_runs(row: Row, figures: Sequence[float]) -> list[float]:
    """Return the figures of complete runs."""
    pairs = zip(figures, row.validation_accuracy, strict=True)
    return [figure for figure, accuracy in pairs if accuracy is not None]


def mean_of(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are known; None where there are none."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def write_table(rows: Sequence[Row], names: Sequence[str], folder: Path) -> Path:
    """Write the table to the sweep's folder, a line for each row; return its path.

    names: the settings that differ.
    It is the same for the same runs, whenever they were trained, but for their seconds.
    Raises OutputError where it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, *FIGURE_COLUMNS])
    for row in rows:
        low, high = row.interval or (None, None)
        figures = (
            *(runs_of(row), row.mean, row.standard_deviation, low, high),
            *(mean_of(row.cost), mean_of(of_complete_runs(row, row.best_epoch))),
            *(mean_of(of_complete_runs(row, row.seconds)), row.error),
        )
        writer.writerow([*key(row), *("" if figure is None else figure for figure in figures)])
    path = folder / TABLE_FILE
    with writing(path) as file:
        file.write(text.getvalue().encode())
    return path


FIGURE_COLUMNS = (
    *("runs", "mean", "standard_deviation", "interval_low", "interval_high"),
    *("validation_cost", "best_epoch", "seconds", "error"),
)
"""of the CSV, after the settings that differ"""


def key(row: Row) -> tuple[str, ...]:
    """Return the settings of a row as the CSV has them."""
    return tuple(map(spell, row.settings.values()))


def read_reasons(folder: Path) -> dict[tuple[str, ...], str]:
    """Return why runs could not go on when the table was last written, by the rows' settings.

    None where there is no table, or it is no longer ours.
    """
    reasons = {}
    with suppress(OSError, ValueError, csv.Error), open_regular(folder / TABLE_FILE) as file:
        text = file.read(MOST_CSV_BYTES).decode()
        for cells in csv.reader(io.StringIO(text, newline="")):
            if cells[-1:] not in ([], [""], ["error"]):
                reasons[tuple(cells[: -len(FIGURE_COLUMNS)])] = cells[-1]
    return reasons
