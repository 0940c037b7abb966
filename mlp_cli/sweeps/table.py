"""The table of a sweep: as text that fits a terminal, and as CSV."""

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlp_cli.measuring.percent import percent
from mlp_cli.runs.schema import Option
from mlp_cli.sweeps.rows import Row
from mlp_cli.sweeps.variation import spell
from mlp_cli.system.files import open_regular
from mlp_cli.system.outputs import writing

TABLE_FILE = "sweep.csv"
MOST_CSV_BYTES = 1 << 26
GAP = "  "
SHORTEST_CELL = 4
NOTHING = "-"
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


@dataclass
class _Column:
    heading: str
    cells: list[str]
    is_setting: bool = False

    @property
    def width(self) -> int:
        return max(map(len, [self.heading, *self.cells]))

    def lines(self) -> list[str]:
        """Return heading and cells, of one width: names at the left, numbers at the right."""
        side = "<" if self.is_setting else ">"
        return [f"{text:{side}{self.width}}" for text in [self.heading, *self.cells]]


def format_table(rows: Sequence[Row], width: int | None) -> str:
    """Return the rows that have a figure as a table of at most so many characters a line.

    Where it is too wide, columns are left out, and then settings are cut; the CSV has them all.
    """
    shown = [row for row in rows if row.mean is not None]
    names = list(shown[0].settings) if shown else []
    settings = [
        _Column(name, [show_value(row.settings[name]) for row in shown], is_setting=True)
        for name in names
    ]
    accuracy = _Column("validation", [percent(row.mean) for row in shown])
    # The first is left out first.
    figures = {
        "runs": [str(_count(row)) for row in shown],
        "seconds": [_mean_cell(row.seconds, 1) for row in shown],
        "best epoch": [_mean_cell(_of_complete(row, row.best_epoch), 1) for row in shown],
        "val. cost": [_mean_cell(row.cost, 4) for row in shown],
        "95 % interval": [_interval(row) for row in shown],
        "deviation": [percent(row.standard_deviation) for row in shown],
    }
    further = [
        _Column(heading, cells) for heading, cells in figures.items() if {*cells} != {NOTHING}
    ]
    while further and not _fits([*settings, accuracy, *further], width):
        further.pop(0)
    columns = [*settings, accuracy, *reversed(further)]
    while settings and not _fits(columns, width):
        widest = max(settings, key=lambda column: column.width)
        if widest.width <= SHORTEST_CELL:
            break
        widest.cells = [shorten(cell, widest.width - 1) for cell in widest.cells]
        widest.heading = shorten(widest.heading, max(map(len, widest.cells)))
    lines = zip(*(column.lines() for column in columns), strict=True)
    return "\n".join(GAP.join(line).rstrip() for line in lines)


def _fits(columns: Sequence[_Column], width: int | None) -> bool:
    total = sum(column.width for column in columns) + len(GAP) * (len(columns) - 1)
    return width is None or total <= width


def _count(row: Row) -> int:
    return sum(accuracy is not None for accuracy in row.validation_accuracy)


def _of_complete(row: Row, figures: Sequence[float]) -> list[float]:
    """Return the figures of complete runs."""
    pairs = zip(figures, row.validation_accuracy, strict=True)
    return [figure for figure, accuracy in pairs if accuracy is not None]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _mean_cell(values: Iterable[float | None], decimals: int) -> str:
    mean = _mean(values)
    return NOTHING if mean is None else f"{mean:.{decimals}f}"


def _interval(row: Row) -> str:
    if row.interval is None:
        return NOTHING
    low, high = row.interval
    return f"{low * 100:.2f} to {percent(high)}"


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
            *(_count(row), row.mean, row.standard_deviation, low, high),
            *(_mean(row.cost), _mean(_of_complete(row, row.best_epoch))),
            *(_mean(_of_complete(row, row.seconds)), row.error),
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
