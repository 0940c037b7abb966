"""Run what the documents show, and compare what is printed with what they say is printed.

    python -m tests.documents                  compare, the slow blocks left out
    python -m tests.documents --slow           compare everything: minutes
    python -m tests.documents --write --slow   put what is printed now into the documents, where it
                                               differs; with --exact also where it may differ

A document's blocks run in their order, in one folder that has MNIST in `data/mnist/`, the four
files once more in `stick/`, and a drawn 7 in `image.png`. A block `sh` runs in bash, a block
`python` in Python. A block `text` that follows in the same section holds what it prints, stdout and
stderr together; a line `...` in it stands for any number of lines. After the language the fence may
say more, which no reader sees:

    slow        the block runs with --slow alone, in a copy of the folder, so that what follows is
                the same with and without it
    not-run     the block is shown and never run: it needs a network, a browser or another shell
    status=1    the block ends with this exit status
    ctrl-c=3    Ctrl-C comes when the line of epoch 3 has been printed

Lines that install something or enter an environment are left out. Numbers that differ from machine
to machine may differ as far as TOLERANCES says; everything else must be equal.
"""

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from pathlib import Path

from tests.makers import draw_seven

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "docs/tutorial.md", "docs/formats.md"]
STOPPED = """\
import io, os, re, signal, sys
from mlp_cli.__main__ import main

class Stopping(io.TextIOWrapper):
    def write(self, text):
        super().write(text)
        if re.match(os.environ["STOP_AT"], text):
            self.flush()
            os.kill(os.getpid(), signal.SIGINT)

sys.stderr = Stopping(sys.stderr.buffer, encoding="utf-8", line_buffering=True)
main()
"""
"""`mlp` that gets Ctrl-C when it has printed a certain line, however fast the machine is"""

LEFT_OUT = re.compile(r"^(pip |python3? -m venv |source |\.venv\\|git clone |cd )")
ELLIPSIS = "..."
PATIENCE = 900
"""seconds until a block counts as stuck"""

TOLERANCES = [  # what is printed, by how much it may differ (None: as it likes), and of what
    (r"\d+\.\d+ s\b", None, "seconds"),
    (r"\b(?:compiled|numpy)(?= engine| +\d{4}-)", None, "the engine that auto takes"),
    (r"\b\d{4}-\d\d-\d\d\b", None, "dates"),
    (r"[\d,]+ bytes", None, "sizes of files"),
    (r"\b\d+\.\d+\.\d+\b", None, "versions"),
    (r"\b\d\.\de[-+]\d\d\b", None, "deviations, which are rounding"),
    (r"(?<=, of )\S+ C at [\d, ]+", None, "where the largest of them is"),
    (r"(?<=right on ).*", None, "what a committee makes of few images"),
    (r"(?<=   next ).*", None, "the answers after the first, all near 0"),
    (r"(?<=best epoch  ).*", None, "which of two epochs is better by a hair"),
    (r"(?<=, of epoch )\d+", None, "the same"),
    (r"\d\.\d{4} +\d+\.\d +\d+\.\d(?= +\d+$)", None, "cost, best epoch and seconds of a sweep"),
    (r"\d+\.\d\d(?= to )", 1.5, "percentage points of accuracy"),
    (r"^ +\d(?: +(?:\d+|\.)){10}$", None, "rows of the confusion matrix"),
    (r"^ +\d(?: +\d+\.\d\d %){3}", None, "rows of the figures per digit"),
    (r"\d+\.\d\d(?= %)", 1.5, "percentage points of accuracy"),
    (r"(?<=\()[\d,]+(?= / 10,000\))", 150, "images read right, of 10,000"),
    (r"(?<=cost) +\d\.\d{4}", 0.003, "mean cost"),
    (r"(?<=\()\d\.\d{3}(?=\))", 0.1, "outputs of the network"),
    (r"\b0\.9\d+$", 0.015, "an accuracy as a fraction"),
]  # fmt: skip


@dataclass
class Block:
    """A fenced block of a document."""

    line: int
    """of the opening fence, counted from 1"""
    language: str
    flags: dict[str, str]
    text: list[str]
    output: "Block | None" = None

    @property
    def runs(self):
        return self.language in ("sh", "python") and "not-run" not in self.flags


@dataclass
class Outcome:
    """A block that was run."""

    block: Block
    printed: list[str]
    status: int

    @property
    def failure(self):
        """What is wrong with it, or None."""
        wanted = int(self.block.flags.get("status", 130 if "ctrl-c" in self.block.flags else 0))
        if self.status != wanted:
            printed = "\n".join(self.printed[-20:])
            return f"exit status {self.status}, expected {wanted}. It printed:\n{printed}"
        if self.block.output and not agree(self.block.output.text, self.printed):
            shown = unified_diff(
                self.block.output.text, self.printed, "the document", "printed", lineterm="", n=1
            )
            return "\n".join(shown)
        return None


def blocks(text):
    """The fenced blocks of a document, each with the block of its output if it has one."""
    found, open_block, last_end = [], None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if open_block is None and line.startswith("```"):
            language, *flags = line[3:].split() or [""]
            pairs = (flag.partition("=")[::2] for flag in flags)
            open_block = Block(number, language, dict(pairs), [])
        elif open_block is not None and line.startswith("```"):
            before = found[-1] if found else None
            between = text.splitlines()[last_end : open_block.line - 1]
            # Text in between is allowed, a heading is not: an output belongs to its section.
            if (
                open_block.language == "text"
                and before is not None
                and before.language in ("sh", "python")
                and not any(line.startswith("#") for line in between)
            ):
                before.output = open_block
            found.append(open_block)
            open_block, last_end = None, number
        elif open_block is not None:
            open_block.text.append(line)
    return found


def split(lines):
    """The parts of an output between its lines `...`."""
    parts = [[]]
    for line in lines:
        if line == ELLIPSIS:
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def agree(expected, printed):
    """Whether these lines are what a document says, `...` standing for any number of lines."""
    parts = split(expected)
    if len(parts) == 1:
        return _agree(parts[0], printed)
    first, *middle, last = parts
    end = len(printed) - len(last)
    if end < len(first) or not _agree(first, printed[: len(first)]):
        return False
    start = len(first)
    for part in middle:
        while not _agree(part, printed[start : start + len(part)]):
            start += 1
            if start + len(part) > end:
                return False
        start += len(part)
    return _agree(last, printed[end:])


def _agree(expected, printed):
    return len(expected) == len(printed) and all(map(lines_agree, expected, printed))


def lines_agree(expected, printed):
    """Whether two lines are the same, but for what differs from machine to machine."""
    if expected == printed:
        return True
    for pattern, tolerance, _ in TOLERANCES:
        ours, theirs = re.findall(pattern, expected), re.findall(pattern, printed)
        if len(ours) != len(theirs):
            return False
        if tolerance is not None:
            differences = (abs(number(a) - number(b)) for a, b in zip(ours, theirs, strict=True))
            if any(difference > tolerance + 1e-9 for difference in differences):
                return False
        expected, printed = (re.sub(pattern, "#", line) for line in (expected, printed))
    # Columns move where a number has another width.
    return expected.split() == printed.split()


def number(text):
    return float(text.replace(",", ""))


def refresh(expected, printed):
    """What a document should show of these lines, shortened as it is now.

    As many lines stay before the first `...` and after the last. What stands between two of them is
    looked for where the lines are most like it.
    """
    parts = split(expected)
    if len(parts) == 1:
        return printed
    first, *middle, last = parts
    shown, start, end = printed[: len(first)], len(first), len(printed) - len(last)
    for part in middle:
        places = range(start, max(start + 1, end - len(part) + 1))
        start = max(places, key=lambda place, part=part: likeness(part, printed[place:]))
        shown += [ELLIPSIS, *printed[start : start + len(part)]]
        start += len(part)
    return [*shown, ELLIPSIS, *printed[max(start, end) :]]


def likeness(expected, printed):
    """How much the lines are like those of a document, each counted from 0 to 1."""
    pairs = zip(expected, printed, strict=False)
    return sum(SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in pairs)


class Folder:
    """A fresh folder in which the commands of a document run."""

    def __init__(self, path, mnist):
        self.path = path
        bin_folder = path / ".bin"
        bin_folder.mkdir()
        python, plain, stopped = map(shlex.quote, [sys.executable, "mlp_cli", STOPPED])
        mlp = f'exec {python} -m {plain} "$@"'
        mlp = f'[ -z "${{STOP_AT-}}" ] || exec {python} -c {stopped} "$@"\n{mlp}'
        for name, script in {"mlp": mlp, "python": f'exec {python} "$@"'}.items():
            (bin_folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (bin_folder / name).chmod(0o755)
        for folder in ("data/mnist", "stick"):
            (path / folder).mkdir(parents=True)
            for file in mnist.glob("*-ubyte.gz"):
                shutil.copy(file, path / folder)
        draw_seven().save(path / "image.png")

    def copy(self, path):
        """The same folder once more, elsewhere."""
        shutil.copytree(self.path, path, symlinks=True)
        other = object.__new__(Folder)
        other.path = path
        return other

    def run(self, block):
        """Run a block; return what came of it."""
        if block.language == "python":
            words = [sys.executable, "-c", "\n".join(block.text)]
        else:
            lines = [line for line in block.text if not LEFT_OUT.match(line)]
            words = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
        with subprocess.Popen(
            words,
            cwd=self.path,
            env=self._environment(block),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            try:
                printed, _ = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                printed, _ = process.communicate()
        return Outcome(block, printed.splitlines(), process.returncode)

    def _environment(self, block):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("MLP_") and not name.lower().endswith("_proxy")
        }
        nowhere = "http://127.0.0.1:9"  # no document may depend on a network
        return kept | {
            "PATH": f"{self.path / '.bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "STOP_AT": rf"epoch +{block.flags['ctrl-c']}/" if "ctrl-c" in block.flags else "",
        }


def run_document(name, mnist, slow=False):
    """Run a document's blocks in order; yield an outcome for each that was run."""
    with tempfile.TemporaryDirectory() as place:
        folder, copy = Folder(_made(Path(place) / "folder"), mnist), None
        for count, block in enumerate(blocks((ROOT / name).read_text(encoding="utf-8"))):
            if not block.runs or ("slow" in block.flags and not slow):
                continue
            if "slow" in block.flags:
                copy = copy or folder.copy(Path(place) / str(count))
                yield copy.run(block)
            else:
                copy = None
                yield folder.run(block)


def _made(path):
    path.mkdir()
    return path


def write(name, outcomes, exact=False):
    """Put what was printed into a document, where it does not say so already."""
    path = ROOT / name
    lines = path.read_text(encoding="utf-8").splitlines()
    for outcome in reversed(outcomes):  # from the end, so that line numbers stay right
        output = outcome.block.output
        if output and (exact or not agree(output.text, outcome.printed)):
            place = slice(output.line, output.line + len(output.text))
            if lines[place] != output.text:
                raise SystemExit(f"{name}: changed while its commands ran; run this again")
            lines[place] = refresh(output.text, outcome.printed)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.documents", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("documents", nargs="*", default=DOCUMENTS, metavar="DOCUMENT")
    parser.add_argument("--write", action="store_true", help="correct the documents")
    parser.add_argument("--exact", action="store_true", help="correct what may differ, too")
    parser.add_argument("--slow", action="store_true", help="run the slow blocks, too")
    parser.add_argument(
        "--mnist",
        type=Path,
        default=Path(os.environ.get("MLP_TEST_DATA", ROOT.parent / "shared")) / "mnist",
        help="the folder with the four files of MNIST",
    )
    options = parser.parse_args()
    if not list(options.mnist.glob("*-ubyte.gz")):
        parser.error(f"no MNIST in {options.mnist}: name its folder with --mnist")
    failed = False
    for name in options.documents:
        outcomes, has_broken = [], False
        for outcome in run_document(name, options.mnist, options.slow):
            outcomes.append(outcome)
            if wrong := outcome.failure:
                print(f"{name}:{outcome.block.line}: {wrong}\n", flush=True)
                has_broken |= wrong.startswith("exit status")
                failed |= has_broken or not options.write
        if options.write and has_broken:
            print(f"{name}: a command fails, so nothing is written\n", flush=True)
        elif options.write:
            write(name, outcomes, options.exact)
    sys.exit(failed)


if __name__ == "__main__":
    main()
