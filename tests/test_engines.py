"""The engines share one test: each learns what the derivation's own lines learn."""

import tracemalloc

import numpy as np
import pytest

from mlp_cli.learning.compiled import CompiledEngine, variants
from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.engine import choose, make_engine
from mlp_cli.learning.groups import (
    EXAMPLES_PER_GROUP,
    UNITS_THAT_PAY,
    GroupedEngine,
    MiniBatchGroup,
)
from mlp_cli.learning.learner import NumpyEngine
from mlp_cli.learning.minibatch import MiniBatch
from mlp_cli.learning.plain import PlainEngine
from mlp_cli.learning.update_rule import GRADIENT_DESCENT, UpdateRule
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.encoding import one_hot, pixels_to_x
from mlp_cli.nn.network import Network
from tests import oracle
from tests.compiled import COMPILED
from tests.makers import make_data, make_dropout, make_network

DEPTHS = [(6, 3), (6, 5, 3), (6, 5, 4, 3)]
KINDS = [(activation, cost) for activation in ACTIVATIONS for cost in COSTS]
by_kind = pytest.mark.parametrize(("activation", "cost"), KINDS)
by_depth = pytest.mark.parametrize("sizes", DEPTHS, ids=lambda sizes: "-".join(map(str, sizes)))
by_precision = pytest.mark.parametrize(("dtype", "atol"), [(np.float64, 1e-12), (np.float32, 1e-4)])


def make_groups(network, batch_size, rule=GRADIENT_DESCENT):
    """Groups of three mini-batches, so that a few examples make several groups."""
    assert rule.is_gradient_alone
    return GroupedEngine(network, batch_size, rule.dropout, examples_per_group=3 * batch_size)


# Every engine, with the update rules that it takes. The plain one is what the others are held to.
FAST = {"numpy": NumpyEngine, "numpy in groups": make_groups} | COMPILED
WITH_MOMENTUM_AND_L2 = {"numpy": NumpyEngine} | COMPILED
ALL = FAST | {"plain": PlainEngine}

by_fast_engine = pytest.mark.parametrize("make", FAST.values(), ids=FAST)
by_engine = pytest.mark.parametrize("make", ALL.values(), ids=ALL)
by_general_engine = pytest.mark.parametrize(
    "make", WITH_MOMENTUM_AND_L2.values(), ids=WITH_MOMENTUM_AND_L2
)


def assert_same(network, expected, atol):
    for ours, theirs in zip(network.parameters, expected.parameters, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)


def assert_learns_the_same(make, network, batch_size, atol, dropout=0.0, count=47, **options):
    """Three epochs of an engine are those of the plain engine, from the same start."""
    start, expected, (images, labels) = network.copy(), network.copy(), make_data(count)
    rules = [UpdateRule(**options, dropout=make_dropout(dropout)) for _ in range(2)]
    ours = make(network, batch_size, rules[0])
    plain = PlainEngine(expected, batch_size, rules[1])
    rng = np.random.default_rng(0)
    eta = 0.5 * (1 - options.get("momentum", 0))  # with larger steps rounding grows in each of them
    for _ in range(3):
        order = rng.permutation(count)
        learned, theirs = (
            list(engine.blocks(images, labels, order, eta)) for engine in (ours, plain)
        )
        costs = [sum(block.cost for block in blocks) for blocks in (learned, theirs)]
        assert costs[0] == pytest.approx(costs[1], rel=max(atol, 1e-12))
        assert sum(block.examples for block in learned) == count
        correct = [sum(block.correct for block in blocks) for blocks in (learned, theirs)]
        assert abs(correct[0] - correct[1]) <= (
            0 if atol < 1e-9 else 1
        )  # a tie, as rounding has it
    assert_same(network, expected, atol)
    for velocity, theirs in zip(ours.velocities, plain.velocities, strict=True):
        np.testing.assert_allclose(velocity, theirs, rtol=0, atol=atol)
    assert not np.allclose(network.weights[0], start.weights[0], atol=1e-3)
    assert all(p.dtype == start.dtype for p in network.parameters)


@by_engine
@pytest.mark.parametrize("batch_size", [1, 4, 47, 100])
def test_the_correct_predictions_are_those_just_before_each_update(make, batch_size):
    """Counted beside it: the outputs of the network as it is when the mini-batch comes."""
    network, (images, labels) = make_network((6, 60, 3)), make_data(47)
    order, correct = np.random.default_rng(1).permutation(47), 0
    by_hand = network.copy()
    for start in range(0, 47, batch_size):
        batch = order[start : start + batch_size]
        correct += np.count_nonzero(by_hand.outputs(images[batch]).argmax(1) == labels[batch])
        PlainEngine(by_hand, batch_size).learn(images, labels, batch, 0.5)
    blocks = list(make(network, batch_size).blocks(images, labels, order, 0.5))
    assert 0 < correct < 47
    assert sum(block.correct for block in blocks) == correct
    assert sum(block.examples for block in blocks) == 47


@by_engine
def test_learn_is_all_blocks_at_once(make):
    one, other, (images, labels) = (
        make_network((6, 60, 3)),
        make_network((6, 60, 3)),
        make_data(47),
    )
    order = np.arange(47)
    cost = make(one, 4).learn(images, labels, order, 0.5)
    assert cost == sum(block.cost for block in make(other, 4).blocks(images, labels, order, 0.5))
    assert_same(one, other, 0)


@by_engine
def test_an_epoch_reports_many_times_how_far_it_is(make):
    """So that a bar moves: after a fiftieth of MNIST at most, where the network is not tiny."""
    images, labels = np.zeros((5000, 4), np.uint8), np.zeros(5000, np.uint8)
    network = make_network((4, 1000, 1000, 10))
    sizes = [
        block.examples for block in make(network, 100).blocks(images, labels, np.arange(5000), 0.0)
    ]
    assert sum(sizes) == 5000
    assert max(sizes) <= 1000


@by_fast_engine
@by_precision
@by_kind
@by_depth
def test_an_engine_learns_what_the_plain_one_learns(make, sizes, activation, cost, dtype, atol):
    """With a last mini-batch that is smaller and counts with its own length."""
    network = make_network(sizes, dtype, activation=activation, cost=cost)
    assert_learns_the_same(make, network, 4, atol)


@by_general_engine
@pytest.mark.parametrize(("momentum", "l2"), [(0.9, 0.0), (0.0, 2.0), (0.9, 2.0)])
@by_precision
@by_kind
@by_depth
def test_momentum_and_l2_are_those_of_the_plain_engine(
    make, sizes, activation, cost, dtype, atol, momentum, l2
):
    network = make_network(sizes, dtype, activation=activation, cost=cost)
    assert_learns_the_same(make, network, 4, atol, momentum=momentum, l2=l2)


@by_fast_engine
@by_precision
@by_kind
@by_depth
def test_every_engine_draws_the_same_masks(make, sizes, activation, cost, dtype, atol):
    network = make_network(sizes, dtype, activation=activation, cost=cost)
    assert_learns_the_same(make, network, 4, atol, dropout=0.4)


@by_general_engine
@by_depth
def test_momentum_l2_and_dropout_work_together(make, sizes):
    network = make_network(sizes, activation="relu", cost="log-likelihood")
    assert_learns_the_same(make, network, 5, 1e-12, dropout=0.3, momentum=0.8, l2=1.0)


@by_fast_engine
@pytest.mark.parametrize("batch_size", [1, 2, 5, 12, 46, 47, 48, 100])
@pytest.mark.parametrize("count", [1, 47])
def test_mini_batches_of_any_size_learn_the_same(make, batch_size, count):
    """Among them a batch larger than the training set, which is one batch of all."""
    assert_learns_the_same(make, make_network(), batch_size, 1e-12, count=count)


@pytest.mark.parametrize("make", [PlainEngine, NumpyEngine, make_groups])
@by_precision
def test_floats_are_x_of_any_range(make, dtype, atol):
    """By the derivation's own lines: nothing is divided by 255, nothing is rounded to bytes."""
    x = np.random.default_rng(2).normal(size=(47, 6)).astype(dtype)
    _, labels = make_data(47)
    network, expected = make_network(dtype=dtype), make_network(dtype=dtype)
    order = np.random.default_rng(0).permutation(47)
    make(network, 4).learn(x, labels, order, 0.5)
    for start in range(0, 47, 4):
        batch = order[start : start + 4]
        y = one_hot(labels[batch], 3, dtype)
        derivatives = expected.backpropagate(expected.feedforward(x[batch]), y)
        expected.descend(derivatives, step=0.5 / len(batch))
    assert_same(network, expected, atol)


@by_engine
@pytest.mark.parametrize("seed", range(3))
def test_one_example_at_a_time_is_the_derivations_train(make, seed):
    network, (images, labels) = make_network(), make_data(30, seed)
    W, b = ([a.copy() for a in arrays] for arrays in (network.weights, network.biases))
    order = np.random.default_rng(seed).permutation(30)
    x = pixels_to_x(images, np.float64)
    oracle.train([(x[i], labels[i]) for i in order], W, b, eta=3.0)
    make(network, 1).learn(images, labels, order, 3.0)
    for ours, theirs in zip([*network.weights, *network.biases], [*W, *b], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@by_engine
def test_a_batch_larger_than_the_training_set_moves_by_the_mean_of_all(make):
    images, labels = make_data(7)
    network, expected = make_network(), make_network()
    make(network, 100).learn(images, labels, np.arange(7), 3.0)
    x, y = pixels_to_x(images, np.float64), one_hot(labels, 3, np.float64)
    expected.descend(expected.backpropagate(expected.feedforward(x), y), step=3.0 / 7)
    assert_same(network, expected, atol=1e-12)


@pytest.mark.parametrize(("momentum", "l2"), [(0.9, 0), (0, 2.0), (0.9, 2.0)])
def test_momentum_and_l2_of_the_plain_engine_by_their_formulas(momentum, l2):
    """V = mu V + eta (dW / m + lambda / n W),  W -= V;  lambda is not for the biases."""
    images, labels = make_data(12)
    network, expected = make_network(), make_network()
    engine = PlainEngine(network, 4, UpdateRule(momentum, l2))
    x, y = pixels_to_x(images, np.float64), one_hot(labels, 3, np.float64)
    velocities = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers(expected)]
    for _ in range(2):
        engine.learn(images, labels, np.arange(12), 0.5)
        for start in (0, 4, 8):
            batch = slice(start, start + 4)
            derivatives = expected.backpropagate(expected.feedforward(x[batch]), y[batch])
            for (W, b), (V_W, V_b), d in zip(
                layers(expected), velocities, derivatives, strict=True
            ):
                V_W[:] = momentum * V_W + 0.5 * (d.dW / 4 + l2 / 12 * W)
                V_b[:] = momentum * V_b + 0.5 * d.db / 4
                W -= V_W
                b -= V_b
    assert_same(network, expected, atol=1e-12)


def layers(network):
    return list(zip(network.weights, network.biases, strict=True))


@pytest.mark.parametrize("make", [PlainEngine, NumpyEngine, *COMPILED.values()])
def test_the_velocities_are_all_that_momentum_remembers(make):
    images, labels = make_data(20)
    undisturbed = make(make_network(), 4, UpdateRule(momentum=0.9))
    for _ in range(4):
        undisturbed.learn(images, labels, np.arange(20), 0.5)
    first = make(make_network(), 4, UpdateRule(momentum=0.9))
    for _ in range(2):
        first.learn(images, labels, np.arange(20), 0.5)
    second = make(first.network.copy(), 4, UpdateRule(momentum=0.9))
    second.velocities = [velocity.copy() for velocity in first.velocities]
    for _ in range(2):
        second.learn(images, labels, np.arange(20), 0.5)
    assert_same(second.network, undisturbed.network, atol=0)


# The arrays of one mini-batch


def outputs_without(network, x, masks):
    """A^L by the formulas, with the activations of the hidden layers times their masks."""
    sigma, (*hidden, last) = ACTIVATIONS[network.activation].function, layers(network)
    A = x
    for (W, b), mask in zip(hidden, masks, strict=True):
        A = sigma(A @ W.T + b) * mask
    W, b = last
    return COSTS[network.cost].output(A @ W.T + b)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_derivatives_under_dropout_match_central_differences(activation):
    """The derivatives are those of the network without the units that are dropped."""
    network = make_network((6, 5, 4, 3), activation=activation)
    rng = np.random.default_rng(3)
    x, y = rng.random((4, 6)), one_hot(rng.integers(3, size=4), 3, np.float64)
    masks = make_dropout(0.4).draw_masks((5, 4), 4, np.float64)
    derivatives = network.backpropagate(network.feedforward(x, masks), y, masks)

    def cost():
        return COSTS[network.cost].value(outputs_without(network, x, masks), y)

    assert any((mask == 0).any() for mask in masks)
    for (W, b), d in zip(layers(network), derivatives, strict=True):
        for values, derivative in ((W, d.dW), (b, d.db)):
            for at in np.ndindex(values.shape):
                before, costs = values[at], []
                for epsilon in (1e-6, -1e-6):
                    values[at] = before + epsilon
                    costs.append(cost())
                values[at] = before
                assert derivative[at] == pytest.approx((costs[0] - costs[1]) / 2e-6, abs=1e-8)


@by_kind
@by_depth
def test_a_mini_batch_has_the_activations_and_derivatives_of_the_network(sizes, activation, cost):
    network = make_network(sizes, activation=activation, cost=cost)
    rng = np.random.default_rng(2)
    x, y = rng.random((4, 6)), one_hot(rng.integers(3, size=4), 3, np.float64)
    activations = network.feedforward(x)
    derivatives = network.backpropagate(activations, y)

    batch, X = MiniBatch(network, 4), np.column_stack([x, np.ones(4)]).T
    batch.feedforward(X)
    batch.backpropagate(X, y.T, np.array(0.5))
    for l, (layer, d) in enumerate(zip(batch.layers, derivatives, strict=True), start=2):
        W, b = network.weights[l - 2], network.biases[l - 2]
        z = activations[l - 2] @ W.T + b
        np.testing.assert_allclose(layer.Z.T, z, rtol=0, atol=1e-12)
        np.testing.assert_allclose(layer.A.T, activations[l - 1], rtol=0, atol=1e-12)
        np.testing.assert_allclose(layer.dZ.T, 0.5 * d.dZ, rtol=0, atol=1e-12)
        np.testing.assert_allclose(layer.gradient[:, :-1], 0.5 * d.dW, rtol=0, atol=1e-12)
        np.testing.assert_allclose(layer.gradient[:, -1], 0.5 * d.db, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_drops_its_fraction_and_scales_the_rest(dtype):
    dropout = Dropout(0.2, np.random.default_rng(0))
    first, second = (dropout.draw_masks((200, 100), 50, dtype) for _ in range(2))
    for mask, units in zip(first, (200, 100), strict=True):
        assert mask.shape == (50, units)
        assert set(np.unique(mask)) == {0, dtype(1.25)}
        assert (mask == 0).mean() == pytest.approx(0.2, abs=0.02)  # 3.5 deviations
    for mask, other in zip(first, second, strict=True):
        assert (mask != other).mean() == pytest.approx(2 * 0.2 * 0.8, abs=0.04)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.5, "l2": 1.0}, {"dropout": 0.2}])
def test_training_allocates_no_array_of_a_layers_size(options):
    """Once its arrays are made: neither for a mini-batch's activations nor for a gradient."""
    rule = UpdateRule(**options | {"dropout": make_dropout(options.get("dropout"))})
    sizes = (6, 2000, 100, 3)
    engine = NumpyEngine(make_network(sizes), 4, rule, examples_per_block=4)
    (images, labels), order = make_data(40), np.arange(40)
    peaks = []
    for _ in range(2):  # the first time makes the arrays
        tracemalloc.start()
        engine.learn(images, labels, order, 0.1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    activations, gradient = 8 * 2000 * 4, 8 * 2000 * 100
    assert peaks[0] > gradient
    assert peaks[1] < activations / 2


@pytest.mark.parametrize("examples", [1, 8, 40])
def test_how_many_examples_are_encoded_at_once_changes_nothing(examples):
    images, labels = make_data(31)
    expected, network = make_network(), make_network()
    NumpyEngine(expected, 4).learn(images, labels, np.arange(31), 3.0)
    engine = NumpyEngine(network, 4, examples_per_block=examples)
    engine.learn(images, labels, np.arange(31), 3.0)
    assert_same(network, expected, atol=0)


# Groups of mini-batches


def test_a_group_moves_layer_2_once_and_reads_as_if_it_moved_every_time():
    """By hand: two mini-batches of one example, one weight and one bias, sigmoid and quadratic."""
    network = Network([np.array([[2.0]])], [np.array([-1.0])])
    batch, x = MiniBatch(network, 1), np.array([[0.5, 1.0], [1.0, 1.0]])
    group, step, (layer,) = MiniBatchGroup(batch, count=2), np.array(0.8), batch.layers
    group.begin(x)
    group.feedforward(0)  # z = 2 * 0.5 - 1 = 0,  a = 1/2
    assert layer.A == 0.5
    group.backpropagate(0, np.array([[1.0]]), step)  # dz = 0.8 * (1/2 - 1) * 1/4 = -0.1
    group.feedforward(1)  # as if w = 2 + 0.05, b = -1 + 0.1:  z = 1.15
    a = 1 / (1 + np.exp(-1.15))
    assert layer.A[0, 0] == pytest.approx(a, abs=1e-15)
    group.backpropagate(1, np.array([[0.0]]), step)
    group.end(x)
    dz = 0.8 * a * a * (1 - a)
    np.testing.assert_allclose(layer.gradient, [[-0.05 + dz, -0.1 + dz]], rtol=1e-14)
    assert network.parameters[0].tolist() == [[2.0, -1.0]]


# Which engine a run gets


BORDERS = [
    # sizes, the kernel's versions, the largest mini-batches for which it is the fastest
    ((784, 30, 10), ("avx512", "avx2", "baseline"), 1000),
    ((784, 800, 10), ("avx512", "avx2", "baseline"), 1000),
    ((784, 1000, 500, 10), ("avx512", "avx2", "baseline"), 20),
    ((784, 63, 10), ("avx2", "baseline"), 100),  # narrow: fewer than 64 units
    ((784, 64, 10), ("avx2", "baseline"), 40),
    (
        (784, 100, 196, 10),
        ("avx2", "baseline"),
        10,
    ),  # above layer 2: over a quarter of its work
    ((784, 100, 186, 10), ("avx2", "baseline"), 10),
    ((784, 100, 178, 10), ("avx2", "baseline"), 40),
    ((784, 63, 300, 10), ("avx2", "baseline"), 100),  # deep, but narrow
    ((784, 30, 10), ("baseline",), 10),
    ((784, 800, 10), ("baseline",), 2),
    ((784, 1000, 500, 10), ("baseline",), 1),
    ((784, 10), ("baseline",), 10),
]


@pytest.mark.parametrize(("sizes", "versions", "largest"), BORDERS)
def test_auto_takes_the_compiled_engine_where_it_is_the_fastest(sizes, versions, largest):
    chosen = [choose(sizes, m, versions) for m in (1, largest, largest + 1)]
    assert chosen == ["compiled", "compiled", "numpy"]


@pytest.mark.parametrize("batch_size", [1, 10, 5000])
def test_auto_takes_numpy_where_the_kernel_is_not_built(batch_size):
    assert choose((784, 30, 10), batch_size, versions=()) == "numpy"


def test_auto_is_an_engine_that_can_be_asked_for_by_name():
    network = make_network()
    assert choose(network.sizes, 10) == choose(network.sizes, 10, variants())
    expected = CompiledEngine if variants() else NumpyEngine
    assert type(make_engine(choose(network.sizes, 10), network, 10)) is expected
    assert type(make_engine("numpy", network, 10)) is NumpyEngine
    assert type(make_engine("plain", network, 10)) is PlainEngine


@pytest.mark.parametrize(
    ("units", "batch_size", "options", "kind"),
    [
        (UNITS_THAT_PAY, 10, {}, GroupedEngine),
        (UNITS_THAT_PAY - 1, 10, {}, NumpyEngine),
        (UNITS_THAT_PAY, EXAMPLES_PER_GROUP // 2, {}, GroupedEngine),
        (UNITS_THAT_PAY, EXAMPLES_PER_GROUP // 2 + 1, {}, NumpyEngine),
        (UNITS_THAT_PAY, 10, {"momentum": 0.9}, NumpyEngine),
        (UNITS_THAT_PAY, 10, {"l2": 0.1}, NumpyEngine),
    ],
)
def test_groups_are_for_wide_networks_and_small_mini_batches(units, batch_size, options, kind):
    engine = make_engine("numpy", make_network((6, units, 3)), batch_size, UpdateRule(**options))
    assert type(engine) is kind
