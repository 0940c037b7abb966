"""How the settings of a sweep vary: which of them do, their values in words and along an axis."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, Self

from mlp_cli.runs.schema import Option
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.sweeps.plan import Plan
from mlp_cli.sweeps.rows import Row
from mlp_cli.sweeps.table import show_value
from mlp_cli.sweeps.variation import Range
from mlp_cli.system.characters import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DECADE = 10.0
"""Values that lie further apart than by this factor get a logarithmic axis."""
TICKED = 8
"""With so many values at most, each gets a tick of its own."""
CROWDED = 0.08
"""fraction of the axis: ticks that are closer than this would be unreadable"""

Spacing = Literal["linear", "log", "even"]


def varied(rows: Sequence[Row]) -> list[str]:
    """Return the names of the settings that differ between these rows."""
    names = rows[0].settings if rows else ()
    return [name for name in names if len({repr(row.settings[name]) for row in rows}) > 1]


def alike(rows: Sequence[Row], plan: Plan) -> dict[str, Option]:
    """Return the settings that do not differ between these rows, without the seed."""
    different = varied(rows)
    settings = {**plan.options, **(rows[0].settings if rows else {})}
    left = {name: value for name, value in settings.items() if name not in different}
    return {name: left[name] for name in SETTINGS if name in left and name != "seed"}


def worth_saying(settings: Mapping[str, Option]) -> dict[str, Option]:
    """Return the settings that are not the defaults, without dataset and threads."""
    return {
        name: value
        for name, value in settings.items()
        if name not in ("dataset", "threads") and value != SETTINGS[name].default
    }


def value_text(value: Option) -> str:
    """Return a value for the eye, as `show_value`, of characters that can be shown."""
    return one_line(show_value(value))


def words(settings: Mapping[str, Option]) -> str:
    """Return settings in words, as in `eta 0.5, batch size 100`."""
    return ", ".join(f"{heading(name)} {value_text(value)}" for name, value in settings.items())


def row_words(row: Row, different: Sequence[str]) -> str:
    """Return the settings of a row that differ from others, in words."""
    return words({name: row.settings[name] for name in different}) or "all runs"


def heading(name: str) -> str:
    """Return the name of a setting in words."""
    return name.replace("_", " ")


def best_row(rows: Sequence[Row]) -> Row | None:
    """Return the best row, which is the first that has a mean; None where none has one."""
    return next((row for row in rows if row.mean is not None), None)


@dataclass(frozen=True)
class Scale:
    """Where the values of a setting stand along an axis."""

    name: str
    values: tuple[Option, ...]
    """those that occur, in order"""
    spacing: Spacing
    """`even`: one step from each value to the next, as names have it"""

    @classmethod
    def of(cls, name: str, rows: Sequence[Row], plan: Plan) -> Self:
        """Return the scale of a setting over these rows: logarithmic where its range is."""
        found = {repr(row.settings[name]): row.settings[name] for row in rows}
        values = tuple(sorted(found.values(), key=_order))
        span = plan.varied.get(name)
        is_log = isinstance(span, Range) and span.is_logarithmic
        return cls(name, values, _spacing(values, is_log=is_log))

    def place(self, value: Option) -> float:
        """Return where a value stands, in the axis' own unit."""
        if self.spacing == "even":
            return self.values.index(value)
        assert isinstance(value, int | float)
        return float(value)

    @property
    def is_ordered(self) -> bool:
        """Whether the values are numbers, so that a line may join their results."""
        return all(isinstance(value, int | float) for value in self.values)

    def dress(self, axes: "Axes") -> None:
        """Give the x axis this scale, with ticks and the name of the setting."""
        from matplotlib.ticker import LogLocator, NullLocator

        places = [self.place(value) for value in self.values]
        if self.spacing == "log":
            axes.set_xscale("log")
        axes.set_xlim(*self._limits(places))
        axes.set_xlabel(heading(self.name))
        if self.spacing == "even" or (len(places) <= TICKED and not self._is_crowded(places)):
            texts = [value_text(value) for value in self.values]
            turn = 90 if len("".join(texts)) > 40 else 0
            axes.set_xticks(places, texts, rotation=turn)
        elif self.spacing == "log":
            wide = places[-1] / places[0] > DECADE**3
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        if self.spacing == "log":
            axes.xaxis.set_minor_locator(NullLocator())

    def _limits(self, places: Sequence[float]) -> tuple[float, float]:
        low, high = places[0], places[-1]
        if self.spacing == "log":
            margin = (high / low) ** 0.06 if high > low else 2.0
            return low / margin, high * margin
        margin = 0.5 if self.spacing == "even" else (high - low) * 0.06 or 1.0
        return low - margin, high + margin

    def _is_crowded(self, places: Sequence[float]) -> bool:
        along = [math.log(place) for place in places] if self.spacing == "log" else places
        whole = along[-1] - along[0]
        gaps = [after - before for before, after in pairwise(along)]
        return any(gap < CROWDED * whole for gap in gaps)


def _order(value: Option) -> tuple[int, float, list[int], str]:
    """Return what values are sorted by: numbers, then lists of layers, then names."""
    if isinstance(value, int | float):
        return (0, value, [], "")
    if isinstance(value, list | tuple):
        return (1, len(value), list(value), "")
    return (2, 0, [], value)


def _spacing(values: Sequence[Option], *, is_log: bool) -> Spacing:
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values):
        return "even"
    low, high = min(numbers), max(numbers)
    if low > 0 and (is_log or high / low >= DECADE):
        return "log"
    above = [number for number in numbers if number > 0]
    # 0 has no place on a logarithmic axis, as in l2 = 0, 0.001, 0.1, 10.
    if low == 0 and above and high / min(above) >= DECADE**2 and len(values) <= TICKED:
        return "even"
    return "linear"
