"""The training loop: every example once, short last batches, seeds, costs, divergence."""

import numpy as np
import pytest

from mlp_cli.errors import DivergedError
from mlp_cli.learning.learner import NumpyEngine
from mlp_cli.learning.progress import EpochProgress, LearnedBlock
from mlp_cli.learning.schedules import Schedule
from mlp_cli.learning.sgd import sgd, train_blocks, train_epochs, validate
from mlp_cli.learning.update_rule import UpdateRule
from mlp_cli.nn.costs import mean_cost, quadratic
from mlp_cli.nn.encoding import one_hot, pixels_to_x
from mlp_cli.nn.network import Network
from tests.makers import make_data, make_network


def train(images, labels, seed=0, dtype=np.float32, **options):
    network = make_network(dtype=dtype)
    settings = {"epochs": 3, "eta": 3.0, "batch_size": 4} | options
    results = list(sgd(network, images, labels, rng=np.random.default_rng(seed), **settings))
    return network, results


def test_every_epoch_visits_every_example_once_in_another_order(monkeypatch):
    images, labels = make_data(20)
    visits = []
    monkeypatch.setattr(
        NumpyEngine, "blocks", lambda *arguments: iter(visits.append(arguments[3]) or ())
    )
    run(make_network(), images, labels, Schedule(3.0, epochs=2))
    first, second = visits
    assert sorted(first) == sorted(second) == list(range(20))
    assert list(first) != list(second)


def test_training_leaves_the_data_as_it_was():
    images, labels = make_data(20)
    before = images.copy(), labels.copy()
    train(images, labels)
    np.testing.assert_array_equal(images, before[0])
    np.testing.assert_array_equal(labels, before[1])


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    images, labels = make_data(50)
    one, again, other = (train(images, labels, seed)[0] for seed in (0, 0, 1))
    for a, b, c in zip(one.weights, again.weights, other.weights, strict=True):
        assert a.dtype == np.float32
        assert a.tobytes() == b.tobytes() != c.tobytes()


def test_the_cost_is_the_mean_over_examples_before_each_update():
    images, labels = make_data(10)
    network = make_network()
    x, y = pixels_to_x(images, np.float64), one_hot(labels, 3, np.float64)
    expected = quadratic(network.feedforward(x)[-1], y) / 10
    _, (result,) = train(images, labels, dtype=np.float64, epochs=1, batch_size=10)
    assert result.cost == pytest.approx(expected, rel=1e-12)


def test_results_count_what_the_validation_set_says():
    images, labels = make_data(40)
    held_out = make_data(12, seed=5)
    network, results = train(images, labels, validation=held_out)
    assert [r.epoch for r in results] == [1, 2, 3]
    assert all(r.eta == 3.0 and r.seconds > 0 for r in results)
    last = results[-1]
    assert last.validation_correct == validate(network, *held_out).correct
    assert last.validation_accuracy == last.validation_correct / 12
    expected = mean_cost(network.outputs(held_out[0]), held_out[1], "quadratic")
    assert last.validation_cost == expected
    assert len({r.validation_cost for r in results}) == 3
    answers = [network.feedforward(pixels_to_x(i[None], np.float32))[-1] for i in held_out[0]]
    right = [a.argmax() == label for a, label in zip(answers, held_out[1], strict=True)]
    assert last.validation_correct == sum(right)


def test_without_a_validation_set_there_is_no_accuracy():
    _, results = train(*make_data(8))
    assert results[0].validation_accuracy is None
    assert results[0].validation_correct is None
    assert results[0].validation_cost is None


@pytest.mark.parametrize("cost", [np.nan, np.inf])
def test_a_cost_that_is_no_finite_number_is_not_recorded(monkeypatch, cost):
    """JSON has no such number, and no reader would take the checkpoint."""
    monkeypatch.setattr("mlp_cli.learning.sgd.validate", lambda *_: (6, cost))
    _, results = train(*make_data(8), validation=make_data(12))
    assert results[0].validation_cost is None
    assert results[0].validation_accuracy == 0.5


def test_seconds_are_those_of_training_alone(monkeypatch):
    clock = [0.0]

    def takes(seconds, answer):
        clock[0] += seconds
        return answer

    monkeypatch.setattr("mlp_cli.learning.sgd.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr(
        NumpyEngine, "blocks", lambda *_: (takes(1.5, LearnedBlock(4, 0.0, 0)) for _ in range(2))
    )
    monkeypatch.setattr("mlp_cli.learning.sgd.validate", lambda *_: takes(100.0, (1, 0.5)))
    results = run(make_network(), *make_data(8), Schedule(3.0, 3), validation=make_data(4))
    assert [result.seconds for result in results] == [3.0] * 3


def test_the_epoch_that_diverged_is_the_one_named(monkeypatch):
    answers = iter([True, False])
    monkeypatch.setattr(Network, "is_finite", lambda _: next(answers))
    with pytest.raises(DivergedError, match=r"^Epoch 2: with eta 3 "):
        train(*make_data(8))


def test_training_lowers_the_cost():
    images, labels = make_data(60)
    labels = (images[:, 0, 0] // 86).astype(np.uint8)  # something there is to learn
    _, results = train(images, labels, epochs=40)
    assert results[-1].cost < 0.5 * results[0].cost


@pytest.mark.parametrize("eta", [1e40, 1e308])
def test_parameters_that_overflow_stop_the_run_and_name_the_epoch(eta):
    with pytest.raises(DivergedError, match="Epoch 1: with eta 1e"):
        train(*make_data(8), eta=eta)


def run(network, images, labels, schedule, **options):
    engine = NumpyEngine(network, 4, UpdateRule(momentum=0.5))
    return list(train_epochs(engine, images, labels, schedule, np.random.default_rng(0), **options))


def test_the_training_accuracy_is_that_just_before_each_update():
    images, labels = make_data(8)
    network, expected = make_network(), make_network()
    (result,) = run(network, images, labels, Schedule(3.0, epochs=1))
    order = np.random.default_rng(0).permutation(8)
    blocks = NumpyEngine(expected, 4, UpdateRule(momentum=0.5)).blocks(images, labels, order, 3.0)
    assert result.training_accuracy == sum(block.correct for block in blocks) / 8
    assert result.validation_accuracy is None


def test_blocks_report_every_example_of_every_epoch():
    engine = NumpyEngine(make_network(), 4)
    rng, reports = np.random.default_rng(0), {1: 0, 2: 0}
    for each in train_blocks(engine, *make_data(10), Schedule(3.0, epochs=2), rng):
        if isinstance(each, EpochProgress):
            reports[each.epoch] += each.examples
        else:
            assert reports[each.epoch] == 10
    assert reports == {1: 10, 2: 10}


def test_the_schedule_sees_the_validation_accuracies_and_sets_the_rate(monkeypatch):
    monkeypatch.setattr("mlp_cli.learning.sgd.validate", lambda *_: (6, 0.5))
    schedule = Schedule(2.0, epochs=4, name="halve-on-plateau", every=1)
    results = run(make_network(), *make_data(8), schedule, validation=make_data(12))
    assert [result.eta for result in results] == [2.0, 2.0, 1.0, 0.5]


def test_epochs_that_were_trained_before_are_counted():
    accuracies = [0.1, 0.9, 0.9]
    schedule = Schedule(2.0, epochs=5, name="halve-on-plateau", every=1)
    results = run(make_network(), *make_data(8), schedule, accuracies=accuracies)
    assert [(result.epoch, result.eta) for result in results] == [(4, 1.0), (5, 0.5)]


def test_every_epoch_may_have_images_of_its_own():
    images, labels = make_data(8)
    shown = []

    def images_of(epoch):
        shown.append(epoch)
        return images if epoch == 1 else 255 - images

    given, expected = make_network(), make_network()
    run(given, images_of, labels, Schedule(3.0, epochs=2))
    engine, rng = NumpyEngine(expected, 4, UpdateRule(momentum=0.5)), np.random.default_rng(0)
    engine.learn(images, labels, rng.permutation(8), 3.0)
    engine.learn(255 - images, labels, rng.permutation(8), 3.0)
    assert shown == [1, 2]
    assert given.weights[0].tobytes() == expected.weights[0].tobytes()
