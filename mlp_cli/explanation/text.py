"""The explanation of one example as text, to be followed with the notes on the desk."""

from collections.abc import Sequence

from mlp_cli.explanation.comparison import TOLERANCE, Derivative, Places, digest, is_small
from mlp_cli.explanation.differences import Indices
from mlp_cli.explanation.notation import COST, FACT_1, OUTPUT, SIGMA, SLOPE, WHY, by, of_layer, up
from mlp_cli.explanation.passes import Explanation, Layer
from mlp_cli.explanation.tables import Block, Column, Line, Table, deviation, number, numbers
from mlp_cli.nn.types import Floats

Named = tuple[str, Floats]
"""What an array is called, and the array."""

LARGEST = "largest"
"""what rows are that stand for all rows"""


def explain_in_full(e: Explanation) -> list[Block]:
    """Return both passes, line by line as the notes have them."""
    a = up("a", 1)
    blocks: list[Block] = [_heading("Feedforward(x)"), Line(f"{a} = x", f"{a} {_shape(e.x)}")]
    blocks += _vectors([(a, e.x)], e.x)
    if any(is_small(layer.W) for layer in e.layers):
        blocks += ["Over each column w_j of a matrix stands the a_j that it is multiplied by.", ""]
    for layer in e.layers:
        blocks += _forward(e, layer)
    blocks += [_heading("Backpropagate(y, A)"), *_before_the_loop(e)]
    for layer in e.backwards:
        blocks += [_heading(f"Backpropagate, layer l = {layer.l}"), *_turn(e, layer)]
    return [*blocks, _heading("Central differences"), *_legend(e), *_verdict(e)]


def explain_check(e: Explanation) -> list[Block]:
    """Return every derivative beside its central difference, and nothing else.

    Of a large array only the entries that deviate most are shown.
    """
    blocks: list[Block] = _legend(e)
    for d in e.derivatives:
        places = d.shown if d.is_small else d.worst
        which = "" if d.is_small else "worst"
        note = _shape(d.values)
        if not d.is_small:
            note = f"{note}, {d.compared:,} compared"
        blocks += [Line(f"Fact {d.fact}   {by(d.symbol, d.l)}", note)]
        blocks += [Table(which, _labels(d.entries[places]), _compared(d, places))]
    return [*blocks, *_verdict(e)]


def describe_failure(e: Explanation) -> str:
    """Say in a line or two which derivative deviates most."""
    d = e.worst
    place = d.worst[:1]
    (label,), (value,), (central,) = (
        _labels(d.entries[place]),
        numbers(d.compared_values[place]),
        numbers(d.central[place]),
    )
    return (
        f"{by(d.symbol, d.l)} at {label} (Fact {d.fact}): {value}, "
        f"but its central difference is {central}; a relative deviation of "
        f"{deviation(d.largest_deviation)}, expected {TOLERANCE:g} at most."
    )


def _forward(e: Explanation, layer: Layer) -> list[Block]:
    """Return z^l and a^l; over the columns of W^l stand the activations they are multiplied by."""
    W, b, z, a = (up(symbol, layer.l) for symbol in "Wbza")
    before = up("a", layer.previous)
    named = [(b, layer.b), (z, layer.z), (a, layer.a)]
    lines = [
        Line(f"{z} = {W} {before} + {b}", f"{W} {_shape(layer.W)}, {b} {_shape(layer.b)}"),
        Line(f"{a} = {_sigma(e, layer)}({z})", f"{z} {_shape(layer.z)}, {a} {_shape(layer.a)}"),
    ]
    if not is_small(layer.W):
        return [*lines, _digests([(W, layer.W)]), *_vectors(named, layer.z)]
    columns = [
        Column(f"w_{j}", [number(x), *numbers(w)])
        for j, (x, w) in enumerate(zip(layer.a_previous, layer.W.T, strict=True), start=1)
    ]
    columns += [Column(name, ["", *numbers(values)]) for name, values in named]
    return [*lines, Table("", [before, *_counted(layer.b)], columns)]


def _before_the_loop(e: Explanation) -> list[Block]:
    """Return C and what comes before the notes' loop: Facts 1 and 2 at layer L."""
    output, cost = e.layers[-1], e.network.cost
    L, d_a = output.l, output.d_a
    return [
        f"y = e_{e.label + 1}",
        f"C = {of_layer(COST[cost], L)} = {number(e.C)}",
        "",
        Line(f"Fact 1   {by('d_a', L)} = {of_layer(FACT_1[cost], L)}", _shape(d_a.values)),
        *_derivative(d_a, [(up("a", L), output.a), ("y", e.y)]),
        *_fact_2(e, output),
    ]


def _turn(e: Explanation, layer: Layer) -> list[Block]:
    """Return one turn of the notes' loop over the layers."""
    l, b, W = layer.l, up("b", layer.l), up("W", layer.l)
    d_z, d_b, D_W, a = by("d_z", l), by("d_b", l), by("D_W", l), up("a", layer.previous)
    blocks: list[Block] = [
        Line(f"Fact 3   {d_b} = {d_z}", _shape(layer.b)),
        f"         Δ{b} = -η {d_b},   η = {e.eta:g}",
        *_derivative(layer.d_b, [], (f"Δ{b}", layer.Delta_b)),
        f"Fact 4   d_w_j C = a_j {d_z}, column by column, a_j of {a}",
        Line(f"Fact 5   {D_W} = {d_z} ⊗ {a}", _shape(layer.W)),
        f"         Δ{W} = -η {D_W}",
        *_weights(layer),
    ]
    if l > 2:
        before = e.before(layer)
        blocks += [*_fact_6(layer, before), *_fact_2(e, before)]
    else:
        blocks += ["Facts 6 and 2 of layer 1 have no use: there is nothing to update.", ""]
    return [*blocks, *_update(layer)]


def _fact_2(e: Explanation, layer: Layer) -> list[Block]:
    """Return the derivative by z^l from that by a^l, or from a - y where these two are made so."""
    l, d_z, d_a = layer.l, by("d_z", layer.l), by("d_a", layer.l)
    if layer.slope is None:
        a = up("a", l)
        return [
            Line(f"Fact 2   {d_z} = {a} - y", _shape(layer.z)),
            f"         Facts 1, 2 in one: {of_layer(WHY[e.network.cost], l)}",
            *_derivative(layer.d_z, [(a, layer.a), ("y", e.y)]),
        ]
    sigma = f"{_sigma(e, layer)}'"
    activation = "sigmoid" if layer is e.layers[-1] else e.network.activation
    return [
        Line(f"Fact 2   {d_z} = {d_a} ⊙ {sigma}({up('z', l)})", _shape(layer.z)),
        f"         {sigma}({up('z', l)}) = {of_layer(SLOPE[activation], l)}",
        *_derivative(layer.d_z, [(d_a, layer.d_a.values), (sigma, layer.slope)]),
    ]


def _fact_6(layer: Layer, before: Layer) -> list[Block]:
    """Return the derivative by the activations before a layer, from (W^l)^t if that is small."""
    d, d_z = before.d_a, by("d_z", layer.l)
    line = Line(f"Fact 6   {by('d_a', before.l)} = ({up('W', layer.l)})ᵗ {d_z}", _shape(before.a))
    if not is_small(layer.W):
        return [line, *_derivative(d, [])]
    columns = [
        Column(f"row {i}", [number(factor), *numbers(row)])
        for i, (factor, row) in enumerate(zip(layer.d_z.values, layer.W, strict=True), start=1)
    ]
    columns += [Column(heading, ["", *cells]) for heading, cells in _compared(d, d.shown)]
    return [line, Table("", [d_z, *_counted(before.a)], columns)]


def _weights(layer: Layer) -> list[Block]:
    """Return the derivative by W^l: the multiplication table that it is, or its largest entries."""
    d, Delta_W, d_z, a = layer.D_W, layer.Delta_W, layer.d_z.values, layer.a_previous
    names = by("d_z", layer.l), up("a", layer.previous), f"Δ{up('W', layer.l)}"
    if not d.is_small:
        i, j = d.entries[d.shown].T
        columns = [
            Column(names[0], numbers(d_z[i])),
            Column(names[1], numbers(a[j])),
            *_compared(d, d.shown),
            Column(names[2], numbers(Delta_W[i, j])),
        ]
        return [
            _digests([(by("D_W", layer.l), d.values), (names[2], Delta_W)]),
            Table(LARGEST, _labels(d.entries[d.shown]), columns),
        ]
    central, deviations = (values.reshape(d.values.shape) for values in (d.central, d.deviations))
    labels, factors = [names[1]], [""]
    products = [[number(x)] for x in a]
    for i, label in enumerate(_counted(d_z)):
        labels += [label, "central", "deviation", names[2]]
        factors += [number(d_z[i]), "", "", ""]
        for j, product in enumerate(products):
            product += numbers([d.values[i, j], central[i, j]])
            product += [deviation(deviations[i, j]), number(Delta_W[i, j])]
    columns = [Column(f"d_w_{j} C", product) for j, product in enumerate(products, start=1)]
    return [Table("", labels, [Column(names[0], factors), *columns])]


def _update(layer: Layer) -> list[Block]:
    """Return the parameters that the next example meets."""
    b, W = up("b", layer.l), up("W", layer.l)
    new_b, new_W = layer.new_biases, layer.new_weights
    line = Line(f"Update   {b} += Δ{b},  {W} += Δ{W}", f"{W} {_shape(new_W)}, {b} {_shape(new_b)}")
    if not is_small(new_W):
        return [line, _digests([(W, new_W), (b, new_b)])]
    columns = [Column(f"w_{j}", numbers(w)) for j, w in enumerate(new_W.T, start=1)]
    return [line, Table("", _counted(new_b), [*columns, Column(b, numbers(new_b))])]


def _derivative(d: Derivative, known: Sequence[Named], *more: Named) -> list[Block]:
    """Return a derivative by a vector: what it comes from, itself, its difference, and more."""
    rows = d.entries[d.shown]
    i = rows[:, 0]
    columns = [
        *(Column(name, numbers(values[i])) for name, values in known),
        *_compared(d, d.shown),
        *(Column(name, numbers(values[i])) for name, values in more),
    ]
    table = Table("" if d.is_small else LARGEST, _labels(rows), columns)
    if d.is_small:
        return [table]
    return [_digests([*known, (by(d.symbol, d.l), d.values), *more]), table]


def _compared(d: Derivative, places: Places) -> list[Column]:
    """Return some entries of a derivative, their central differences, and the deviations."""
    return [
        Column(by(d.symbol, d.l), numbers(d.compared_values[places])),
        Column("central", numbers(d.central[places])),
        Column("deviation", [deviation(value) for value in d.deviations[places]]),
    ]


def _vectors(named: Sequence[Named], deciding: Floats) -> list[Block]:
    """Return vectors side by side: in full, or the rows where one is farthest from 0."""
    if is_small(deciding):
        return [Table("", _counted(deciding), [Column(name, numbers(v)) for name, v in named])]
    rows = digest(deciding).largest
    columns = [Column(name, numbers(values[rows[:, 0]])) for name, values in named]
    return [_digests(named), Table(LARGEST, _labels(rows), columns)]


def _digests(named: Sequence[Named]) -> Table:
    """Return a row for each array that is too large to be shown."""
    digests = [digest(values) for _, values in named]
    return Table(
        "",
        [name for name, _ in named],
        [
            Column("norm", numbers(d.norm for d in digests)),
            Column("min", numbers(d.min for d in digests)),
            Column("max", numbers(d.max for d in digests)),
        ],
    )


def _legend(e: Explanation) -> list[Block]:
    """Say what stands in the columns of the comparison."""
    return [
        "central     c = (C(v + h) - C(v - h)) / 2h, for each value v by itself: C from a",
        "            feedforward at v + h and at v - h, in float64, extrapolated to h = 0",
        f"deviation   |d - c| / max(|d|, |c|, {e.floor:.1e}) for the derivative d",
        "",
    ]


def _verdict(e: Explanation) -> list[Block]:
    """Say how many derivatives were compared, and what the largest deviation is."""
    d = e.worst
    (label,) = _labels(d.entries[d.worst[:1]])
    blocks: list[Block] = [
        f"compared    {e.compared_parameters:,} of {e.parameters:,} parameters, "
        f"{e.compared:,} derivatives in all",
        f"largest     deviation {deviation(d.largest_deviation)}, of {by(d.symbol, d.l)} "
        f"at {label}; allowed {TOLERANCE:g}",
    ]
    if e.incomparable:
        blocks.append(
            f"none        for {e.incomparable:,} more: a corner of relu too near, or an output "
            "at 0 or 1"
        )
    return blocks


def _sigma(e: Explanation, layer: Layer) -> str:
    """Name the activation function of a layer."""
    if layer is e.layers[-1]:
        return OUTPUT[e.network.cost]
    return SIGMA[e.network.activation]


def _heading(text: str) -> str:
    return f"{text} ".ljust(80, "-")


def _shape(array: Floats) -> str:
    return " x ".join(f"{n:,}" for n in array.shape)


def _counted(vector: Floats) -> list[str]:
    """Return the numbers of a vector's entries, from 1 as in the notes."""
    return [str(i + 1) for i in range(len(vector))]


def _labels(entries: Indices) -> list[str]:
    """Return entries of a vector or a matrix, counted from 1 as in the notes: `12, 345`."""
    return [", ".join(str(i + 1) for i in entry) for entry in entries.tolist()]
