"""What people may want to convert, and what nobody should trust: of every kind, spoilt.

`python -m tests.hostile source SEED COUNT`: one case is a source, and `mlp convert` on it. A folder
is made that is complete and can be read, or there is one error of ours and nothing is left.
"""

import gzip
import io
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from mlp_cli.datasets.files import FILES
from mlp_cli.datasets.idx import IMAGES_MAGIC, LABELS_MAGIC, read_idx
from tests.hostile_folders import answer, choice
from tests.hostile_pictures import make_odd_picture
from tests.makers import draw_seven, idx_bytes, make_arrays

WRITTEN = {*FILES, "classes.txt", "sheet.png"}
ENTRIES = (
    *(
        b"",
        b"x",
        b"-1",
        b"256",
        b"1e9",
        b"nan",
        b"inf",
        b'"',
        b'"7"',
        b" 7 ",
        b"7.0",
        b"0x7",
        b"\0",
    ),
    *(b"7" * 5000, "七".encode(), b"\xff", b"1_0", b"\r", b"\n", b",", b"1;2", b"=1+1", b"#7"),
)
CLASSES = (
    *(
        "0",
        "3",
        "7",
        "03",
        "10",
        "300",
        "A",
        "a",
        " ",
        "..a",
        "e\u0301",
        "\xe9",
        "\u202e",
        "x" * 90,
    ),
    *("\udcff", "train", "test", "-1", "a,b", "=1", "\n", "classes.txt", "9" * 30, "٣"),
)
TYPES = ("u1", "i1", "i2", "i4", "i8", "u8", "f2", "f4", "f8", "?", "c8", "U3", "S2", "O", "M8[s]")


def make_table(rng):
    """A table, some entries and the beginning or the end of which are something else."""
    images, labels, *_ = make_arrays(int(choice(rng, (1, 2, 30))), 1, (2, 2), 4)
    rows = [
        [b"%d" % label, *(b"%d" % pixel for pixel in image.ravel().tolist())]
        for image, label in zip(images, labels, strict=True)
    ]
    if rng.random() < 0.6:
        rows.insert(0, choice(rng, ([b"label", *b"abcd".hex().encode().split()], [b"label"] * 5)))
    for _ in range(int(rng.integers(3))):
        row = choice(rng, rows)
        row[int(rng.integers(len(row)))] = choice(rng, ENTRIES)
    if rng.random() < 0.2:
        choice(rng, rows).append(b"1")
    text = choice(rng, (b"\n", b"\r\n", b"\r")).join(
        choice(rng, (b",", b";", b"\t")).join(r) for r in rows
    )
    text = choice(rng, (b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\n")) + text
    return text + choice(rng, (b"", b"\n", b"\n\n\n", b"\0"))


def make_arrays_file(rng):
    """A .npz of images and labels, some of another type, shape or name, or a bomb."""
    images, labels, test_images, test_labels = make_arrays(30, 10, (2, 2), 4)
    arrays = {"x_train": images, "y_train": labels}
    if rng.random() < 0.5:
        arrays |= {"x_test": test_images, "y_test": test_labels}
    for name in choice(rng, ((), ("x_train",), ("y_train",), ("x_train", "y_train"))):
        kind = int(rng.integers(7))
        array = arrays[name]
        if kind == 0:
            array = array.astype(choice(rng, TYPES))
        elif kind == 1:
            array = array.reshape(choice(rng, ((-1,), (len(array), -1), (1, *array.shape))))
        elif kind == 2:
            array = array[: int(rng.integers(3))]
        elif kind == 3:
            array = np.full(array.shape, choice(rng, (np.nan, np.inf, -1, 1e300, 0.5, 1, 255)))
        elif kind == 4:
            array = array.T
        elif kind == 5:
            array = np.zeros((len(array), 0))
        else:
            array = np.array(choice(rng, (7, "x", 0.5)))
        arrays[name] = array
    if rng.random() < 0.1:
        arrays[choice(rng, ("images", "X", "\u202e", "../x", "x_train"))] = images
    file = io.BytesIO()
    np.savez(file, **arrays)
    if rng.random() < 0.1:
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made:
            header = io.BytesIO()
            described = {"descr": "|u1", "fortran_order": False, "shape": (1 << 40,)}
            np.lib.format.write_array_header_1_0(header, described)
            made.writestr("train_images.npy", header.getvalue() + bytes(1 << 22))
    return file.getvalue()


def make_idx_folder(rng, folder):
    """IDX files by EMNIST's and QMNIST's names, of other types and shapes."""
    arrays = make_arrays(30, 10, (3, 2), 5)
    prefix = choice(rng, ("", "emnist-letters-", "qmnist-", "\u202e"))
    for part, x, y in ("train", *arrays[:2]), ("test", *arrays[2:]):
        x = choice(rng, (x, x, x, x.astype("i4"), x.astype("f4") / 255, x[..., None], x[:9]))
        y = choice(rng, (y, y, y + 1, y.astype("i4"), np.stack([y, y], 1), y.astype("i2") * 100))
        for name, array in (
            (f"{prefix}{part}-images-idx3-ubyte", x),
            (
                f"{prefix}{part}-labels-idx1-ubyte",
                y,
            ),
        ):
            data = idx_bytes(array)
            (folder / name).write_bytes(gzip.compress(data, 1) if rng.random() < 0.5 else data)
    if rng.random() < 0.5:
        lines = choice(rng, ("".join(f"{n} {64 + n}\n" for n in range(12)), "1 x\n", "0 0\n", ""))
        (folder / f"{prefix}mapping.txt").write_text(lines)


def make_picture_folder(rng, folder):
    """Folders of pictures of every name, with one picture or several, in halves or not."""
    for half in choice(rng, (("",), ("",), ("train", "test"), ("train",), ("a",))):
        for _ in range(int(rng.integers(1, 4))):
            inner = folder / half / choice(rng, CLASSES)
            inner.mkdir(parents=True, exist_ok=True)
            for number in range(int(rng.integers(4))):
                size = choice(rng, ((28, 28), (28, 28), (40, 30)))
                seven = draw_seven(size=size, at=(6, 6), scale=0.15)
                seven.save(inner / f"{number}.png")
            if rng.random() < 0.3:
                (inner / "odd.png").write_bytes(make_odd_picture(rng))
            if rng.random() < 0.1:
                (inner / choice(rng, ("link.png", "x.txt"))).symlink_to(choice(rng, ("x", ".")))
    if rng.random() < 0.2 and not (folder / "classes.txt").exists():
        text = choice(rng, ("0\n1\n2\n", "3\n7\n", "", "a\na\n", "\udcff", "x\n" * 300, "\n\n1\n"))
        (folder / "classes.txt").write_text(text, errors="surrogateescape")


def make_source(rng):
    """Make a source, and return its path."""
    kind = int(rng.integers(6))
    if kind < 2:
        data = (make_table, make_arrays_file)[kind](rng)
        if rng.random() < 0.2:
            data = data[: int(rng.integers(len(data) + 1))]
        if rng.random() < 0.2:
            data = gzip.compress(data, 1)[: choice(rng, (None, None, 30))]
        path = Path(choice(rng, ("a.csv", "a.npz", "a", "a.csv.gz")))
        path.write_bytes(data)
        return path
    if kind == 2:
        path = Path(choice(rng, ("a.pkl", "a", "a.npz", "a.pt")))
        path.write_bytes(pickle.dumps([np.zeros(3)], int(rng.integers(6))))
        return path
    path = Path("a.d")
    path.mkdir()
    if kind == 3:
        make_idx_folder(rng, path)
    else:
        make_picture_folder(rng, path)
    return path


def run_source(rng):
    """One case, in a folder of its own."""
    home, case = Path.cwd(), Path("case.d")
    shutil.rmtree(case, ignore_errors=True)
    case.mkdir()
    os.chdir(case)
    try:
        source = make_source(rng)
        options = choice(
            rng,
            (
                *([], [], [], ["--raw"], ["--strict"], ["--transpose"], ["--label-column", "1"]),
                *(["--image-shape", "2", "2"], ["--test-share", "0.5"], ["--test", str(source)]),
            ),
        )
        before = set(os.listdir())
        done = answer(["convert", str(source), "-o", "made", *options])
        if done.exit_code:
            assert set(os.listdir()) == before, (os.listdir(), done.output)
        else:
            assert set(os.listdir()) == {*before, "made"}
            check_made(Path("made"), done.output)
    finally:
        os.chdir(home)
        shutil.rmtree(case, ignore_errors=True)


def check_made(folder, said):
    """Hold a made folder to be complete, and its files to fit together."""
    assert set(os.listdir(folder)) - {"doubtful.csv"} == WRITTEN, said
    names = (folder / "classes.txt").read_text("utf-8").splitlines()
    assert 2 <= len(names) == len(set(names)) <= 256
    shapes = set()
    for x, y in (FILES[:2], FILES[2:]):
        images, labels = read_idx(folder / x, IMAGES_MAGIC), read_idx(folder / y, LABELS_MAGIC)
        assert 0 < len(images) == len(labels)
        assert labels.max() < len(names)
        shapes.add(images.shape[1:])
    assert len(shapes) == 1
    Image.open(folder / "sheet.png").load()
