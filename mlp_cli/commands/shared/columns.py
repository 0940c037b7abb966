"""Columns of text that fit the terminal: how every command prints a table."""

from collections.abc import Sequence
from typing import NamedTuple

from mlp_cli.commands.shared.text import fitted
from mlp_cli.system.characters import padded, width_of_text

GAP = "  "
MOST_PANELS = 2
"""tables below one another that one still reads together"""


class Column(NamedTuple):
    """A heading, and a text for every row."""

    heading: str
    cells: Sequence[str]
    is_right: bool = False
    """whether the texts end in one column, as numbers do"""

    @property
    def width(self) -> int:
        """The columns of the terminal that it takes."""
        return max(map(width_of_text, [self.heading, *self.cells]))

    def lines(self) -> list[str]:
        """Return heading and cells, of one width."""
        return [padded(text, self.width, self.is_right) for text in [self.heading, *self.cells]]


def fits(columns: Sequence[Column], width: int | None) -> bool:
    """Return whether a table of these columns is at most so wide; None: as wide as it likes."""
    total = sum(column.width for column in columns) + len(GAP) * (len(columns) - 1)
    return width is None or total <= width


def table(columns: Sequence[Column], width: int | None) -> str:
    """Return columns under their headings; the first column says what the rows are.

    In a terminal that is too narrow, the columns that do not fit stand below, beside the first
    once more. Where that takes more than two panels, each row stands below its first cell instead.
    Columns without any heading have no line for it.
    """
    panels = _panels(columns, width)
    if len(panels) <= MOST_PANELS and all(fits(panel, width) for panel in panels):
        return "\n\n".join(map(_panel, panels))
    return _records(columns, width)


def _panels(columns: Sequence[Column], width: int | None) -> list[list[Column]]:
    first, *others = columns
    panels = [[first]]
    for column in others:
        if not fits([*panels[-1], column], width) and len(panels[-1]) > 1:
            panels.append([first])
        panels[-1].append(column)
    return panels


def _panel(columns: Sequence[Column]) -> str:
    rows = list(zip(*(column.lines() for column in columns), strict=True))
    has_headings = any(column.heading for column in columns)
    return "\n".join(GAP.join(row).rstrip() for row in rows[0 if has_headings else 1 :])


def _records(columns: Sequence[Column], width: int | None) -> str:
    """Return the rows as paragraphs: the first cell, and below it the others with their headings.

    Cells that are empty are left out.
    """
    first, *others = columns
    name_width = max((width_of_text(column.heading) for column in others), default=0)
    lines = []
    for number, name in enumerate(first.cells):
        lines.append(fitted(name, width))
        for column in others:
            if cell := column.cells[number]:
                heading = f"{padded(column.heading, name_width)}{GAP}" if name_width else ""
                lines.append(fitted(f"{GAP}{heading}{cell}", width, at_label=bool(heading)))
    return "\n".join(lines)
