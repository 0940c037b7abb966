"""The kernel itself: its functions for every number, and calls that no caller makes."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.learning import compiled
from mlp_cli.learning.compiled import CompiledEngine, kernel_layers
from mlp_cli.nn.activations import ACTIVATIONS
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.network import Network
from tests.compiled import KERNEL, by_version

pytestmark = pytest.mark.usefixtures("kernel")


def activate(version, name, z):
    """The kernel's sigma(z), elementwise."""
    a = np.full_like(z, 9)
    KERNEL.activate(version, compiled.ACTIVATION_NUMBERS[name], z, a)
    return a


def between(first, last):
    """The float32 numbers of one sign whose bits lie between these."""
    return np.arange(first, last, dtype=np.uint32).view(np.float32)


def check_sigmoid(version, z):
    """Within two units in the last place of the true value."""
    true = 1 / (1 + np.exp(-z.astype(np.float64)))
    errors = np.abs(activate(version, "sigmoid", z) - true) / np.spacing(true.astype(np.float32))
    assert errors.max() <= 2


@by_version
def test_sigmoid_is_within_two_units_in_the_last_place(version):
    check_sigmoid(version, np.linspace(-87, 20, 1_000_003).astype(np.float32))
    some = np.geomspace(1e-37, 20, 100_003).astype(np.float32)
    check_sigmoid(version, np.concatenate([some, -some]))


@pytest.mark.slow
@by_version
def test_sigmoid_is_so_for_every_float32(version):
    """From -87 to 20; beyond them it is the value there, 1e-38, and 1."""
    step = 1 << 22
    for first, end in ((0, -87.0), (0, 20.0)):
        last = int(np.float32(abs(end)).view(np.uint32)) + 1
        for start in range(first, last, step):
            check_sigmoid(version, np.copysign(between(start, min(start + step, last)), end))


@by_version
def test_sigmoid_in_float64_is_that_of_numpy(version):
    z = np.linspace(-708, 40, 1_000_003)
    np.testing.assert_allclose(activate(version, "sigmoid", z), 1 / (1 + np.exp(-z)), rtol=1e-15)


@by_version
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh_and_relu_are_those_of_numpy(version, dtype):
    """tanh is 2 sigma(2 z) - 1: the error is that of a number near 1, as it is in the next z."""
    z = np.concatenate([np.linspace(-100, 100, 300_001), np.linspace(-2, 2, 300_001)]).astype(dtype)
    error = np.abs(activate(version, "tanh", z) - np.tanh(z.astype(np.longdouble)))
    assert error.max() <= 2 * np.finfo(dtype).eps
    np.testing.assert_array_equal(activate(version, "relu", z), np.maximum(z, 0))


@by_version
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_infinities_and_what_is_no_number_are_as_in_numpy(version, dtype, name):
    """No number stays none, whatever its bits: so the check after the epoch finds it."""
    largest = np.finfo(dtype).max
    z = np.array([np.inf, -np.inf, largest, -largest, 1e4, -1e4, 0.0, -0.0], dtype)
    expected = ACTIVATIONS[name].function(z)
    tiny = 2 * np.finfo(dtype).tiny
    np.testing.assert_allclose(activate(version, name, z), expected, rtol=1e-6, atol=tiny)
    bits = np.uint32 if dtype is np.float32 else np.uint64
    some = np.random.default_rng(0).integers(np.iinfo(bits).max, size=1000, dtype=bits)
    nans = (some | np.array(np.inf, dtype).view(bits) | bits(1)).view(dtype)
    assert np.isnan(activate(version, name, nans)).all()


def reading(version, network, images, labels=None):
    """The arguments of a call that changes nothing, because its step is 0; A^L is the last."""
    layers = kernel_layers(network, has_velocity=False)
    for layer, W_b in zip(layers, network.parameters, strict=True):
        layer.take(W_b, None)
    outputs = np.full((len(images), network.sizes[-1]), 9, network.dtype)
    labels = np.zeros(len(images), np.uint8) if labels is None else labels
    order = np.arange(len(images))
    return (
        *(version, tuple(layer.buffers for layer in layers)),
        compiled.ACTIVATION_NUMBERS[network.activation],
        *(network.cost == "log-likelihood", network.cost == "quadratic", images, labels, order),
        *(1, 0.0, 0.0, 0.0, None, outputs),
    )


def read(version, network, images):
    """A^L, as the kernel has it when it learns."""
    call = reading(version, network, images)
    KERNEL.learn(*call)
    return call[-1]


@by_version
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("units", [1, 2, 10, 256])
def test_it_counts_as_numpys_argmax_does(version, dtype, units):
    """Of equal outputs the first counts; one that is no number is nobody's."""
    rng = np.random.default_rng(units)
    z = rng.integers(-2, 3, (500, units)).astype(dtype)  # with many ties
    labels = rng.integers(units, size=500).astype(np.uint8)
    network = Network([z.T], [np.zeros(units, dtype)])
    call = reading(version, network, 255 * np.eye(500, dtype=np.uint8), labels)
    correct = KERNEL.learn(*call)
    assert correct == np.count_nonzero(call[-1].argmax(axis=1) == labels)
    assert 0 < correct < 500 or units == 1


@by_version
def test_an_output_that_is_no_number_is_not_correct(version):
    network = Network([np.full((2, 3), np.nan, np.float32)], [np.zeros(2, np.float32)])
    assert KERNEL.learn(*reading(version, network, np.full((3, 3), 255, np.uint8))) == 0


@by_version
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("units", [1, 2, 10, 16, 17, 256])
def test_softmax_is_that_of_numpy(version, dtype, units):
    """A pixel for each row of z, whose weights the row is: z = w, exactly."""
    rng = np.random.default_rng(units)
    scales = np.repeat([0.0, 1e-3, 1.0, 30.0, 100.0, 1e4, 1e30], 20)
    z = (scales[:, None] * rng.standard_normal((len(scales), units))).astype(dtype)
    network = Network([z.T], [np.zeros(units, dtype)], cost="log-likelihood")
    ours = read(version, network, 255 * np.eye(len(z), dtype=np.uint8))
    expected = COSTS["log-likelihood"].output(z.astype(np.float64))
    eps, tiny = np.finfo(dtype).eps, 2 * np.finfo(dtype).tiny
    # z is first made a little otherwise by taking the largest away, in either.
    rounding = eps * (4 + units + np.ptp(z.astype(np.float64), axis=1, keepdims=True).clip(max=800))
    assert (np.abs(ours - expected) <= rounding * expected + tiny).all()


@by_version
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cost", COSTS)
def test_outputs_of_infinite_and_huge_z_are_those_of_numpy(version, dtype, cost):
    numbers = [0, 1, 3e38, -3e38, np.inf, -np.inf, np.nan]
    z = np.array([(a, b, c) for a in numbers for b in numbers for c in numbers], dtype)
    network = Network([z.T], [np.zeros(3, dtype)], cost=cost)
    # One by one: 0 times what is no number is none, and stays in the parameters.
    rows = [read(version, network, 255 * x[None]) for x in np.eye(len(z), dtype=np.uint8)]
    ours = np.concatenate(rows)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = COSTS[cost].output(z)
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=2 * np.finfo(dtype).tiny)


@by_version
def test_numbers_next_to_0_count_as_0_in_the_kernel_and_afterwards_again(version):
    """They take some processors a hundred times as long: a saturated network has many."""
    tiny = np.float32(1e-40)
    for call in (
        lambda: activate(version, "relu", np.full(99, tiny)),
        lambda: KERNEL.activate(version, 1, np.full(99, tiny), np.zeros(98, np.float32)),
        lambda: KERNEL.learn(version, (), 0, 0, 0, b"", b"", b"", 1, 0.0, 0.0, 0.0, None, b""),
    ):
        a = None
        with contextlib.suppress(TypeError, ValueError):
            a = call()
        assert np.float32(1e-38) / np.float32(100) > 0
        assert np.nextafter(tiny, np.float32(0)) * np.float32(1) > 0
        if a is not None and len(compiled.variants()) > 1:  # on x86
            assert not a.any()
    network = Network([np.full((1, 1), tiny)], [np.zeros(1, np.float32)])
    labels, order = np.zeros(9, np.uint8), np.arange(9)
    CompiledEngine(network, 1, variant=version).learn(labels[:, None], labels, order, 0.1)
    assert np.float32(1e-38) / np.float32(100) > 0


def test_other_threads_run_while_the_kernel_learns():
    """Python would not switch to the other thread by itself before the test has failed."""
    network = Network.initialise((50, 40, 10), np.random.default_rng(0))
    call = reading(compiled.variants()[0], network, np.full((5000, 50), 255, np.uint8))
    begin, steps = threading.Lock(), []
    begin.acquire()

    def wait():
        with begin:
            steps.append("another thread")

    thread, interval = threading.Thread(target=wait), sys.getswitchinterval()
    thread.start()
    sys.setswitchinterval(1000)
    try:
        begin.release()
        for _ in range(1000):
            KERNEL.learn(*call)
            steps.append("learned")
            if "another thread" in steps:
                break
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert "another thread" in steps[:-1]


@by_version
def test_the_padding_of_the_parameters_stays_0(version):
    """Whatever lay in the kernel's room before; with dropout, which leaves out the padding."""
    network = Network.initialise((4, 3, 5, 2), np.random.default_rng(0))
    images = np.full((60, 4), 255, np.uint8)
    call = list(reading(version, network, images))
    call[8:10], call[12] = (3, 1.0), np.ones(60 * 8, np.float32)
    KERNEL.learn(*call)
    for (units, M, W, *_), n_in in zip(call[1], network.sizes, strict=False):
        assert M[:, :units].all()
        assert not M[:, units:].any()
        assert W is None or not W[:, n_in:].any()


# Calls that no caller makes


def assert_calls_are_answered(seed, count):
    command = [sys.executable, "-m", "tests.hostile_calls", str(seed), str(count)]
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": root}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"calls: {count} cases" in done.stdout


def test_hundreds_of_wrong_calls_end_in_an_exception_or_do_no_harm():
    assert_calls_are_answered(0, 500)


@pytest.mark.slow
def test_thousands_of_wrong_calls_end_in_an_exception_or_do_no_harm():
    assert_calls_are_answered(1, 10_000)


@pytest.mark.parametrize("at", ["order", "parameters"])
def test_memory_that_begins_within_an_item_is_refused(at):
    """No processor of ours minds, but C does not allow it."""
    network = Network.initialise((4, 3), np.random.default_rng(0))
    call = list(reading(compiled.variants()[0], network, np.zeros((2, 4), np.uint8)))

    def moved(array):
        inner = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
        inner[...] = array
        return inner

    if at == "order":
        call[7] = moved(call[7])
    else:
        ((units, M, *rest),) = call[1]
        call[1] = ((units, moved(M), *rest),)
    with pytest.raises(ValueError, match="begins within an item of memory"):
        KERNEL.learn(*call)


def test_a_call_without_an_example_changes_nothing():
    """Whatever the size of a mini-batch: no room is made for it."""
    network = Network.initialise((4, 3), np.random.default_rng(0))
    call = list(reading(compiled.variants()[0], network, np.zeros((0, 4), np.uint8)))
    call[8] = 2**31 - 1
    KERNEL.learn(*call)
