"""The compiled engine beyond the engines' common test: any size, the same bytes, threads."""

import contextlib
import threading
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlp_cli.errors import DivergedError
from mlp_cli.learning import compiled
from mlp_cli.learning.compiled import CompiledEngine
from mlp_cli.learning.dropout import Dropout
from mlp_cli.learning.learner import NumpyEngine
from mlp_cli.learning.plain import PlainEngine
from mlp_cli.learning.schedules import Schedule
from mlp_cli.learning.sgd import train_epochs
from mlp_cli.learning.update_rule import UpdateRule
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.network import Network
from tests.compiled import VERSIONS, by_version
from tests.makers import make_dropout

pytestmark = pytest.mark.usefixtures("kernel")


# Any sizes: what Hypothesis draws

INK = ("none", "all", "blank and full", "sparse", "noise", "one pixel")


def draw_images(ink, count, pixels, rng):
    images = rng.integers(256, size=(count, pixels), dtype=np.uint8)
    if ink == "none":
        images[:] = 0
    elif ink == "all":
        images[:] = 255
    elif ink == "blank and full":
        images[:] = 255 * rng.integers(2, size=(count, 1))
    elif ink == "sparse":
        images[rng.random(images.shape) < 0.8] = 0
    elif ink == "one pixel":
        images[:] = 0
        images[np.arange(count), rng.integers(pixels, size=count)] = 1
    return images


@st.composite
def cases(draw):
    """A network, what it learns from, and how."""
    kinds = {
        "activation": draw(st.sampled_from(sorted(ACTIVATIONS))),
        "cost": draw(st.sampled_from(sorted(COSTS))),
    }
    hidden = draw(st.lists(st.integers(1, 70), max_size=3))
    classes = draw(st.one_of(st.integers(2, 12), st.integers(2, 256)))
    return {
        "sizes": (draw(st.integers(1, 200)), *hidden, classes),
        "kinds": kinds,
        "batch_size": draw(st.integers(1, 33)),
        "count": draw(st.integers(1, 70)),
        "ink": draw(st.sampled_from(INK)),
        "momentum": draw(st.sampled_from([0.0, 0.0, 0.5, 0.9])),
        "l2": draw(st.sampled_from([0.0, 0.0, 0.5])),
        "dropout": draw(st.sampled_from([0.0, 0.0, 0.3])),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "version": draw(st.sampled_from(VERSIONS)),
    }


def check_case(case, dtype, atol):
    """Two epochs of the compiled engine are those of the plain one.

    Some of the networks amplify rounding from step to step. How far shows a third network, of the
    plain engine, whose start is rounded a little otherwise.
    """
    rng = np.random.default_rng(case["seed"])
    count, sizes, p = case["count"], case["sizes"], case["dropout"]
    images = draw_images(case["ink"], count, sizes[0], rng)
    labels = rng.integers(sizes[-1], size=count).astype(np.uint8)
    orders = [rng.permutation(count) for _ in range(2)]
    # |a|^2 and |dz|^2 grow with the units, and a larger step saturates.
    eta = (1 - case["momentum"]) / max(10, *sizes)
    start = Network.initialise(sizes, rng, dtype=dtype, **case["kinds"])
    other = start.copy()
    for W_b in other.parameters:
        W_b *= 1 + 4 * np.finfo(dtype).eps * rng.choice(np.array([-1, 1], dtype), W_b.shape)

    def learn(make, network, **more):
        rule = UpdateRule(case["momentum"], case["l2"], make_dropout(p))
        engine = make(network, case["batch_size"], rule, **more)
        costs = [engine.learn(images, labels, order, eta) for order in orders]
        return costs, [*network.parameters, *engine.velocities]

    costs, ours = learn(CompiledEngine, start.copy(), variant=case["version"])
    expected_costs, expected = learn(PlainEngine, start)
    for a, b, c in zip(ours, expected, learn(PlainEngine, other)[1], strict=True):
        amplified = 10 * np.abs(b - c).max()
        np.testing.assert_allclose(a, b, rtol=0, atol=atol * max(1, np.abs(b).max()) + amplified)
    # ln(1 - a) of cross-entropy amplifies the rounding of an a near 1, as far as it likes.
    is_even = case["kinds"]["cost"] != "cross-entropy"
    np.testing.assert_allclose(costs, expected_costs, rtol=10 * atol if is_even else 0.01)


@given(case=cases())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_networks_of_any_size_learn_what_plain_learns(case):
    check_case(case, np.float64, 1e-12)


@given(case=cases())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_networks_of_any_size_learn_it_in_float32_to_rounding(case):
    check_case(case, np.float32, 1e-4)


@pytest.mark.slow
@given(case=cases())
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_ten_thousand_networks_learn_what_plain_learns(case):
    check_case(case, np.float64, 1e-12)


@pytest.mark.slow
@given(case=cases())
@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_thousands_of_networks_learn_it_in_float32_to_rounding(case):
    check_case(case, np.float32, 1e-4)


# Runs that diverge


@by_version
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("eta", [1e40, 1e308])
def test_a_run_that_diverges_is_stopped_as_with_numpy(version, dtype, cost, activation, eta):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(60, 4), dtype=np.uint8)
    labels = (np.arange(60) % 3).astype(np.uint8)
    start = Network.initialise((4, 5, 4, 3), rng, dtype=dtype, activation=activation, cost=cost)
    outcomes = []
    for make in (NumpyEngine, partial(CompiledEngine, variant=version)):
        epochs = 0
        engine, rng = make(start.copy(), 2, UpdateRule(momentum=0.5)), np.random.default_rng(1)
        with contextlib.suppress(DivergedError):
            for _ in train_epochs(engine, images, labels, Schedule(eta, 3), rng):
                epochs += 1
        outcomes.append(epochs)
    assert outcomes[0] == outcomes[1]
    assert dtype is np.float64 or outcomes == [0, 0]


# The same bytes


def make_work(seed, count=300, sizes=(50, 40, 30, 10)):
    rng = np.random.default_rng(seed)
    images = draw_images("sparse", count, sizes[0], rng)
    labels = rng.integers(sizes[-1], size=count).astype(np.uint8)
    return Network.initialise(sizes, rng, dtype=np.float64), images, labels, rng.permutation(count)


def learn(version, work, epochs=3):
    """The bytes of the parameters and velocities after some epochs with every option."""
    network, images, labels, order = work
    dropout = Dropout(0.2, np.random.default_rng(3))
    rule = UpdateRule(momentum=0.5, l2=0.1, dropout=dropout)
    engine = CompiledEngine(network.copy(), 7, rule, variant=version)
    for _ in range(epochs):
        engine.learn(images, labels, order, 0.1)
    return [array.tobytes() for array in (*engine.network.parameters, *engine.velocities)]


@by_version
def test_the_same_run_gives_the_same_bytes_wherever_its_arrays_lie(version):
    network, images, labels, order = work = make_work(0)
    expected = learn(version, work)
    moved = np.empty(images.size + 1, np.uint8)[1:].reshape(images.shape)
    moved[...] = images
    assert learn(version, (network, moved, labels, order)) == expected
    assert (
        learn(version, (network, images[:, ::-1][:, ::-1], labels, order.astype("i4"))) == expected
    )


@by_version
def test_how_many_examples_a_call_takes_changes_nothing(version, monkeypatch):
    work = make_work(0)
    expected = learn(version, work)
    for examples in (1, 30):
        monkeypatch.setattr(compiled, "EXAMPLES_PER_CALL", examples)
        assert learn(version, work) == expected


class Calls:
    """Dropout of nothing, which knows how many examples each call of the kernel was given."""

    def __init__(self, units):
        self.units, self.examples = units, []

    def draw(self, masks):
        self.examples.append(len(masks) // self.units)
        masks[:] = 1


@pytest.mark.parametrize(
    ("sizes", "batch_size", "expected"),
    [
        ((20, 30, 10), 10, [5000, 1000]),
        ((20, 30, 10), 7, [4998, 1001, 1]),
        ((784, 1000, 500, 10), 1, [92] * 2 + [16]),  # 1,290,000 weights, with biases
        ((784, 1000, 500, 10), 30, [90] * 2 + [20]),
        ((784, 1000, 500, 10), 150, [150, 50]),  # at least a mini-batch
    ],
)
def test_a_call_is_short_so_that_a_signal_is_answered(sizes, batch_size, expected):
    count, calls = sum(expected), Calls(sum(sizes[1:-1]))
    network = Network.initialise(sizes, np.random.default_rng(0))
    engine = CompiledEngine(network, batch_size, UpdateRule(dropout=calls))
    images = np.zeros((count, sizes[0]), np.uint8)
    engine.learn(images, np.zeros(count, np.uint8), np.arange(count), 0.1)
    assert calls.examples == expected


# Threads


@by_version
def test_two_threads_that_learn_at_once_do_not_disturb_each_other(version):
    works = [make_work(seed) for seed in (1, 2)]
    expected = [learn(version, work, epochs=20) for work in works]
    ended = [None, None]

    def run(i):
        ended[i] = learn(version, works[i], epochs=20)

    threads = [threading.Thread(target=run, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == expected
