"""Learn which shapes are digits: shapes of many kinds, and the network that comes with mlp.

    python -m tests.likeness mlp_cli/runs/digits.npz --data FOLDER --fonts FOLDER

The digits are the drawn dataset's, those of the fonts and, where DATA has them, MNIST's training
images. What is no digit is drawn here, or set in the fonts: any files that Pillow reads, of hands
as well as of print. Each shape is written, photographed and found as on a page. The network has a
class for every digit and one for the rest, and is written as `mlp export --format small` does.
"""

import argparse
import os
import string
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mlp_cli import train
from mlp_cli.errors import PictureError
from mlp_cli.images.ground import find_ink
from mlp_cli.images.several.clearing import seeded
from mlp_cli.images.several.crowd import BAR
from mlp_cli.images.several.joining import join_stacked
from mlp_cli.images.several.likeness import DIGIT_CLASSES, SHAPE
from mlp_cli.images.several.marks import slenderness
from mlp_cli.images.several.shapes import Page, normalised, shapes_of
from mlp_cli.images.threshold import find_levels
from mlp_cli.runs.small import write_small
from tests.cutting import SETTINGS, photographed
from tests.pages import PEN, Writer, drawn_digits, mnist_digits, trim

LOOKALIKES = set("OoQDIlijJSsZzBbqgG")
"""letters that are written as digits are, too"""
LETTERS = [each for each in string.ascii_letters if each not in LOOKALIKES]
SIGNS = list("ä%&@#$?!+=*<>{}[]~éüßñ€£")
CYRILLIC = list("ДЖИЙКЛМНПФЦШЩЮЯджийклмнпфцшщюя")
JOINED = [
    *("th", "an", "in", "er", "re", "on", "he", "st", "ou", "ch", "La", "Ma", "Re", "Na", "me"),
    *("ee", "ll", "um", "ut", "ve", "ru", "ty", "Mr", "Str", "ic", "ng", "ed", "is", "tt", "ff"),
    *("fi", "To", "Yo", "Ka", "Pa", "Ta", "wh", "ck", "mm", "nn", "ing", "ham"),
]
"""letters that a hand joins"""
FONT_SIZE, FONT_FRAME = 120, 60
"""pixels of a letter before it is written, and around it"""
SHARES = {
    "digit": 0.4,
    "set digit": 0.1,
    "letter": 0.32,
    "cyrillic": 0.03,
    "joined": 0.05,
    "scribble": 0.06,
    "blot": 0.04,
}
SIDE = 400
"""pixels of what is drawn"""
CHUNK = 2000
"""shapes that a process makes at once"""


@dataclass
class Sources:
    """What shapes are made of."""

    digits: list
    """sets of digits (tests/pages.py), MNIST's last"""
    fonts: list[Path]

    def letters(self, rng, text):
        """Text in one of the fonts that have its letters."""
        for k in rng.permutation(len(self.fonts)):
            if all(has_letter(self.fonts[k], each) for each in set(text)):
                break
        else:
            raise SystemExit(f"no font has {text}")
        font = font_of(self.fonts[k])
        box = font.getbbox(text)
        size = tuple(int(n) + 2 * FONT_FRAME for n in (box[2] - box[0], box[3] - box[1]))
        picture = Image.new("L", size)
        at = FONT_FRAME - box[0], FONT_FRAME - box[1]
        ImageDraw.Draw(picture).text(at, text, fill=255, font=font)
        return bent(rng, picture)


@cache
def font_of(path):
    return ImageFont.truetype(path, FONT_SIZE)


@cache
def has_letter(path, letter):
    """Whether a font shows something else than for letters that it lacks."""
    masks = [bytes(font_of(path).getmask(each)) for each in (letter, "\uffff")]
    return masks[0] != masks[1] and any(masks[0])


def bent(rng, picture):
    """A picture slanted, turned, stretched and, half the time, wavy."""
    turn, slant = np.radians(rng.normal(0, 6)), rng.normal(0, 0.15)
    stretch = np.exp(rng.normal(0, 0.12))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = rotation @ np.array([[1, slant], [0, 1]]) @ np.diag([stretch, 1 / stretch])
    new = int(1.5 * picture.width + 0.6 * picture.height), int(1.6 * picture.height)
    start = np.array(picture.size) / 2 - matrix @ np.array(new) / 2
    how = *matrix[0], start[0], *matrix[1], start[1]
    picture = picture.transform(new, Image.Transform.AFFINE, how, Image.Resampling.BILINEAR)
    return wavy(rng, picture, rng.uniform(1, 6)) if rng.random() < 0.5 else picture


def wavy(rng, picture, by):
    """A picture whose pixels are moved by about so many, neighbours alike."""
    grey = np.asarray(picture)
    knots = tuple(n // 35 + 2 for n in grey.shape)
    rows, columns = (
        (at + by * smooth(rng, knots, grey.shape)).round().astype(int).clip(0, n - 1)
        for at, n in zip(np.indices(grey.shape), grey.shape, strict=True)
    )
    return Image.fromarray(grey[rows, columns])


def smooth(rng, knots, shape):
    """Normal numbers at some knots, and between them what lies between."""
    at_knots = Image.fromarray(rng.normal(size=knots).astype(np.float32))
    return np.asarray(at_knots.resize(shape[::-1], Image.Resampling.BICUBIC))


def scribble(rng):
    """Lines that are no digit but by chance: curves, corners, crosses, waves, stars, grids."""
    picture = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(picture)
    width = int(rng.integers(6, 34))

    def line(points):
        draw.line([tuple(each) for each in points], fill=255, width=width, joint="curve")

    middle, radius = SIDE / 2, 0.37 * SIDE
    kind = rng.choice(["curve", "corners", "closed", "cross", "zigzag", "wave", "star", "grid"])
    if kind == "curve":
        knots = int(rng.integers(4, 10))
        along = np.linspace(0, knots - 1, 120)
        points = rng.uniform(50, SIDE - 50, (2, knots))
        broken = [np.interp(along, np.arange(knots), each) for each in points]
        line(np.stack([np.convolve(each, np.ones(15) / 15, "valid") for each in broken], axis=1))
    elif kind == "corners":
        line(rng.uniform(60, SIDE - 60, (int(rng.integers(3, 9)), 2)))
    elif kind == "closed":
        points = rng.uniform(60, SIDE - 60, (int(rng.integers(3, 6)), 2))
        line([*points, *points[:2]])
    elif kind == "cross":
        for _ in range(int(rng.integers(2, 4))):
            line(rng.uniform(60, SIDE - 60, (2, 2)))
    elif kind == "zigzag":
        across = np.linspace(40, SIDE - 40, int(rng.integers(5, 10)))
        down = np.where(np.arange(across.size) % 2, 100, SIDE - 100) + rng.normal(
            0, 20, across.size
        )
        line(np.stack([across, down], axis=1))
    elif kind == "wave":
        along = np.linspace(0, 1, 100)
        down = rng.uniform(20, 120) * np.sin(rng.uniform(3, 25) * along + rng.uniform(0, 6))
        line(np.stack([40 + (SIDE - 80) * along, middle + down], axis=1))
    elif kind == "star":
        for angle in np.linspace(0, np.pi, int(rng.integers(3, 7)), endpoint=False):
            end = radius * np.array([np.cos(angle), np.sin(angle)])
            line([middle - end, middle + end])
    else:
        for at in np.linspace(80, SIDE - 80, int(rng.integers(2, 4))):
            line([(at, 60), (at, SIDE - 60)])
        for at in np.linspace(80, SIDE - 80, int(rng.integers(2, 4))):
            line([(60, at), (SIDE - 60, at)])
    if kind in ("wave", "zigzag"):
        picture = picture.rotate(float(rng.uniform(0, 360)), Image.Resampling.BILINEAR)
    return picture


def blot(rng):
    """A full shape with an uneven edge."""
    down, across = np.indices((SIDE, SIDE)) - SIDE / 2
    radius = np.hypot(down / rng.uniform(50, 180), across / rng.uniform(50, 180))
    knots = int(rng.integers(3, 12))
    edge = 1 - radius + rng.uniform(0.1, 0.6) * smooth(rng, (knots, knots), radius.shape)
    return Image.fromarray((300 * edge).clip(0, 255).astype(np.uint8))


def shape_of_kind(rng, kind, sources):
    """The ink of a shape, 0..1, and its class; None where there is none."""
    height, pen = rng.uniform(18, 90), rng.uniform(-0.9, 0.9)
    if kind == "digit":
        # MNIST's digits are of more hands than the drawn ones.
        is_drawn = len(sources.digits) == 1 or rng.random() < 0.3
        label, ink = Writer(rng, sources.digits[0 if is_drawn else -1]).digit(height)
        return ink, label
    label = DIGIT_CLASSES
    if kind == "scribble":
        picture = scribble(rng)
    elif kind == "blot":
        picture = blot(rng)
    elif kind == "set digit":
        label = int(rng.integers(DIGIT_CLASSES))
        picture = sources.letters(rng, str(label))
    else:
        texts = {"letter": LETTERS + SIGNS, "cyrillic": CYRILLIC, "joined": JOINED}[kind]
        picture = sources.letters(rng, str(rng.choice(texts)))
    if (box := picture.getbbox()) is None:
        return None
    picture = picture.crop((box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2))
    scale = height / max(box[3] - box[1], 0.75 * (box[2] - box[0]))
    how = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX
    new = tuple(max(3, round(n * scale)) for n in picture.size)
    grey = np.asarray(picture.resize(new, how), np.float32) / 255
    return trim(((grey - 0.5 + PEN * pen) * 3 + 0.5).clip(0, 1)), label


def photographed_shape(rng, ink):
    """The largest shape that is found where this ink was photographed, and its image; or None."""
    margins = [max(int(rng.integers(6, 14)), (44 - n) // 2) for n in ink.shape]
    grey = photographed(rng, np.pad(ink, [(each, each) for each in margins]))
    found = find_ink(grey)
    levels = find_levels(found)
    if levels is None:
        return None
    page = Page(found, levels, found > levels.growth)
    shapes = join_stacked(shapes_of(*seeded(page)), float(ink.shape[0]))
    if not shapes:
        return None
    largest = max(shapes, key=lambda shape: (shape.box.height, shape.area))
    return largest, normalised(page, largest, SHAPE).image


def labelled_shape(seed, sources):
    """The image and the class of the shape of this seed, or None where none is found."""
    rng = np.random.default_rng([78, seed])
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    made = shape_of_kind(rng, kind, sources)
    if made is None:
        return None
    try:
        found = photographed_shape(rng, made[0])
    except PictureError:
        return None
    if found is None or not found[1].any():
        return None
    # A bare line may be a 1, whatever it was meant to be.
    if made[1] == DIGIT_CLASSES and kind != "blot" and slenderness(found[0].mask) < BAR:
        return None
    return found[1], made[1]


def labelled_shapes(seeds, sources):
    """The images and the classes of the shapes of these seeds."""
    pairs = [pair for seed in seeds if (pair := labelled_shape(seed, sources)) is not None]
    images, labels = zip(*pairs, strict=True)
    return np.stack(images), np.array(labels, np.uint8)


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.likeness", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--shapes", type=int, default=480_000)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MLP_TEST_DATA", ".")))
    parser.add_argument("--fonts", type=Path, required=True)
    options = parser.parse_args()
    fonts = sorted(path for path in options.fonts.rglob("*") if path.is_file())
    sources = Sources([drawn_digits(6000, seed=11), *mnist_digits(options.data, "train")], fonts)
    chunks = [range(at, at + CHUNK) for at in range(0, options.shapes, CHUNK)]
    with ProcessPoolExecutor() as pool:
        made = list(pool.map(partial(labelled_shapes, sources=sources), chunks))
    images, labels = (np.concatenate(each) for each in zip(*made, strict=True))
    run = train(images, labels, hidden=(256, 64), epochs=15, dropout=0.1, **SETTINGS)
    with open(options.file, "wb") as file:
        write_small(run, file)


if __name__ == "__main__":
    main()
