"""Help that fits a narrow terminal."""

from collections.abc import Iterable

import click

from mlp_cli.commands.shared.text import fitted, output_width

NARROW = 60
"""columns; with fewer, an option's description stands below it"""
MARGIN = 2
"""columns that Click leaves free"""
SHORT_TERM = 8
"""characters of the names that a description stands beside, in a narrow terminal"""


class FittingFormatter(click.HelpFormatter):
    """Writes help for the terminal as it is, where Click takes 50 columns at least."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        columns = output_width()
        self._columns = None if columns is None or columns >= NARROW else columns
        if width is None and self._columns:
            width = self._columns - MARGIN
        super().__init__(indent_increment, width, max_width)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write terms with their descriptions, beside or below them."""
        if self._columns:
            room = self.width - self.current_indent
            rows = [(_broken(term, room), description) for term, description in rows]
            col_max = SHORT_TERM
        super().write_dl(list(rows), col_max, col_spacing)

    def getvalue(self) -> str:
        """Return the text; lines that Click leaves as they are break, too."""
        return fitted(super().getvalue(), self._columns, at_label=True)


def _broken(term: str, room: int) -> str:
    """Return an option with its values, on several lines where it is too long for one."""
    lines = [""]
    for piece in term.replace(" ", " \0").replace("|", "|\0").split("\0"):
        if len(lines[-1]) + len(piece) > room:
            lines.append(" " * 6)
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


class FittingContext(click.Context):
    """The context of a command, whose help fits the terminal."""

    formatter_class = FittingFormatter
