"""What every command prints in terminals of 40, 80 and 200 columns, as files that one can read.

    python -m tests.snapshots              compare with tests/snapshots/
    python -m tests.snapshots --write      write what is printed now, to be read in the difference

The commands run in a pseudo-terminal, without colour, in a folder whose data and networks are made
here. What is left on the screen is kept: of a progress bar, nothing. A ruler above each output is
as long as the terminal is wide, so that a line that would wrap is seen to be too long.

The figures are the same on every processor: the networks are trained in float64 by the NumPy
engine, for few updates, or their weights are written down. The clock counts its readings; versions,
the dates of checkpoints and where a deviation is largest are fixed; STAND_INS replaces the rest.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from difflib import unified_diff
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "snapshots"
WIDTHS = (40, 80, 200)

TRAIN = "train --dataset shapes --hidden 12 --dtype float64 --engine numpy"
LETTERS = "train --dataset letters --hidden 12 --dtype float64 --engine numpy --quiet"
SWEEP = "--dataset shapes --dtype float64 --engine numpy --epochs 2 --vary eta=0.3,3"
COMMITTEE = " ".join(f"--checkpoint member-{n}.npz" for n in (1, 2, 3))

SCENES = {
    "mlp": ["", "--help", "tain"],
    "download": [
        "download --help",
        "download --print-urls",
        "download",
        "download --from stick",
    ],
    "train": [
        "train --help",
        f"{TRAIN} --epochs 3 --checkpoint run.npz",
        f"{TRAIN} --epochs 3 --checkpoint run.npz",
        "train --resume --checkpoint run.npz --epochs 4",
        f"{TRAIN} --epochs 1 --activation relu --eta 30 --checkpoint far.npz",
        f"{TRAIN} --epochs 2 --validation 0",
        f"{TRAIN} --hidden 30 20",
    ],
    "evaluate": [
        "evaluate --help",
        "evaluate --checkpoint run.npz",
        f"evaluate {COMMITTEE}",
        "evaluate --checkpoint letters.npz",
        "evaluate --checkpoint run.npz --split train",
        "evaluate --checkpoint newest --checkpoint run.npz",
        "evaluate --checkpoint missing.npz",
    ],
    "predict": [
        "predict --help",
        "predict seven.png",
        "predict seven.png --checkpoint bundled --show",
        "predict --checkpoint run.npz --raw --show row-3.png",
        "predict seven.png dot.png blank.png missing.png",
        "predict --all --show --checkpoint bundled page.png",
        "predict --checkpoint letters.npz --checkpoint ten.npz --raw letter.png",
    ],
    "explain": [
        "explain --help",
        "explain --checkpoint paper.npz --x 0.05,0.10 --y 0.01,0.99 --eta 0.5",
        "explain --checkpoint paper.npz --x 0.05,0.10 --y 0.01,0.99 --check",
        "explain --checkpoint run.npz --index 3",
    ],
    "report": [
        "report --help",
        "report --checkpoint run.npz",
        "report --checkpoint paper.npz",
    ],
    "inspect": [
        "inspect --help",
        "inspect run.npz",
        "inspect letters.npz",
        "inspect paper.npz",
    ],
    "runs": ["runs --help", "runs .", "runs several", "runs empty"],
    "export": [
        "export --help",
        "export --checkpoint run.npz --format html -o page.html",
        "export --checkpoint run.npz --format csv -o history.csv",
        "export --checkpoint run.npz --format small -o elsewhere/small.npz",
    ],
    "import": [
        "import --help",
        "import paper.json",
        "import digits.json --checkpoint digits.npz",
        "import shapes/train-labels-idx1-ubyte.gz",
    ],
    "sweep": [
        "sweep --help",
        f"sweep {SWEEP} --vary hidden=none,5,12+8 --seeds 2 --jobs 1 -o rates",
        "sweep -o rates --jobs 1 --test",
        f"sweep {SWEEP} --seeds 1 --jobs 1 -o rates",
    ],
    "convert": [
        "convert --help",
        "convert pictures -o mine",
        "convert letters.csv -o table",
        "convert letters.csv -o table",
    ],
}
"""the command lines of each file, in their order; later ones find what earlier ones made"""

BEFORE = {
    "evaluate": [
        *(f"{TRAIN} -q --epochs {n} --seed {n} --checkpoint member-{n}.npz" for n in (1, 2, 3)),
        f"{LETTERS} --epochs 3 --checkpoint letters.npz",
        f"{LETTERS} --epochs 4 --checkpoint ten.npz",
    ],
    "explain": ["import -q paper.json --checkpoint paper.npz"],
}
"""what a file's scenes need, unseen"""

A_DAY = 1.7e9
"""seconds: when checkpoints were written"""
STAND_INS = [
    (r"[\d,]+ bytes", "99,999 bytes"),
    (r"\b\d\.\de[-+]\d\d\b", "1.0e-11"),
    (r"(?<=, )\d+\.\d s$", "0.0 s"),
]
"""sizes of files, deviations, seconds of a sweep's workers"""


def play(folder, names):
    """Run the scenes of these files in this process, whose terminal is the stage."""
    import platform
    import time

    import numpy as np

    from mlp_cli.__main__ import main
    from mlp_cli.explanation import check
    from mlp_cli.runs import checkpoint

    readings = iter(range(1_000_000))
    time.perf_counter = lambda: next(readings) / 100
    np.__version__, checkpoint.__version__ = "2.2.2", "1.1.1"
    check._place_of_worst = lambda d: "d_b³ C at 2"
    platform.python_version = lambda: "3.13.3"
    os.chdir(folder)
    for name in names:
        print("\f", flush=True)
        for line in BEFORE.get(name, []):
            _call(main, line)
        for number, line in enumerate(SCENES[name]):
            for path in Path().glob("*.npz"):
                os.utime(path, (A_DAY + ord(path.name[0]),) * 2)
            print(f"\f{name} {number}", flush=True)
            status = _call(main, line)
            if status:
                print(f"[exit status {status}]", flush=True)
    print("\f", flush=True)


def _call(main, line):
    sys.argv = ["mlp", *shlex.split(line)]
    try:
        main()
    except SystemExit as end:
        return end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def screens(folder, width, names=tuple(SCENES)):
    """What each scene leaves on a terminal of this width: by name, a text for each command line."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    nowhere = "http://127.0.0.1:9"
    environment = kept | {
        "TERM": "xterm",
        "NO_COLOR": "1",
        "TZ": "UTC",
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(ROOT),
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "OPENBLAS_NUM_THREADS": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.snapshots", "--play", str(folder), *names],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    ):
        os.close(theirs)
        printed = b""
        while part := _read(ours):
            printed += part
    os.close(ours)
    found = {name: [] for name in names}
    for screen in printed.decode().split("\f"):
        heading, _, text = screen.partition("\n")
        if name := heading.partition(" ")[0].strip():
            found[name].append(shown(text))
    return found


def _read(descriptor):
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other end is closed
        return b""


def shown(text):
    """The lines that a terminal shows of a text in the end, with stand-ins for what varies."""
    lines = []
    for line in text.replace("\r\n", "\n").rstrip("\n").split("\n"):
        cells = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        lines.append("".join(cells).rstrip())
    text = "\n".join(lines)
    for pattern, stand_in in STAND_INS:
        text = re.sub(pattern, stand_in, text, flags=re.MULTILINE)
    return _without_seconds(text)


def _without_seconds(text):
    """The text with 0.0 for the seconds in the table of a sweep."""
    lines, column = text.split("\n"), None
    for number, line in enumerate(lines):
        if heading := re.search(r" *(?<=  )seconds(?=  |$)", line):
            column = slice(*heading.span())
        elif column and line[column].strip():
            cells = "0.0".rjust(column.stop - column.start)
            lines[number] = line[: column.start] + cells + line[column.stop :]
        else:
            column = None
    return "\n".join(lines)


def ruler(widths):
    """A line as long as the narrowest terminal is wide, which says what shows the text below."""
    said = f"-- {', '.join(map(str, widths))} columns "
    return f"{said:-<{widths[0] - 1}}|"


def snapshots(place):
    """What each file should hold now. The folder `place` is used to make it."""
    found = []
    for width in WIDTHS:
        folder = Path(place) / str(width)
        folder.mkdir()
        prepare(folder)
        found.append(screens(folder, width))
    return {name: file_text(name, [screen[name] for screen in found]) for name in SCENES}


def file_text(name, screens_of_widths):
    """What a file holds: each command line with its screens; equal ones once."""
    parts = []
    for line, *texts in zip(SCENES[name], *screens_of_widths, strict=True):
        parts.append(f"$ mlp {line}".rstrip())
        for number, text in enumerate(texts):
            if text not in texts[:number]:
                widths = [
                    width for width, other in zip(WIDTHS, texts, strict=True) if other == text
                ]
                parts.append(f"{ruler(widths)}\n{text}\n")
    return "\n".join(parts)


def prepare(folder):
    """Make what the scenes read: datasets, pictures, networks on paper."""
    import json

    import numpy as np
    from PIL import Image

    from tests.makers import draw_seven, make_arrays, write_dataset

    shapes = make_arrays(train=240, test=60)
    write_dataset(folder / "shapes", shapes)
    letters = make_arrays(train=520, test=130, shape=(13, 13), classes=26)
    write_dataset(folder / "letters", letters)
    names = [f"letter {chr(65 + n)}" for n in range(26)]
    (folder / "letters" / "classes.txt").write_text("\n".join(names) + "\n")
    rows = [",".join(map(str, [y, *x.ravel()])) for x, y in zip(*letters[:2], strict=True)]
    (folder / "letters.csv").write_text("\n".join(rows) + "\n")
    draw_seven().save(folder / "seven.png")
    page = draw_seven(size=(520, 330))
    for left, top in ((240, 50), (60, 190)):
        page.paste(draw_seven(size=(120, 120), at=(20, 10)), (left, top))
    page.save(folder / "page.png")
    Image.new("L", (60, 60), 255).save(folder / "blank.png")
    dot = Image.new("L", (200, 200), 255)
    dot.paste(0, (98, 98, 102, 102))
    dot.save(folder / "dot.png")
    Image.fromarray(shapes[2][3]).save(folder / "row-3.png")
    Image.fromarray(letters[2][7]).save(folder / "letter.png")
    for name in ("a long name of a class", "b"):
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(5):
            draw_seven(at=(40 + 3 * number, 40)).save(folder / f"pictures/{name}/{number}.png")
    (folder / "pictures/b/notes.txt").write_text("no picture")
    (folder / "pictures/b/broken.png").write_bytes(b"no picture")
    for name in ("empty", "stick", "several"):
        (folder / name).mkdir()
    (folder / "several" / "damaged.npz").write_text("no archive")
    paper = {
        "weights": [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]],
        "biases": [[0.35, 0.35], [0.60, 0.60]],
    }
    (folder / "paper.json").write_text(json.dumps(paper))
    digits = {
        "weights": [np.zeros((2, 784)).tolist(), np.zeros((10, 2)).tolist()],
        "biases": [[0.0] * 2, [0.0] * 10],
    }
    (folder / "digits.json").write_text(json.dumps(digits))


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.snapshots")
    parser.add_argument("--write", action="store_true", help="write the files")
    parser.add_argument("--play", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.play:
        play(options.play[0], options.play[1:])
        return
    with tempfile.TemporaryDirectory() as place:
        texts = snapshots(place)
    if options.write:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir()
        for name, text in texts.items():
            (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
        return
    differences = [difference(name, text) for name, text in texts.items()]
    print("\n".join(filter(None, differences)))
    sys.exit(any(differences))


def difference(name, text):
    """The lines in which a file differs from this text; nothing where it does not."""
    path = FOLDER / f"{name}.txt"
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = unified_diff(
        kept.splitlines(), text.splitlines(), f"{path}", "printed now", lineterm=""
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
