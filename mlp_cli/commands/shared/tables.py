"""The tables of `mlp evaluate`: figures per class, and which classes are confused."""

from typing import TYPE_CHECKING

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


def figures_table(kind: str, rows: list[str], figures: "list[ClassFigures]") -> str:
    """Return precision, recall and F1 with a row for each class, under its heading."""
    width = max(map(width_of_text, [kind, *rows]))
    lines = [f"{kind:<{width}}  precision    recall        F1  examples"]
    lines += [
        f"{padded(row, width, _is_right(kind))}  {percent(f.precision):>9}  {percent(f.recall):>8}"
        f"  {percent(f.f1):>8}  {f.examples:>8,}"
        for row, f in zip(rows, figures, strict=True)
    ]
    return "\n".join(lines)


def confusion_text(classes: ClassNames, confusion: "npt.NDArray[np.int64]") -> str:
    """Return the matrix; of many classes, where it is too wide for a terminal, its worst pairs."""
    kind, rows = classes.class_headings(len(confusion))
    lines = _matrix(kind, rows, confusion.tolist())
    if len(rows) > ALWAYS_PRINTED and max(map(width_of_text, lines)) > LINE_WIDTH:
        return "\n".join(_worst_pairs(classes, confusion))
    return "\n".join([f"Correct {kind} down, prediction across:\n", *lines])


def _matrix(kind: str, rows: list[str], confusion: list[list[int]]) -> list[str]:
    """Return the matrix; rows have names, columns only labels, since names are too long there."""
    left, labels = max(map(width_of_text, [kind, *rows])), range(len(rows))
    width = max(len(str(n)) for row in [*confusion, labels] for n in row)
    lines = [f"{'':<{left}}" + "".join(f"  {label:>{width}}" for label in labels)]
    lines += [
        padded(name, left, _is_right(kind)) + "".join(f"  {count or '.':>{width}}" for count in row)
        for name, row in zip(rows, confusion, strict=True)
    ]
    return lines


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
