"""The plan of a sweep: which runs it has, written down before the first of them begins."""

import json
import math
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Self

from mlp_cli.errors import OptionError, SweepError
from mlp_cli.runs.combinations import check_combination
from mlp_cli.runs.presets import format_preset
from mlp_cli.runs.schema import MOST_WHOLE, Option, Whole, show_option
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.sweeps.variation import EXAMPLES, Listed, Range, Variation, read_variation
from mlp_cli.sweeps.variation import read_variations as read_typed
from mlp_cli.sweeps.workers import Task
from mlp_cli.system.files import open_regular

PLAN = "sweep.toml"
PLAN_VERSION = 1
MOST_RUNS = 100_000
"""in one sweep: a folder of more files is slow on many systems"""
MOST_PLAN_BYTES = 1 << 24
HEAD = """\
# The plan of a sweep. Its runs, each an ordinary checkpoint, stand beside this file.
"""


class Point(NamedTuple):
    """Settings that differ within a sweep, each with one value: a row of its table."""

    settings: Mapping[str, Option]
    error: str | None
    """why no run can have these settings; None where one can"""


@dataclass(frozen=True)
class Plan:
    """All that a sweep is made from. Two sweeps of one plan have the same runs."""

    options: Mapping[str, Option]
    """the settings that do not differ; of the seed, the first"""
    varied: Mapping[str, Variation]
    """the settings that differ, in the order of the table of settings"""
    seeds: int = 1
    """how many runs each combination of settings has"""
    trials: int = 0
    """how many combinations are drawn from the ranges; 0: there are none, and all are trained"""
    prune: bool = False
    """whether a trial may end early that lags behind the others"""
    data: Mapping[str, str] = field(default_factory=dict)
    """the fingerprint of each dataset, by its name"""

    @classmethod
    def read_options(
        cls,
        options: Mapping[str, Option],
        typed: Collection[str],
        vary: Sequence[str],
        *,
        seeds: int = 1,
        trials: int | None = None,
        prune: bool = False,
    ) -> Self:
        """Return the plan for options of `mlp train`, and texts such as `eta=1,3`.

        typed: the names of the options that somebody typed.
        A list of one value is an option like any other.
        Raises OptionError with every fault, a line each; where no combination of settings makes
        sense, with the reason of the first.
        """
        varied, faults = read_typed(vary)
        faults += [
            f"{SETTINGS[name].spelling} {show_option(options[name])}: is also in --vary. "
            "Leave one of them out."
            for name in varied
            if name in typed
        ]
        has_range = any(isinstance(each, Range) for each in varied.values())
        if has_range and trials is None:
            faults.append("--vary A..B: a range is sampled. Say how often with --trials N.")
        if not has_range and trials is not None and not faults:
            faults.append(
                f"--trials {trials}: a grid of lists runs every combination. Leave it out, or give "
                "a range, such as --vary eta=0.01..1:log."
            )
        if prune and trials is None:
            faults.append("--prune: only trials of a range are pruned. Leave it out.")
        lists = [each.values for each in varied.values() if isinstance(each, Listed)]
        count = (trials or math.prod(map(len, lists))) * seeds
        if count > MOST_RUNS:
            faults.append(f"{count:,} runs, expected {MOST_RUNS:,} at most. Vary fewer values.")
        if faults:
            raise OptionError("\n".join(faults))
        single = {
            name: each.values[0]
            for name, each in varied.items()
            if isinstance(each, Listed) and len(each.values) == 1
        }
        differing = {name: each for name, each in varied.items() if name not in single}
        # Processes share the cores, not threads.
        shared = {"threads": 1, **options, **single}
        shared = {name: value for name, value in shared.items() if name not in differing}
        plan = cls(shared, differing, seeds, trials or 0, prune)
        plan._check([*typed, *varied])
        return plan

    def _check(self, typed: Collection[str]) -> None:
        """Raise OptionError for what no run of the plan can have."""
        from mlp_cli.learning.engine import check_engine  # NumPy; help does without

        for engine in self.values_of("engine"):
            check_engine(str(engine))
        if 0 in self.values_of("validation"):
            raise OptionError(
                "--validation 0: a sweep compares its runs by the images held out. "
                "Hold some out in every run."
            )
        last = self.first_seed + self.seeds - 1
        if last > MOST_WHOLE:
            raise OptionError(f"--seed {self.first_seed}: the last seed is {last}, too large.")
        errors = []
        for point in self.corners():
            try:
                check_combination({**self.options, **point}, typed)
                return
            except OptionError as error:
                errors.append(error)
        raise OptionError(f"No run is left: {errors[0]}")

    @property
    def first_seed(self) -> int:
        """The seed of the first run of every combination."""
        seed = self.options["seed"]
        assert isinstance(seed, int)
        return seed

    @property
    def runs(self) -> int:
        """The number of runs."""
        corners = math.prod(len(self.values_of(name)) for name in self.varied)
        return self.seeds * (self.trials or corners)

    def values_of(self, name: str) -> Sequence[Option]:
        """Return the values of a setting that are known before any trial: a range has its ends."""
        match self.varied.get(name):
            case Listed(values):
                return values
            case Range(least, most, _):
                return [value_in_range(name, end) for end in (least, most)]
        return [self.options[name]]

    def corners(self) -> Iterator[dict[str, Option]]:
        """Yield every combination of listed values, and of the ends of ranges."""
        for values in product(*(self.values_of(name) for name in self.varied)):
            yield dict(zip(self.varied, values, strict=True))

    def point(self, settings: Mapping[str, Option]) -> Point:
        """Return a combination of settings, with the reason where no run can have it."""
        try:
            check_combination({**self.options, **settings}, self.varied)
        except OptionError as error:
            return Point(settings, str(error))
        return Point(settings, None)

    def tasks(self, folder: Path, index: int, point: Point) -> list[Task]:
        """Return the runs of a combination, one for each seed.

        index: of the combination, counted from 0.
        """
        width = max(3, len(str(self.runs)))
        tasks = []
        for nth in range(self.seeds):
            number = index * self.seeds + nth + 1
            options = {**self.options, **point.settings, "seed": self.first_seed + nth}
            tasks.append(Task(number, options, folder / f"run-{number:0{width}}.npz"))
        return tasks

    def to_toml(self) -> str:
        """Return the plan as the text of its file."""
        search = {"trials": self.trials, "prune": self.prune} if self.trials else {}
        sections: dict[str, dict[str, Option]] = {
            "options": dict(self.options),
            "varied": {name: str(each) for name, each in self.varied.items()},
            "data": {json.dumps(name): text for name, text in self.data.items()},
        }
        first = format_preset({"format_version": PLAN_VERSION, "seeds": self.seeds, **search})
        texts = [f"[{name}]\n{format_preset(values)}\n" for name, values in sections.items()]
        return "\n".join([HEAD, f"{first}\n", *texts])

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Return the plan in the text of a file. Raises ValueError or OptionError for another."""
        content = tomllib.loads(text)
        if content.get("format_version") != PLAN_VERSION:
            raise ValueError(f"format_version {content.get('format_version')!r}")
        options = _table(content, "options")
        defaults = {s.name: s.default for s in SETTINGS.values() if s.default is not None}
        texts = _table(content, "varied")
        if unknown := [name for name in (*options, *texts) if name not in SETTINGS]:
            raise ValueError(f"unknown {unknown[0]!r}")
        varied = {name: read_variation(SETTINGS[name], str(text)) for name, text in texts.items()}
        for name, value in options.items():
            if not SETTINGS[name].accepts(value):
                raise ValueError(f"{name} = {value!r}")
        # A plan of an earlier version lacks the settings that came later.
        shared = {k: v for k, v in (defaults | options).items() if k not in varied}
        count = Whole(1, MOST_RUNS)
        seeds, trials = content.get("seeds"), content.get("trials", 0)
        if not isinstance(seeds, int) or not count.accepts(seeds):
            raise ValueError(f"seeds = {seeds!r}")
        if trials != 0 and not count.accepts(trials):
            raise ValueError(f"trials = {trials!r}")
        prune, data = content.get("prune", False), _table(content, "data")
        return cls(shared, varied, seeds, trials, prune is True, data)

    def differences(self, other: Self) -> list[str]:
        """Return in what another plan differs from this one: each `NAME THEIRS instead of OURS`."""
        ours, theirs = self._flat(), other._flat()
        return [
            f"{name} {theirs.get(name, 'missing')} instead of {ours.get(name, 'missing')}"
            for name in dict.fromkeys([*ours, *theirs])
            if ours.get(name) != theirs.get(name)
        ]

    def _flat(self) -> dict[str, str]:
        """Return everything in the plan as text, by name."""
        flat: dict[str, str] = {}
        for each in fields(self):
            value: Any = getattr(self, each.name)
            if each.name == "data":
                flat |= {f"the data of {name}": text[:16] for name, text in value.items()}
            elif isinstance(value, Mapping):
                flat |= {name: show_option(inner) for name, inner in value.items()}
            else:
                flat[each.name] = str(value)
        return flat


def value_in_range(name: str, number: int | float) -> Option:
    """Return a number that was drawn from a range as the value of a setting."""
    return [int(number)] if isinstance(SETTINGS[name].default, list) else number


def read_plan(folder: Path) -> Plan:
    """Return the plan of the sweep in a folder.

    Raises SweepError where there is none, or it cannot be read.
    """
    path = folder / PLAN
    try:
        with open_regular(path) as file:
            return Plan.from_toml(file.read(MOST_PLAN_BYTES).decode())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SweepError(
            f"{folder}: no sweep here ({PLAN}), expected the folder of one.\n"
            f"Begin one with, for example: mlp sweep {EXAMPLES.partition(' or ')[0]} -o {folder}"
        ) from error
    except OSError as error:
        raise SweepError(
            f"{path}: cannot be read ({error.strerror or error}), expected a sweep's plan."
        ) from error
    except (ValueError, RecursionError, OptionError) as error:
        reason = str(error).partition("\n")[0]
        raise SweepError(
            f"{path}: not the plan of a sweep ({reason}).\nName another folder."
        ) from error


def _table(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{name} = {table!r}")
    return table
