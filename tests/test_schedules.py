"""The learning rate of every epoch, by hand."""

import pytest

from mlp_cli.learning.schedules import Schedule


def rates(schedule, accuracies=None):
    """The rates of all its epochs, with these validation accuracies."""
    accuracies = accuracies or [None] * schedule.epochs
    return [schedule.rate(accuracies[:epoch]) for epoch in range(schedule.epochs)]


def test_a_constant_rate_stays():
    assert rates(Schedule(3.0, epochs=4)) == [3.0] * 4


def test_a_cosine_falls_from_eta_towards_0():
    """(1 + cos(pi e / 4)) / 2 for e = 0..3: 1, 0.8536, 1/2, 0.1464."""
    assert rates(Schedule(2.0, epochs=4, name="cosine")) == pytest.approx(
        [2.0, 2 * 0.853553, 1.0, 2 * 0.146447], rel=1e-5
    )


def test_a_step_halves_every_so_many_epochs():
    schedule = Schedule(4.0, epochs=7, name="step", every=3)
    assert rates(schedule) == [4, 4, 4, 2, 2, 2, 1]


def test_a_plateau_halves_once_and_then_waits_again():
    """Better, better, two no better: halved; one better; two no better: halved again."""
    schedule = Schedule(8.0, epochs=9, name="halve-on-plateau", every=2)
    accuracies = [0.5, 0.6, 0.6, 0.5, 0.7, 0.7, 0.7, 0.1, 0.1]
    assert rates(schedule, accuracies) == [8, 8, 8, 8, 4, 4, 4, 2, 2]


@pytest.mark.parametrize("name", ["constant", "cosine", "step", "halve-on-plateau"])
def test_a_warm_up_rises_evenly_and_then_the_schedule_begins(name):
    cold = Schedule(3.0, epochs=5, name=name, every=2)
    warm = Schedule(3.0, epochs=7, name=name, every=2, warmup=2)
    accuracies = [0.1, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3]
    assert rates(warm, accuracies)[:3] == pytest.approx([1.0, 2.0, 3.0])
    assert rates(warm, accuracies)[2:] == pytest.approx(rates(cold, accuracies[2:]))


def test_every_halving_is_exact():
    schedule = Schedule(0.1, epochs=40, name="step", every=1)
    assert rates(schedule)[39] == 0.1 / 2**39
