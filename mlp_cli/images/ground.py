"""What a picture would be without its digit, and how far each pixel is from that: the ink.

A drawing's ground is one level. A photograph's follows the light: it is taken from the picture
itself, every stroke filled up from around it, so that a shadow's edge stays an edge.
"""

import numpy as np

from mlp_cli.images.threshold import median, otsu_threshold
from mlp_cli.images.types import Grey, Ink
from mlp_cli.images.windows import closing, odd, opening, window_mean

BAND = 1 / 8
"""of the shorter side: how wide the border is that a ground is looked for in"""
CORNER = 1 / 12
"""of the shorter side: how wide a corner is"""
EVEN_LEVELS, EVEN_SHARE = 9, 0.7
"""grey levels that hold this share of the border's pixels where the ground is one level"""
SMALL = 40
"""pixels: a picture with a shorter side has no room for light and strokes to differ in"""
LIGHT = 1 / 4
"""of the shorter side: strokes in a photograph are narrower, and its light changes more slowly"""
DARKEST = 32.0
"""grey levels: the least range that contrast is measured against"""


def find_ink(grey: Grey) -> Ink:
    """Return how far each pixel is from the ground, as a share of how far it could be.

    Ink darker than its ground G is (G - g) / G, since light that halves the one halves the
    other; ink lighter than its ground is (g - G) / (255 - G).
    """
    border = border_of(grey)
    if is_even(border) or min(grey.shape) < SMALL:
        threshold = otsu_threshold(grey)
        bright = is_ground_bright(grey, border, threshold)
        return _contrast(grey, _level(border, threshold, bright), bright)
    bright = has_dark_strokes(grey)
    ink = _contrast(grey, _light(grey, bright), bright)
    # Filling up takes the lightest of the noise for the ground: back to its middle.
    ink -= median(ink[ink <= otsu_threshold(ink)])
    return ink


def border_of(grey: Grey) -> Grey:
    """Return the pixels of a band along the border: wide enough to see past a frame."""
    k = max(1, int(min(grey.shape) * BAND))
    parts = (grey[:k], grey[-k:], grey[k:-k, :k], grey[k:-k, -k:])
    return np.concatenate([part.ravel() for part in parts])


def is_even(border: Grey) -> bool:
    """Tell whether a few neighbouring grey levels hold most of the border."""
    counts = np.bincount(border.round().astype(np.intp), minlength=256)
    return bool(np.convolve(counts, np.ones(EVEN_LEVELS)).max() > border.size * EVEN_SHARE)


def is_ground_bright(grey: Grey, border: Grey, threshold: float) -> bool:
    """Tell whether the ground is the brighter of two groups: by border, corners and share.

    Each by itself can be wrong: a digit may run along the border, a brush fill the picture.
    """
    k = max(1, int(min(grey.shape) * CORNER))
    corners = np.stack([grey[:k, :k], grey[:k, -k:], grey[-k:, :k], grey[-k:, -k:]])
    parts = (border, corners, grey)
    bright = sum(np.count_nonzero(part > threshold) / part.size for part in parts)
    return bool(bright > 1.5)


def has_dark_strokes(grey: Grey) -> bool:
    """Tell whether the strokes of an unevenly lit picture are darker than what surrounds them.

    Strokes are the lesser part of every window, so they differ from its mean by more than the
    paper does, to the other side; the two sides of a shadow's edge differ alike. The cube keeps
    the sign, and lets few strong pixels outweigh many weak ones.
    """
    smooth = window_mean(grey, 3)
    difference = smooth - window_mean(smooth, odd(min(grey.shape) * LIGHT))
    return bool((difference**3).sum() < 0)


def _contrast(grey: Grey, ground: Grey, bright: bool) -> Ink:
    """Return how far each pixel is from the ground, 1 being black, or white on a dark ground."""
    if not bright:
        grey, ground = 255 - grey, 255 - ground
    contrast: Ink = np.divide(ground - grey, np.maximum(ground, DARKEST), dtype=np.float32)
    return contrast


def _level(border: Grey, threshold: float, bright: bool) -> Grey:
    """Return the grey level of an even ground: the middle one of its pixels in the border."""
    ground = border[(border > threshold) == bright]
    return np.array(median(ground if ground.size else border), np.float32)


def _light(grey: Grey, bright: bool) -> Grey:
    """Return the ground of an unevenly lit picture, pixel by pixel."""
    smooth = window_mean(grey, 3)
    side = odd(min(grey.shape) * LIGHT)
    return closing(smooth, side) if bright else opening(smooth, side)
