"""Learn to cut touching digits: numbers of them, and the two networks that come with mlp.

    python -m tests.cutting contacts mlp_cli/runs/contacts.npz --data FOLDER
    python -m tests.cutting wholes mlp_cli/runs/wholes.npz --data FOLDER

The digits are the drawn dataset's and, where FOLDER has them, MNIST's training images. It is known
of every pixel whose digit it is; so contacts and whole digits are known. The second network learns
from pieces that are cut by the first. Both are written as `mlp export --format small` does.
"""

import argparse
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from mlp_cli import train
from mlp_cli.errors import PictureError
from mlp_cli.images.ground import find_ink
from mlp_cli.images.several.clearing import seeded
from mlp_cli.images.several.contacts import WORKING_HEIGHT, windows_around
from mlp_cli.images.several.cuts import between
from mlp_cli.images.several.joining import join_stacked
from mlp_cli.images.several.shapes import Page, Shape, shapes_of
from mlp_cli.images.several.splitting import split, working_mask
from mlp_cli.images.several.touching import height_within
from mlp_cli.images.threshold import find_levels
from mlp_cli.runs import bundled
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.small import write_small
from tests.pages import (
    Writer,
    drawn_digits,
    mnist_digits,
    paste,
    touching_place,
    turned_ink,
)

COUNTS = (0.15, 0.35, 0.2, 0.12, 0.1, 0.08)
"""shares of numbers of one digit, of two, and so on"""
KEPT = 0.12
"""of the pixels that are no contacts: there are far more of them"""
KEPT_PARTS = 0.6
"""of the pieces that are no whole digits: there are more of them, too"""
WHOLE, PART = 0.9, 0.8
"""of a digit's pixels and of a piece's: with at least the first fraction in common the piece is the
whole digit, with less than the second it is not; those between are left out"""
SETTINGS = {
    "activation": "relu",
    "cost": "log-likelihood",
    "eta": 0.05,
    "schedule": "cosine",
    "batch_size": 100,
    "momentum": 0.9,
    "validation": 30000,
}


@dataclass
class Number:
    """A number whose digits touch, on plain paper."""

    grey: np.ndarray
    """(rows, columns), 0..255"""
    owner: np.ndarray
    """whose digit each pixel is: 0 for none, 1 for the first"""
    labels: list[int]
    height: float
    """of a digit, in pixels"""


def make_number(rng, sources, touching):
    """A number.  touching: the fraction of neighbours that touch."""
    writer = Writer(rng, sources[int(rng.integers(len(sources)))])
    height = rng.uniform(18, 90)
    count = int(rng.choice(np.arange(len(COUNTS)) + 1, p=COUNTS))
    ink = np.zeros((int(height * 2.2), int(height * (1.3 * count + 2))), np.float32)
    owner, labels = np.zeros(ink.shape, np.uint8), []
    x, slope, overlap = height / 2, rng.normal(0, 0.02), rng.uniform(0, 0.1)
    for k in range(count):
        label, stamp = writer.digit(height)
        wobble = writer.unevenness * rng.normal(0, 0.04) * height + slope * (x - height / 2)
        y = height / 2 + (height - stamp.shape[0]) * rng.uniform(0.4, 1) + wobble
        if k and rng.random() < touching:
            x = touching_place(ink, stamp, y, x, -overlap * height / 4)
        alone = np.zeros_like(ink)
        paste(alone, stamp, y, x)
        owner[alone > 0.4] = k + 1
        np.maximum(ink, alone, out=ink)
        x += stamp.shape[1] + max(2.0, height * (overlap + 0.1 * writer.unevenness * rng.random()))
        labels.append(label)
    degrees = rng.uniform(-10, 10) if rng.random() < 0.4 else rng.uniform(-1.5, 1.5)
    turned = Image.fromarray(owner).rotate(degrees, Image.Resampling.NEAREST, expand=True)
    grey = photographed(rng, turned_ink(ink, degrees))
    return Number(grey, np.asarray(turned), labels, height)


def photographed(rng, ink):
    """Ink on evenly lit paper, a little blurred and noisy: grey levels."""
    grey = rng.uniform(200, 255) * (1 - ink * (1 - rng.uniform(5, 110) / 255))
    picture = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
    blur = rng.uniform(0, 1.2) * min(1.0, min(ink.shape) / 200)
    grey = np.asarray(picture.filter(ImageFilter.GaussianBlur(blur)), np.float32)
    if rng.random() < 0.6:
        grey = grey + rng.uniform(0, 8) * rng.normal(size=ink.shape)
    return grey.clip(0, 255).round().astype(np.float32)


def shapes_in(number, height):
    """The page of a number, and its shapes.  height: of a digit, as a page would have it."""
    ink = find_ink(number.grey)
    levels = find_levels(ink)
    if levels is None:
        raise PictureError("blank")
    page = Page(ink, levels, ink > levels.growth)
    shapes = join_stacked(shapes_of(*seeded(page)), height)
    return page, [shape for shape in shapes if shape.box.height >= height / 2]


def owners_of(number, shape: Shape, mask):
    """Whose digit each pixel of a shape's working mask is."""
    box = shape.box
    owner = number.owner[box.top : box.bottom, box.left : box.right]
    rows, columns = (
        ((np.arange(n) + 0.5) * side / n).astype(int)
        for n, side in zip(mask.shape, owner.shape, strict=True)
    )
    return owner[rows][:, columns] * mask


def contacts_of(owners):
    """The pixels with another digit's pixel among their eight neighbours."""
    wide = np.pad(owners, 1)
    contacts = np.zeros(owners.shape, bool)
    rows, columns = owners.shape
    for down in range(3):
        for across in range(3):
            other = wide[down : down + rows, across : across + columns]
            contacts |= (other != owners) & (other > 0) & (owners > 0)
    return contacts


def shapes_to_cut(rng, number):
    """The page of a number, and its shapes, each with the height of a digit in it."""
    height = number.height * rng.uniform(0.85, 1.15)  # a page's own measure is not exact
    page, shapes = shapes_in(number, height)
    return page, [(shape, height_within(shape, height)) for shape in shapes]


def contact_windows(rng, sources):
    """The windows around pixels of one number, and whether these are contacts."""
    number = make_number(rng, sources, touching=0.9)
    page, shapes = shapes_to_cut(rng, number)
    for shape, height in shapes:
        mask = working_mask(page, shape, WORKING_HEIGHT / height)
        owners = owners_of(number, shape, mask)
        contacts = contacts_of(owners)
        kept = (owners > 0) & (contacts | (rng.random(owners.shape) < KEPT))
        yield windows_around(mask, *np.nonzero(kept)), contacts[kept]


def whole_windows(rng, sources, contacts):
    """The windows of the pieces of one number, and whether these are whole digits."""
    number = make_number(rng, sources, touching=0.75)
    page, shapes = shapes_to_cut(rng, number)
    for shape, height in shapes:
        splitting = split(page, shape, height, (28, 28), contacts)
        owners = owners_of(number, shape, working_mask(page, shape, splitting.factor))
        # Of every digit, the pixels that were found on the page; a part of it may be in another
        # shape.
        found = np.bincount(number.owner[page.mask], minlength=10)[1:10]
        found = found * (WORKING_HEIGHT / height) ** 2
        windows, labels = [], []
        for piece in splitting.pieces:
            inside = between(splitting.cuts, piece.start, piece.end, np.arange(owners.shape[1]))
            held = np.bincount(owners[inside], minlength=10)[1:10]
            digit = int(held.argmax())
            common = held[digit] / max(held.sum(), found[digit], 1)
            is_whole = common >= WHOLE
            if is_whole or (common < PART and rng.random() < KEPT_PARTS):
                windows.append(piece.window)
                labels.append(is_whole)
        if windows:
            yield np.stack(windows), np.array(labels)


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.cutting", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("what", choices=["contacts", "wholes"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--numbers", type=int, default=24000)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MLP_TEST_DATA", ".")))
    parser.add_argument("--contacts", type=Path, default=bundled.CONTACTS_PATH)
    options = parser.parse_args()
    sources = [drawn_digits(6000, seed=11), *mnist_digits(options.data, "train")]
    if options.what == "contacts":
        make, settings = contact_windows, {"hidden": (128, 64), "epochs": 14}
    else:
        make = partial(whole_windows, contacts=load_checkpoint(options.contacts).outputs)
        settings = {"hidden": (128, 64), "epochs": 10, "dropout": 0.1}
    windows, labels = [], []
    for seed in range(options.numbers):
        rng = np.random.default_rng([77, seed])
        with suppress(PictureError):
            for some, theirs in make(rng, sources):
                windows.append(some)
                labels.append(theirs.astype(np.uint8))
    run = train(np.concatenate(windows), np.concatenate(labels), **SETTINGS, **settings)
    with open(options.file, "wb") as file:
        write_small(run, file)


if __name__ == "__main__":
    main()
