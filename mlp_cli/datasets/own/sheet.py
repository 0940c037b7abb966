"""A hundred images of a dataset side by side, to look at."""

import math

import numpy as np

from mlp_cli.datasets.arrays import ImageArray
from mlp_cli.datasets.loading import Split

SHEET_COLUMNS = 10
SHEET_IMAGES = 100
SHEET_GAP = 2
"""pixels between images"""
GAP_LEVEL = 96
LEAST_SIDE, MOST_SIDE_SHOWN = 28, 112
"""pixels of the longer side of an image on the sheet"""


def draw_sheet(split: Split) -> ImageArray:
    """Return one image of some hundred: (rows, columns), 0..255.

    Every class has as many, taken evenly from all of its images; up to ten classes begin a row.
    """
    images = [
        _scaled(split.images[index]) if index >= 0 else None for index in choose_images(split)
    ]
    height, width = next(image for image in images if image is not None).shape
    rows = math.ceil(len(images) / SHEET_COLUMNS)
    shape = rows * (height + SHEET_GAP) + SHEET_GAP, SHEET_COLUMNS * (width + SHEET_GAP) + SHEET_GAP
    sheet = np.full(shape, GAP_LEVEL, np.uint8)
    for number, image in enumerate(images):
        if image is not None:
            row, column = divmod(number, SHEET_COLUMNS)
            top, left = (
                SHEET_GAP + row * (height + SHEET_GAP),
                SHEET_GAP + column * (width + SHEET_GAP),
            )
            sheet[top : top + height, left : left + width] = image
    return sheet


def choose_images(split: Split) -> list[int]:
    """Return the images to show, by index, in the order of the sheet; -1 is an empty place."""
    classes = np.unique(split.labels)
    each = max(1, SHEET_IMAGES // len(classes))
    if len(classes) <= SHEET_COLUMNS:
        each -= each % SHEET_COLUMNS
    chosen: list[int] = []
    for label in classes[:SHEET_IMAGES]:
        (own,) = np.nonzero(split.labels == label)
        count = min(each, len(own))
        chosen += own[np.arange(count) * len(own) // count].tolist()
        if len(classes) <= SHEET_COLUMNS:
            chosen += [-1] * (-len(chosen) % SHEET_COLUMNS)
    return chosen


def _scaled(image: ImageArray) -> ImageArray:
    """Return an image in a size that can be seen: pixels repeated, or left out."""
    side = max(image.shape)
    step, times = math.ceil(side / MOST_SIDE_SHOWN), max(1, LEAST_SIDE // side)
    return image[::step, ::step].repeat(times, axis=0).repeat(times, axis=1)
