"""Ranges: Optuna chooses, the same for the same seed, whenever the sweep was stopped."""

import json
import os
import signal
from pathlib import Path

import pytest

from mlp_cli.sweeps.search import Trial, lags_behind, propose
from mlp_cli.sweeps.variation import Listed, Range
from tests.makers import make_arrays, write_dataset
from tests.processes import end_by, finish, read_until, running
from tests.test_sweep import runs, table

pytestmark = pytest.mark.alike

VARIED = {
    "hidden": Listed(([10], [10, 5])),
    "eta": Range(0.01, 10.0, is_logarithmic=True),
    "batch_size": Range(1, 100),
}
SEARCH = (
    "sweep --validation 100 --epochs 3 --hidden 8 --vary eta=0.01..30:log --vary batch_size=2..100 "
    "--trials 14"
)


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"), make_arrays(train=600, test=50))


def trials(folder):
    return json.loads((Path(folder) / "trials.json").read_text())["trials"]


def make_past(count):
    """Trials of which those with an eta near 1 were the best."""
    past = []
    for number in range(count):
        settings = propose(VARIED, 0, number, past)
        value = 1 - abs(settings["eta"] - 1) / 10
        past.append(Trial(settings, value, (value / 2, value)))
    return past


def test_a_choice_depends_on_seed_number_and_past_alone():
    past = make_past(15)
    assert propose(VARIED, 0, 15, past) == propose(VARIED, 0, 15, past)
    assert propose(VARIED, 0, 15, past) != propose(VARIED, 1, 15, past)
    assert propose(VARIED, 0, 15, past) != propose(VARIED, 0, 16, past)
    assert propose(VARIED, 0, 15, past) != propose(VARIED, 0, 15, past[:12])


def test_choices_lie_in_the_ranges_and_learn_from_the_past():
    past = make_past(40)
    for trial in past:
        assert trial.settings["hidden"] in ([10], [10, 5])
        assert 0.01 <= trial.settings["eta"] <= 10
        assert type(trial.settings["batch_size"]) is int
        assert 1 <= trial.settings["batch_size"] <= 100
    first, last = ([trial.value for trial in part] for part in (past[:10], past[-10:]))
    assert sum(last) > sum(first)


def test_a_range_of_hidden_is_one_layer():
    assert all(
        type(propose({"hidden": Range(5, 9)}, 0, number, [])["hidden"][0]) is int
        for number in range(5)
    )


def test_a_trial_below_the_median_lags_behind():
    past = make_past(9)
    settings = past[0].settings
    assert lags_behind(VARIED, Trial(settings, 0.0, (0.01,)), past, 1)
    assert not lags_behind(VARIED, Trial(settings, 0.0, (0.99,)), past, 1)
    assert not lags_behind(VARIED, Trial(settings, 0.0, (0.01,)), past[:3], 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_search_is_the_same_for_the_same_seed_also_when_stopped(jobs):
    arguments = [*SEARCH.split(), "--jobs", jobs]
    finish(*arguments, "-o", "whole")
    with running(*arguments, "-o", "s") as process:
        read_until(process, "6/14  eta")
        code, _ = end_by(process, signal.SIGINT)
    assert code == 130
    assert len(trials("s")) < 14
    with running(*arguments, "-o", "s") as process:
        read_until(process, "11/14  eta")
        process.kill()
    finish("sweep", "-o", "s", "--jobs", jobs)
    assert trials("s") == trials("whole")
    assert table("s") == table("whole")
    assert runs("s") == runs("whole")
    finish(*arguments, "--seed", 1, "-o", "other")
    assert trials("other") != trials("whole")


def test_trials_that_lag_behind_are_pruned():
    arguments = SEARCH.replace("--epochs 3", "--epochs 8").split()
    finish(*arguments, "--prune", "--jobs", 1, "--seeds", 2, "-o", "s")
    pruned = [row["error"] for row in table("s") if row["error"]]
    assert pruned
    assert all("pruned after epoch" in reason for reason in pruned)
    assert all("below the median of the trials before" in reason for reason in pruned)
    before = trials("s")
    finish("sweep", "-o", "s", "--jobs", 1)
    assert [row["error"] for row in table("s") if row["error"]] == pruned
    assert trials("s") == before


def test_without_optuna_a_range_is_refused_with_the_extra(run, monkeypatch):
    monkeypatch.setattr("mlp_cli.system.packages.find_spec", lambda _: None)
    err = run([*SEARCH.split(), "-o", "s"], status=1).stderr
    assert err == (
        "Error: optuna is not installed; a range in --vary needs it. "
        'Install it with: pip install "mlp-cli[sweep]"\n'
    )
    assert not os.path.exists("s")
    run("sweep --validation 10 --epochs 1 --vary eta=1,3 --jobs 1 -o grid")


@pytest.mark.parametrize(
    "content",
    [
        *("", "{}", "[]", '{"trials": [{"eta": 1}]}', '{"trials": [3]}'),
        '{"trials": [{"eta": -1.0, "batch_size": 1}]}',
        json.dumps({"trials": [{"eta": 1.0, "batch_size": 1}] * 15}),
    ],
)
def test_a_damaged_list_of_trials_is_refused(run, content):
    run([*SEARCH.replace("14", "1").split(), "--jobs", "1", "-o", "s"])
    Path("s/trials.json").write_text(content)
    assert "s/trials.json: damaged" in run("sweep -o s", status=1).stderr


@pytest.mark.mnist
@pytest.mark.slow
def test_twenty_trials_find_a_good_learning_rate_and_batch_size(mnist_dir):
    vary = ["--vary", "eta=0.01..1:log", "--vary", "batch_size=1..100"]
    finish(
        *("sweep", "--config", "quick", "--hidden", 100, "--epochs", 10, *vary),
        *("--trials", 20, "--jobs", 2, "-o", "s", "--data-dir", mnist_dir),
    )
    assert float(table("s")[0]["mean"]) >= 0.979
