"""What saving a run after every epoch costs, as a fraction of the epoch.

    python -m tests.benchmarks.checkpoint

The data are random images, as many and as large as MNIST's. A save is synced to the disk of
`--folder`. The medians are what the machine gave; the minima, about what an idle one would give.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from mlp_cli.datasets.loading import Dataset, Split
from mlp_cli.runs.settings import Settings
from mlp_cli.runs.training import Training


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.checkpoint", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default: temporary")
    parser.add_argument("--epochs", type=int, default=7, help="of each network")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    training, test = (
        Split(
            rng.integers(0, 256, (count, 28, 28), dtype=np.uint8),
            (np.arange(count) % 10).astype(np.uint8),
        )
        for count in (60_000, 1_000)
    )
    dataset = Dataset(Path("random"), training, test)
    print("| network | epoch, s | save, ms | share | file, kB |\n|---|---|---|---|---|")
    for hidden in ([30], [100], [800]):
        settings = Settings(
            dataset="mnist",
            data_dir="random",
            fingerprint=dataset.fingerprint(),
            image_shape=(28, 28),
            sizes=(784, *hidden, 10),
            epochs=options.epochs,
            eta=3.0,
            batch_size=10,
            validation=10_000,
            seed=0,
            init="scaled",
            dtype="float32",
        )
        epochs, saves, size = measure(Training.begin(settings, dataset), options.folder)
        for name, of in (("median", median), ("minimum", min)):
            epoch, save = of(epochs), of(saves)
            print(
                f"| {'-'.join(map(str, settings.sizes))}, {name} | {epoch:.2f} "
                f"| {1000 * save:.1f} | {save / epoch:.2%} | {size / 1000:,.0f} |",
                flush=True,
            )


def measure(run, folder):
    """The seconds of every epoch and of every save, and the bytes of the file in the end."""
    epochs, saves = [], []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "run.npz"
        for result in run.epochs():
            started = time.perf_counter()
            run.run.save(path)
            saves.append(time.perf_counter() - started)
            epochs.append(result.seconds)
        return epochs, saves, path.stat().st_size


if __name__ == "__main__":
    main()
