"""Divide one's own data into a training and a test part, as the classes are in the whole."""

import numpy as np

from mlp_cli.datasets.holding_out import hold_out_sample
from mlp_cli.datasets.loading import Split
from mlp_cli.errors import DataError


def split_off_test(whole: Split, share: float, seed: int) -> tuple[Split, Split]:
    """Return a training and a test part, each in the order of the whole.

    Every class has its share in the test part, and keeps an image to learn from.
    share: of the images, above 0 and below 1.  seed: decides which.
    Raises DataError where there is only one image.
    """
    count = len(whole)
    if count < 2:
        raise DataError(f"{count} image, expected at least one to learn from and one to test.")
    tested = min(max(1, round(share * count)), count - 1)
    is_test = np.zeros(count, bool)
    is_test[hold_out_sample(whole.labels, tested, np.random.default_rng(seed))] = True
    return whole.take(np.flatnonzero(~is_test)), whole.take(np.flatnonzero(is_test))
