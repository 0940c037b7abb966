"""The process of a sweep: from a plan to rows, run by run."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mlp_cli.errors import CheckpointError, SweepError
from mlp_cli.runs.schema import Option
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.sweeps.folder import read_kept_start
from mlp_cli.sweeps.plan import Plan, Point, read_plan
from mlp_cli.sweeps.results import Result, make_row, read_result, sorted_rows
from mlp_cli.sweeps.rows import Row
from mlp_cli.sweeps.search import WORST, Trial, lags_behind, propose
from mlp_cli.sweeps.table import key, read_reasons
from mlp_cli.sweeps.workers import Ended, Progress, Task, Workers
from mlp_cli.system.files import open_regular
from mlp_cli.system.outputs import writing

TRIALS = "trials.json"
PRUNED = "pruned after epoch"
MOST_TRIALS_BYTES = 1 << 26


class Finished(NamedTuple):
    """A run is complete, or it cannot go on."""

    task: Task
    point: Point
    result: Result | None
    error: str | None


class Sweep:
    """The runs of a plan: what they have reached so far, and why some of them cannot go on."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.results: dict[int, Result] = {}
        """by the number of the run"""
        self.errors: dict[int, str] = {}
        self._points: list[Point] = []
        """the combinations of the grid, or the trials that have been chosen so far"""
        settings = _read_trials(plan, folder) if plan.trials else plan.corners()
        for each in settings:
            self._add(plan.point(each))

    @property
    def complete(self) -> int:
        """How many runs are complete, or cannot go on."""
        done = {number for number, result in self.results.items() if result.is_complete}
        return len(done | self.errors.keys())

    def epochs_had(self, number: int) -> int:
        """Return how many epochs a run has had when it was last looked at."""
        return len(self.results[number].accuracies) if number in self.results else 0

    def rows(self) -> list[Row]:
        """Return the table so far, a row for each combination of settings, the best first."""
        return sorted_rows(self.unsorted_rows())

    def unsorted_rows(self) -> list[Row]:
        """Return the rows in the order of the plan."""
        return [
            make_row(point, self._tasks(index), self.results, self.errors)
            for index, point in enumerate(self._points)
        ]

    def train(self, workers: Workers) -> Iterator[Progress | Finished]:
        """Train every run that is not complete, and yield each epoch and each end of a run.

        A run that cannot go on is one of the sweep's results. Raises UnwritableError where
        checkpoints cannot be written, and what the workers raise.
        """
        self._running: dict[int, tuple[Task, Point]] = {}
        self._start = read_kept_start(self.folder, self.plan)
        submitted = 0
        # Trials in flight: as few as keep all slots busy, so that each learns from most others.
        # How long a run takes decides nothing, so the choice is the same each time.
        self._lag = math.ceil((workers.slots - 1) / self.plan.seeds) + 1
        while True:
            if not self.plan.trials:
                yield from self._submit(range(submitted, len(self._points)), workers)
                submitted = len(self._points)
            while submitted < self.plan.trials and self._may_choose(submitted):
                if submitted == len(self._points):
                    self._choose()
                yield from self._submit(range(submitted, submitted + 1), workers)
                submitted += 1
            if not self._running:
                return
            event = workers.wait()
            if isinstance(event, Progress):
                yield event
                self._prune(event.number, workers)
            else:
                yield self._end(event)

    def _add(self, point: Point) -> None:
        """Add a combination, with what its runs have reached before."""
        self._points.append(point)
        for task in self._tasks(len(self._points) - 1):
            if point.error is not None:
                self.errors[task.number] = point.error
                continue
            self._look_at(task)

    def _look_at(self, task: Task) -> None:
        """Read what a run has reached."""
        try:
            if (result := read_result(task)) is not None:
                self.results[task.number] = result
        except CheckpointError as error:
            self.errors[task.number] = str(error)

    def _tasks(self, index: int) -> list[Task]:
        return self.plan.tasks(self.folder, index, self._points[index])

    def _submit(self, indices: range, workers: Workers) -> Iterator[Finished]:
        """Submit the runs of these combinations, all of one seed before any of the next."""
        waiting = []
        for index in indices:
            self._prune(index * self.plan.seeds + 1, workers)  # it may have run before
            point, tasks = self._points[index], self._tasks(index)
            if point.error is not None:
                yield Finished(tasks[0], point, None, point.error)
            waiting += [(task, point) for task in tasks if self._is_open(task.number)]
        for task, point in sorted(waiting, key=lambda pair: self._nth_seed(pair[0].number)):
            self._running[task.number] = (task, point)
            workers.submit(task._replace(start=self._start))

    def _nth_seed(self, number: int) -> int:
        """Return the place of a run among those of its combination, counted from 0."""
        return (number - 1) % self.plan.seeds

    def _is_open(self, number: int) -> bool:
        """Return whether a run is to be trained."""
        result = self.results.get(number)
        return number not in self.errors and not (result and result.is_complete)

    def _end(self, event: Ended) -> Finished:
        task, point = self._running.pop(event.number)
        self._look_at(task)
        if event.error is not None and task.number not in self.errors:
            self.errors[task.number] = event.error
        error = self.errors.get(task.number)
        return Finished(task, point, self.results.get(task.number), error)

    def _may_choose(self, index: int) -> bool:
        """Return whether all trials have ended that the choice of this one depends on."""
        last = (index - self._lag + 1) * self.plan.seeds
        return not any(self._is_open(number) for number in range(1, last + 1))

    def _choose(self) -> None:
        """Choose the settings of the next trial, and write them down before it begins."""
        index = len(self._points)
        seed = self.plan.first_seed
        settings = propose(self.plan.varied, seed, index, self._past(index))
        trials = [dict(point.settings) for point in self._points] + [settings]
        with writing(self.folder / TRIALS) as file:
            file.write(json.dumps({"trials": trials}, indent=1).encode())
        self._add(self.plan.point(settings))

    def _past(self, index: int) -> list[Trial]:
        """Return the trials that the choice of this one, and its pruning, depend on."""
        return [self._trial(earlier) for earlier in range(index - self._lag + 1)]

    def _trial(self, index: int) -> Trial:
        numbers = [task.number for task in self._tasks(index)]
        reasons = [self.errors[number] for number in numbers if number in self.errors]
        first = self.results.get(numbers[0])
        accuracies = first.accuracies if first else ()
        for reason in reasons:
            if (epoch := _pruned_after(reason)) is not None:
                return Trial(self._points[index].settings, WORST, accuracies[:epoch], True)
        row = make_row(self._points[index], self._tasks(index), self.results, self.errors)
        value = WORST if reasons or row.mean is None else row.mean
        return Trial(row.settings, value, accuracies)

    def _prune(self, number: int, workers: Workers) -> None:
        """End a trial early where the run of its first seed lags behind those before it."""
        if not self.plan.prune or self._nth_seed(number) or number in self.errors:
            return
        if number in self._running:
            self._look_at(self._running[number][0])
        index = (number - 1) // self.plan.seeds
        trial, past = self._trial(index), self._past(index)
        for epoch, accuracy in enumerate(trial.accuracies, start=1):
            if lags_behind(self.plan.varied, trial, past, epoch):
                behind = f"{accuracy * 100:.2f} %, below the median of the trials before"
                for each in self._tasks(index):
                    self.errors[each.number] = f"{PRUNED} {epoch}: {behind}"
                    if each.number in self._running:
                        workers.stop(each.number)
                return


def _pruned_after(reason: str) -> int | None:
    """Return after which epoch a trial was pruned, by its reason; None where it was not."""
    if not reason.startswith(PRUNED):
        return None
    return int(reason.removeprefix(PRUNED).partition(":")[0])


def _read_trials(plan: Plan, folder: Path) -> list[dict[str, Option]]:
    """Return the settings of the trials that have been chosen so far.

    Raises SweepError where their file is damaged, or has settings that are not the plan's.
    """
    path = folder / TRIALS
    try:
        with open_regular(path) as file:
            trials = json.loads(file.read(MOST_TRIALS_BYTES))["trials"]
        for trial in trials:
            if trial.keys() != plan.varied.keys():
                raise ValueError(f"settings {', '.join(trial)}")
            for name, value in trial.items():
                if not SETTINGS[name].accepts(value):
                    raise ValueError(f"{name} {value!r}")
        if len(trials) > plan.trials:
            raise ValueError(f"{len(trials)} of {plan.trials} trials")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SweepError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SweepError(
            f"{path}: damaged ({error}), expected the trials of the sweep.\n"
            "Move it away, and the trials are chosen again."
        ) from error
    ordered: list[dict[str, Option]] = [
        {name: each[name] for name in plan.varied} for each in trials
    ]
    return ordered


def read_table(folder: Path) -> tuple[Plan, list[Row]]:
    """Return the plan of the sweep in a folder, and its table so far, the best row first.

    Raises SweepError where there is no sweep, or its plan cannot be read.
    """
    plan = read_plan(folder)
    sweep = Sweep(plan, folder)
    reasons = read_reasons(folder)
    rows = [
        replace(row, error=reasons.get(key(row)) or row.error)
        if None in row.validation_accuracy
        else row
        for row in sweep.unsorted_rows()
    ]
    return plan, sorted_rows(rows)
