"""How well a checkpoint reads digits from many hands, by style and by hand.

    python -m tests.benchmarks.handwriting CHECKPOINT [FOLDER]

FOLDER holds `<style>/<hand>/<label>_<number>.<ext>`; the same hand may stand under several styles.
The figure to judge by is the mean over hands: one writer with many pictures counts as one.
"""

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlp_cli.errors import MlpError, PictureError
from mlp_cli.images import find_digit, read_picture
from mlp_cli.runs.reading import load_checkpoint


@dataclass(frozen=True)
class Answer:
    """One picture, and what it was read as: None where nothing was found in it."""

    path: Path
    answer: int | None
    confidence: float
    warnings: tuple[str, ...]

    @property
    def label(self):
        return int(self.path.name[0])

    @property
    def is_right(self):
        return self.answer == self.label


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.handwriting", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/handwriting"))
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.glob("*/*/*") if path.name[0].isdigit())
    if not paths:
        sys.exit(f"{options.folder}: no <style>/<hand>/<label>_<number>.<ext> here")
    run = load_checkpoint(options.checkpoint)
    start = time.perf_counter()
    answers = [read(run, path) for path in paths]
    seconds = time.perf_counter() - start
    print_table("style", grouped(answers, lambda answer: answer.path.parts[-3]))
    print()
    hands = grouped(answers, lambda answer: answer.path.parts[-2])
    print_table("hand", hands)
    mean = np.mean([share(group) for group in hands.values()])
    print(f"\nmean over {len(hands)} hands  {mean:.2%}")
    print(f"all pictures       {share(answers):.2%}")
    print(f"pictures a second  {len(answers) / seconds:.0f}, of all sizes")
    print("\nmisread:")
    for answer in answers:
        if not answer.is_right:
            place = answer.path.relative_to(options.folder)
            found = "nothing" if answer.answer is None else answer.answer
            print(f"{place}  {found} ({answer.confidence:.2f})  {'; '.join(answer.warnings)}")


def read(run, path):
    try:
        digit = find_digit(read_picture(path))
    except PictureError as error:
        return Answer(path, None, 0.0, (str(error),))
    outputs = run.outputs(digit.image[None])[0]
    return Answer(path, int(outputs.argmax()), float(outputs.max()), digit.warnings)


def grouped(answers, key):
    groups = defaultdict(list)
    for answer in answers:
        groups[key(answer)].append(answer)
    return dict(sorted(groups.items()))


def share(answers):
    return sum(answer.is_right for answer in answers) / len(answers)


def print_table(title, groups):
    print(f"{title:14}  pictures   right")
    for name, group in groups.items():
        print(f"{name:14}  {len(group):8}  {share(group):6.1%}")


if __name__ == "__main__":
    try:
        main()
    except MlpError as error:
        sys.exit(str(error))
