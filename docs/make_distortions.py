"""Draw distortions.png: python docs/make_distortions.py [DATA_DIR], from the top of a checkout.

The first training image of each of eight digits, and below it the same image distorted.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from mlp_cli import load_dataset
from mlp_cli.learning.distortions import Images, distort

DIGITS = range(2, 10)
DISTORTED = 5  # rows
GAP = 2
BELOW_ORIGINALS = 8
ENLARGED = 3
PAPER = 255


def main(data_dir: Path) -> None:
    """Write the picture beside this file."""
    train = load_dataset("mnist", data_dir).train
    originals = train.images[[np.flatnonzero(train.labels == digit)[0] for digit in DIGITS]]
    rng = np.random.default_rng(0)
    rows = [row(originals), np.full((BELOW_ORIGINALS, row(originals).shape[1]), PAPER, np.uint8)]
    rows += [row(distort(originals, rng, "elastic")) for _ in range(DISTORTED)]
    grid = np.concatenate(rows)[:-GAP, :-GAP].repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)
    path = Path(__file__).with_name("distortions.png")
    Image.fromarray(grid).save(path, optimize=True)


def row(images: Images) -> Images:
    """Return the images side by side, with paper to the right of and below each."""
    return np.concatenate(
        list(np.pad(images, ((0, 0), (0, GAP), (0, GAP)), constant_values=PAPER)), axis=1
    )


if __name__ == "__main__":
    main(Path(*sys.argv[1:2] or ["data"]))
