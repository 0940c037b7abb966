"""The comparison of every derivative with its central differences, as text."""

from mlp_cli.explanation.comparison import TOLERANCE, Derivative, Positions
from mlp_cli.explanation.differences import Entries
from mlp_cli.explanation.notation import derivative_name
from mlp_cli.explanation.passes import Explanation
from mlp_cli.explanation.rounding import for_reading
from mlp_cli.explanation.tables import (
    Block,
    Column,
    FormulaLine,
    Table,
    format_deviation,
    format_numbers,
)
from mlp_cli.nn.types import Floats

TINY = "tiny"
"""stands for the deviation of two numbers below the floor"""


def explain_check(e: Explanation) -> list[Block]:
    """Return every derivative beside its central difference, and nothing else.

    Of a large array, the entries that deviate most are shown.
    """
    e = for_reading(e)
    blocks: list[Block] = legend(e)
    for d in e.derivatives:
        positions = d.checked
        which = "" if d.is_small else "worst"
        note = shape_of(d.values)
        if not d.is_small:
            note = f"{note}, {d.compared:,} compared"
        blocks += [FormulaLine(f"Fact {d.fact}   {derivative_name(d.symbol, d.l)}", note)]
        blocks += [Table(which, labels_of(d.entries[positions]), compared_columns(d, positions))]
    return [*blocks, *verdict(e)]


def describe_failure(e: Explanation) -> str:
    """Return a sentence that names the derivative with the largest deviation."""
    d = e.worst
    position = d.worst[:1]
    (value,) = format_numbers(d.compared_values[position])
    (central,) = format_numbers(d.central[position])
    return (
        f"{_place_of_worst(d)} (Fact {d.fact}): {value}, "
        f"but its central difference is {central}; a relative deviation of "
        f"{format_deviation(d.largest_deviation)}, expected {TOLERANCE:g} at most."
    )


def _place_of_worst(d: Derivative) -> str:
    """Return which entry deviates most, in words."""
    (label,) = labels_of(d.entries[d.worst[:1]])
    return f"{derivative_name(d.symbol, d.l)} at {label}"


def legend(e: Explanation) -> list[Block]:
    """Explain the columns of the comparison."""
    return [
        "central     c = (C(v + h) - C(v - h)) / 2h, for one value v at a time: C from a",
        "            feedforward at v + h and at v - h, in float64, extrapolated to h = 0",
        f"deviation   |d - c| / max(|d|, |c|, {e.floor:.1e}) for the derivative d",
        f"            {TINY}: d and c are both below {e.floor:.1e}, where rounding decides",
        "",
    ]


def verdict(e: Explanation) -> list[Block]:
    """Return how many derivatives were compared, and the largest deviation."""
    d = e.worst
    blocks: list[Block] = [
        f"compared    {e.compared_parameters:,} of {e.parameters:,} parameters, "
        f"{e.compared:,} derivatives in all",
        f"largest     deviation {format_deviation(d.largest_deviation)}, of {_place_of_worst(d)}; "
        f"allowed {TOLERANCE:g}",
    ]
    if e.incomparable:
        blocks.append(
            f"none        for {e.incomparable:,} more: too near a corner of relu, or an output "
            "at 0 or 1"
        )
    return blocks


def compared_columns(d: Derivative, positions: Positions) -> list[Column]:
    """Return some entries of a derivative, their central differences, and the deviations."""
    return [
        Column(derivative_name(d.symbol, d.l), format_numbers(d.compared_values[positions])),
        Column("central", format_numbers(d.central[positions])),
        Column("deviation", deviations_as_text(d, positions)),
    ]


def deviations_as_text(d: Derivative, positions: Positions) -> list[str]:
    """Return some entries' deviations: `tiny` where rounding decides what is left to compare."""
    return [
        TINY if is_below else format_deviation(value)
        for value, is_below in zip(
            d.deviations[positions], d.is_below_floor[positions], strict=True
        )
    ]


def labels_of(entries: Entries) -> list[str]:
    """Return entries of a vector or a matrix, counted from 1 as in the derivation: `12, 345`."""
    return [", ".join(str(i + 1) for i in entry) for entry in entries.tolist()]


def shape_of(array: Floats) -> str:
    """Return the shape of an array: `30 x 784`."""
    return " x ".join(f"{n:,}" for n in array.shape)
