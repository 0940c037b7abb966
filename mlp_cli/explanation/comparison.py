"""A derivative beside its central differences, and what is said of an array too large to show."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mlp_cli.explanation.differences import Indices, Slopes
from mlp_cli.nn.types import Floats

TOLERANCE = 1e-6
"""the largest relative deviation that rounding may explain"""
SMALL = 10
"""units of a layer whose numbers are shown in full"""
FEW = 5
"""entries that are shown of what is larger"""

Places = npt.NDArray[np.intp]
"""Places among the entries of a derivative that are compared: (few,)."""

Symbol = Literal["d_a", "d_z", "d_b", "D_W"]


class Digest(NamedTuple):
    """What is said of an array that is too large to be shown."""

    norm: float
    """Euclidean: the root of the sum of squares"""
    min: float
    max: float
    largest: Indices
    """the entries farthest from 0, the farthest first"""


def is_small(array: Floats) -> bool:
    """Tell whether an array is shown in full."""
    return all(n <= SMALL for n in array.shape)


def digest(array: Floats) -> Digest:
    """Return the digest of an array of any size."""
    sizes = -np.abs(array).ravel()
    few = min(FEW, array.size)
    largest = np.argpartition(sizes, few - 1)[:few]
    largest = largest[np.argsort(sizes[largest], kind="stable")]
    return Digest(
        norm=float(np.linalg.norm(array)),
        min=float(array.min()),
        max=float(array.max()),
        largest=np.column_stack(np.unravel_index(largest, array.shape)),
    )


@dataclass(frozen=True)
class Derivative:
    """A derivative of the cost as training has it, and central differences for its entries."""

    symbol: Symbol
    l: int
    """the layer"""
    fact: int
    """of the notes' Facts the one that gives it"""
    values: Floats
    """(n_l,), of the weights (n_l, n_{l-1})"""
    entries: Indices
    """those that are compared, in order: all of a small array, a sample of a large one"""
    central: Floats
    """their central differences: (k,)"""
    deviations: Floats
    """of the two from each other, relative: (k,); nan where the difference says nothing"""

    @property
    def is_small(self) -> bool:
        """Tell whether it is shown in full."""
        return is_small(self.values)

    @property
    def shown(self) -> Places:
        """Where the entries to be shown are: all, or the farthest from 0 of a large array."""
        if self.is_small:
            return np.arange(len(self.entries))
        flat, largest = (
            np.ravel_multi_index(tuple(entries.T), self.values.shape)
            for entries in (self.entries, digest(self.values).largest)
        )
        places: Places = np.searchsorted(flat, largest)
        return places

    @property
    def compared_values(self) -> Floats:
        """Its values at `entries`: (k,)."""
        values: Floats = self.values[tuple(self.entries.T)]
        return values

    @property
    def compared(self) -> int:
        """How many entries were compared with a difference that says something."""
        return int(np.count_nonzero(~np.isnan(self.deviations)))

    @property
    def worst(self) -> Places:
        """Where the few entries that deviate most are, the one that deviates most first."""
        return np.argsort(-np.nan_to_num(self.deviations, nan=-1.0), kind="stable")[:FEW]

    @property
    def largest_deviation(self) -> float:
        """The largest of the deviations; 0 where nothing was compared."""
        return float(np.nanmax(self.deviations, initial=0.0))


def relative_deviations(derivatives: Floats, slopes: Slopes, floor: float) -> Floats:
    """Return |d - c| / max(|d|, |c|, floor) of derivatives d and central differences c.

    nan where c says nothing of d; infinite where one of the two is not finite.
    """
    central, is_void = slopes
    larger = np.maximum(np.abs(derivatives), np.abs(central))
    with np.errstate(invalid="ignore"):
        deviations = np.abs(derivatives - central) / np.maximum(larger, floor)
    deviations[~np.isfinite(deviations)] = np.inf
    deviations[is_void] = np.nan
    return deviations
