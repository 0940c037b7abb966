"""Where paper ends and ink begins: levels found from the histogram."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlp_cli.images.types import Ink

BINS = 256
LEAST = 0.02
"""of the possible contrast: less than five grey levels are paper whatever the noise"""
CLEAR = 4
"""times the noise: ink that is not stronger is the noise's own farthest part"""
SEED, GROWTH = 0.5, 1 / 3
"""of the ink's level: what is above the first is ink, and what hangs together with it above the
second; a stroke's soft edge lies between"""


def median(values: npt.NDArray[np.generic]) -> npt.NDArray[np.floating]:
    """Return the median along the first axis, which is not empty.

    What np.median gives, without its first import of numpy.ma: a twentieth of `mlp predict`.
    """
    middle = [(len(values) - 1) // 2, len(values) // 2]
    medians: npt.NDArray[np.floating] = np.partition(values, middle, axis=0)[middle].mean(axis=0)
    return medians


def otsu_threshold(values: npt.NDArray[np.float32]) -> float:
    """Return the level that splits these values best into two groups.

    It maximises the variance between the groups, w_0 w_1 (mu_0 - mu_1)^2, over a histogram of
    256 equal bins.
    Source: N. Otsu, IEEE Trans. Syst. Man Cybern. 9 (1979), 62-66.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low
    width = (high - low) / (BINS - 1)
    bins = ((values - low) / width).astype(np.intp).ravel()
    counts = np.bincount(bins, minlength=BINS).astype(float)
    below = np.cumsum(counts)[:-1]
    above = values.size - below
    sums = np.cumsum(counts * np.arange(BINS))
    means_apart = sums[:-1] * above - (sums[-1] - sums[:-1]) * below
    spread = means_apart**2 / np.maximum(below * above, 1)
    # Between two groups far apart every level splits them alike: take the middle of the plateau.
    best = np.flatnonzero(spread == spread.max())
    return low + (float(best.mean()) + 1) * width


@dataclass(frozen=True)
class Levels:
    """How dark a picture's ink is, as shares of the possible contrast."""

    noise: float
    """the standard deviation of the paper"""
    ink: float
    """the middle one of the values that are ink"""
    seed: float
    """above it, a pixel is ink"""
    growth: float
    """above it, a pixel is ink where it hangs together with one above `seed`"""

    @classmethod
    def of(cls, noise: float, ink: float, least: float = 0.0) -> "Levels":
        """Return the levels of this ink, both thresholds above `least` and above the noise."""
        growth = max(GROWTH * ink, 2.5 * noise, least)
        return cls(noise, ink, seed=max(SEED * ink, 3 * noise, growth), growth=growth)


def find_levels(ink: Ink) -> Levels | None:
    """Return the levels of ink and paper, or None where nothing rises above the paper.

    The paper's noise is seen where it goes the wrong way, below 0. What rises above three times
    that is ink, or the soft edge of ink, which a threshold of Otsu's tells apart; among as many
    pixels of paper as make a third, for a picture without soft edges has only ink above.
    """
    below = ink[ink < 0]
    # Of a normal distribution, half lies within 0.6745 standard deviations.
    noise = float(median(-below)) / 0.6745 if below.size > 10 else 0.0
    rising = ink[ink > max(3 * noise, LEAST)]
    if rising.size < 3:
        return None
    threshold = otsu_threshold(np.concatenate([rising, np.zeros(rising.size // 2, np.float32)]))
    level = float(median(rising[rising > threshold]))
    return Levels.of(noise, level) if level > CLEAR * noise else None
