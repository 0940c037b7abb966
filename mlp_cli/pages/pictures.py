"""Small pictures as PNG, written into the page itself."""

from base64 import b64encode
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from mlp_cli.nn.types import Floats, Images

POSITIVE, NEGATIVE = (47, 126, 216), (224, 118, 26)
"""of weights: blue and orange, which all eyes tell apart"""
STEPS = 24
"""of opacity, more than one sees: fewer different pixels make a smaller file"""


def image_uri(image: Images) -> str:
    """Return an image of grey levels, (rows, columns), as a data URI."""
    return _uri(np.ascontiguousarray(image))


def weights_uri(weights: Floats) -> str:
    """Return weights as a data URI: blue above 0, orange below, the stronger the more opaque.

    weights: (rows, columns), as the pixels that they weigh. 0 is transparent, the largest of
    them opaque.
    """
    w = weights.astype(np.float64)
    strength = np.abs(w) / (np.abs(w).max() or 1.0)
    rgba = np.empty((*w.shape, 4), np.uint8)
    rgba[..., :3] = np.where((w > 0)[..., None], POSITIVE, NEGATIVE)
    rgba[..., 3] = np.round(strength * STEPS) * 255 / STEPS
    rgba[rgba[..., 3] == 0] = 0
    return _uri(rgba)


def _uri(pixels: npt.NDArray[np.uint8]) -> str:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
