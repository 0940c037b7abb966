"""The table of a sweep, as text that fits the terminal."""

from collections.abc import Iterable, Sequence

from mlp_cli.commands.shared.columns import Column, fits, table
from mlp_cli.measuring.percent import percent
from mlp_cli.sweeps.rows import Row
from mlp_cli.sweeps.table import mean_of, of_complete_runs, runs_of, shorten, show_value

SHORTEST_CELL = 4
NOTHING = "-"


def format_table(rows: Sequence[Row], width: int | None) -> str:
    """Return the rows that have a figure as a table of at most so many characters a line.

    Where it is too wide, columns are left out, and then settings are cut; the CSV has them all.
    Where that is not enough, columns stand below others.
    """
    shown = [row for row in rows if row.mean is not None]
    names = list(shown[0].settings) if shown else []
    settings = [Column(name, [show_value(row.settings[name]) for row in shown]) for name in names]
    accuracy = Column("validation", [percent(row.mean) for row in shown], is_right=True)
    # The first is left out first.
    figures = {
        "runs": [str(runs_of(row)) for row in shown],
        "seconds": [_mean_cell(row.seconds, 1) for row in shown],
        "best epoch": [_mean_cell(of_complete_runs(row, row.best_epoch), 1) for row in shown],
        "val. cost": [_mean_cell(row.cost, 4) for row in shown],
        "95 % interval": [_interval(row) for row in shown],
        "deviation": [percent(row.standard_deviation) for row in shown],
    }
    further = [
        Column(heading, cells, is_right=True)
        for heading, cells in figures.items()
        if {*cells} != {NOTHING}
    ]
    while further and not fits([*settings, accuracy, *further], width):
        further.pop(0)
    figures_shown = [accuracy, *reversed(further)]
    cut = list(settings)
    while cut and not fits([*cut, *figures_shown], width):
        widest = max(range(len(cut)), key=lambda n: cut[n].width)
        if cut[widest].width <= SHORTEST_CELL:
            return table([*settings, *figures_shown], width)
        cut[widest] = _narrower(cut[widest])
    return table([*cut, *figures_shown], width)


def _narrower(column: Column) -> Column:
    """Return a column whose longest texts are cut by a character."""
    cells = [shorten(cell, column.width - 1) for cell in column.cells]
    return Column(shorten(column.heading, max(map(len, cells))), cells)


def _mean_cell(values: Iterable[float | None], decimals: int) -> str:
    mean = mean_of(values)
    return NOTHING if mean is None else f"{mean:.{decimals}f}"


def _interval(row: Row) -> str:
    if row.interval is None:
        return NOTHING
    low, high = row.interval
    return f"{low * 100:.2f} to {percent(high)}"
