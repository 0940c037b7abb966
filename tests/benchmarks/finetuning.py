"""What a few pictures of one's own are worth: `mlp train --from bundled`, hand by hand.

    python -m tests.benchmarks.finetuning [FOLDER] [--hands hand05 hand06] [--train "--eta 0.1"]

FOLDER holds `<style>/<hand>/<label>_<number>.<ext>`. Of each hand a random half of every class is
learned from, and the other half is read before and after; a split is a seed. --train has options of
`mlp train`. Without --hands, those are taken whose pictures the network
misreads, and that have two of a class: of another hand no half says anything about the other.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.datasets.files import FILES
from mlp_cli.errors import MlpError
from mlp_cli.images import find_digit, read_picture
from mlp_cli.runs import bundled
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import idx_bytes


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.finetuning", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/handwriting"))
    parser.add_argument("--hands", nargs="+")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--mnist", type=Path, default=Path("../shared"), help="holds mnist/")
    parser.add_argument("--train", type=shlex.split, default=[], help="options of mlp train")
    options = parser.parse_args()
    hands = read_hands(options.folder)
    if not hands:
        sys.exit(f"{options.folder}: no <style>/<hand>/<label>_<number>.<ext> here")
    network = load_checkpoint(bundled.PATH)
    mnist = load_dataset("mnist", options.mnist).test
    chosen = options.hands or [name for name in hands if is_of_use(network, *hands[name])]
    print(f"means of {options.splits} splits; MNIST's test images before: ", end="")
    print(f"{right(network, mnist.images, mnist.labels):.2%}")
    print("hand      pictures  learned     before      after  MNIST after")
    rows = []
    for name in chosen:
        images, labels = hands[name]
        figures = [
            one_split(network, images, labels, seed, mnist, options.train)
            for seed in range(options.splits)
        ]
        before, after, kept, learned = np.mean(figures, axis=0)
        rows.append((before, after))
        # A hand without a 9 has fewer classes: its last layer is fresh, and knows no 9 either.
        kept = f"{kept:11.2%}" if labels.max() == 9 else f"{'fresh layer':>11}"
        print(f"{name:8}  {len(labels):8}  {learned:7.0f}  {before:9.1%}  {after:9.1%}  {kept}")
    before, after = np.mean(rows, axis=0)
    print(f"{'mean':8}  {'':8}  {'':7}  {before:9.1%}  {after:9.1%}")


def read_hands(folder):
    """The pictures of each hand as the network sees them, and their labels, by name."""
    found = defaultdict(list)
    for path in sorted(folder.glob("*/*/*")):
        if path.name[0].isdigit():
            digit = find_digit(read_picture(path))
            found[path.parts[-2]].append((digit.image, int(path.name[0])))
    return {
        name: (np.stack([image for image, _ in pairs]), np.array([label for _, label in pairs]))
        for name, pairs in sorted(found.items())
    }


def is_of_use(network, images, labels):
    """Whether the network misreads pictures of a hand that has two of a class."""
    return right(network, images, labels) < 1 and np.bincount(labels).max() > 1


def right(run, images, labels):
    """The share of images that a run's network reads as labelled."""
    return float((run.outputs(images).argmax(axis=1) == labels).mean())


def halves(labels, seed):
    """Which pictures to learn from: half of every class, the odd one by chance."""
    rng, learned = np.random.default_rng(seed), np.zeros(len(labels), bool)
    for label in range(10):
        indices = rng.permutation(np.flatnonzero(labels == label))
        learned[indices[: (len(indices) + rng.integers(2)) // 2]] = True
    return learned


def one_split(network, images, labels, seed, mnist, options):
    """What is read right before and after, of MNIST after, and how many pictures were learned."""
    learned = halves(labels, seed)
    with tempfile.TemporaryDirectory() as place:
        folder, path = Path(place) / "mine", Path(place) / "mine.npz"
        folder.mkdir()
        for stem, array in zip(
            FILES,
            [images[learned], labels[learned], images[~learned], labels[~learned]],
            strict=True,
        ):
            (folder / stem).write_bytes(idx_bytes(array.astype(np.uint8)))
        words = ["train", "--from", "bundled", "--dataset", str(folder), "--checkpoint", str(path)]
        subprocess.run(
            [sys.executable, "-m", "mlp_cli", *words, "--seed", str(seed), *options],
            check=True,
            capture_output=True,
        )
        trained = load_checkpoint(path)
    unseen = images[~learned], labels[~learned]
    return (
        right(network, *unseen),
        right(trained, *unseen),
        right(trained, mnist.images, mnist.labels),
        learned.sum(),
    )


if __name__ == "__main__":
    try:
        main()
    except MlpError as error:
        sys.exit(str(error))
