"""What a preset takes and reaches: whole runs of `mlp train`, from the prompt to the next.

    python -m tests.benchmarks.presets --preset quick --preset hundred --seed 0 --seed 1 --seed 2

Several engines are compared with `--engine compiled --engine numpy`: they take turns. With
`--epochs` a run is cut short, for its time an epoch; learning rates are then not those of the
preset. Each process has one thread.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import NamedTuple

from mlp_cli.measuring.percent import percent
from tests.benchmarks.machine import machine, markdown

PRESETS = ["default", "book-30", "book-100", "notes-online", "hundred", "cross-entropy", "quick"]
"""those of a minute"""
HEADER = ["engine", "seed", "prompt to prompt, s", "s / epoch", "fastest", "test", "best held out"]


class Outcome(NamedTuple):
    """What a run took and reached."""

    seconds: float
    """of the whole process"""
    epochs: list[float]
    """the seconds of each"""
    test_accuracy: str
    best_validation: float | None


def main():
    options = parse()
    print(f"{machine()}; one thread\n")
    rows, ratios = [], defaultdict(list)
    for preset in options.preset:
        for seed in options.seed:
            first = None
            for engine in options.engine:
                outcome = train(preset, seed, engine, options)
                rows.append(row(preset, seed, engine, outcome))
                first = first or outcome
                pairs = zip(outcome.epochs, first.epochs, strict=True)
                ratios[preset, engine].append(median(s / ours for s, ours in pairs))
    print(markdown(["", *HEADER], rows))
    if len(options.engine) > 1:
        print("\nAn epoch's time as a multiple of the first engine's, the median over the seeds:\n")
        cells = [[preset, engine, f"{median(r):.2f}"] for (preset, engine), r in ratios.items()]
        print(markdown(["", "engine", "times"], cells))


def parse():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.presets", description=__doc__.partition("\n")[0]
    )
    add = parser.add_argument
    add("--data-dir", type=Path, default=Path("data"), help="the folder that holds MNIST")
    add("--preset", action="append", help=f"repeat it; default: {', '.join(PRESETS)}")
    add("--seed", type=int, action="append", help="repeat it; default: 0")
    add("--engine", action="append", help="repeat it; default: auto")
    add("--epochs", type=int, help="only so many")
    options = parser.parse_args()
    options.preset = options.preset or PRESETS
    options.seed = options.seed or [0]
    options.engine = options.engine or ["auto"]
    return options


def train(preset, seed, engine, options):
    """Run `mlp train`."""
    command = [sys.executable, "-m", "mlp_cli", "train", "--config", preset, "--seed", str(seed)]
    command += ["--engine", engine, "--threads", "1", "--data-dir", options.data_dir.resolve()]
    command += ["--epochs", str(options.epochs)] if options.epochs else []
    with tempfile.TemporaryDirectory() as folder:
        log, place = Path(folder) / "log.jsonl", ["--checkpoint", f"{folder}/run.npz"]
        started = time.perf_counter()
        done = subprocess.run(
            [*command, *place, "--log", log], capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            sys.exit(f"{preset}: mlp train failed:\n{done.stderr}")
        epochs = [json.loads(line) for line in log.read_text().splitlines()]
    (accuracy,) = (line for line in done.stdout.splitlines() if line.startswith("test accuracy"))
    held_out = [e["validation_accuracy"] for e in epochs if e["validation_accuracy"] is not None]
    return Outcome(
        seconds,
        [epoch["seconds"] for epoch in epochs],
        accuracy.removeprefix("test accuracy").partition("(")[0].strip(),
        max(held_out, default=None),
    )


def row(preset, seed, engine, outcome):
    best = outcome.best_validation
    held_out = "" if best is None else percent(best)
    seconds = f"{outcome.seconds:.1f}"
    epochs = [f"{of(outcome.epochs):.3f}" for of in (median, min)]
    return [preset, engine, str(seed), seconds, *epochs, outcome.test_accuracy, held_out]


if __name__ == "__main__":
    main()
