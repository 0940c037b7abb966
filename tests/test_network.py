"""Feedforward and Backpropagate against the notes, central differences and a hand-worked step."""

import numpy as np
import pytest

from mlp_cli.errors import ShapeError
from mlp_cli.nn.activations import sigmoid, sigmoid_derivative
from mlp_cli.nn.costs import mean_cost, quadratic, quadratic_derivative
from mlp_cli.nn.encoding import one_hot, pixels_to_x
from mlp_cli.nn.network import Network
from mlp_cli.nn.sgd import train_batch
from mlp_cli.nn.streams import spawn_streams
from tests import notes

DEPTHS = [(8, 2), (4, 3, 2), (6, 5, 4, 3), (5, 4, 4, 3, 2)]
by_depth = pytest.mark.parametrize("sizes", DEPTHS, ids=lambda sizes: "-".join(map(str, sizes)))


def examples(sizes, count, seed=1):
    """Random inputs in [0, 1], random labels, and the labels one-hot."""
    rng = np.random.default_rng(seed)
    x = rng.random((count, sizes[0]))
    labels = rng.integers(sizes[-1], size=count)
    return x, labels, one_hot(labels, sizes[-1], np.float64)


def make_network(sizes, seed=0):
    return Network.initialise(sizes, np.random.default_rng(seed), dtype=np.float64)


def assert_same_parameters(network, W, b):
    for ours, theirs in zip([*network.weights, *network.biases], [*W, *b], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@by_depth
def test_one_example_at_a_time_is_the_notes_train(sizes):
    network, (x, labels, y) = make_network(sizes), examples(sizes, 100)
    oracle = network.copy()
    notes.train(zip(x, labels, strict=True), oracle.weights, oracle.biases, eta=3.0)
    for i in range(100):
        train_batch(network, x[i : i + 1], y[i : i + 1], eta=3.0)
    assert_same_parameters(network, oracle.weights, oracle.biases)
    assert not np.allclose(network.weights[0], make_network(sizes).weights[0])


@by_depth
@pytest.mark.parametrize("m", [2, 7, 10])
def test_a_mini_batch_moves_by_the_mean_of_the_notes_updates(sizes, m):
    network, (x, labels, y) = make_network(sizes), examples(sizes, m)
    start = network.copy()
    mean_W = [np.zeros_like(W) for W in start.weights]
    mean_b = [np.zeros_like(b) for b in start.biases]
    for i in range(m):
        scratch = start.copy()  # every example sees the parameters from before the batch
        A = notes.feedforward(x[i], scratch.weights, scratch.biases)
        W, b = notes.backpropagate(labels[i], A, scratch.weights, scratch.biases, eta=3.0)
        for total, change in zip([*mean_W, *mean_b], [*W, *b], strict=True):
            total += change / m
    train_batch(network, x, y, eta=3.0)
    assert_same_parameters(
        network,
        [W + change for W, change in zip(start.weights, mean_W, strict=True)],
        [b + change for b, change in zip(start.biases, mean_b, strict=True)],
    )


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

    assert train_batch(network, x, y, eta=2.0) == pytest.approx(1 / 8, abs=1e-15)
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
    rest = list(zip(network.weights, network.biases, strict=True))[layer - 1 :]
    for W, b in rest:
        a = sigmoid(a @ W.T + b)
    return quadratic(a, y)


@pytest.fixture(params=DEPTHS, ids=lambda sizes: "-".join(map(str, sizes)))
def case(request):
    """A network, its activations on five examples, the one-hot labels and the derivatives."""
    network, (x, _, y) = make_network(request.param), examples(request.param, 5)
    activations = network.feedforward(x)
    return network, activations, y, network.backpropagate(activations, y)


def test_fact_1_matches_central_differences():
    _, _, y = examples((3, 4), 5)
    a = np.random.default_rng(2).random((5, 4))
    assert_slopes(quadratic_derivative(a, y), central_differences(lambda: quadratic(a, y), a))


def test_sigmoid_derivative_matches_central_differences():
    z = np.linspace(-6, 6, 25)
    slopes = central_differences(lambda: float(sigmoid(z).sum()), z)
    assert_slopes(sigmoid_derivative(sigmoid(z)), slopes)


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
        z = activations[layer - 2] @ W.T + b
        slopes = central_differences(lambda: cost_from(network, layer, sigmoid(z), y), z)  # noqa: B023
        assert_slopes(d.dZ, slopes)


def test_facts_3_to_5_match_central_differences(case):
    """db is Fact 3; column i of dW is Fact 4, all of it Fact 5."""
    network, activations, y, derivatives = case
    for layer, d in enumerate(derivatives, start=2):
        W, b = network.weights[layer - 2], network.biases[layer - 2]

        def cost():
            return quadratic(network.feedforward(activations[0])[-1], y)

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
    assert mean_cost(outputs, np.array([1, 0], np.uint8)) == pytest.approx((0.2 + 0.625) / 2)


def test_a_seed_has_streams_that_no_other_seed_and_no_other_use_shares():
    children = np.random.SeedSequence(7).spawn(2)
    streams = spawn_streams(7)
    for stream, child in zip(streams, children, strict=True):
        assert stream.bit_generator.state == np.random.default_rng(child).bit_generator.state
    numbers = [rng.random() for seed in range(20) for rng in spawn_streams(seed)]
    assert len(set(numbers)) == 40


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
