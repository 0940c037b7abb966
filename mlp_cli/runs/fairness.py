"""Whether the data are a fair sample: what is held out, and what stands out before any epoch."""

from typing import NamedTuple

import numpy as np

from mlp_cli.datasets.arrays import ImageArray
from mlp_cli.datasets.loading import Dataset, Division
from mlp_cli.learning.streams import spawn_streams
from mlp_cli.measuring.health import spread
from mlp_cli.nn.checks import is_grey
from mlp_cli.runs.settings import Settings

DIM = 64
"""the brightest pixel of a set of digits is far above this grey level, unless it was scaled"""


def hold_out_stream(settings: Settings) -> np.random.Generator | None:
    """Return what draws the images that a run holds out; None where they are the last ones."""
    return None if settings.held_out == "last" else spawn_streams(settings.seed).holding_out


class DataDoubts(NamedTuple):
    """What is odd about the data of a run. Classes are labels, ascending."""

    not_learnt: list[int]
    """classes whose training images are all held out"""
    not_held_out: list[int]
    """classes to learn, of which no image is held out; none in a run without validation"""
    only_tested: list[int]
    """classes of test images that no training image has"""
    dimness: int | None
    """the brightest grey level of all training images, if it is DIM or less"""


def doubt_data(dataset: Dataset, division: Division) -> DataDoubts:
    """Return what is odd about a training set in two parts, and the test set beside it."""
    labels, tested = dataset.train.labels, dataset.test.labels
    kept, held_out, tested_counts = (
        np.bincount(each, minlength=dataset.classes)
        for each in (labels[division.kept], labels[division.held_out], tested)
    )
    is_validated = held_out.any()
    return DataDoubts(
        np.flatnonzero((kept == 0) & (held_out > 0)).tolist(),
        np.flatnonzero((kept > 0) & (held_out == 0) & is_validated).tolist(),
        np.flatnonzero((kept + held_out == 0) & (tested_counts > 0)).tolist(),
        _dimness(dataset.train.images),
    )


def _dimness(images: ImageArray) -> int | None:
    """Return the brightest grey level, if it is low. A sample tells most sets at once."""
    if not is_grey(images):  # floats from 0 to 1
        return None
    if images[spread(len(images))].max() > DIM or (brightest := int(images.max())) > DIM:
        return None
    return brightest
