"""A derivative beside its central differences, and the digest of an array too large to show."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.explanation.differences import Entries, Slopes
from mlp_cli.nn.types import Floats

TOLERANCE = 1e-6
"""the largest relative deviation that passes: rounding stays below it"""
MAX_SHOWN_UNITS = 10
"""units of the largest layer whose numbers are shown in full"""
SHOWN_OF_LARGE = 5
"""entries that are shown of a larger array"""

Positions = npt.NDArray[np.intp]
"""Positions in the list of a derivative's compared entries: (few,)."""

Symbol = Literal["d_a", "d_z", "d_b", "D_W"]


class Digest(NamedTuple):
    """A summary of an array that is too large to show."""

    norm: float
    """Euclidean: the root of the sum of squares"""
    min: float
    max: float
    largest: Entries
    """the entries farthest from 0, the farthest first"""


def is_small(array: Floats) -> bool:
    """Return whether an array is shown in full."""
    return all(n <= MAX_SHOWN_UNITS for n in array.shape)


def digest(array: Floats) -> Digest:
    """Return the digest of an array of any size."""
    sizes = -np.abs(array).ravel()
    few = min(SHOWN_OF_LARGE, array.size)
    # Not argpartition: which of equal entries it takes differs from processor to processor.
    enough = np.flatnonzero(~(sizes > np.partition(sizes, few - 1)[few - 1]))
    largest = enough[np.argsort(sizes[enough], kind="stable")][:few]
    return Digest(
        norm=float(np.linalg.norm(array)),
        min=float(array.min()),
        max=float(array.max()),
        largest=np.column_stack(np.unravel_index(largest, array.shape)),
    )


@dataclass(frozen=True)
class Derivative:
    """A derivative of the cost from Backpropagate, and central differences of its entries."""

    symbol: Symbol
    l: int
    """the layer"""
    fact: int
    """the number of the Fact that gives it"""
    values: Floats
    """(n_l,), or (n_l, n_{l-1}) with respect to the weights"""
    entries: Entries
    """the compared entries, in order: all of a small array, a sample of a large one"""
    central: Floats
    """the central differences of these entries: (k,)"""
    deviations: Floats
    """the relative deviations of these entries: (k,); nan where there is nothing to compare with"""
    floor: float
    """the least denominator of a relative deviation"""

    @property
    def is_small(self) -> bool:
        """Whether all entries are shown."""
        return is_small(self.values)

    @property
    def shown(self) -> Positions:
        """The positions of the entries to show: all, or those farthest from 0."""
        if self.is_small:
            return np.arange(len(self.entries))
        return digest(self.compared_values).largest[:, 0]

    @property
    def compared_values(self) -> Floats:
        """The values of the compared entries: (k,)."""
        values: Floats = self.values[tuple(self.entries.T)]
        return values

    @property
    def is_below_floor(self) -> npt.NDArray[np.bool_]:
        """Whether an entry and its central difference are both too small to compare: (k,)."""
        larger = np.maximum(np.abs(self.compared_values), np.abs(self.central))
        below: npt.NDArray[np.bool_] = (larger > 0) & (larger < self.floor)
        return below & ~np.isnan(self.deviations)

    @property
    def compared(self) -> int:
        """How many entries have a central difference to compare with."""
        return int(np.count_nonzero(~np.isnan(self.deviations)))

    @property
    def worst(self) -> Positions:
        """The positions of the few entries with the largest deviations, the largest first."""
        return np.argsort(-np.nan_to_num(self.deviations, nan=-1.0), kind="stable")[:SHOWN_OF_LARGE]

    @property
    def checked(self) -> Positions:
        """The positions of the entries that a check shows: all, or the worst."""
        return self.shown if self.is_small else self.worst

    @property
    def largest_deviation(self) -> float:
        """The largest deviation; 0 where nothing was compared."""
        return float(np.nanmax(self.deviations, initial=0.0))


def relative_deviations(derivatives: Floats, slopes: Slopes, floor: float) -> Floats:
    """Return |d - c| / max(|d|, |c|, floor) of derivatives d and central differences c.

    The deviation is nan where c is void, and infinite where d or c is not finite.
    """
    central, is_void = slopes
    larger = np.maximum(np.abs(derivatives), np.abs(central))
    with np.errstate(invalid="ignore"):
        deviations = np.abs(derivatives - central) / np.maximum(larger, floor)
    deviations[~np.isfinite(deviations)] = np.inf
    deviations[is_void] = np.nan
    return deviations
