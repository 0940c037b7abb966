"""A data set of any size, made up: a pattern of squares for each digit, of uneven brightness."""

import gzip
import shutil

import numpy as np

from mlp_cli.datasets.files import FILES

SIDE, SQUARE = 28, 4
LIT = 0.2
"""fraction of a pattern's squares that are lit; about as many of MNIST's pixels are not black"""
CHUNK = 10_000


def write_generated(folder, train, test=1000, gzipped=False, seed=0):
    """Write the four IDX files, in pieces: as much memory as one piece takes."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    coarse = rng.random((10, SIDE // SQUARE, SIDE // SQUARE)) < LIT
    patterns = coarse.repeat(SQUARE, axis=1).repeat(SQUARE, axis=2).astype(np.uint8)
    for (images_name, labels_name), count in zip(
        (FILES[:2], FILES[2:]), (train, test), strict=True
    ):
        labels = rng.integers(10, size=count, dtype=np.uint8)
        with (folder / images_name).open("wb") as images_file:
            images_file.write(header(count, SIDE, SIDE))
            for start in range(0, count, CHUNK):
                images = patterns[labels[start : start + CHUNK]]
                images *= rng.integers(80, 256, size=images.shape, dtype=np.uint8)
                images_file.write(images.data)
        (folder / labels_name).write_bytes(header(count) + labels.tobytes())
    if gzipped:
        for name in FILES:
            with (
                (folder / name).open("rb") as plain,
                gzip.open(folder / f"{name}.gz", "wb", compresslevel=1) as packed,
            ):
                shutil.copyfileobj(plain, packed)
            (folder / name).unlink()


def header(*sizes):
    """The first bytes of an IDX file of uint8."""
    return bytes([0, 0, 8, len(sizes)]) + b"".join(n.to_bytes(4, "big") for n in sizes)
