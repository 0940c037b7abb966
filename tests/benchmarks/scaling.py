"""How an epoch's time grows with images, hidden units and the batch size: tables and a plot.

    python -m tests.benchmarks.scaling -o scaling.png

One quantity varies, the others stay at 784-30-10, mini-batches of 10 and 10,000 images. The images
are generated, written to a temporary folder (1.6 GB for two million) and mapped from there. Each
engine has columns and a curve of its own; they take turns. The first epoch of each network is not
counted; of the others the fastest is.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import get_args

from mlp_cli.learning.names import EngineName
from tests.benchmarks.machine import machine, markdown
from tests.benchmarks.workers import THREADS

IMAGES = [10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000]
HIDDEN = [10, 20, 50, 100, 200, 500, 1000, 2000]
BATCH_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
BASE = {"images": 10_000, "hidden units": 30, "batch size": 10}
"""what the quantities are that do not vary"""
ENGINES = list(get_args(EngineName))
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
    engines = options.engine or default_engines()
    print(f"{machine()}; {options.threads} thread(s), {options.rounds} rounds\n")
    with tempfile.TemporaryDirectory(dir=options.temp) as folder:
        split = generate(Path(folder), series["images"][-1])
        measured = {}
        for name, values in series.items():
            rows = []
            for value in values:
                point = base | {name: value}
                rows.append((value, time_epochs(split, engines, options.rounds, **keywords(point))))
            measured[name] = rows
            print(f"{others(base, name)}\n")
            print(table(name, engines, rows, base), end="\n\n", flush=True)
        del split  # before the folder goes: it is mapped
    if options.output:
        draw(measured, engines, base, options.output)


def parse():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.scaling", description=__doc__.partition("\n")[0]
    )
    add = parser.add_argument
    add("-o", "--output", type=Path, help="draw the plot to this file")
    add("--images", type=int, nargs="+", default=IMAGES)
    add("--hidden", type=int, nargs="+", default=HIDDEN)
    add("--batch-size", type=int, nargs="+", default=BATCH_SIZES)
    add("--engine", choices=ENGINES, action="append", help="only this; repeat it")
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


def default_engines():
    """Those that one would train with."""
    from mlp_cli.learning.compiled import variants

    return ["compiled", "numpy"] if variants() else ["numpy"]


def time_epochs(split, engines, rounds, *, images, hidden_units, batch_size):
    """Seconds of every engine's fastest epoch, after one that is not counted."""
    import numpy as np

    from mlp_cli import Network
    from mlp_cli.learning.engine import make_engine
    from mlp_cli.learning.schedules import Schedule
    from mlp_cli.learning.sgd import train_epochs

    runs = []
    for name in engines:
        network = Network.initialise((28 * 28, hidden_units, 10), np.random.default_rng(0))
        results = train_epochs(
            make_engine(name, network, batch_size),
            split.images[:images],
            split.labels[:images],
            Schedule(ETA, 1 + rounds),
            np.random.default_rng(0),
        )
        next(results)
        runs.append(results)
    turns = [[next(results).seconds for results in runs] for _ in range(rounds)]
    return [min(seconds) for seconds in zip(*turns, strict=True)]


def table(name, engines, rows, base):
    """Seconds per epoch and microseconds per image, two columns an engine."""
    header = [name]
    for engine in engines:
        header += [f"{engine}, s / epoch", "us / image"]
    cells = []
    for value, times in rows:
        images = value if name == "images" else base["images"]
        figures = [cell for s in times for cell in (f"{s:.4f}", f"{1e6 * s / images:.2f}")]
        cells.append([f"{value:,}", *figures])
    return markdown(header, cells)


def draw(measured, engines, base, path):
    """Three panels, each with a curve for every engine: seconds per epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    for axes, (name, rows) in zip(figure.subplots(1, 3), measured.items(), strict=True):
        values, times = zip(*rows, strict=True)
        for engine, seconds in zip(engines, zip(*times, strict=True), strict=True):
            axes.loglog(values, seconds, "o-", markersize=4, label=f"{engine} engine")
        axes.set(xlabel=name, ylabel="seconds per epoch")
        axes.set_title(others(base, name), fontsize="medium")
        axes.grid(which="major", alpha=0.3)
        axes.legend(fontsize="small")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
