"""Draw digits: vary a style's strokes as a hand would, and render them as MNIST's images look.

A style is 72 points. The variation moves these points, for thousands of digits at a time; pixels
come last. The spreads below were set by looking at both kinds of digit, and so that width,
height, slant and thickness are spread as in MNIST. They contain no image of MNIST.
"""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from mlp_cli.datasets.arrays import ImageArray
from mlp_cli.datasets.drawn.strokes import STYLES, Curves, Float32Array, trace

StyleNumbers = npt.NDArray[np.intp]
"""places in STYLES: (n,)"""

IMAGE_SIDE = 28
"""pixels"""
INK_BOX_SIDE = 20
"""pixels: the side of the square that a digit's ink just fits into"""
EDGE_WIDTH = 1.2
"""pixels over which ink fades out at the edge of a stroke"""
MEDIAN_PEN_WIDTHS = np.array([2.7, 2.75, 2.45, 2.4, 2.25, 2.2, 2.3, 2.45, 2.1, 2.1], np.float32)
"""pixels: the median width of a stroke for each digit; small rings need a finer pen"""
PEN_WIDTH_RANGE = (1.3, 6.0)
"""pixels"""

STYLE_DIGITS = np.array([style.digit for style in STYLES])
STYLE_FREQUENCIES = np.array([style.frequency for style in STYLES])


def draw_digits(labels: npt.NDArray[np.integer], rng: np.random.Generator) -> ImageArray:
    """Return an image of each label, in a style chosen at random: (n, 28, 28), 0..255."""
    return draw_styles(choose_styles(labels, rng), rng)


def choose_styles(labels: npt.NDArray[np.integer], rng: np.random.Generator) -> StyleNumbers:
    """Return a style for each label, drawn in proportion to its frequency: (n,)."""
    styles = np.zeros(len(labels), np.intp)
    for digit in np.unique(labels):
        (own,) = np.nonzero(digit == STYLE_DIGITS)
        here = labels == digit
        probabilities = STYLE_FREQUENCIES[own] / STYLE_FREQUENCIES[own].sum()
        styles[here] = rng.choice(own, np.count_nonzero(here), p=probabilities)
    return styles


def draw_styles(styles: StyleNumbers, rng: np.random.Generator) -> ImageArray:
    """Return an image in each of these styles: (n, 28, 28), 0..255.

    The images have MNIST's form: light on black, antialiased, the longer side of the ink's box 20
    pixels, the centre of mass at row 14 and column 14.
    """
    points = write_by_hand(styles, rng)
    spread = np.exp(0.27 * rng.standard_normal((len(styles), 1), np.float32))
    width = np.clip(MEDIAN_PEN_WIDTHS[STYLE_DIGITS[styles], None] * spread, *PEN_WIDTH_RANGE)
    return centre_ink(render_strokes(points, _curves().joined[styles], width))


@cache
def _curves() -> Curves:
    return trace()


def write_by_hand(styles: StyleNumbers, rng: np.random.Generator) -> Float32Array:
    """Return the points of each style as another hand writes them: (n, POINTS_A_STYLE, 2).

    The last axis holds x and y.
    """

    def normal(deviation: float, *shape: int) -> Float32Array:
        return deviation * rng.standard_normal((len(styles), *shape), np.float32)

    curves = _curves()
    carelessness = np.exp(normal(0.4, 1, 1))
    skeletons = curves.controls[styles]
    controls = skeletons + carelessness * normal(0.03, *skeletons.shape[1:])
    points = curves.basis[styles] @ controls
    points -= points.mean(axis=1, keepdims=True)
    x, y = points[..., 0], points[..., 1]

    # Proportions: the aspect, and the upper part against the lower in height, width and place.
    y = y + normal(0.3, 1) * (y**2 - 0.12)
    x = x * np.exp(0.08 + normal(0.2, 1)) * (1 + normal(0.35, 1) * y) + normal(0.2, 1) * y**2
    # Long waves, as an unsteady hand or a habit bends the strokes.
    for _ in range(2):
        phase = 2 * math.pi * rng.random((len(styles), 1), np.float32)
        wave = np.sin(normal(3.5, 1) * x + normal(3.5, 1) * y + phase)
        x, y = x + normal(0.06, 1) * wave, y + normal(0.06, 1) * wave
    turn = normal(0.14, 1)
    x, y = x - turn * y, y + turn * x
    slant = 0.17 + normal(0.25, 1)
    return np.stack([x - slant * y, y], axis=-1)


def render_strokes(
    points: Float32Array, joined: npt.NDArray[np.bool_], width: Float32Array
) -> ImageArray:
    """Return the strokes through these points, scaled to fit 20 x 20: (n, 20, 20), 0..255.

    Each point p carries ink in proportion to the length of line around it, and the ink spreads:

        v(q) = sum over p of ink_p exp(-|q - p|^2 / 2 s^2)

    It is scaled so that v = exp(-d^2 / 2 s^2) at a distance d from a long straight line. Solving
    for d gives a distance near bent and crossing lines too, and from it the grey level: 255 where
    d < width / 2. The exponential is a product of one in x and one in y, so that the sum is a
    product of matrices.

    points: (n, p, 2), x and y.  joined: (n, p - 1), where the pen is down.  width: (n, 1), pixels.
    """
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    scale = (INK_BOX_SIDE - EDGE_WIDTH - width[..., None]) / (high - low).max(axis=2, keepdims=True)
    points = (points - (low + high) / 2) * scale + (INK_BOX_SIDE - 1) / 2
    s: Float32Array = np.maximum(width / 4, np.float32(0.55))

    lengths = np.hypot(*np.moveaxis(np.diff(points, axis=1), 2, 0)) * joined
    ends = np.ones(points.shape[:2], np.float32)
    ink = np.zeros(points.shape[:2], np.float32)
    for side in (np.s_[:, :-1], np.s_[:, 1:]):
        ink[side] += lengths / 2
        ends[side] -= joined / np.float32(2)
    # The end of a line has half the ink of its middle; the other half makes the end round.
    ink = ink / (s * math.sqrt(2 * math.pi)) + ends

    pixels = np.arange(INK_BOX_SIDE, dtype=np.float32)
    profiles = np.exp(-(((points[..., None] - pixels) / s[..., None, None]) ** 2) / 2)
    across, down = profiles[:, :, 0], profiles[:, :, 1] * ink[..., None]
    v = down.transpose(0, 2, 1) @ across
    distance = s[..., None] * np.sqrt(-2 * np.log(np.clip(v, 1e-9, 1)))
    grey = np.clip((width[..., None] / 2 - distance) / EDGE_WIDTH + 0.5, 0, 1)
    levels: ImageArray = np.rint(grey * 255).astype(np.uint8)
    return levels


def centre_ink(boxes: ImageArray) -> ImageArray:
    """Return images of 28 x 28 with the centre of mass of each box's ink at index (14, 14).

    The box moves by whole pixels and stays inside the image, as in MNIST.
    """
    index = np.arange(INK_BOX_SIDE)
    places = []
    for along in (2, 1):
        mass = boxes.sum(axis=along, dtype=np.int64)
        start = np.rint(IMAGE_SIDE / 2 - (mass @ index) / mass.sum(axis=1)).astype(np.intp)
        places.append(np.clip(start, 0, IMAGE_SIDE - INK_BOX_SIDE)[:, None] + index)
    rows, columns = places
    images = np.zeros((len(boxes), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    images[np.arange(len(boxes))[:, None, None], rows[:, :, None], columns[:, None]] = boxes
    return images
