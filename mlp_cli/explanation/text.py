"""The explanation of one example as text, in the order and symbols of the derivation."""

from collections.abc import Sequence

import numpy as np

from mlp_cli.explanation.check import (
    compared_columns,
    deviations_as_text,
    labels_of,
    legend,
    shape_of,
    verdict,
)
from mlp_cli.explanation.comparison import Derivative, digest, is_small
from mlp_cli.explanation.notation import (
    COST_FORMULAS,
    FACT_1_FORMULAS,
    OUTPUT_SYMBOLS,
    REASONS_FOR_A_MINUS_Y,
    derivative_name,
    of_layer,
    with_layer,
)
from mlp_cli.explanation.passes import Explanation, LayerPasses
from mlp_cli.explanation.rounding import for_reading
from mlp_cli.explanation.tables import (
    Block,
    Column,
    FormulaLine,
    Heading,
    Table,
    format_number,
    format_numbers,
)
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.types import Floats

Named = tuple[str, Floats]
"""An array and its name"""

LARGEST_ROWS = "largest"
"""heading of the labels where only the largest entries are shown"""


def explain_in_full(e: Explanation) -> list[Block]:
    """Return both passes, line by line as in the derivation."""
    e = for_reading(e)
    a = with_layer("a", 1)
    blocks: list[Block] = [
        Heading("Feedforward(x)"),
        FormulaLine(f"{a} = x", f"{a} {shape_of(e.x)}"),
    ]
    blocks += _vectors([(a, e.x)], e.x)
    if any(is_small(layer.W) for layer in e.layers):
        blocks += ["Above each column w_j of a matrix is the a_j that it is multiplied by.", ""]
    for layer in e.layers:
        blocks += _forward(e, layer)
    blocks += [Heading("Backpropagate(y, A)"), *_before_the_loop(e)]
    for layer in e.backwards:
        blocks += [Heading(f"Backpropagate, layer l = {layer.l}"), *_turn(e, layer)]
    return [*blocks, Heading("Central differences"), *legend(e), *verdict(e)]


def _forward(e: Explanation, layer: LayerPasses) -> list[Block]:
    """Return z^l and a^l; above each column of W^l is the activation that it is multiplied by."""
    W, b, z, a = (with_layer(symbol, layer.l) for symbol in "Wbza")
    before = with_layer("a", layer.l - 1)
    named = [(b, layer.b), (z, layer.z), (a, layer.a)]
    lines = [
        FormulaLine(
            f"{z} = {W} {before} + {b}", f"{W} {shape_of(layer.W)}, {b} {shape_of(layer.b)}"
        ),
        FormulaLine(
            f"{a} = {_sigma(e, layer)}({z})", f"{z} {shape_of(layer.z)}, {a} {shape_of(layer.a)}"
        ),
    ]
    if not is_small(layer.W):
        return [*lines, _digests([(W, layer.W)]), *_vectors(named, layer.z)]
    columns = [
        Column(f"w_{j}", [format_number(x), *format_numbers(w)])
        for j, (x, w) in enumerate(zip(layer.a_previous, layer.W.T, strict=True), start=1)
    ]
    columns += [Column(name, ["", *format_numbers(values)]) for name, values in named]
    return [*lines, Table("", [before, *_counted(layer.b)], columns)]


def _before_the_loop(e: Explanation) -> list[Block]:
    """Return C and what comes before the loop of Backpropagate: Facts 1 and 2 at layer L."""
    output, cost = e.layers[-1], e.network.cost
    L, d_a = output.l, output.d_a
    return [
        *_wanted(e),
        f"C = {of_layer(COST_FORMULAS[cost], L)} = {format_number(e.C)}",
        "",
        FormulaLine(
            f"Fact 1   {derivative_name('d_a', L)} = {of_layer(FACT_1_FORMULAS[cost], L)}",
            shape_of(d_a.values),
        ),
        *_derivative(d_a, [(with_layer("a", L), output.a), ("y", e.y)]),
        *_fact_2(e, output),
    ]


def _wanted(e: Explanation) -> list[Block]:
    """Return y, by the number of the output that should be 1 where it is one; Fact 1 shows all."""
    return [] if e.label is None else [f"y = e_{e.label + 1}"]


def _turn(e: Explanation, layer: LayerPasses) -> list[Block]:
    """Return one turn of the loop of Backpropagate over the layers."""
    l, b, W = layer.l, with_layer("b", layer.l), with_layer("W", layer.l)
    d_z, d_b, D_W, a = (
        derivative_name("d_z", l),
        derivative_name("d_b", l),
        derivative_name("D_W", l),
        with_layer("a", layer.l - 1),
    )
    blocks: list[Block] = [
        FormulaLine(f"Fact 3   {d_b} = {d_z}", shape_of(layer.b)),
        f"         Δ{b} = -η {d_b},   η = {e.eta:g}",
        *_derivative(layer.d_b, [], (f"Δ{b}", layer.Delta_b)),
        f"Fact 4   d_w_j C = a_j {d_z}, column by column, a_j of {a}",
        FormulaLine(f"Fact 5   {D_W} = {d_z} ⊗ {a}", shape_of(layer.W)),
        f"         Δ{W} = -η {D_W}",
        *_weights(layer),
    ]
    if l > 2:
        before = e.before(layer)
        blocks += [*_fact_6(layer, before), *_fact_2(e, before)]
    else:
        blocks += ["Facts 6 and 2 are not needed at layer 1: there is nothing to update.", ""]
    return [*blocks, *_update(layer)]


def _fact_2(e: Explanation, layer: LayerPasses) -> list[Block]:
    """Return d_z C from d_a C, or as a - y where the cost gives Facts 1 and 2 in one formula."""
    l, d_z, d_a = layer.l, derivative_name("d_z", layer.l), derivative_name("d_a", layer.l)
    if layer.slope is None:
        a = with_layer("a", l)
        return [
            FormulaLine(f"Fact 2   {d_z} = {a} - y", shape_of(layer.z)),
            f"         Facts 1, 2 in one: {of_layer(REASONS_FOR_A_MINUS_Y[e.network.cost], l)}",
            *_derivative(layer.d_z, [(a, layer.a), ("y", e.y)]),
        ]
    sigma = f"{_sigma(e, layer)}'"
    activation = "sigmoid" if layer is e.layers[-1] else e.network.activation
    return [
        FormulaLine(f"Fact 2   {d_z} = {d_a} ⊙ {sigma}({with_layer('z', l)})", shape_of(layer.z)),
        f"         {sigma}({with_layer('z', l)}) = {of_layer(ACTIVATIONS[activation].slope, l)}",
        *_derivative(layer.d_z, [(d_a, layer.d_a.values), (sigma, layer.slope)]),
    ]


def _fact_6(layer: LayerPasses, before: LayerPasses) -> list[Block]:
    """Return d_a C of the layer before, computed from (W^l)^t, which is shown if it is small."""
    d, d_z = before.d_a, derivative_name("d_z", layer.l)
    line = FormulaLine(
        f"Fact 6   {derivative_name('d_a', before.l)} = ({with_layer('W', layer.l)})ᵗ {d_z}",
        shape_of(before.a),
    )
    if not is_small(layer.W):
        return [line, *_derivative(d, [])]
    columns = [
        Column(f"row {i}", [format_number(factor), *format_numbers(row)])
        for i, (factor, row) in enumerate(zip(layer.d_z.values, layer.W, strict=True), start=1)
    ]
    columns += [Column(heading, ["", *cells]) for heading, cells in compared_columns(d, d.shown)]
    return [line, Table("", [d_z, *_counted(before.a)], columns)]


def _weights(layer: LayerPasses) -> list[Block]:
    """Return D_W C as the multiplication table that it is, or its largest entries."""
    d, Delta_W, d_z, a = layer.D_W, layer.Delta_W, layer.d_z.values, layer.a_previous
    names = (
        derivative_name("d_z", layer.l),
        with_layer("a", layer.l - 1),
        f"Δ{with_layer('W', layer.l)}",
    )
    if not d.is_small:
        i, j = d.entries[d.shown].T
        columns = [
            Column(names[0], format_numbers(d_z[i])),
            Column(names[1], format_numbers(a[j])),
            *compared_columns(d, d.shown),
            Column(names[2], format_numbers(Delta_W[i, j])),
        ]
        return [
            _digests([(derivative_name("D_W", layer.l), d.values), (names[2], Delta_W)]),
            Table(LARGEST_ROWS, labels_of(d.entries[d.shown]), columns),
        ]
    central = d.central.reshape(d.values.shape)
    deviations = np.reshape(deviations_as_text(d, d.shown), d.values.shape)
    labels, factors = [names[1]], [""]
    products = [[format_number(x)] for x in a]
    for i, label in enumerate(_counted(d_z)):
        labels += [label, "central", "deviation", names[2]]
        factors += [format_number(d_z[i]), "", "", ""]
        for j, product in enumerate(products):
            product += format_numbers([d.values[i, j], central[i, j]])
            product += [str(deviations[i, j]), format_number(Delta_W[i, j])]
    columns = [Column(f"d_w_{j} C", product) for j, product in enumerate(products, start=1)]
    return [Table("", labels, [Column(names[0], factors), *columns])]


def _update(layer: LayerPasses) -> list[Block]:
    """Return the parameters after the update."""
    b, W = with_layer("b", layer.l), with_layer("W", layer.l)
    new_b, new_W = layer.new_b, layer.new_W
    line = FormulaLine(
        f"Update   {b} += Δ{b},  {W} += Δ{W}", f"{W} {shape_of(new_W)}, {b} {shape_of(new_b)}"
    )
    if not is_small(new_W):
        return [line, _digests([(W, new_W), (b, new_b)])]
    columns = [Column(f"w_{j}", format_numbers(w)) for j, w in enumerate(new_W.T, start=1)]
    return [line, Table("", _counted(new_b), [*columns, Column(b, format_numbers(new_b))])]


def _derivative(d: Derivative, known: Sequence[Named], *more: Named) -> list[Block]:
    """Return a derivative with respect to a vector, after its factors and before its update."""
    rows = d.entries[d.shown]
    i = rows[:, 0]
    columns = [
        *(Column(name, format_numbers(values[i])) for name, values in known),
        *compared_columns(d, d.shown),
        *(Column(name, format_numbers(values[i])) for name, values in more),
    ]
    table = Table("" if d.is_small else LARGEST_ROWS, labels_of(rows), columns)
    if d.is_small:
        return [table]
    return [_digests([*known, (derivative_name(d.symbol, d.l), d.values), *more]), table]


def _vectors(named: Sequence[Named], deciding: Floats) -> list[Block]:
    """Return vectors side by side: in full, or the rows where `deciding` is farthest from 0."""
    if is_small(deciding):
        return [
            Table("", _counted(deciding), [Column(name, format_numbers(v)) for name, v in named])
        ]
    rows = digest(deciding).largest
    columns = [Column(name, format_numbers(values[rows[:, 0]])) for name, values in named]
    return [_digests(named), Table(LARGEST_ROWS, labels_of(rows), columns)]


def _digests(named: Sequence[Named]) -> Table:
    """Return a row for each array that is too large to show."""
    digests = [digest(values) for _, values in named]
    return Table(
        "",
        [name for name, _ in named],
        [
            Column("norm", format_numbers(d.norm for d in digests)),
            Column("min", format_numbers(d.min for d in digests)),
            Column("max", format_numbers(d.max for d in digests)),
        ],
    )


def _sigma(e: Explanation, layer: LayerPasses) -> str:
    """Return the symbol of a layer's activation function."""
    if layer is e.layers[-1]:
        return OUTPUT_SYMBOLS[e.network.cost]
    return ACTIVATIONS[e.network.activation].symbol


def _counted(vector: Floats) -> list[str]:
    """Return the numbers of a vector's entries, from 1 as in the derivation."""
    return [str(i + 1) for i in range(len(vector))]
