"""Who trains this network fastest: a table of seconds per epoch, side by side.

    python -m tests.benchmarks.peers --data-dir data

Every peer gets the same images, the same first parameters, the same batch size and learning rate,
and so the same number of updates; each shuffles by itself. Each has a process of its own, held to
as many threads and cores, and they train an epoch each in turn, so that whatever else the machine
does meets all of them. The first epoch of each is not timed: it compiles and fills the caches. The
ratio is taken within a round, then the median over the rounds.

The lines "this program" are its three engines. "C, inked pixels only" is the compiled engine's C
without the program around it, the other two lines of C are yardsticks that multiply every pixel.

More options, such as two larger networks on one and on two threads against PyTorch alone:

    python -m tests.benchmarks.peers --hidden 800 --hidden 256-128 --batch-size 100 --eta 0.5 \\
        --threads 1 --threads 2 --peer numpy --peer torch --peer torch-compile
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import get_args

from mlp_cli.errors import MlpError
from mlp_cli.learning.names import DistortionName
from mlp_cli.measuring.percent import percent
from tests.benchmarks.machine import machine, markdown
from tests.benchmarks.workers import PEERS, FailedError, MissingError, Task, Worker

HEADER = ["s / epoch", "fastest", "processor", "times", "processor times", "test accuracy"]
NOTES = """\
Seconds per epoch: the median, the fastest, and the median of the processor's seconds, which a busy
machine hardly lengthens. Times: how much longer than the first line's, the median over the rounds;
processor times: the same of the processor's seconds, for one thread. Test accuracy: after all
epochs, the first one included.
Not timed: loading, the first epoch, and for all but this program and C, which take the pixels as
bytes, the conversion of all images to float32. scikit-learn has no quadratic cost: it learns with
softmax and log-loss, and a tenth of eta. All calculate in float32."""


def main():
    options = parse()
    chosen = [peer for peer in PEERS if not options.peer or peer.key in options.peer]
    try:
        sizes = sizes_of(options)
    except MlpError as error:
        sys.exit(f"Error: {error}")
    print(f"{machine()}; {options.rounds} rounds\n")
    failed = False
    for hidden in options.hidden:
        for threads in options.threads:
            task = Task(
                options.data_dir,
                sizes["images"],
                hidden,
                options.batch_size,
                options.eta,
                threads,
                options.distort,
            )
            distorted = "" if task.distort == "none" else f" ({task.distort})"
            updates = -(-task.images // task.batch_size)
            print(
                f"{task.images:,} images{distorted}, mini-batches of {task.batch_size}, "
                f"{updates:,} updates an epoch, eta {task.eta:g}, "
                f"{threads} thread{'s' if threads > 1 else ''}\n"
            )
            rows, complete = measure(chosen, task, options.rounds)
            failed |= not complete
            layers = [sizes["pixels"], *hidden, sizes["classes"]]
            print(markdown(["-".join(map(str, layers)), *HEADER], rows), end="\n\n", flush=True)
    print(NOTES)
    sys.exit(failed)


def parse():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.peers", description=__doc__.partition("\n")[0]
    )
    add = parser.add_argument
    add("--data-dir", type=Path, default=Path("data"), help="the folder that holds MNIST")
    add("--images", type=int, default=50_000, help="how many images to train on (50000)")
    add("--hidden", type=layers, action="append", help="hidden layers: 30, or 256-128; repeat it")
    add("--batch-size", type=int, default=10)
    add("--eta", type=float, default=3.0)
    add("--threads", type=int, action="append", help="threads and cores each (1); repeat it")
    add(
        "--distort",
        choices=["none", *get_args(DistortionName)],
        default="none",
        help="distort the images, once: more of their pixels are not black",
    )
    add("--rounds", type=int, default=7, help="timed epochs of each peer (7)")
    add("--peer", action="append", choices=[p.key for p in PEERS], help="only this; repeat it")
    options = parser.parse_args()
    options.hidden = options.hidden or [(30,)]
    options.threads = options.threads or [1]
    return options


def layers(text):
    return tuple(int(units) for units in text.split("-"))


def sizes_of(options):
    """What the files hold, as far as the headings tell of it."""
    from mlp_cli import load_dataset

    data = load_dataset("mnist", options.data_dir)
    images = min(options.images, len(data.train))
    return {"images": images, "pixels": data.pixels, "classes": data.classes}


def measure(chosen, task, rounds):
    """Return the table's rows, a row for every peer, and whether none of them failed."""
    status, seconds = {}, {peer: [] for peer in chosen}
    with ExitStack() as stack:
        workers = {}
        for peer in chosen:
            workers[peer] = stack.enter_context(Worker(peer, task))
            try:
                workers[peer].ready()
                workers[peer].train_epoch()
            except MissingError as error:
                status[peer] = f"missing: {error}"
            except FailedError:
                status[peer] = "failed"
        for _ in range(rounds):
            for peer in chosen:
                if peer not in status:
                    seconds[peer].append(workers[peer].train_epoch())
        accuracies = {peer: workers[peer].accuracy() for peer in chosen if peer not in status}
    rows = []
    base = next((peer for peer in chosen if peer not in status), None)
    for peer in chosen:
        if peer in status:
            rows.append([peer.label(), status[peer], *[""] * (len(HEADER) - 1)])
            continue
        clock, processor = zip(*seconds[peer], strict=True)
        of_clock, of_processor = zip(*seconds[base], strict=True)
        figures = (
            median(clock),
            min(clock),
            median(processor),
            median_ratio(clock, of_clock),
            median_ratio(processor, of_processor),
        )
        rows.append([peer.label(), *map(figure, figures), percent(accuracies[peer])])
    return rows, "failed" not in status.values()


def median_ratio(seconds, ours):
    return median(s / base for s, base in zip(seconds, ours, strict=True))


def figure(value):
    """Three digits, wherever the point stands."""
    return f"{value:#.3g}".rstrip(".")


if __name__ == "__main__":
    main()
