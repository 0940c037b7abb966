"""Draw digits: a style's strokes in somebody's hand, rendered to what MNIST's images look like.

What a hand does to the strokes is done to 72 points of each, thousands of digits at a time; only
then are there pixels. The spreads below were set by looking at both kinds of digit, and so that
width, height, slant and thickness are spread as in MNIST; no image of MNIST is in them.
"""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.drawn.strokes import STYLES, Curves, Floats, trace

Images = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.intp]

SIDE = 28
BOX = 20
"""pixels: the side of the square that a digit's ink just fits"""
EDGE = 1.2
"""pixels over which ink fades out at the edge of a stroke"""
PEN = np.array([2.7, 2.75, 2.45, 2.4, 2.25, 2.2, 2.3, 2.45, 2.1, 2.1], np.float32)
"""pixels: the median width of a stroke, digit by digit: small rings are drawn with a finer pen"""
PEN_RANGE = (1.3, 6.0)

DIGITS = np.array([style.digit for style in STYLES])
SHARES = np.array([style.share for style in STYLES])


def draw_digits(labels: npt.NDArray[np.integer], rng: np.random.Generator) -> Images:
    """Return an image of each label, in a style drawn by its share: (n, 28, 28), 0..255."""
    styles = np.zeros(len(labels), np.intp)
    for digit in np.unique(labels):
        (own,) = np.nonzero(digit == DIGITS)
        here = labels == digit
        shares = SHARES[own] / SHARES[own].sum()
        styles[here] = rng.choice(own, np.count_nonzero(here), p=shares)
    return draw_styles(styles, rng)


def draw_styles(styles: Indices, rng: np.random.Generator) -> Images:
    """Return an image in each of these styles, by its place in STYLES: (n, 28, 28), 0..255.

    In MNIST's form: light on black, the ink's box 20 pixels on its longer side, antialiased, the
    centre of mass at row 14 and column 14.
    """
    points = write(styles, rng)
    spread = np.exp(0.27 * rng.standard_normal((len(styles), 1), np.float32))
    width = np.clip(PEN[DIGITS[styles], None] * spread, *PEN_RANGE)
    return centre(render(points, _curves().joined[styles], width))


@cache
def _curves() -> Curves:
    return trace()


def write(styles: Indices, rng: np.random.Generator) -> Floats:
    """Return the points that a hand of its own makes of each style: (n, SAMPLES, 2), x and y."""

    def normal(deviation: float, *shape: int) -> Floats:
        return deviation * rng.standard_normal((len(styles), *shape), np.float32)

    curves = _curves()
    carelessness = np.exp(normal(0.4, 1, 1))
    skeletons = curves.controls[styles]
    controls = skeletons + carelessness * normal(0.03, *skeletons.shape[1:])
    points = curves.basis[styles] @ controls
    points -= points.mean(axis=1, keepdims=True)
    x, y = points[..., 0], points[..., 1]

    # Proportions: the upper part against the lower, in height, in width, and in place; the aspect.
    y = y + normal(0.3, 1) * (y**2 - 0.12)
    x = x * np.exp(0.08 + normal(0.2, 1)) * (1 + normal(0.35, 1) * y) + normal(0.2, 1) * y**2
    # Long waves, as a hand that is not steady or a writer with habits bends them.
    for _ in range(2):
        phase = 2 * math.pi * rng.random((len(styles), 1), np.float32)
        wave = np.sin(normal(3.5, 1) * x + normal(3.5, 1) * y + phase)
        x, y = x + normal(0.06, 1) * wave, y + normal(0.06, 1) * wave
    turn = normal(0.14, 1)
    x, y = x - turn * y, y + turn * x
    slant = 0.17 + normal(0.25, 1)
    return np.stack([x - slant * y, y], axis=-1)


def render(points: Floats, joined: npt.NDArray[np.bool_], width: Floats) -> Images:
    """Return the strokes through these points, scaled to fit 20 x 20: (n, 20, 20), 0..255.

    Ink is laid at every point p, as much as the line around it is long, and spreads:

        v(q) = sum over p of ink_p exp(-|q - p|^2 / 2 s^2)

    scaled so that at a distance d from a long straight line v = exp(-d^2 / 2 s^2). Solved for d,
    which so is known beside bent lines and between crossing ones too, that gives the grey level,
    255 where d < width / 2. The exponential is a product of one in x and one in y, which makes
    the sum a product of matrices.

    points: (n, p, 2), x and y.  joined: (n, p - 1), where the pen is down.  width: (n, 1), pixels.
    """
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    scale = (BOX - EDGE - width[..., None]) / (high - low).max(axis=2, keepdims=True)
    points = (points - (low + high) / 2) * scale + (BOX - 1) / 2
    s: Floats = np.maximum(width / 4, np.float32(0.55))

    lengths = np.hypot(*np.moveaxis(np.diff(points, axis=1), 2, 0)) * joined
    ends = np.ones(points.shape[:2], np.float32)
    ink = np.zeros(points.shape[:2], np.float32)
    for side in (np.s_[:, :-1], np.s_[:, 1:]):
        ink[side] += lengths / 2
        ends[side] -= joined / np.float32(2)
    # At its end a line has half the ink of its middle; the other half makes the end a round one.
    ink = ink / (s * math.sqrt(2 * math.pi)) + ends

    pixels = np.arange(BOX, dtype=np.float32)
    profiles = np.exp(-(((points[..., None] - pixels) / s[..., None, None]) ** 2) / 2)
    across, down = profiles[:, :, 0], profiles[:, :, 1] * ink[..., None]
    v = down.transpose(0, 2, 1) @ across
    distance = s[..., None] * np.sqrt(-2 * np.log(np.clip(v, 1e-9, 1)))
    grey = np.clip((width[..., None] / 2 - distance) / EDGE + 0.5, 0, 1)
    levels: Images = np.rint(grey * 255).astype(np.uint8)
    return levels


def centre(boxes: Images) -> Images:
    """Return images of 28 x 28 with the centres of mass of the boxes' ink at index (14, 14).

    To the nearest pixel, and as far as a box stays inside, as in MNIST.
    """
    index = np.arange(BOX)
    places = []
    for along in (2, 1):
        mass = boxes.sum(axis=along, dtype=np.int64)
        start = np.rint(SIDE / 2 - (mass @ index) / mass.sum(axis=1)).astype(np.intp)
        places.append(np.clip(start, 0, SIDE - BOX)[:, None] + index)
    rows, columns = places
    images = np.zeros((len(boxes), SIDE, SIDE), np.uint8)
    images[np.arange(len(boxes))[:, None, None], rows[:, :, None], columns[:, None]] = boxes
    return images
