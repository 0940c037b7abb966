"""Formulas and tables of numbers for a terminal of 80 columns, or fewer."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

LINE_WIDTH = 80
"""characters of a line"""
CELL = 9
"""characters of a label or a number"""


class Column(NamedTuple):
    """A heading, and a text for every row under it."""

    heading: str
    cells: Sequence[str]


class Table(NamedTuple):
    """Labelled rows of columns; those that do not fit on a line, the eighth of 80, stand below."""

    corner: str
    """the heading of the labels"""
    labels: Sequence[str]
    columns: Sequence[Column]


class FormulaLine(NamedTuple):
    """A formula, and a note about it at the right."""

    formula: str
    note: str


class Heading(NamedTuple):
    """A line that begins a part of the text, with a rule behind it."""

    text: str


Block = str | Table | FormulaLine | Heading
"""A part of a text: a line as it is, or something to lay out"""


def lay_out(blocks: Iterable[Block], spell: Callable[[str], str], width: int | None = None) -> str:
    """Return the text of these blocks. A line that is given as it is may be longer than `width`.

    spell: applied to every part of the text before layout, since it may change its length.
    width: characters of a line; None, or more than 80: 80.
    """
    width = LINE_WIDTH if width is None else min(width, LINE_WIDTH)
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Table):
            lines += _table_lines(block, spell, width)
        elif isinstance(block, FormulaLine):
            lines += _formula_lines(spell(block.formula), spell(block.note), width)
        elif isinstance(block, Heading):
            lines.append(f"{spell(block.text)} ".ljust(width, "-"))
        else:
            lines.append(spell(block))
    return "\n".join(lines)


def format_number(value: float) -> str:
    """Return a number in nine characters, with as many digits as fit: `-0.093750`, `1.250e-05`."""
    value = value + 0.0  # -0.0 is 0
    fixed = (f"{value:.{places}f}" for places in range(6, 0, -1))
    floating = (f"{value:.{places}e}" for places in range(3, -1, -1))
    spellings = [*fixed, *floating] if value == 0 or 0.001 <= abs(value) < 1e6 else list(floating)
    return next((text for text in spellings if len(text) <= CELL), spellings[-1])


def format_numbers(values: Iterable[float]) -> list[str]:
    """Return each number in nine characters."""
    return [format_number(value) for value in values]


def format_deviation(value: float) -> str:
    """Return a relative deviation, or `none` where there was nothing to compare with."""
    return f"{value:.1e}" if value == value else "none"


def _formula_lines(formula: str, note: str, width: int) -> list[str]:
    """Return formula and note on one line, or on two where they would touch."""
    line = note.rjust(width)
    if line[: len(formula) + 2].isspace():
        return [formula + line[len(formula) :]]
    return [formula, line]


def _table_lines(table: Table, spell: Callable[[str], str], width: int) -> list[str]:
    lines = []
    count = max(1, width // (CELL + 1) - 1)  # numbers behind a label, a blank before each
    for start in range(0, len(table.columns), count):
        panel = table.columns[start : start + count]
        headings = [spell(column.heading) for column in panel]
        widths = [max(CELL, len(heading)) for heading in headings]
        rows = [(spell(table.corner), headings)]
        rows += [
            (spell(label), [c.cells[i] for c in panel]) for i, label in enumerate(table.labels)
        ]
        for label, cells in rows:
            texts = [f"{text:>{width}}" for text, width in zip(cells, widths, strict=True)]
            lines.append(" ".join([f" {label:>{CELL}}", *texts]).rstrip())
        lines.append("")
    return lines
