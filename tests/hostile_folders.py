"""Folders of data as people have them: odd names, odd files, odd samples, moved and respelled.

`python -m tests.hostile folder SEED COUNT`: one case is a folder, a training on it, and then what
a user does with the run: evaluate it, explain it, report it, resume it, with the data elsewhere.
"""

import gzip
import io
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from mlp_cli.commands.shared.group import mlp
from tests.makers import idx_bytes, make_arrays, write_dataset

RUN = Path("run.npz")
NAMES = (
    *("own", "o w n", "-own", "~own", "own.", "öwn", "own\udcff", "o\\wn", "mnist", "own%s{0}"),
    *("o'wn", 'o"wn', "[own]", "o\nwn", "o\u202ewn", "*"),
)
EXTRAS = ("archive.zip", "train.csv", "mnist.npz", "classes.txt", "._train-images-idx3-ubyte", "x")


def choice(rng, values):
    return values[int(rng.integers(len(values)))]


def answer(arguments):
    """The answer of a command, which must be success or one error of ours."""
    done = CliRunner().invoke(mlp, arguments, prog_name="mlp")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise AssertionError(arguments) from done.exception
    assert done.exit_code in (0, 1, 2), (arguments, done.exit_code)
    assert "Traceback" not in done.output, (arguments, done.output)
    assert done.exit_code == 0 or done.stderr.count("Error: ") == 1, (arguments, done.output)
    return done


def odd_arrays(rng):
    """A dataset that is sorted, scaled, of few classes, of one image, or like any other."""
    train, test = (int(choice(rng, (1, 2, 3, 11, 40, 120))) for _ in range(2))
    classes = int(choice(rng, (1, 2, 3, 9, 10)))
    images, labels, *others = make_arrays(train, test, (6, 5), classes, seed=int(rng.integers(9)))
    if rng.random() < 0.4:
        order = np.argsort(labels, kind="stable")
        images, labels = images[order], labels[order]
    if rng.random() < 0.2:
        images = images // choice(rng, (255, 16, 4))
    if rng.random() < 0.2:
        labels[: int(rng.integers(train + 1))] = int(rng.integers(classes))
    if rng.random() < 0.1:
        labels, others[1] = labels * 0 + 9, others[1] * 0 + int(rng.integers(10))
    return [images, labels, *others]


def foreign(rng, array):
    """What people have in place of an IDX file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("train-images-idx3-ubyte", b"x")
    return choice(
        rng,
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            *(b"<!DOCTYPE html><html>", b"label,pixel0,pixel1\n1,2,3\n", b"", b"\x93NUMPY\x01\0"),
            *(file.getvalue(), file.getvalue()[:20], gzip.compress(b"\0\0"), b"\x1f\x8b\x08"),
            *(idx_bytes(array.astype(kind)) for kind in ("i4", "f4", "i1", "f8")),
            idx_bytes(array.reshape(len(array), -1)),
        ),
    )


def spoil(rng, folder, arrays):
    """Do something to one of the files."""
    begins = ("train", "t10k")
    files = sorted(p for p in folder.iterdir() if p.name.startswith(begins) and p.is_file())
    if not files:
        return
    path, kind = choice(rng, files), int(rng.integers(9))
    if kind == 0:
        path.write_bytes(foreign(rng, arrays[int(rng.integers(4))]))
    elif kind == 1:
        ending = choice(rng, (".bin", ".txt", " (1).gz", ".gz.1", ".crdownload", ".zip", ".GZ"))
        path.rename(path.with_name(path.name.removesuffix(".gz") + ending))
    elif kind == 2:
        path.unlink()
    elif kind == 3:
        data = path.read_bytes()
        path.unlink()
        path.mkdir()
        (path / path.name).write_bytes(data)
    elif kind == 4:
        path.unlink()
        path.symlink_to(choice(rng, ("gone", path.name, ".")))
    elif kind == 5:
        path.unlink()
        os.mkfifo(path)
    elif kind == 6:
        inner = folder / "inner"
        inner.mkdir(exist_ok=True)
        for each in files:
            each.rename(inner / each.name)
    elif kind == 7:
        path.write_bytes(path.read_bytes()[: int(rng.integers(1, 60))])
    else:
        (folder / choice(rng, EXTRAS)).write_bytes(foreign(rng, arrays[1]))


def respelled(rng, folder):
    """The same folder by another name, in another place, or through a link."""
    kind = int(rng.integers(7))
    if kind < 2:
        moved = Path(choice(rng, ("moved", "deep/er", "./-moved", "mo ved")))
        moved.parent.mkdir(parents=True, exist_ok=True)
        return str(folder.rename(moved).absolute() if kind else folder.rename(moved))
    if kind == 2:
        Path("link").symlink_to(folder)
        return "link"
    name = str(folder)
    return choice(rng, (f"./{name}", f"./{name}/", f".//{name}/.", os.path.abspath(name)))


def run_folder(rng):
    """One case, in a folder of its own."""
    home, case = Path.cwd(), Path("case.d")
    shutil.rmtree(case, ignore_errors=True)
    case.mkdir()
    os.chdir(case)
    try:
        _run_folder(rng)
    finally:
        os.chdir(home)
        shutil.rmtree(case, ignore_errors=True)


def _run_folder(rng):
    folder, arrays = Path(choice(rng, NAMES)), odd_arrays(rng)
    write_dataset(folder, arrays, dotted=rng.random() < 0.3, gzipped=rng.random() < 0.7)
    for _ in range(choice(rng, (0, 0, 1, 1, 2, 3))):
        spoil(rng, folder, arrays)
    size = len(arrays[0])
    options = [
        *("--epochs", "1", "--hidden", "3", "--checkpoint", str(RUN), "--engine", "numpy"),
        *("--validation", str(choice(rng, (0, 1, 2, size // 3, max(size - 1, 0), size, 10_000)))),
        *("--batch-size", str(choice(rng, (1, 4, 1000))), "--seed", str(rng.integers(5))),
    ]
    named = ["--dataset", f"./{folder}"]
    if answer(["train", *options, *named]).exit_code:
        assert not RUN.exists()
        return
    reading = choice(rng, ("evaluate", "evaluate", "explain", "resume"))
    command = {
        "evaluate": ["evaluate", "--split", choice(rng, ("test", "train"))],
        "explain": ["explain", "--check"],
        "resume": ["train", "--resume", "--epochs", "2"],
    }[reading] + ["--checkpoint", str(RUN)]
    if rng.random() < 0.3:  # other data by the run's own spelling
        others = [array.copy() for array in arrays]
        others[2][0, 0, 0] ^= 1
        shutil.rmtree(folder)
        write_dataset(folder, others)
        before = RUN.read_bytes()
        done = answer([*command, *choice(rng, ([], named))])
        assert reading != "resume" or (done.exit_code == 1 and RUN.read_bytes() == before)
        assert reading == "resume" or "holds other images or labels" in done.stderr
        return
    spelling = respelled(rng, folder)
    done = answer([*command, choice(rng, ("--dataset", "--data-dir")), spelling])
    assert done.exit_code == 0 or "--check" in command, (command, spelling, done.output)
    assert "trained on" not in done.stderr, (command, spelling, done.output)
