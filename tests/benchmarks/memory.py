"""How much memory training takes: the main job, per image, and for a set larger than memory.

    python -m tests.benchmarks.memory --data-dir data

Runs `mlp train` as a process and watches it. Two kinds of memory are told apart: its own, which it
has allocated and only it can give back, and the pages of mapped files, which are a copy of what is
on the disk and which the system takes away whenever memory is short. The second kind is no part of
the set's 1.6 GB that a machine must have, so `ulimit -v`, which counts address space, would be the
wrong limit. The last run's own memory is limited by the kernel (RLIMIT_DATA: what exceeds it is
refused), its file pages are shown beside it. Both kinds are looked up every few milliseconds; the
peak of the two together is the kernel's own figure.

To limit both kinds together, run this whole script in a control group, where the system has one:

    systemd-run --scope -p MemoryMax=1G python -m tests.benchmarks.memory --only mapped
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.generated import write_generated
from tests.benchmarks.machine import machine, markdown

MB = 1_000_000
PARTS = ["main", "growth", "mapped"]
GROWTH = [50_000, 100_000, 200_000]
"""images of the gzipped sets from which the bytes per image are taken"""


def main():
    options = parse()
    parts = options.only or PARTS
    rows, grown = [], ""
    if "main" in parts:
        rows.append(train("MNIST, gzipped", options.data_dir, "--epochs", "30"))
    with tempfile.TemporaryDirectory(dir=options.temp) as folder:
        if "growth" in parts:
            own = []
            for images in options.growth:
                write_generated(Path(folder) / str(images), images, gzipped=True)
                rows.append(train(f"{images:,}, gzipped", Path(folder) / str(images)))
                own.append(rows[-1][1][0])
            each = (own[-1] - own[0]) / (options.growth[-1] - options.growth[0])
            grown = f"\nEvery further image of 784 pixels and its label take {each:,.0f} bytes."
        if "mapped" in parts:
            mapped = Path(folder) / "mapped"
            write_generated(mapped, options.images)
            name = f"{options.images:,}, mapped, own memory limited to {options.limit:,} MB"
            rows.append(train(name, mapped, limit=options.limit * MB))
    print(f"{machine()}; peaks in MB\n")
    print(
        markdown(
            ["training set", "own memory", "file pages", "together", "seconds"],
            [[name, *(f"{n / MB:,.0f}" for n in peaks), f"{s:.1f}"] for name, peaks, s in rows],
        )
    )
    print(grown)


def parse():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.memory", description=__doc__.partition("\n")[0]
    )
    add = parser.add_argument
    add("--data-dir", type=Path, default=Path("data"), help="the folder that holds MNIST")
    add("--only", choices=PARTS, action="append", help="only this part; repeat it")
    add("--growth", type=int, nargs="+", default=GROWTH, help="sizes of the gzipped sets")
    add("--images", type=int, default=2_000_000, help="size of the mapped set (2000000: 1.6 GB)")
    add("--limit", type=int, default=1000, help="what the last run may allocate, MB (1000)")
    add("--temp", type=Path, help="a folder on a disk for the sets, instead of the system's")
    return parser.parse_args()


def train(name, data_dir, *arguments, limit=resource.RLIM_INFINITY):
    """Run `mlp train`; return the name, the peaks in bytes and the seconds."""
    arguments = arguments or ("--epochs", "1", "--validation", "0")
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "mlp_cli",
                "train",
                "--data-dir",
                data_dir.resolve(),
                *arguments,
            ],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
        )
        peaks = watch(process)
        seconds = time.perf_counter() - started
    output = process.stdout.read()
    if process.returncode:
        sys.exit(f"{name}: mlp train failed:\n{output}")
    print(f"{name}: {output.splitlines()[-7]}", file=sys.stderr)
    return name, peaks, seconds


def watch(process):
    """Wait for the process; return the peaks of its own memory, of file pages, and of both."""
    own = files = together = 0
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        if "VmHWM" in fields:  # no longer there once it has ended
            own = max(own, kilobytes(fields["RssAnon"]))
            files = max(files, kilobytes(fields["RssFile"]))
            together = max(together, kilobytes(fields["VmHWM"]))
        time.sleep(0.005)
    return own, files, together


def kilobytes(field):
    return 1024 * int(field.split()[0])


if __name__ == "__main__":
    main()
