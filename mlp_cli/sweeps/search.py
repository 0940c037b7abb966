"""Search in ranges: what to try next, by what was tried before. Optuna chooses."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlp_cli.runs.schema import Option
from mlp_cli.sweeps.plan import value_in_range
from mlp_cli.sweeps.variation import Listed, Variation, spell
from mlp_cli.system.packages import import_extra

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

WORST = 0.0
"""the accuracy of a trial whose runs cannot go on: the search leads away from it"""


class Trial(NamedTuple):
    """A combination of settings that was tried."""

    settings: Mapping[str, Option]
    value: float
    """mean validation accuracy over the seeds"""
    accuracies: Sequence[float]
    """after each epoch, of the run with the first seed"""
    is_pruned: bool = False


def require_optuna() -> None:
    """Import Optuna. Raises MissingPackageError, naming the extra, where it is not there."""
    import_extra(["optuna"], "sweep", "a range in --vary needs it")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)


def propose(
    varied: Mapping[str, Variation], seed: int, number: int, past: Sequence[Trial]
) -> dict[str, Option]:
    """Return the settings to try next: a tree-structured Parzen estimator (TPE) chooses them.

    The choice depends on these arguments alone. Optuna's own state is not kept between two
    choices, so that a sweep that was stopped makes the same ones.
    number: of the trial, counted from 0.  past: the trials to learn from.
    """
    import optuna

    state = np.random.SeedSequence([seed, number]).generate_state(1)
    study = _study(varied, past, optuna.samplers.TPESampler(seed=int(state[0])))
    drawn = study.ask(_distributions(varied)).params
    return {name: _value(name, each, drawn[name]) for name, each in varied.items()}


def lags_behind(
    varied: Mapping[str, Variation], trial: Trial, past: Sequence[Trial], epoch: int
) -> bool:
    """Return whether a trial is below the median of the past ones after this epoch."""
    import optuna

    study = _study(varied, past, optuna.samplers.RandomSampler(seed=0))
    so_far = trial._replace(accuracies=trial.accuracies[:epoch])
    frozen = _frozen(varied, so_far, optuna.trial.TrialState.RUNNING)
    frozen.number = len(past)
    return optuna.pruners.MedianPruner().prune(study, frozen)


def _study(
    varied: Mapping[str, Variation],
    past: Sequence[Trial],
    sampler: "optuna.samplers.BaseSampler",
) -> "optuna.Study":
    """Return a study in memory that knows these trials."""
    import optuna

    states = optuna.trial.TrialState
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(
        [_frozen(varied, t, states.PRUNED if t.is_pruned else states.COMPLETE) for t in past]
    )
    return study


def _frozen(
    varied: Mapping[str, Variation],
    trial: Trial,
    state: "optuna.trial.TrialState",
) -> "optuna.trial.FrozenTrial":
    """Return a trial as Optuna keeps it."""
    import optuna

    return optuna.trial.create_trial(
        state=state,
        value=trial.value if state is optuna.trial.TrialState.COMPLETE else None,
        params={name: _parameter(each, trial.settings[name]) for name, each in varied.items()},
        distributions=_distributions(varied),
        intermediate_values=dict(enumerate(trial.accuracies, start=1)),
    )


def _distributions(varied: Mapping[str, Variation]) -> "dict[str, BaseDistribution]":
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    found: dict[str, BaseDistribution] = {}
    for name, each in varied.items():
        if isinstance(each, Listed):
            found[name] = CategoricalDistribution([spell(value) for value in each.values])
        elif isinstance(each.least, int) and isinstance(each.most, int):
            found[name] = IntDistribution(each.least, each.most, log=each.is_logarithmic)
        else:
            found[name] = FloatDistribution(each.least, each.most, log=each.is_logarithmic)
    return found


def _parameter(variation: Variation, value: Option) -> str | int | float:
    """Return a setting's value as Optuna knows it: a text from a list, a number from a range."""
    if isinstance(variation, Listed):
        return spell(value)
    return value[0] if isinstance(value, list) else value


def _value(name: str, variation: Variation, parameter: str | int | float) -> Option:
    """Return Optuna's parameter as the value of a setting."""
    if isinstance(variation, Listed):
        return next(value for value in variation.values if spell(value) == parameter)
    assert not isinstance(parameter, str)
    return value_in_range(name, parameter)
