"""How a checkpoint reads one digit among clutter: frames, cards, axes, cameras; by kind.

    python -m tests.benchmarks.clutter [CHECKPOINT] [--data-dir data] [--count 50] [--seed 0]

The digits are drawn ones and, where the data folder holds mnist, as many of MNIST's test images:
those that the checkpoint reads right as they are, so that what is counted is the clutter. A
picture with two digits is right where either is read and the other said.
"""

import argparse
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np

from mlp_cli import load_dataset
from mlp_cli.datasets.drawn.drawing import draw_digits
from mlp_cli.errors import MlpError, PictureError
from mlp_cli.images import find_digit, read_picture
from mlp_cli.runs import bundled
from mlp_cli.runs.reading import load_checkpoint
from tests.clutter import KINDS, PAIRS

SURE = 0.5
"""an output below which `mlp predict` says that it is unsure"""
RIGHT, WARNED, UNWARNED = "right", "wrong, warned", "wrong, unwarned"


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.clutter", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("checkpoint", type=Path, nargs="?", default=bundled.PATH)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", help="these kinds only")
    parser.add_argument("--save", type=Path, help="a folder for the pictures that are misread")
    options = parser.parse_args()
    run = load_checkpoint(options.checkpoint)
    print(f"{'kind':22} {RIGHT:>8}  {'and warned':>10}  {WARNED:>14}  {UNWARNED:>15}")
    totals = Counter()
    for kind in options.kind or (*KINDS, *PAIRS):
        counts = Counter()
        for number in range(options.count):
            counts.update(answer(run, options, kind, number))
        totals += counts
        print_row(kind, counts)
    print_row("all", totals)


def print_row(kind, counts):
    shares = [counts[key] / counts["all"] for key in (RIGHT, "right, warned", WARNED, UNWARNED)]
    right, doubted, warned, unwarned = (f"{share:.1%}" for share in shares)
    print(f"{kind:22} {right:>8}  {doubted:>10}  {warned:>14}  {unwarned:>15}", flush=True)


def answer(run, options, kind, number):
    """What became of a picture: it is counted under these words."""
    picture, labels = make(kind, number, options.seed, options.data_dir, run)
    file = BytesIO()
    picture.save(file, "PNG")
    file.seek(0)
    try:
        digit = find_digit(read_picture(file))
    except PictureError as error:
        return keep(options, kind, number, picture, f"{labels} {error}", [WARNED, "all"])
    outputs = run.outputs(digit.image[None])[0]
    found, sure = int(outputs.argmax()), float(outputs.max())
    doubted = bool(digit.warnings) or sure < SURE
    said = any("only one is read" in warning for warning in digit.warnings)
    if found in labels and (said or len(labels) == 1):
        return [RIGHT, "all"] + ["right, warned"] * (doubted and len(labels) == 1)
    what = f"{labels} as {found} ({sure:.2f}) {'; '.join(digit.warnings)}"
    return keep(options, kind, number, picture, what, [WARNED if doubted else UNWARNED, "all"])


def keep(options, kind, number, picture, what, counted):
    if options.save:
        options.save.mkdir(parents=True, exist_ok=True)
        picture.save(options.save / f"{kind} {number}.png")
        print(f"    {kind} {number}: {what}")
    return counted


def make(kind, number, seed=0, data_dir=None, run=None):
    """The picture of this kind and number, and the digits in it."""
    rng = np.random.default_rng([seed, [*KINDS, *PAIRS].index(kind), number])
    labels = [number % 10, int(rng.integers(10))]
    split = mnist(data_dir) if data_dir and number // 10 % 2 == 0 else None
    images = [choose(label, rng, split, run) for label in labels]
    if kind in PAIRS:
        return PAIRS[kind](images[0], rng, images[1]), labels
    return KINDS[kind](images[0], rng), labels[:1]


def choose(label, rng, split, run):
    """An image of this digit, one that the run reads right."""
    while True:
        if split is None:
            images = draw_digits(np.array([label] * 20, np.uint8), rng)
        else:
            images = split.images[rng.choice(np.flatnonzero(split.labels == label), 20)]
        right = [0] if run is None else np.flatnonzero(run.outputs(images).argmax(1) == label)
        if len(right):
            return images[right[0]]


def mnist(data_dir, known={}):  # noqa: B006  kept between pictures
    if not known and (data_dir / "mnist").is_dir():
        known["test"] = load_dataset("mnist", data_dir).test
    return known.get("test")


if __name__ == "__main__":
    try:
        main()
    except MlpError as error:
        sys.exit(str(error))
