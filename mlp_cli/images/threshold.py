"""Find the levels where paper ends and ink begins, from the histogram."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.images.types import Ink

HISTOGRAM_BINS = 256
LEAST_INK = 0.02
"""fraction of the possible contrast: a difference below five grey levels is paper"""
INK_TO_NOISE = 4
"""ink has to be this many times stronger than the noise"""
LEAST_ON_PATTERN, MOST_BETWEEN = 0.3, 0.7
"""fraction of the possible contrast that ink has on a pattern; and as a fraction of its pixels,
those that may lie between the two"""
SEED_FRACTION, GROWTH_FRACTION = 0.5, 1 / 3
"""fractions of the ink's level: a pixel above the first is ink, and so is one above the second that
is connected to it; a stroke's soft edge lies between"""


def median(values: npt.NDArray[np.generic]) -> npt.NDArray[np.floating]:
    """Return the median along the first axis, which is not empty.

    The result is that of np.median, whose import of numpy.ma costs a twentieth of `mlp predict`.
    """
    middle = [(len(values) - 1) // 2, len(values) // 2]
    medians: npt.NDArray[np.floating] = np.partition(values, middle, axis=0)[middle].mean(axis=0)
    return medians


def otsu_threshold(values: npt.NDArray[np.float32]) -> float:
    """Return the level that best splits these values into two groups.

    The level maximises the variance between the groups, w_0 w_1 (mu_0 - mu_1)^2, over a
    histogram of 256 equal bins.
    Source: N. Otsu, IEEE Trans. Syst. Man Cybern. 9 (1979), 62-66.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low
    width = (high - low) / (HISTOGRAM_BINS - 1)
    bins = values - np.float32(low)
    bins /= np.float32(width)
    counts = np.bincount(bins.astype(np.uint8).ravel(), minlength=HISTOGRAM_BINS).astype(float)
    below = np.cumsum(counts)[:-1]
    above = values.size - below
    sums = np.cumsum(counts * np.arange(HISTOGRAM_BINS))
    means_apart = sums[:-1] * above - (sums[-1] - sums[:-1]) * below
    spread = means_apart**2 / np.maximum(below * above, 1)
    # Between two distant groups all levels split equally well: take the middle of them.
    best = np.flatnonzero(spread == spread.max())
    return low + (float(best.mean()) + 1) * width


@dataclass(frozen=True)
class Levels:
    """The levels of a picture's paper and ink, as fractions of the possible contrast."""

    noise: float
    """the standard deviation of the paper"""
    ink: float
    """the median of the values that are ink"""
    seed: float
    """a pixel above this is ink"""
    growth: float
    """a pixel above this is ink where it is connected to one above `seed`"""

    @classmethod
    def of(cls, noise: float, ink: float, least: float = 0.0) -> "Levels":
        """Return the levels of this ink, both thresholds above `least` and above the noise."""
        growth = max(GROWTH_FRACTION * ink, 2.5 * noise, least)
        return cls(noise, ink, seed=max(SEED_FRACTION * ink, 3 * noise, growth), growth=growth)


def find_levels(ink: Ink) -> Levels | None:
    """Return the levels of ink and paper, or None where nothing rises above the paper.

    Values below 0 show the paper's noise. Where nothing rises above it, they may be something else:
    what is darker than the table under a page, or the stripes of a cloth.
    """
    below = ink[ink < 0]
    # Of a normal distribution, half lies within 0.6745 standard deviations.
    noise = float(median(-below)) / 0.6745 if below.size > 10 else 0.0
    if levels := _levels_above(ink, noise):
        return levels
    if np.count_nonzero(ink == 0) > below.size:  # even paper has no noise
        return _levels_above(ink, 0.0)
    return _levels_on_pattern(ink)


def _levels_above(ink: Ink, noise: float) -> Levels | None:
    """Return the levels of ink that stands out from this noise.

    Values above three times the noise are ink or the soft edge of ink, and Otsu's threshold
    separates the two. Half as many pixels of paper are added for it, because a picture without soft
    edges would otherwise have only ink.
    """
    rising = ink[ink > max(3 * noise, LEAST_INK)]
    if rising.size < 3:
        return None
    threshold = otsu_threshold(np.concatenate([rising, np.zeros(rising.size // 2, np.float32)]))
    level = float(median(rising[rising > threshold]))
    return Levels.of(noise, level) if level > INK_TO_NOISE * noise else None


def _levels_on_pattern(ink: Ink) -> Levels | None:
    """Return the levels of strong ink on stripes, whose lighter half is not noise; or None.

    Few pixels lie between strong ink and the pattern, while noise has most of its pixels there.
    """
    above = ink[ink > otsu_threshold(ink.clip(0))]
    level = float(median(above)) if above.size else 0.0
    if level < LEAST_ON_PATTERN:
        return None
    strong = np.count_nonzero(ink > 0.75 * level)
    between = np.count_nonzero((ink > 0.25 * level) & (ink <= 0.75 * level))
    return Levels.of(0.0, level, least=level / 2) if between < MOST_BETWEEN * strong else None
