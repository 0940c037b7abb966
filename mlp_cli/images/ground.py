"""Find the ground, which is the picture without its digit, and the ink, which is the difference.

The ground of a drawing is one level. The ground of a photograph follows the light: it is the
picture itself with every stroke filled from around it, so that a shadow's edge stays an edge.
"""

import numpy as np

from mlp_cli.images.threshold import median, otsu_threshold
from mlp_cli.images.types import Grey, Ink
from mlp_cli.images.windows import closing, odd, opening, window_mean

BORDER_BAND = 1 / 8
"""fraction of the shorter side: the width of the border in which the ground is searched"""
CORNER_SIDE = 1 / 12
"""fraction of the shorter side: the width of a corner"""
EVEN_LEVELS, EVEN_FRACTION = 9, 0.7
"""where the ground is one level, this many neighbouring levels hold this fraction of the border"""
DARK_TO_LIGHT, LEAST_PAGE, TWO_LEVELS_FRACTION = 0.4, 160, 0.85
"""a page and what it lies on: where the darker is below this fraction of the lighter, the lighter
is above this level, and both hold this fraction of the border; no shadow is so dark and so sharp"""
LEAST_SIDE_FOR_LIGHT = 40
"""pixels: in a picture with a shorter side, light and strokes cannot be told apart"""
LIGHT_WINDOW = 1 / 4
"""fraction of the shorter side: strokes are narrower, and light changes more slowly"""
LEAST_GROUND = 32.0
"""grey levels: contrast is relative to the ground, or to this where the ground is darker"""


def find_ink(grey: Grey) -> Ink:
    """Return how far each pixel is from the ground, as a fraction of the largest possible distance.

    Ink darker than its ground G is (G - g) / G, since half the light halves both; ink lighter
    than its ground is (g - G) / (255 - G).

    grey: 0..255.  Returns (rows, columns), 0 for paper; noise may be below 0.
    """
    border = border_of(grey)
    if is_even(border) or min(grey.shape) < LEAST_SIDE_FOR_LIGHT:
        threshold = otsu_threshold(grey)
        bright = is_ground_bright(grey, border, threshold)
        return _contrast(grey, _level(border, threshold, bright), bright)
    smooth, side = window_mean(grey, 3), odd(min(grey.shape) * LIGHT_WINDOW)
    bright = has_dark_strokes(smooth, side)
    # The ground is the picture with every stroke filled.
    light = closing(smooth, side) if bright else opening(smooth, side)
    ink = _contrast(grey, light, bright)
    # Filling takes the lightest noise as the ground; correct it to the middle of the noise.
    ink -= median(ink[ink <= otsu_threshold(ink)])
    return ink


def border_of(grey: Grey) -> Grey:
    """Return the pixels of a band along the border, wider than a frame would be."""
    k = max(1, int(min(grey.shape) * BORDER_BAND))
    parts = (grey[:k], grey[-k:], grey[k:-k, :k], grey[k:-k, -k:])
    return np.concatenate([part.ravel() for part in parts])


def is_even(border: Grey) -> bool:
    """Return whether a few neighbouring grey levels hold most of the border.

    So do two such groups, one much darker than the other: a page on the black of a scanner.
    """
    counts = np.bincount(border.round().astype(np.intp), minlength=256)
    held = np.convolve(counts, np.ones(EVEN_LEVELS))
    if held.max() > border.size * EVEN_FRACTION:
        return True
    most = int(held.argmax())
    apart = np.arange(held.size)
    dark, light = np.minimum(apart, most), np.maximum(apart, most)
    other = held[(dark < DARK_TO_LIGHT * light) & (light > LEAST_PAGE)].max(initial=0)
    return bool(held.max() + other > border.size * TWO_LEVELS_FRACTION)


def is_ground_bright(grey: Grey, border: Grey, threshold: float) -> bool:
    """Return whether the ground is the brighter of two groups of pixels.

    Border, corners and the whole picture vote by the fraction of their pixels that are bright.
    Each alone can be wrong: a digit may run along the border, a brush may fill the picture.
    """
    k = max(1, int(min(grey.shape) * CORNER_SIDE))
    corners = np.stack([grey[:k, :k], grey[:k, -k:], grey[-k:, :k], grey[-k:, -k:]])
    parts = (border, corners, grey)
    bright = sum(np.count_nonzero(part > threshold) / part.size for part in parts)
    return bool(bright > 1.5)


def has_dark_strokes(smooth: Grey, side: int) -> bool:
    """Return whether the strokes of an unevenly lit picture are darker than their surroundings.

    Strokes fill the smaller part of every window, so they differ from its mean by more than the
    paper does, in the other direction; the two sides of a shadow's edge differ equally. The cube
    keeps the sign and lets few strong pixels outweigh many weak ones.

    smooth: the grey levels without their noise.  side: of the windows.
    """
    difference = smooth - window_mean(smooth, side)
    # Two products take a tenth of the time of a power.
    cubes = difference * difference
    cubes *= difference
    return bool(cubes.sum() < 0)


def _contrast(grey: Grey, ground: Grey, bright: bool) -> Ink:
    """Return how far each pixel is from the ground: 1 is black, or white on a dark ground."""
    if not bright:
        grey, ground = 255 - grey, 255 - ground
    contrast: Ink = np.divide(ground - grey, np.maximum(ground, LEAST_GROUND), dtype=np.float32)
    return contrast


def _level(border: Grey, threshold: float, bright: bool) -> Grey:
    """Return the grey level of an even ground: the median of its pixels in the border."""
    ground = border[(border > threshold) == bright]
    return np.array(median(ground if ground.size else border), np.float32)
