"""How many pictures `mlp predict` reads in a second, on one core and on all: whole processes.

    python -m tests.benchmarks.reading FOLDER

Every picture below FOLDER is read in one call, by turns on one core and on all of this machine's.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from mlp_cli.images.formats import ENDINGS
from tests.benchmarks.machine import machine, markdown


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.reading", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if not paths:
        sys.exit(f"{options.folder}: no pictures below it")
    cores = sorted(os.sched_getaffinity(0))
    bindings = {"one core": cores[:1], f"{len(cores)} cores": cores}
    seconds = {name: [] for name in bindings}
    for _ in range(options.rounds):
        for name, bound in bindings.items():
            os.sched_setaffinity(0, bound)  # the command inherits it
            seconds[name].append(timed(paths))
    os.sched_setaffinity(0, cores)
    print(f"{machine()}; {options.rounds} rounds, {len(paths):,} pictures\n")
    rows = [
        [name, f"{median(each):.2f}", f"{len(paths) / median(each):.0f}"]
        for name, each in seconds.items()
    ]
    print(markdown(["", "seconds", "pictures a second"], rows))


def timed(paths):
    """Return the seconds that one call takes, by the clock."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "mlp_cli", "predict", "--checkpoint", "bundled", *paths],
        capture_output=True,
        text=True,
    )
    if f"{len(paths):,} read" not in done.stderr:
        sys.exit(done.stderr)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
