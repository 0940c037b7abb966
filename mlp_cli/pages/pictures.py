"""Small pictures as PNG inside the page."""

from base64 import b64encode
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from mlp_cli.nn.types import Floats, Images

POSITIVE, NEGATIVE = (47, 126, 216), (224, 118, 26)
"""colours of weights: blue and orange, which colour-blind people can distinguish"""
OPACITY_STEPS = 24
"""levels of opacity: more are not visible, and fewer make a smaller file"""


def image_uri(image: Images) -> str:
    """Return an image of grey levels, (rows, columns), as a data URI."""
    return _uri(np.ascontiguousarray(image))


def weights_uri(weights: Floats) -> str:
    """Return weights as a data URI: blue above 0, orange below, opaque where they are large.

    A weight of 0 is transparent, and the largest of these weights is opaque.

    weights: (rows, columns), arranged as the pixels that they belong to.
    """
    w = weights.astype(np.float64)
    strength = np.abs(w) / (np.abs(w).max() or 1.0)
    rgba = np.empty((*w.shape, 4), np.uint8)
    rgba[..., :3] = np.where((w > 0)[..., None], POSITIVE, NEGATIVE)
    rgba[..., 3] = np.round(strength * OPACITY_STEPS) * 255 / OPACITY_STEPS
    rgba[rgba[..., 3] == 0] = 0
    return _uri(rgba)


def _uri(pixels: npt.NDArray[np.uint8]) -> str:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
