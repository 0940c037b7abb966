"""The tables of `mlp evaluate`: figures per class, and which classes are confused."""

from typing import TYPE_CHECKING

from mlp_cli.commands.shared.columns import Column, fits, table
from mlp_cli.commands.shared.text import fitted
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.measuring.percent import percent
from mlp_cli.system.characters import padded, width_of_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mlp_cli.measuring.scores import ClassFigures

LINE_WIDTH = 80
"""columns of a terminal"""
ALWAYS_PRINTED = 10
"""classes whose matrix is printed, however wide it is"""
SHOWN_PAIRS = 20


def figures_table(
    kind: str, rows: list[str], figures: "list[ClassFigures]", width: int | None
) -> str:
    """Return precision, recall and F1 with a row for each class, under its heading."""
    columns = [
        Column(kind, rows, _is_right(kind)),
        Column("precision", [percent(f.precision) for f in figures], is_right=True),
        Column("  recall", [percent(f.recall) for f in figures], is_right=True),
        Column("      F1", [percent(f.f1) for f in figures], is_right=True),
        Column("examples", [f"{f.examples:,}" for f in figures], is_right=True),
    ]
    return table(columns, width)


def confusion_text(
    classes: ClassNames, confusion: "npt.NDArray[np.int64]", width: int | None = None
) -> str:
    """Return the matrix, or its worst pairs where it is too wide for the terminal.

    width: None where there is no terminal; then only the matrix of many classes is too wide.
    """
    kind, rows = classes.class_headings(len(confusion))
    columns = _matrix(kind, rows, confusion.tolist())
    limit = LINE_WIDTH if width is None and len(rows) > ALWAYS_PRINTED else width
    if fits(columns, limit):
        head = fitted(f"Correct {kind} down, prediction across:", width)
        return f"{head}\n\n{table(columns, width)}"
    return fitted("\n".join(_worst_pairs(classes, confusion)), width)


def _matrix(kind: str, rows: list[str], confusion: list[list[int]]) -> list[Column]:
    """Return the matrix; rows have names, columns only labels, since names are too long there."""
    width = max(len(str(n)) for row in [*confusion, range(len(rows))] for n in row)
    left = max(map(width_of_text, [kind, *rows]))
    names = [padded(name, left, _is_right(kind)) for name in rows]
    across = [
        Column(f"{label:>{width}}", [str(count or ".") for count in counts], is_right=True)
        for label, counts in enumerate(zip(*confusion, strict=True))
    ]
    return [Column("", names), *across]


def _worst_pairs(classes: ClassNames, confusion: "npt.NDArray[np.int64]") -> list[str]:
    """Return a line for each of the pairs that are confused most, and how many others there are."""
    from mlp_cli.measuring.scores import confused_pairs

    pairs = confused_pairs(confusion)
    if not pairs:
        return ["No class is read as another."]
    shown = pairs[:SHOWN_PAIRS]
    names = [(classes.class_name(p.truth), classes.class_name(p.prediction)) for p in shown]
    left, right = (max(map(width_of_text, column)) for column in zip(*names, strict=True))
    digits = len(f"{shown[0].times:,}")
    head = f"Classes that are read as another, the worst {len(shown)} of {len(pairs):,} pairs:"
    return [
        f"{head}\n",
        *(
            f"{padded(truth, left)} read as {padded(prediction, right)}  {p.times:>{digits},} "
            f"time{'' if p.times == 1 else 's'}"
            for (truth, prediction), p in zip(names, shown, strict=True)
        ),
        "",
        "The whole matrix: --plot FILE draws it, --json prints it.",
    ]


def _is_right(kind: str) -> bool:
    """Return whether row headings stand at the right: digits do, names do not."""
    return kind == "digit"
