"""What `mlp explain` shows: the numbers of the plain functions, beside slopes that are measured."""

import math

import numpy as np
import pytest

from mlp_cli.explanation import differences
from mlp_cli.explanation.comparison import (
    MAX_SHOWN_UNITS,
    TOLERANCE,
    digest,
    is_small,
    relative_deviations,
)
from mlp_cli.explanation.differences import (
    CentralDifferences,
    cost_of_weighted_inputs,
    terms_of_outputs,
)
from mlp_cli.explanation.passes import MIN_SAMPLE, explain_example
from mlp_cli.explanation.rounding import for_reading, rounded
from mlp_cli.learning.learner import NumpyEngine
from mlp_cli.nn import costs as costs_module
from mlp_cli.nn.activations import ACTIVATIONS, sigmoid, softmax, tanh
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.network import Network

DEPTHS = [(8, 2), (4, 3, 2), (6, 5, 4, 3), (5, 4, 4, 3, 2), (12, 30, 3)]
KINDS = [(activation, cost) for activation in ACTIVATIONS for cost in COSTS]
by_depth = pytest.mark.parametrize("sizes", DEPTHS, ids=lambda sizes: "-".join(map(str, sizes)))
by_kind = pytest.mark.parametrize(("activation", "cost"), KINDS)


def make(sizes=(4, 3, 2), seed=0, init="scaled", **kinds):
    """A network, an input of grey levels over 255, and a label."""
    rng = np.random.default_rng(seed)
    network = Network.initialise(sizes, rng, init, np.float64, **kinds)
    return network, rng.integers(256, size=sizes[0]) / 255, int(rng.integers(sizes[-1]))


def explain_labelled(network, x, label, eta, rng):
    """The explanation of an example whose correct class is known."""
    return explain_example(network, x, np.eye(network.sizes[-1])[label], eta, rng)


def explained(*arguments, eta=3.0, **options):
    network, x, label = make(*arguments, **options)
    return explain_labelled(network, x, label, eta, np.random.default_rng(1))


def all_entries(array):
    return np.argwhere(np.ones_like(array))


@by_kind
@by_depth
@pytest.mark.parametrize("init", ["scaled", "normal"])
def test_every_derivative_is_the_slope_of_the_cost(sizes, activation, cost, init):
    for seed in range(3):
        e = explained(sizes, seed, init, activation=activation, cost=cost)
        assert e.worst.largest_deviation <= TOLERANCE
        assert e.passes
        assert e.compared_parameters >= 0.9 * e.parameters
        assert e.incomparable == 0 or "relu" in activation or cost == "cross-entropy"


@by_kind
@by_depth
def test_its_update_is_the_one_that_training_makes(sizes, activation, cost):
    """One step of the NumPy engine, on the same example as an image."""
    network, x, label = make(sizes, activation=activation, cost=cost)
    e = explain_labelled(network, x, label, 0.7, np.random.default_rng(1))
    image = (x * 255).round().astype(np.uint8)[None]
    trained = network.copy()
    sum_of_costs = NumpyEngine(trained, 1).learn(
        image, np.array([label], np.uint8), np.arange(1), 0.7
    )
    assert sum_of_costs == pytest.approx(e.C, rel=1e-14)
    for layer, W, b, old_W in zip(
        e.layers, trained.weights, trained.biases, network.weights, strict=True
    ):
        np.testing.assert_allclose(layer.new_W, W, rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(layer.new_b, b, rtol=1e-14, atol=1e-15)
        np.testing.assert_array_equal(layer.W, old_W)
        np.testing.assert_allclose(layer.Delta_W, -0.7 * layer.D_W.values, rtol=1e-12)
        np.testing.assert_allclose(layer.Delta_b, -0.7 * layer.d_b.values, rtol=1e-12)
        assert np.abs(layer.Delta_W).max() > 0


@by_kind
def test_it_shows_the_numbers_of_feedforward_and_backpropagate(activation, cost):
    network, x, label = make((6, 5, 4, 3), activation=activation, cost=cost)
    e = explain_labelled(network, x, label, 3.0, np.random.default_rng(1))
    activations = network.feedforward(x[None])
    y = np.eye(3)[[label]]
    for layer, a, d in zip(
        e.layers, activations[1:], network.backpropagate(activations, y), strict=True
    ):
        shown = layer.a, layer.d_a.values, layer.d_z.values, layer.D_W.values, layer.d_b.values
        for ours, plain in zip(shown, (a[0], d.dA[0], d.dZ[0], d.dW, d.db), strict=True):
            np.testing.assert_allclose(ours, plain, rtol=1e-13, atol=1e-15)
        sigma = COSTS[cost].output if layer.l == 4 else ACTIVATIONS[activation].function
        np.testing.assert_allclose(sigma(layer.z[None])[0], layer.a, rtol=1e-13)
        np.testing.assert_array_equal(layer.a_previous, e.x if layer.l == 2 else e.before(layer).a)
        if layer.slope is not None:
            np.testing.assert_allclose(
                layer.d_a.values * layer.slope, layer.d_z.values, rtol=1e-13, atol=1e-15
            )


def test_the_facts_are_numbered_as_in_the_derivation():
    e = explained((6, 5, 4, 3))
    found = [(d.l, d.fact, d.symbol) for d in e.derivatives]
    loop = [(4, 3, "d_b"), (4, 5, "D_W"), (3, 6, "d_a"), (3, 2, "d_z")]
    assert found[:2] == [(4, 1, "d_a"), (4, 2, "d_z")]
    assert found[2:6] == loop
    assert len(found) == 12


def test_the_parameters_stay_as_they_are_and_float32_is_computed_in_float64():
    network, x, label = make()
    single = Network(
        [W.astype(np.float32) for W in network.weights],
        [b.astype(np.float32) for b in network.biases],
    )
    before = single.copy()
    e = explain_labelled(single, x, label, 3.0, np.random.default_rng(1))
    assert e.passes
    assert e.layers[0].D_W.values.dtype == np.float64
    for ours, theirs in zip(single.parameters, before.parameters, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# Facts that are broken must show.


def break_fact(monkeypatch, fact):
    """Break one Fact, in the functions that the derivation points at."""
    if fact == 2:
        broken = ACTIVATIONS["sigmoid"]._replace(derivative=lambda a, out=None: tanh(a, out))
        monkeypatch.setitem(ACTIVATIONS, "sigmoid", broken)
        return
    if fact in ("1", "1, 2"):
        name = "d_a" if fact == "1" else "d_z"
        function = getattr(COSTS["quadratic"], name)
        broken = {name: lambda a, y, *out: np.multiply(function(a, y, *out), 1.00001, *out)}
        monkeypatch.setitem(COSTS, "quadratic", COSTS["quadratic"]._replace(**broken))
        return
    backpropagate = Network.backpropagate

    def broken(self, activations, y):
        first, last = backpropagate(self, activations, y)
        if fact == 3:
            first.db[:] *= -1
        if fact == 5:
            last.dW[0, 1] *= 1.001
        if fact == 6:
            first.dA[:] *= 2
        return [first, last]

    monkeypatch.setattr(Network, "backpropagate", broken)


@pytest.mark.parametrize(
    ("fact", "symbol", "l"),
    [
        ("1", "d_a", 3),
        ("1, 2", "d_z", 3),
        (2, "d_z", 2),
        (3, "d_b", 2),
        (5, "D_W", 3),
        (6, "d_a", 2),
    ],
)
def test_a_broken_fact_shows_where_it_is_broken(monkeypatch, fact, symbol, l):
    break_fact(monkeypatch, fact)
    e = explained()
    assert not e.passes
    broken = [(d.symbol, d.l) for d in e.derivatives if d.largest_deviation > TOLERANCE]
    assert broken[0] == (symbol, l)


def test_a_broken_cost_shows_in_all_derivatives(monkeypatch):
    """A cost of twice the size has other slopes, whatever the Facts say."""
    cost = differences.cost_of_weighted_inputs
    monkeypatch.setattr(differences, "cost_of_weighted_inputs", lambda *args: 2 * cost(*args))
    e = explained()
    assert all(d.largest_deviation > 0.4 for d in e.derivatives if (d.symbol, d.l) != ("d_a", 3))


def test_a_broken_forward_activation_shows(monkeypatch):
    """sigma' of the sigmoid where the units are something else."""
    broken = ACTIVATIONS["sigmoid"]._replace(function=ACTIVATIONS["tanh"].function)
    monkeypatch.setitem(ACTIVATIONS, "sigmoid", broken)
    assert not explained().passes


# Central differences


@pytest.mark.parametrize("cost", COSTS)
def test_the_cost_by_definition_is_the_one_that_training_lowers(cost):
    rng = np.random.default_rng(0)
    for label in range(3):
        z, y = rng.normal(size=(1, 3)) * 3, np.eye(3)[label]
        a = (softmax if cost == "log-likelihood" else sigmoid)(z)
        expected = COSTS[cost].value(a, y[None])
        assert cost_of_weighted_inputs(z, y, cost)[0] == pytest.approx(expected, rel=1e-12)
        assert terms_of_outputs(a[0], y, cost).sum() == pytest.approx(expected, rel=1e-12)


def test_the_cost_by_definition_keeps_what_rounding_takes_from_outputs():
    """y = (0, 1), z = (60, -60): a rounds to (1, 0), and ln would be taken of 0.

    cross-entropy    ln(1 + e^60) twice = 120,       to 1e-26
    log-likelihood   ln(e^60 + e^-60) + 60 = 120,    to 1e-52
    quadratic        1/2 + 1/2 = 1
    and where they are right, z = (-60, 60), e^-60 twice, e^-120, and e^-120.
    """
    y, z = np.array([0.0, 1.0]), np.array([60.0, -60.0])
    for cost, wrong, right in (
        ("cross-entropy", 120, 2 * math.exp(-60)),
        ("log-likelihood", 120, math.exp(-120)),
        ("quadratic", 1, math.exp(-120)),
    ):
        assert cost_of_weighted_inputs(z, y, cost) == pytest.approx(wrong, rel=1e-14)
        assert cost_of_weighted_inputs(-z, y, cost) == pytest.approx(right, rel=1e-12)


def test_slopes_of_a_cost_known_in_closed_form():
    """One unit, z = w x + b: C = ln(1 + e^z) for y = 0, so dC/dz = sigma(z), dC/dw = x sigma(z)."""
    w, b, x = 0.7, -0.2, 0.5
    network = Network([np.array([[w]])], [np.array([b])], cost="cross-entropy")
    slopes = CentralDifferences(network, np.array([[x]]), np.array([[0.0]]), 1e-9)
    s = 1 / (1 + math.exp(-(w * x + b)))
    vector, matrix = np.array([[0]]), np.array([[0, 0]])
    for measured, expected in (
        (slopes.wrt_weighted_inputs(2, vector), s),
        (slopes.wrt_biases(2, vector), s),
        (slopes.wrt_weights(2, matrix), x * s),
        (slopes.wrt_activations(2, vector), 1 / (1 - s)),
    ):
        assert measured[0] == pytest.approx(expected, rel=1e-11)
        assert not measured[1].any()


def test_how_many_entries_are_measured_at_once_changes_nothing():
    network, x, label = make((6, 5, 4, 3))
    y, entries = np.eye(3)[[label]], all_entries(network.weights[1])
    at_once, one_by_one = (
        CentralDifferences(network, x[None], y, 1e-9, max_numbers).wrt_weights(3, entries)
        for max_numbers in (1_000_000, 1)
    )
    assert np.abs(at_once[0]).min() > 0
    np.testing.assert_allclose(at_once[0], one_by_one[0], rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(at_once[1], one_by_one[1])


def relu_at(z):
    """1-1-1: a relu unit whose z is given, for x = 1."""
    return Network(
        [np.array([[0.5]]), np.array([[1.5]])],
        [np.array([z - 0.5]), np.array([0.1])],
        activation="relu",
    )


def test_a_smaller_step_is_taken_beside_a_corner_of_relu():
    for z, slope in ((5e-4, 1), (-5e-4, 0)):
        e = explain_labelled(relu_at(z), np.array([1.0]), 0, 3.0, np.random.default_rng(0))
        assert e.incomparable == 0
        assert e.passes
        assert (e.layers[0].d_z.values[0] != 0) == bool(slope)


def test_on_a_corner_of_relu_nothing_is_compared():
    e = explain_labelled(relu_at(0.0), np.array([1.0]), 0, 3.0, np.random.default_rng(0))
    hidden, output = e.layers
    for d in (hidden.d_z, hidden.d_b, hidden.D_W):
        assert d.compared == 0
        assert np.isnan(d.deviations).all()
    assert hidden.d_a.compared == output.D_W.compared == 1
    assert e.incomparable == 3
    assert e.passes


def test_a_smaller_step_is_taken_beside_a_corner_that_hardly_matters():
    """1-1-2-1: of two relu units the second, 5e-4 from its corner, weighs a millionth."""
    network = Network(
        [np.array([[0.5]]), np.array([[1.0], [1.0]]), np.array([[1.5, 1e-6]])],
        [np.array([0.5]), np.array([1.0, -1.0 + 5e-4]), np.array([0.1])],
        activation="relu",
    )
    e = explain_labelled(network, np.array([1.0]), 0, 3.0, np.random.default_rng(0))
    assert e.incomparable == 0
    assert e.passes


def test_where_the_cost_bends_much_a_smaller_step_is_taken():
    """A weight of 300 makes sigma rise within a hundredth of a^2."""
    network = Network([np.array([[0.001]]), np.array([[300.0]])], [np.zeros(1), np.array([-149.0])])
    e = explain_labelled(network, np.array([1.0]), 0, 3.0, np.random.default_rng(0))
    assert abs(e.layers[0].d_a.values[0]) > 1
    assert e.passes


def test_an_output_too_near_the_end_of_the_logarithm_is_not_compared():
    """y = (1, 0), a_2 = sigma(22) = 1 - 2.8e-10: in float64 the distance from 1 has six digits."""
    network = Network([np.ones((2, 1))], [np.array([0.0, 21.0])], cost="cross-entropy")
    e = explain_labelled(network, np.array([1.0]), 0, 3.0, np.random.default_rng(0))
    (output,) = e.layers
    assert np.isnan(output.d_a.deviations).tolist() == [False, True]
    assert e.incomparable == 1
    assert e.passes


def test_an_output_at_the_end_of_the_logarithm_is_not_compared():
    network = Network([np.array([[1.0]])], [np.array([50.0])], cost="cross-entropy")
    e = explain_labelled(network, np.array([1.0]), 0, 3.0, np.random.default_rng(0))
    (output,) = e.layers
    assert output.a[0] == 1  # Fact 1 divides 0 by 0
    assert output.d_a.compared == 0
    assert output.d_z.compared == 1
    assert e.passes


def test_sums_that_are_not_finite_do_not_pass():
    huge = np.full((2, 2), 1.7e308)
    network = Network([huge, -huge], [np.zeros(2), np.zeros(2)], activation="relu")
    e = explain_labelled(network, np.ones(2), 0, 3.0, np.random.default_rng(0))
    assert e.layers[0].z[0] == np.inf
    assert not e.passes


def test_the_relative_deviation_by_hand():
    d = np.array([1.0, 2.0, 1e-12, 0.0, np.inf, 1.0])
    c = np.array([1.0, 1.0, 2e-12, 0.0, 1.0, 5.0])
    is_void = np.array([False] * 5 + [True])
    deviations = relative_deviations(d, (c, is_void), floor=1e-6)
    np.testing.assert_allclose(deviations[:4], [0, 0.5, 1e-6, 0], rtol=1e-12)
    assert deviations[4] == np.inf
    assert math.isnan(deviations[5])


# What is shown of sums that are 0 except for rounding


def test_what_rounding_may_have_left_of_a_sum_is_0():
    """An ulp of 1 is 2.2e-16."""
    values = np.array([5.6e-17, -5.6e-17, 3e-15, 1e-17, 5.6e-17, np.nan, np.inf])
    scale = np.array([1.0, 1.0, 1.0, 1e-2, np.inf, 1.0, np.inf])
    expected = [0.0, 0.0, 3e-15, 0.0, 5.6e-17, np.nan, np.inf]
    np.testing.assert_array_equal(rounded(values, scale), expected)
    assert rounded(np.array([1e-17]), np.array([1e-17])) == 1e-17


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_sum_that_is_0_except_for_rounding_reads_0(activation):
    """3-1-2, x = (1, 1, 1): z^2 = 1/10 + 2/10 - 3/10 is a few 1e-17, in any order."""
    network = Network(
        [np.array([[0.1, 0.2, -0.3]]), np.array([[0.3], [-0.3]])],
        [np.zeros(1), np.array([0.1, 0.2])],
        activation=activation,
    )
    e = explain_labelled(network, np.ones(3), 0, 3.0, np.random.default_rng(0))
    hidden, output = for_reading(e).layers
    assert 0 < abs(e.layers[0].z[0]) < 1e-16
    assert hidden.z[0] == 0
    assert output.a_previous[0] == hidden.a[0] == (0.5 if activation == "sigmoid" else 0)
    assert (output.D_W.values == 0).all() == (activation != "sigmoid")
    assert e.layers[0].z[0] != 0  # the explanation itself is unchanged


def test_a_derivative_that_is_0_except_for_rounding_reads_0_in_all_that_follows():
    """1-1-3-1: d_a^2 C is (1/10 + 2/10 - 3/10) times the same d_z; so are d_z, d_b and D_W."""
    network = Network(
        [np.ones((1, 1)), np.array([[0.1], [0.2], [-0.3]]), np.ones((1, 3))],
        [np.zeros(1), np.array([-0.1, -0.2, 0.3]) / (1 + math.exp(-1)), np.zeros(1)],
    )
    e = explain_labelled(network, np.ones(1), 0, 3.0, np.random.default_rng(0))
    assert 0 < abs(e.layers[0].d_a.values[0]) < 1e-17
    first, *others = for_reading(e).layers
    for array in (*(d.values for d in first.derivatives), first.Delta_b, first.Delta_W):
        assert (array == 0).all()
    for layer in others:
        assert all((d.values != 0).all() for d in layer.derivatives)


@by_kind
@by_depth
def test_numbers_that_are_no_rounding_are_shown_as_they_are(sizes, activation, cost):
    e = explained(sizes, activation=activation, cost=cost)
    for ours, theirs in zip(for_reading(e).layers, e.layers, strict=True):
        for name in ("a_previous", "z", "a", "Delta_b", "Delta_W", "new_b", "new_W"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
        for one, other in zip(ours.derivatives, theirs.derivatives, strict=True):
            np.testing.assert_array_equal(one.values, other.values)
            np.testing.assert_array_equal(one.shown, other.shown)


# Large arrays


def test_a_large_network_is_compared_in_part_and_by_its_largest_derivatives(monkeypatch):
    network, x, label = make((50, 40, 3))
    monkeypatch.setattr("mlp_cli.explanation.passes.BUDGET", 1)
    e = explain_labelled(network, x, label, 3.0, np.random.default_rng(1))
    d = e.layers[0].D_W
    assert MIN_SAMPLE <= d.compared <= MIN_SAMPLE + 5
    assert MIN_SAMPLE <= e.layers[0].d_b.compared <= MIN_SAMPLE + 5
    shown = {tuple(entry) for entry in d.entries[d.shown].tolist()}
    order = np.argsort(-np.abs(d.values), axis=None)[:5]
    assert shown == set(zip(*(i.tolist() for i in np.unravel_index(order, (40, 50))), strict=True))
    again = explain_labelled(network, x, label, 3.0, np.random.default_rng(1))
    np.testing.assert_array_equal(d.entries, again.layers[0].D_W.entries)
    other = explain_labelled(network, x, label, 3.0, np.random.default_rng(2))
    assert not np.array_equal(d.entries, other.layers[0].D_W.entries)


def test_whatever_is_shown_in_full_is_compared_in_full(monkeypatch):
    network, x, label = make((MAX_SHOWN_UNITS,) * 3)
    monkeypatch.setattr("mlp_cli.explanation.passes.BUDGET", 1)
    e = explain_labelled(network, x, label, 3.0, np.random.default_rng(1))
    for d in e.derivatives:
        np.testing.assert_array_equal(d.entries, all_entries(d.values))
    assert e.compared_parameters == e.parameters


def test_the_default_network_is_compared_in_full():
    e = explained((784, 30, 10))
    assert e.compared_parameters == e.parameters == 23_860
    assert e.passes


def test_the_digest_of_an_array_by_hand():
    array = np.zeros((3, 11))
    array[0, 1], array[2, 10], array[1, 4] = 3.0, -4.0, 1.0
    d = digest(array)
    assert (d.norm, d.min, d.max) == (pytest.approx(26**0.5), -4.0, 3.0)
    assert d.largest[:3].tolist() == [[2, 10], [0, 1], [1, 4]]
    assert is_small(array[:, :10])
    assert not is_small(array)


def test_costs_are_not_asked_for_their_derivatives_by_the_differences(monkeypatch):
    """The differences know neither a derivative nor a delta of training."""

    def forbidden(*_):
        raise AssertionError

    network, x, label = make()
    for name in ("d_a", "d_z", "value"):
        broken = COSTS["quadratic"]._replace(**{name: forbidden})
        monkeypatch.setitem(costs_module.COSTS, "quadratic", broken)
    monkeypatch.setitem(
        ACTIVATIONS, "sigmoid", ACTIVATIONS["sigmoid"]._replace(derivative=forbidden)
    )
    slopes = CentralDifferences(network, x[None], np.eye(2)[[label]], 1e-9)
    assert slopes.wrt_weights(2, np.array([[0, 0]]))[0] != 0
    assert slopes.wrt_activations(3, np.array([[0]]))[0] != 0
