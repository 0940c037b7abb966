"""How long a command takes from the shell's prompt to the next: medians of whole processes.

    python -m tests.benchmarks.startup --data-dir data

The commands take turns. The ratio is to what a program with NumPy and Pillow cannot go below: an
interpreter that imports the two, in the same round. The last line is reading and checking the four
files of the data set, for which this process takes its turn.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from mlp_cli import load_dataset
from mlp_cli.errors import MlpError
from tests.benchmarks.generated import write_generated
from tests.benchmarks.machine import machine, markdown


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.startup", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="MNIST's folder")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    data_dir = options.data_dir.resolve()
    mlp = [sys.executable, "-m", "mlp_cli"]
    commands = {
        "import numpy, PIL.Image": [sys.executable, "-c", "import numpy, PIL.Image"],
        "mlp --help": [*mlp, "--help"],
        "mlp predict image.png": [*mlp, "predict", "image.png"],
    }
    seconds = {name: [] for name in [*commands, "the four files"]}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_generated(Path("data"), train=1000, test=10)
        picture = np.full((200, 300), 255, np.uint8)
        picture[50:150, 140:160] = 0  # a 1, more or less
        Image.fromarray(picture).save("image.png")
        run([*mlp, "train", "--epochs", "1", "--validation", "0"])
        for _ in range(options.rounds):
            for name, command in commands.items():
                seconds[name].append(timed(run, command))
            seconds["the four files"].append(timed(load_dataset, "mnist", data_dir))
        os.chdir("/")
    base, *_ = seconds.values()
    print(f"{machine()}; {options.rounds} rounds\n")
    rows = []
    for name, measured in seconds.items():
        clock, processor = zip(*measured, strict=True)
        ratios = [s / bare for (s, _), (bare, _) in zip(measured, base, strict=True)]
        figures = median(clock), min(clock), median(processor), median(ratios)
        rows.append([name, *(f"{figure:.3f}" for figure in figures)])
    print(markdown(["", "seconds", "fastest", "processor", "times"], rows))


def run(command):
    subprocess.run(command, check=True, capture_output=True)


def timed(function, *arguments):
    """Call it; return the seconds it took, by the clock and of the processor."""
    clock, processor = time.perf_counter(), processor_time()
    function(*arguments)
    return time.perf_counter() - clock, processor_time() - processor


def processor_time():
    """Seconds of this process and of those it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    try:
        main()
    except MlpError as error:
        sys.exit(f"Error: {error}")
