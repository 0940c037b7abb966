"""The training loop against the plain reading of the notes, and its update rules by hand."""

import numpy as np
import pytest

from mlp_cli.learning import learner as learner_module
from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.learner import Learner
from mlp_cli.learning.minibatch import MiniBatches
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.encoding import one_hot, pixels_to_x
from mlp_cli.nn.network import Network
from tests import notes

DEPTHS = [(6, 3), (6, 5, 3), (6, 5, 4, 3)]
KINDS = [(activation, cost) for activation in ACTIVATIONS for cost in COSTS]
by_kind = pytest.mark.parametrize(("activation", "cost"), KINDS)
by_depth = pytest.mark.parametrize("sizes", DEPTHS, ids=lambda sizes: "-".join(map(str, sizes)))


def make_data(count, seed=1):
    rng = np.random.default_rng(seed)
    images = rng.integers(256, size=(count, 2, 3), dtype=np.uint8)
    return images, rng.integers(3, size=count).astype(np.uint8)


def make_network(sizes=(6, 5, 3), dtype=np.float64, **kinds):
    return Network.initialise(sizes, np.random.default_rng(0), dtype=dtype, **kinds)


def learn_plainly(network, images, labels, order, eta, batch_size):
    """The epoch as the notes and DESIGN have it, by the network's own methods."""
    x = pixels_to_x(images, network.dtype)
    y = one_hot(labels, network.sizes[-1], network.dtype)
    cost = 0.0
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        activations = network.feedforward(x[batch])
        cost += COSTS[network.cost].value(activations[-1], y[batch])
        network.descend(network.backpropagate(activations, y[batch]), step=eta / len(batch))
    return cost


def take_through(batch, x, y, step):
    """Both passes of a group of one mini-batch."""
    x_1 = np.column_stack([x, np.ones(len(x))])
    batch.begin(x_1)
    batch.feedforward(0)
    batch.backpropagate(0, y, np.array(step))
    batch.end(x_1)


def assert_same(network, expected, atol):
    for ours, theirs in zip(network.parameters, expected.parameters, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)


@by_kind
@by_depth
def test_a_mini_batch_is_the_plain_reading(sizes, activation, cost):
    network = make_network(sizes, activation=activation, cost=cost)
    rng = np.random.default_rng(2)
    x, y = rng.random((4, 6)), one_hot(rng.integers(3, size=4), 3, np.float64)
    activations = network.feedforward(x)
    derivatives = network.backpropagate(activations, y)

    batch = MiniBatches(network, 4)
    take_through(batch, x, y, step=0.5)
    np.testing.assert_allclose(batch.outputs, activations[-1], rtol=0, atol=1e-12)
    for l, d in enumerate(derivatives):
        np.testing.assert_allclose(batch.activations[l].T, activations[l + 1], rtol=0, atol=1e-12)
        np.testing.assert_allclose(batch.dZ[l].T, 0.5 * d.dZ, rtol=0, atol=1e-12)
        np.testing.assert_allclose(batch.gradients[l][:, :-1], 0.5 * d.dW, rtol=0, atol=1e-12)
        np.testing.assert_allclose(batch.gradients[l][:, -1], 0.5 * d.db, rtol=0, atol=1e-12)


def test_a_group_moves_layer_2_once_and_reads_as_if_it_had_moved_every_time():
    """By hand: two mini-batches of one example, one weight and one bias, sigmoid and quadratic."""
    network = Network([np.array([[2.0]])], [np.array([-1.0])])
    group, x_1 = MiniBatches(network, 1, count=2), np.array([[0.5, 1.0], [1.0, 1.0]])
    step = np.array(0.8)
    group.begin(x_1)
    group.feedforward(0)  # z = 2 * 0.5 - 1 = 0,  a = 1/2
    assert group.outputs == 0.5
    group.backpropagate(0, np.array([[1.0]]), step)  # dz = 0.8 * (1/2 - 1) * 1/4 = -0.1
    group.feedforward(1)  # as if w = 2 + 0.05, b = -1 + 0.1:  z = 1.15
    a = 1 / (1 + np.exp(-1.15))
    assert group.outputs[0, 0] == pytest.approx(a, abs=1e-15)
    group.backpropagate(1, np.array([[0.0]]), step)
    group.end(x_1)
    dz = 0.8 * a * a * (1 - a)
    np.testing.assert_allclose(group.gradients[0], [[-0.05 + dz, -0.1 + dz]], rtol=1e-14)
    assert network.parameters[0].tolist() == [[2.0, -1.0]]


@pytest.mark.parametrize(
    ("batch_size", "counts"),
    [(4, [(3, 4), (2, 4), (1, 3)]), (12, [(1, 12), (1, 11)]), (1, [(12, 1), (11, 1)])],
)
@by_kind
@by_depth
def test_groups_of_mini_batches_learn_what_they_would_one_by_one(
    sizes, activation, cost, batch_size, counts, monkeypatch
):
    """Forty-seven examples, at most twelve of them in a group, and what is left over."""
    monkeypatch.setattr(learner_module, "TOGETHER", 12)
    monkeypatch.setattr(learner_module, "ENOUGH_UNITS", 1)
    network = make_network(sizes, activation=activation, cost=cost)
    expected, (images, labels) = network.copy(), make_data(47)
    learner = Learner(network, batch_size)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(47)
        ours = learner.learn(images, labels, order, eta=0.5)
        theirs = learn_plainly(expected, images, labels, order, 0.5, batch_size)
        assert ours == pytest.approx(theirs, rel=1e-12)
    assert_same(network, expected, atol=1e-12)
    assert list(dict.fromkeys((count, m) for count, m, _ in learner._cut(np.arange(47)))) == counts


@pytest.mark.parametrize(("dtype", "atol"), [(np.float64, 1e-12), (np.float32, 1e-4)])
@by_kind
@by_depth
def test_three_epochs_are_those_of_the_plain_reading(sizes, activation, cost, dtype, atol):
    """With a last mini-batch that is smaller and counts with its own length."""
    network = make_network(sizes, dtype, activation=activation, cost=cost)
    expected, (images, labels) = network.copy(), make_data(47)
    learner, rng = Learner(network, 4), np.random.default_rng(0)
    for _ in range(3):
        order = rng.permutation(47)
        ours = learner.learn(images, labels, order, eta=0.5)
        theirs = learn_plainly(expected, images, labels, order, eta=0.5, batch_size=4)
        assert ours == pytest.approx(theirs, rel=max(atol, 1e-12))
    assert_same(network, expected, atol)
    assert network.parameters[0].dtype == dtype
    assert not np.allclose(network.weights[0], make_network(sizes, dtype).weights[0])


@pytest.mark.parametrize("seed", range(3))
def test_one_example_at_a_time_is_the_notes_train(seed):
    network, (images, labels) = make_network(), make_data(30, seed)
    W, b = ([a.copy() for a in arrays] for arrays in (network.weights, network.biases))
    order = np.random.default_rng(seed).permutation(30)
    x = pixels_to_x(images, np.float64)
    notes.train([(x[i], labels[i]) for i in order], W, b, eta=3.0)
    Learner(network, 1).learn(images, labels, order, eta=3.0)
    for ours, theirs in zip([*network.weights, *network.biases], [*W, *b], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("block", [1, 8, 40])
def test_how_many_examples_are_made_ready_at_once_changes_nothing(block, monkeypatch):
    images, labels = make_data(31)
    expected, network = make_network(), make_network()
    Learner(expected, 4).learn(images, labels, np.arange(31), eta=3.0)
    monkeypatch.setattr(learner_module, "BLOCK", block)
    Learner(network, 4).learn(images, labels, np.arange(31), eta=3.0)
    assert_same(network, expected, atol=0)


def test_a_batch_larger_than_the_training_set_is_one_batch_of_all():
    images, labels = make_data(7)
    network, expected = make_network(), make_network()
    Learner(network, 100).learn(images, labels, np.arange(7), eta=3.0)
    learn_plainly(expected, images, labels, np.arange(7), eta=3.0, batch_size=7)
    assert_same(network, expected, atol=1e-12)


def outputs_without(network, x, masks):
    """Return A^L by the formulas, with the activations of the hidden layers times their masks."""
    sigma, (*hidden, last) = ACTIVATIONS[network.activation].function, parameters(network)
    A = x
    for (W, b), mask in zip(hidden, masks, strict=True):
        A = sigma(A @ W.T + b) * mask.T
    W, b = last
    return COSTS[network.cost].output(A @ W.T + b)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dropout_against_central_differences(activation):
    """The derivatives are those of the network without the units that were left out."""
    network = make_network((6, 5, 4, 3), activation=activation)
    rng = np.random.default_rng(3)
    x, y = rng.random((4, 6)), one_hot(rng.integers(3, size=4), 3, np.float64)
    batch = MiniBatches(network, 4, dropout=Dropout(0.4, np.random.default_rng(1)))
    take_through(batch, x, y, step=1.0)

    def cost():
        return COSTS[network.cost].value(outputs_without(network, x, batch.masks), y)

    assert any((mask == 0).any() for mask in batch.masks)
    for W_b, gradient in zip(network.parameters, batch.gradients, strict=True):
        for at in np.ndindex(W_b.shape):
            before, slopes = W_b[at], []
            for epsilon in (1e-6, -1e-6):
                W_b[at] = before + epsilon
                slopes.append(cost())
            W_b[at] = before
            assert gradient[at] == pytest.approx((slopes[0] - slopes[1]) / 2e-6, abs=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_leaves_out_its_share_and_scales_the_rest(dtype):
    network = make_network((6, 200, 100, 3), dtype=dtype)
    batch = MiniBatches(network, 50, dropout=Dropout(0.2, np.random.default_rng(0)))
    seen = []
    for _ in range(2):
        batch.begin(np.ones((50, 7), dtype))
        batch.feedforward(0)
        seen.append([mask.copy() for mask in batch.masks])
        for mask in batch.masks:
            assert set(np.unique(mask)) == {0, dtype(1.25)}
            assert (mask == 0).mean() == pytest.approx(0.2, abs=0.02)  # 3.5 deviations
    for first, second in zip(*seen, strict=True):
        assert (first != second).mean() == pytest.approx(2 * 0.2 * 0.8, abs=0.04)


@pytest.mark.parametrize(("momentum", "l2"), [(0.9, 0), (0, 2.0), (0.9, 2.0)])
def test_momentum_and_l2_by_their_formulas(momentum, l2, monkeypatch):
    """V = mu V + eta (dW / m + lambda / n W),  W -= V;  lambda is not for the biases."""
    monkeypatch.setattr(learner_module, "ENOUGH_UNITS", 1)
    images, labels = make_data(12)
    network, plain = make_network(), make_network()
    learner = Learner(network, 4, momentum=momentum, l2=l2)
    x, y = pixels_to_x(images, np.float64), one_hot(labels, 3, np.float64)
    velocities = [(np.zeros_like(W), np.zeros_like(b)) for W, b in parameters(plain)]
    for _ in range(2):
        learner.learn(images, labels, np.arange(12), eta=0.5)
        for start in (0, 4, 8):
            batch = slice(start, start + 4)
            derivatives = plain.backpropagate(plain.feedforward(x[batch]), y[batch])
            for (W, b), (V_W, V_b), d in zip(
                parameters(plain), velocities, derivatives, strict=True
            ):
                V_W[:] = momentum * V_W + 0.5 * (d.dW / 4 + l2 / 12 * W)
                V_b[:] = momentum * V_b + 0.5 * d.db / 4
                W -= V_W
                b -= V_b
    assert_same(network, plain, atol=1e-12)


def parameters(network):
    return list(zip(network.weights, network.biases, strict=True))


def test_the_velocities_are_all_that_momentum_remembers():
    images, labels = make_data(20)
    whole = Learner(make_network(), 4, momentum=0.9)
    for _ in range(4):
        whole.learn(images, labels, np.arange(20), eta=0.5)
    first = Learner(make_network(), 4, momentum=0.9)
    for _ in range(2):
        first.learn(images, labels, np.arange(20), eta=0.5)
    second = Learner(first.network.copy(), 4, momentum=0.9)
    for ours, theirs in zip(second.velocities, first.velocities, strict=True):
        ours[:] = theirs
    for _ in range(2):
        second.learn(images, labels, np.arange(20), eta=0.5)
    assert_same(second.network, whole.network, atol=0)


def test_training_allocates_nothing_per_mini_batch(monkeypatch):
    """The gradients stand in the same arrays after every mini-batch."""
    images, labels = make_data(20)
    learner, seen = Learner(make_network(), 4), set()
    descend = learner._descend
    monkeypatch.setattr(
        learner,
        "_descend",
        lambda layers, decay: (
            seen.update(layer.gradient.ctypes.data for layer in layers) or descend(layers, decay)
        ),
    )
    learner.learn(images, labels, np.arange(20), eta=3.0)
    assert len(seen) == 2
