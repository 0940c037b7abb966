"""How the time of an epoch grows with images, hidden units and the batch size: tables and a plot.

    python -m tests.benchmarks.scaling -o scaling.png

One quantity varies, the others stay at 784-30-10, mini-batches of 10 and 10,000 images. The images
are generated, written to a temporary folder (1.6 GB for two million) and mapped from there. The
first epoch of each network is not counted; of the others the fastest is.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.machine import machine, markdown
from tests.benchmarks.workers import THREADS

IMAGES = [10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000]
HIDDEN = [10, 20, 50, 100, 200, 500, 1000, 2000]
BATCH_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
BASE = {"images": 10_000, "hidden units": 30, "batch size": 10}
"""what the quantities are that do not vary"""
ETA = 1.0


def main():
    options = parse()
    # Before anything imports NumPy, which Matplotlib does too.
    os.environ.update(dict.fromkeys(THREADS, str(options.threads)))
    if options.output:
        try:  # before an hour of measuring
            import matplotlib as mpl  # noqa: F401
        except ImportError as error:
            sys.exit(f'Error: -o needs matplotlib ({error}). Try: pip install -e ".[bench]"')
    series = {
        "images": sorted(options.images),
        "hidden units": options.hidden,
        "batch size": options.batch_size,
    }
    base = BASE | {"images": min(BASE["images"], series["images"][-1])}
    print(f"{machine()}; {options.threads} thread(s), {options.rounds} rounds\n")
    with tempfile.TemporaryDirectory(dir=options.temp) as folder:
        split = generate(Path(folder), series["images"][-1])
        measured = {}
        for name, values in series.items():
            rows = []
            for value in values:
                seconds = time_epoch(split, options.rounds, **keywords(base | {name: value}))
                images = value if name == "images" else base["images"]
                rows.append((value, seconds, 1e6 * seconds / images))
            measured[name] = rows
            cells = [[f"{v:,}", f"{s:.4f}", f"{per:.2f}"] for v, s, per in rows]
            print(f"{others(base, name)}\n")
            print(markdown([name, "s / epoch", "us / image"], cells), end="\n\n", flush=True)
        del split  # before the folder goes: it is mapped
    if options.output:
        draw(measured, base, options.output)


def parse():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.scaling", description=__doc__.partition("\n")[0]
    )
    add = parser.add_argument
    add("-o", "--output", type=Path, help="draw the plot to this file")
    add("--images", type=int, nargs="+", default=IMAGES)
    add("--hidden", type=int, nargs="+", default=HIDDEN)
    add("--batch-size", type=int, nargs="+", default=BATCH_SIZES)
    add("--threads", type=int, default=1)
    add("--rounds", type=int, default=3, help="timed epochs each (3)")
    add("--temp", type=Path, help="where the images are generated, instead of the system's folder")
    return parser.parse_args()


def others(base, name):
    """What does not vary, in words."""
    return ", ".join(f"{key} {value:,}" for key, value in base.items() if key != name)


def keywords(point):
    return {key.replace(" ", "_"): value for key, value in point.items()}


def generate(folder, images):
    """The training set, mapped."""
    from mlp_cli import load_dataset
    from tests.benchmarks.generated import write_generated

    write_generated(folder, images, test=10)
    return load_dataset("mnist", folder).train


def time_epoch(split, rounds, *, images, hidden_units, batch_size):
    """Seconds of the fastest epoch of `sgd`, after one that is not counted."""
    import numpy as np

    from mlp_cli import Network, sgd

    results = sgd(
        Network.initialise((28 * 28, hidden_units, 10), np.random.default_rng(0)),
        split.images[:images],
        split.labels[:images],
        epochs=1 + rounds,
        eta=ETA,
        batch_size=batch_size,
        rng=np.random.default_rng(0),
    )
    next(results)
    return min(result.seconds for result in results)


def draw(measured, base, path):
    """Three panels: seconds per epoch for images and hidden units, time per image for batches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    for axes, (name, rows) in zip(figure.subplots(1, 3), measured.items(), strict=True):
        values, seconds, _ = zip(*rows, strict=True)
        axes.loglog(values, seconds, "o-", markersize=4)
        axes.set(xlabel=name, ylabel="seconds per epoch")
        axes.set_title(others(base, name), fontsize="medium")
        axes.grid(which="major", alpha=0.3)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
