"""Feedforward and Backpropagate against an oracle, central differences and a step by hand."""

import numpy as np
import pytest

from mlp_cli.errors import ShapeError
from mlp_cli.learning.streams import spawn_streams
from mlp_cli.nn.activations import ACTIVATIONS, sigmoid, softmax
from mlp_cli.nn.costs import COSTS, mean_cost, quadratic
from mlp_cli.nn.encoding import one_hot, pixels_to_x
from mlp_cli.nn.network import Network
from tests import oracle as reference
from tests.makers import make_network

DEPTHS = [(8, 2), (4, 3, 2), (6, 5, 4, 3), (5, 4, 4, 3, 2)]
by_depth = pytest.mark.parametrize("sizes", DEPTHS, ids=lambda sizes: "-".join(map(str, sizes)))


def examples(sizes, count, seed=1):
    """Random inputs in [0, 1], random labels, and the labels one-hot."""
    rng = np.random.default_rng(seed)
    x = rng.random((count, sizes[0]))
    labels = rng.integers(sizes[-1], size=count)
    return x, labels, one_hot(labels, sizes[-1], np.float64)


def learn(network, x, y, eta):
    """The plain reading of one update: Feedforward, Backpropagate, descend."""
    derivatives = network.backpropagate(network.feedforward(x), y)
    network.descend(derivatives, step=eta / len(x))


def assert_same_parameters(network, W, b):
    for ours, theirs in zip([*network.weights, *network.biases], [*W, *b], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@by_depth
def test_one_example_at_a_time_is_the_derivations_train(sizes):
    network, (x, labels, y) = make_network(sizes), examples(sizes, 100)
    oracle = network.copy()
    reference.train(zip(x, labels, strict=True), oracle.weights, oracle.biases, eta=3.0)
    for i in range(100):
        learn(network, x[i : i + 1], y[i : i + 1], eta=3.0)
    assert_same_parameters(network, oracle.weights, oracle.biases)
    assert not np.allclose(network.weights[0], make_network(sizes).weights[0])


@by_depth
@pytest.mark.parametrize("m", [2, 7, 10])
def test_a_mini_batch_moves_by_the_mean_of_the_derivations_updates(sizes, m):
    network, (x, labels, y) = make_network(sizes), examples(sizes, m)
    start = network.copy()
    mean_W = [np.zeros_like(W) for W in start.weights]
    mean_b = [np.zeros_like(b) for b in start.biases]
    for i in range(m):
        scratch = start.copy()  # every example sees the parameters from before the batch
        A = reference.feedforward(x[i], scratch.weights, scratch.biases)
        W, b = reference.backpropagate(labels[i], A, scratch.weights, scratch.biases, eta=3.0)
        for total, change in zip([*mean_W, *mean_b], [*W, *b], strict=True):
            total += change / m
    learn(network, x, y, eta=3.0)
    assert_same_parameters(
        network,
        [W + change for W, change in zip(start.weights, mean_W, strict=True)],
        [b + change for b, change in zip(start.biases, mean_b, strict=True)],
    )


def test_parameters_lie_row_by_row_however_they_were_given():
    """The hot loop's products need it, and a file's arrays may be columns first."""
    given = make_network((4, 3, 2))
    columns_first = Network([np.asfortranarray(W) for W in given.weights], given.biases)
    assert all(parameters.flags.c_contiguous for parameters in columns_first.parameters)


def test_a_step_worked_by_hand():
    """A 2-2-1 network, every number small enough to follow on paper.

    x = (1, 0), y = (1), eta = 2.

    Feedforward. W^2 = [[0, 3], [ln 3, 5]], b^2 = (0, 0):
      z^2 = (0, ln 3),        a^2 = (1/2, 3/4)           since sigma(ln 3) = 1 / (1 + 1/3)
    W^3 = [[2, -4/3]], b^3 = (0):
      z^3 = 2 * 1/2 - 4/3 * 3/4 = 0,                     a^3 = 1/2

    C = 1/2 (1 - 1/2)^2 = 1/8

    Fact 1  da^3 = 1/2 - 1 = -1/2
    Fact 2  dz^3 = -1/2 * 1/2 * 1/2 = -1/8
    Fact 3  db^3 = -1/8
    Fact 5  dW^3 = -1/8 * (1/2, 3/4) = (-1/16, -3/32)
    Fact 6  da^2 = (W^3)^T dz^3 = (2, -4/3) * -1/8 = (-1/4, 1/6)
    Fact 2  dz^2 = (-1/4 * 1/4, 1/6 * 3/16) = (-1/16, 1/32)
    Fact 3  db^2 = (-1/16, 1/32)
    Fact 5  dW^2 = dz^2 (1, 0) = [[-1/16, 0], [1/32, 0]]

    Update  W^2 = [[1/8, 3], [ln 3 - 1/16, 5]],  b^2 = (1/8, -1/16)
            W^3 = [[2 + 1/8, -4/3 + 3/16]],      b^3 = (1/4)
    """
    network = Network(
        [np.array([[0.0, 3.0], [np.log(3), 5.0]]), np.array([[2.0, -4 / 3]])],
        [np.array([0.0, 0.0]), np.array([0.0])],
    )
    x, y = np.array([[1.0, 0.0]]), np.array([[1.0]])

    activations = network.feedforward(x)
    np.testing.assert_allclose(activations[1], [[1 / 2, 3 / 4]], atol=1e-15)
    np.testing.assert_allclose(activations[2], [[1 / 2]], atol=1e-15)
    hidden, output = network.backpropagate(activations, y)
    np.testing.assert_allclose(output.dA, [[-1 / 2]], atol=1e-15)
    np.testing.assert_allclose(output.dZ, [[-1 / 8]], atol=1e-15)
    np.testing.assert_allclose(hidden.dA, [[-1 / 4, 1 / 6]], atol=1e-15)
    np.testing.assert_allclose(hidden.dZ, [[-1 / 16, 1 / 32]], atol=1e-15)

    assert quadratic(activations[-1], y) == pytest.approx(1 / 8, abs=1e-15)
    learn(network, x, y, eta=2.0)
    np.testing.assert_allclose(
        network.weights[0], [[1 / 8, 3], [np.log(3) - 1 / 16, 5]], atol=1e-15
    )
    np.testing.assert_allclose(network.biases[0], [1 / 8, -1 / 16], atol=1e-15)
    np.testing.assert_allclose(network.weights[1], [[2 + 1 / 8, -4 / 3 + 3 / 16]], atol=1e-15)
    np.testing.assert_allclose(network.biases[1], [1 / 4], atol=1e-15)


def central_differences(function, values, h=1e-5):
    """(f(v + h) - f(v - h)) / 2h for each entry of `values`, changed in place and put back."""
    slopes = np.empty_like(values)
    for index in np.ndindex(values.shape):
        kept = values[index]
        values[index] = kept + h
        above = function()
        values[index] = kept - h
        below = function()
        values[index] = kept
        slopes[index] = (above - below) / (2 * h)
    return slopes


def assert_slopes(derivative, slopes):
    np.testing.assert_allclose(derivative, slopes, rtol=1e-6, atol=1e-9)


def cost_from(network, layer, a, y):
    """The cost when layer `layer` has the activations `a`, the rest of the network after it."""
    for l in range(layer + 1, len(network.sizes) + 1):
        W, b = network.weights[l - 2], network.biases[l - 2]
        a = activation_of(network, l)(a @ W.T + b)
    return COSTS[network.cost].value(a, y)


def activation_of(network, layer):
    """The activation function of a layer."""
    if layer == len(network.sizes):
        return COSTS[network.cost].output
    return ACTIVATIONS[network.activation].function


KINDS = [(activation, cost) for activation in ACTIVATIONS for cost in COSTS]


@pytest.fixture(
    params=[(sizes, *kinds) for sizes in DEPTHS for kinds in KINDS],
    ids=lambda case: "-".join(map(str, (*case[0], *case[1:]))),
)
def case(request):
    """A network, its activations on five examples, the one-hot labels and the derivatives."""
    sizes, activation, cost = request.param
    network = make_network(sizes, activation=activation, cost=cost)
    x, _, y = examples(sizes, 5)
    activations = network.feedforward(x)
    return network, activations, y, network.backpropagate(activations, y)


@pytest.mark.parametrize("cost", COSTS)
def test_fact_1_matches_central_differences(cost):
    _, _, y = examples((3, 4), 5)
    a = np.random.default_rng(2).random((5, 4))
    slopes = central_differences(lambda: COSTS[cost].value(a, y), a)
    assert_slopes(COSTS[cost].d_a(a, y), slopes)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_derivatives_of_activations_match_central_differences(activation):
    function, derivative, *_ = ACTIVATIONS[activation]
    z = np.linspace(-6, 6, 24)  # without 0, where relu has no derivative
    slopes = central_differences(lambda: float(function(z).sum()), z)
    assert_slopes(derivative(function(z)), slopes)


@pytest.mark.parametrize("name", [*ACTIVATIONS, "softmax"])
def test_activations_write_where_they_are_told(name):
    functions = [softmax] if name == "softmax" else ACTIVATIONS[name][:2]
    for function in functions:
        values = np.random.default_rng(0).uniform(-1, 1, (3, 4))
        expected = function(values.copy())
        out = np.empty_like(values)
        assert function(values, out) is out
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(function(values, out), expected)


def test_the_activation_functions_by_their_definitions():
    z = np.array([[-2.0, 0.0, 0.5, 3.0]])
    np.testing.assert_allclose(ACTIVATIONS["tanh"].function(z), np.tanh(z))
    np.testing.assert_array_equal(ACTIVATIONS["relu"].function(z), [[0, 0, 0.5, 3]])
    np.testing.assert_array_equal(ACTIVATIONS["relu"].derivative(z), [[0, 0, 1, 1]])
    np.testing.assert_allclose(softmax(z), np.exp(z) / np.exp(z).sum(), rtol=1e-14)


def test_the_costs_by_hand():
    """One example of label 1, a = (1/4, 1/2, 1/4):

    quadratic        1/2 (1/16 + 1/4 + 1/16) = 3/16
    cross-entropy    -ln(3/4) - ln(1/2) - ln(3/4)
    log-likelihood   -ln(1/2)
    """
    a, y = np.array([[0.25, 0.5, 0.25]]), np.array([[0.0, 1.0, 0.0]])
    assert COSTS["quadratic"].value(a, y) == pytest.approx(3 / 16)
    assert COSTS["cross-entropy"].value(a, y) == pytest.approx(-2 * np.log(3 / 4) - np.log(1 / 2))
    assert COSTS["log-likelihood"].value(a, y) == pytest.approx(np.log(2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cost", COSTS)
def test_outputs_that_rounding_made_0_or_1_have_finite_costs_and_derivatives(cost, dtype):
    a, y = np.array([[0, 1, 1, 0]], dtype), np.array([[1, 0, 1, 0]], dtype)
    assert np.isfinite(COSTS[cost].value(a, y))
    assert np.isfinite(COSTS[cost].d_a(a, y)).all()
    assert np.isfinite(COSTS[cost].d_z(a, y)).all()


def test_softmax_is_finite_and_silent_far_out():
    np.testing.assert_allclose(softmax(np.array([[1000, 0, -1000]], np.float32)), [[1, 0, 0]])


def test_facts_1_and_6_match_central_differences(case):
    """dA of the output layer is Fact 1, dA of every layer before it Fact 6."""
    network, activations, y, derivatives = case
    for layer, d in enumerate(derivatives, start=2):
        a = activations[layer - 1].copy()
        assert_slopes(d.dA, central_differences(lambda: cost_from(network, layer, a, y), a))  # noqa: B023


def test_fact_2_matches_central_differences(case):
    network, activations, y, derivatives = case
    for layer, d in enumerate(derivatives, start=2):
        W, b = network.weights[layer - 2], network.biases[layer - 2]
        z, sigma = activations[layer - 2] @ W.T + b, activation_of(network, layer)
        slopes = central_differences(lambda: cost_from(network, layer, sigma(z), y), z)  # noqa: B023
        assert_slopes(d.dZ, slopes)


def test_facts_3_to_5_match_central_differences(case):
    """db is Fact 3; column i of dW is Fact 4, all of it Fact 5."""
    network, activations, y, derivatives = case
    for layer, d in enumerate(derivatives, start=2):
        W, b = network.weights[layer - 2], network.biases[layer - 2]

        def cost():
            return COSTS[network.cost].value(network.feedforward(activations[0])[-1], y)

        assert_slopes(d.db, central_differences(cost, b))
        assert_slopes(d.dW, central_differences(cost, W))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_finite_and_silent_far_out(dtype):
    z = np.array([-1000, -88.8, 0, 88.8, 1000], dtype)
    a = sigmoid(z)
    assert a.dtype == dtype
    np.testing.assert_allclose(a, [0, 0, 0.5, 1, 1], atol=1e-30)


def test_sigmoid_is_the_logistic_function():
    z = np.linspace(-20, 20, 401)
    np.testing.assert_allclose(sigmoid(z), 1 / (1 + np.exp(-z)), rtol=0, atol=1e-15)


@pytest.mark.parametrize(("init", "deviation"), [("scaled", 0.05), ("normal", 1.0)])
def test_initialise_draws_weights_and_biases_with_their_spread(init, deviation):
    network = Network.initialise((400, 300), np.random.default_rng(0), init)
    assert network.weights[0].std() == pytest.approx(deviation, rel=0.02)
    assert network.biases[0].std() == pytest.approx(1, rel=0.1)
    assert network.weights[0].dtype == network.biases[0].dtype == np.float32


def test_pixels_become_x_between_0_and_1():
    x = pixels_to_x(np.array([[[0, 51], [102, 255]]], np.uint8), np.float64)
    np.testing.assert_array_equal(x, [[0, 0.2, 0.4, 1]])


def test_outputs_do_not_depend_on_how_images_are_grouped():
    images = np.random.default_rng(0).integers(256, size=(23, 2, 3), dtype=np.uint8)
    network = make_network((6, 5, 4))
    whole = network.feedforward(pixels_to_x(images, np.float64))[-1]
    np.testing.assert_allclose(network.outputs(images, batch_size=10), whole, atol=1e-15)


def test_outputs_take_a_batch_at_a_time(monkeypatch):
    network, seen = make_network((6, 4)), []
    feedforward = network.feedforward
    monkeypatch.setattr(network, "feedforward", lambda x: seen.append(len(x)) or feedforward(x))
    network.outputs(np.zeros((23, 2, 3), np.uint8), batch_size=10)
    assert seen == [10, 10, 3]


@pytest.mark.parametrize("index", range(2))
def test_every_parameter_counts_for_being_finite(index):
    network = make_network((4, 3, 2))
    assert network.is_finite()
    network.biases[index][-1] = np.nan
    assert not network.is_finite()
    network.biases[index][-1] = 0
    network.weights[index][-1, 0] = np.inf
    assert not network.is_finite()


def test_the_mean_cost_by_hand():
    """1/2 (0.6^2 + 0.2^2) = 0.2 for label 1, and 1/2 (0.5^2 + 1^2) = 0.625 for label 0."""
    outputs = np.array([[0.6, 0.8], [0.5, 1.0]])
    assert mean_cost(outputs, np.array([1, 0], np.uint8), "quadratic") == pytest.approx(
        (0.2 + 0.625) / 2
    )


def test_a_seed_has_streams_that_no_other_seed_and_no_other_use_shares():
    first, second, third, fourth = np.random.SeedSequence(7).spawn(4)
    initialisation, shuffling, augmentation, holding_out = spawn_streams(7)
    for stream, child in ((initialisation, first), (shuffling, second), (holding_out, fourth)):
        assert stream.bit_generator.state == np.random.default_rng(child).bit_generator.state
    assert augmentation.spawn_key == third.spawn_key
    numbers = [
        np.random.default_rng(stream).random()
        for seed in range(20)
        for stream in spawn_streams(seed)
    ]
    assert len(set(numbers)) == 80


def test_a_copy_has_arrays_of_its_own():
    network = make_network((3, 2))
    network.copy().weights[0][:] = 7
    assert not (network.weights[0] == 7).any()


def test_arrays_that_do_not_fit_are_refused_by_name():
    network = make_network((4, 3, 2))
    with pytest.raises(ShapeError, match=r"x: shape \(1, 5\), expected \(m, 4\)"):
        network.feedforward(np.zeros((1, 5)))
    with pytest.raises(ShapeError, match=r"y: shape \(1, 3\), expected \(1, 2\)"):
        network.backpropagate(network.feedforward(np.zeros((1, 4))), np.zeros((1, 3)))
    with pytest.raises(ShapeError, match=r"W3: shape \(2, 5\), expected \(2, 3\)"):
        Network([np.zeros((3, 4)), np.zeros((2, 5))], [np.zeros(3), np.zeros(2)])
