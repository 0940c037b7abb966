"""Ask a network whether an image shows a digit at all.

A network that learned only digits reads many letters with high outputs, too. This one has learned
letters, blots and scribbles beside them.
"""

import numpy as np
import numpy.typing as npt

from mlp_cli.images.several.certainty import ImagesArray, mean_outputs
from mlp_cli.images.several.types import Outputs, ReadImages
from mlp_cli.images.types import Mask

SHAPE = (28, 28)
"""of the images that the network sees"""
DIGIT_CLASSES = 10
"""of its classes; the next one is for whatever is no digit"""
AT_A_GLANCE, HARDLY = 0.3, 0.05
"""likeness, and mean likeness: an image with less of both is hardly a digit"""


def likeness(images: ImagesArray, digits: ReadImages) -> npt.NDArray[np.float64]:
    """Return the probability that each image shows a digit.

    images: (n, *SHAPE).  digits: the network.
    """
    return _of_digits(digits(images))


def mean_likeness(images: ImagesArray, digits: ReadImages) -> npt.NDArray[np.float64]:
    """Return what `likeness` does, as a mean over each image's wobbles: in twelve times the time.

    images: (n, *SHAPE).  digits: the network.
    """
    return _of_digits(mean_outputs(images, digits)[1])


def are_unlike(images: ImagesArray, digits: ReadImages) -> Mask:
    """Return which images hardly show a digit: of MNIST's, one in 170.

    images: (n, *SHAPE).  digits: the network.
    """
    unlike: Mask = likeness(images, digits) < AT_A_GLANCE
    if unlike.any():
        unlike[unlike] = mean_likeness(images[unlike], digits) < HARDLY
    return unlike


def _of_digits(outputs: Outputs) -> npt.NDArray[np.float64]:
    probability: npt.NDArray[np.float64] = outputs[:, :DIGIT_CLASSES].sum(axis=1, dtype=np.float64)
    return probability
