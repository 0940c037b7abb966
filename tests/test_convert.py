"""mlp convert: tables, arrays and foreign IDX files become a dataset, byte for byte."""

import gzip
import io
import json
import pickle
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.datasets.files import FILES
from mlp_cli.datasets.own.rows import parse_rows
from mlp_cli.errors import DataError
from tests.makers import idx_bytes, make_arrays

pytestmark = pytest.mark.alike

MADE = Path("made")


@pytest.fixture
def arrays():
    return make_arrays(train=60, test=20)


def table(images, labels, header=True, separator=",", end="\n", last=False):
    """A table as Kaggle's, or with the labels in the last column."""
    names = [f"pixel{n}" for n in range(images[0].size)]
    lines = [["label", *names]] if header else []
    for image, label in zip(images, labels, strict=True):
        lines.append([str(label), *map(str, image.ravel().tolist())])
    if last:
        lines = [[*line[1:], line[0]] for line in lines]
    return "".join(separator.join(line) + end for line in lines).encode()


def made_arrays(folder=MADE):
    """The arrays of a made folder, whose files are the IDX files of these arrays exactly."""
    data = load_dataset(str(folder), Path())
    arrays = [data.train.images, data.train.labels, data.test.images, data.test.labels]
    for name, array in zip(FILES, arrays, strict=True):
        assert (folder / name).read_bytes() == idx_bytes(array)
    return arrays


def assert_made(arrays, folder=MADE):
    for found, expected in zip(made_arrays(folder), arrays, strict=True):
        np.testing.assert_array_equal(found, expected)


def refused(run, command, status=1):
    error = run(command, status=status).stderr
    assert error.count("Error: ") == 1
    assert not MADE.exists()
    assert not list(Path().glob(".*"))
    return error.partition("Error: ")[2]


VARIANTS = {
    "Kaggle's": {},
    "without a header": {"header": False},
    "semicolons": {"separator": ";"},
    "Windows": {"end": "\r\n"},
    "tabs, no header": {"separator": "\t", "header": False},
    "OpenML's": {"last": True},
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_two_tables_become_the_same_dataset(run, arrays, variant, pack):
    Path("a.csv").write_bytes(pack(table(*arrays[:2], **variant)))
    Path("b.csv").write_bytes(pack(table(*arrays[2:], **variant)))
    done = run("convert a.csv --test b.csv -o made")
    assert "made: 60 training and 20 test images of 8 x 8 pixels" in done.stdout
    assert_made(arrays)
    assert sorted(path.name for path in MADE.iterdir()) == sorted(
        [*FILES, "classes.txt", "sheet.png"]
    )
    assert (MADE / "classes.txt").read_text() == "".join(f"{n}\n" for n in range(10))


def test_a_table_that_pandas_wrote_with_its_index_and_as_fractions_is_read(run, arrays):
    lines = table(*arrays[:2]).decode().splitlines()
    rows = [
        f"{n}," + ",".join(f"{entry}.0" for entry in row.split(","))
        for n, row in enumerate(lines[1:])
    ]
    Path("a.csv").write_text("\n".join(["," + lines[0], *rows]))
    run("convert a.csv --test a.csv -o made")
    assert_made([*arrays[:2], *arrays[:2]])


def test_quoted_entries_a_byte_order_mark_and_empty_lines_are_read(run, arrays):
    lines = table(*arrays[:2]).decode().splitlines()
    quoted = [",".join(f'"{entry}"' for entry in line.split(",")) for line in lines]
    text = "\ufeff" + "\n".join([*quoted[:5], "", *quoted[5:], "", ""])
    Path("a.csv").write_text(text, encoding="utf-8")
    run("convert a.csv --test a.csv -o made")
    assert_made([*arrays[:2], *arrays[:2]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "an empty first line"),
        (b"label,a,b,c,d\n", "a header and no rows"),
        (b"label,a,b,c,d\n1,2,3,4,5\n2,3,4\n", "line 3: 3 columns, expected 5"),
        (b"1,2,3,4,5\n2,3,4,5,6,7\n", "line 2: 6 columns, expected 5"),
        (b"1,2,3,4,5\n2,3,x,5,6\n", "line 2, column 3: x, expected a whole number from 0 to 255"),
        (b"1,2,3,4,5\n2,3,300,5,6\n", "line 2, column 3: 300, expected a whole number"),
        (b"1,2,3,4,5\n2,3,-1,5,6\n", "line 2, column 3: -1, expected a whole number"),
        (b"1,2,3,4,5\n2,3,0.5,5,6\n", "line 2, column 3: 0.5, expected a whole number"),
        (b"1,2,3,4,5\n2,3,,5,6\n", "line 2, column 3: nothing, expected a whole number"),
        (b"1,2,3,4,5\n2,nan,4,5,6\n", "line 2, column 2: nan, expected a whole number"),
        (b"1,2,3,4,5\n256,2,3,4,5\n", "line 2, column 1: 256, expected a whole number"),
        (b"label,a,b,c\n1,2,3,4\n", "3 pixels in a row, expected a square. Give rows and columns"),
        (b"label,a,b,c,d\n1,2,3,4,5\n1,2,3,4,6\n", "one class alone (1), expected two"),
        (b"pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n", "no label, as in Kaggle's test.csv"),
        (b"1,2,3,4\n", "mlp predict FOLDER"),
        ("label,a,b,c,d\n".encode("utf-16"), "UTF-16, expected UTF-8"),
        (b"label,a,b,c,d\n1,2,3,4,5\n\0,2,3,4,5\n", "begins with 0x6c616265"),
        (b"once upon a time\n", "no label"),
    ],
)
def test_a_bad_table_is_one_line_and_makes_nothing(run, text, words):
    Path("a.csv").write_bytes(text)
    error = refused(run, "convert a.csv -o made")
    assert error.startswith("a.csv: ")
    assert words in error


@given(
    st.lists(st.lists(st.integers(0, 255), min_size=3, max_size=3), min_size=1),
    st.sampled_from(["{}", "0{}", "00{}", "{}.0", '"{}"', " {} "]),
)
def test_rows_are_read_alike_however_they_are_written(rows, entry):
    text = "".join(",".join(entry.format(n) for n in row) + "\n" for row in rows).encode()
    np.testing.assert_array_equal(parse_rows(text, b",", 3, 1), rows)


@given(st.binary(max_size=40).map(lambda text: text + b"\n"))
def test_rows_of_whatever_bytes_are_numbers_or_an_error_of_ours(text):
    try:
        rows = parse_rows(text, b",", 2, 1)
    except DataError:
        return
    assert rows.shape[1:] == (2,)


def archive(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def of_names(names, arrays):
    return dict(zip(names.split(), arrays, strict=True))


def identity(array):
    return array


NPZ = {
    "Keras's": ("x_train y_train x_test y_test", identity),
    "MedMNIST's": ("train_images train_labels test_images test_labels", identity),
    "flat": ("X_train y_train X_test y_test", lambda a: a.reshape(len(a), -1)),
    "with a channel": ("x_train y_train x_test y_test", lambda a: a[..., None]),
    "with a channel first": ("x_train y_train x_test y_test", lambda a: a[:, None]),
    "integers": ("x_train y_train x_test y_test", lambda a: a.astype(np.int64)),
    "fractions": ("x_train y_train x_test y_test", lambda a: (a / 255).astype(np.float32)),
    "whole floats": ("x_train y_train x_test y_test", lambda a: a.astype(np.float64)),
    "in columns": ("x_train y_train x_test y_test", np.asfortranarray),
}


@pytest.mark.parametrize(("names", "change"), NPZ.values(), ids=NPZ)
def test_arrays_become_the_same_dataset(run, arrays, names, change):
    images, labels, test_images, test_labels = arrays
    changed = (change(images), labels[:, None], change(test_images), test_labels.astype("i8"))
    Path("a.npz").write_bytes(archive(**of_names(names, changed)))
    run("convert a.npz -o made")
    assert_made(arrays)


def test_arrays_without_a_part_are_split_and_others_are_said(run, arrays):
    Path("a.npz").write_bytes(archive(images=arrays[0], labels=arrays[1], val_images=arrays[2]))
    done = run("convert a.npz -o made --test-share 0.5")
    assert "a.npz: not read: val_images." in done.stderr
    assert len(made_arrays()[0]) == 30


def bomb():
    """An archive whose directory says of its first array that it unpacks to 2 GiB."""
    data = bytearray(archive(x_train=np.zeros((2, 2, 2), "u1"), y_train=np.arange(2)))
    at = data.index(b"PK\x01\x02") + 24  # the size of a member, in the archive's directory
    data[at : at + 4] = (1 << 31).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda a: archive(x_train=a[0]), "arrays x_train, expected x_train, y_train, x_test"),
        (lambda a: archive(cat=a[0]), "arrays cat, expected x_train, y_train, x_test and y_test"),
        (lambda a: archive(x=a[0], y=a[1][:9]), "y: 9 labels, expected 60, one for each image"),
        (lambda a: archive(x=a[0], y=a[1].astype("U1")), "y: labels of type <U1"),
        (lambda a: archive(x=a[0], y=a[1].astype(object)), "y: objects of Python"),
        (lambda a: archive(x=a[0].astype(object), y=a[1]), "x: objects of Python"),
        (lambda a: archive(x=a[0], y=np.eye(10)[a[1]]), "labels in 10 columns, expected one"),
        (lambda a: archive(x=a[0], y=a[1] + 0.5), "label 0.5 at index 0"),
        (lambda a: archive(x=a[0], y=a[1].astype(int) - 1), "label -1 at index 0"),
        (lambda a: archive(x=a[0], y=a[1].astype(int) + 300), "label 300 at index 0"),
        (lambda a: archive(x=np.stack([a[0]] * 3, -1), y=a[1]), "60 x 8 x 8 x 3; in colour?"),
        (lambda a: archive(x=a[0][:, :7].reshape(60, -1), y=a[1]), "56 pixels in a row"),
        (lambda a: archive(x=a[0] / 127.5 - 1, y=a[1]), "pixels from -1.0 to 1.0, expected 0"),
        (lambda a: archive(x=a[0] / 2, y=a[1]), "expected whole numbers, or fractions from 0 to 1"),
        (lambda a: archive(x=np.full((60, 4), np.nan), y=a[1]), "pixels from nan to nan"),
        (lambda a: archive(x=a[0].astype(complex), y=a[1]), "images of type complex128"),
        (lambda a: archive(x=a[0][:0], y=a[1][:0]), "images of shape 0 x 8 x 8, expected at least"),
        (lambda a: archive(x=a[0][:1], y=a[1][:1]), "one class alone (0)"),
        (lambda a: archive(x=a[0], y=a[1])[:-60], "damaged ("),
        (lambda a: archive(x=a[0], y=a[1])[:60], "damaged ("),
        (lambda _: bomb(), "unpacks to 2,147,483,648 bytes, expected 1,073,741,824 at most"),
    ],
)
def test_a_bad_npz_is_one_error_and_makes_nothing(run, arrays, data, words):
    Path("a.npz").write_bytes(data(arrays))
    assert words in refused(run, "convert a.npz -o made")


class Escaping:
    def __reduce__(self):
        return Path.touch, (Path("escaped"),)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["a.pkl", "a.pkl.gz", "a.pt", "a.joblib", "a.bin"])
def test_a_pickle_is_refused_with_the_way_round_and_never_run(run, protocol, name):
    data = pickle.dumps(Escaping(), protocol)
    Path(name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    if name == "a.bin" and protocol < 2:
        return  # nothing tells that it is one: whatever it is, it is not run
    error = refused(run, f"convert {name} -o made")
    assert "a Python pickle, which can run any program when it is read" in error
    assert "np.savez_compressed('own.npz'" in error
    assert not Path("escaped").exists()


def test_a_checkpoint_of_torch_is_a_pickle(run):
    with zipfile.ZipFile("a.zip", "w") as made:
        made.writestr("archive/data.pkl", pickle.dumps([1]))
    assert "a Python pickle" in refused(run, "convert a.zip -o made")


def test_objects_in_an_npz_are_never_run(run):
    array = np.empty(3, object)
    array[:] = [Escaping(), Escaping(), Escaping()]
    Path("a.npz").write_bytes(archive(x=array, y=np.arange(3)))
    assert "objects of Python" in refused(run, "convert a.npz -o made")
    assert not Path("escaped").exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", "one picture, expected a folder"),
        (b"<!DOCTYPE html>", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"PK\x03\x04" + bytes(60), "a zip archive. Unpack it there."),
        (b"\x93NUMPY\x01\0", "a NumPy array (.npy), expected"),
        (b"\x89HDF\r\n", "an HDF5 file, expected"),
        (b"\x01\x02\x03\0", "begins with 0x01020300, expected a folder"),
        (gzip.compress(b"1,2\n", mtime=0)[:-9], "damaged gzip data"),
    ],
)
def test_what_is_no_source_is_named(run, data, words):
    Path("a").write_bytes(data)
    assert words in refused(run, "convert a -o made")


def test_what_is_not_there_is_said(run):
    assert "nowhere: cannot be read (No such file" in refused(run, "convert nowhere -o made")


def write_idx(folder, prefix, arrays, *, transposed=False, columns=False):
    """The four files as EMNIST and QMNIST have them."""
    folder.mkdir(exist_ok=True)
    images, labels, test_images, test_labels = arrays
    for part, x, y in ("train", images, labels), ("test", test_images, test_labels):
        if columns:
            others = np.full((len(y), 7), 1000)
            y = np.concatenate([y[:, None], others], axis=1).astype("i4")
        x = x.transpose(0, 2, 1) if transposed else x
        pack = partial(gzip.compress, compresslevel=1)
        (folder / f"{prefix}{part}-images-idx3-ubyte.gz").write_bytes(pack(idx_bytes(x)))
        (folder / f"{prefix}{part}-labels-idx1-ubyte.gz").write_bytes(pack(idx_bytes(y)))


def test_emnist_is_set_upright_and_named_by_its_mapping(run, arrays):
    arrays = make_arrays(60, 20, (8, 6), 6)
    shifted = [a + 1 if a.ndim == 1 else a for a in arrays]
    write_idx(Path("gzip"), "emnist-letters-", shifted, transposed=True)
    mapping = "".join(f"{n + 1} {65 + n} {97 + n}\n" for n in range(6))
    Path("gzip/emnist-letters-mapping.txt").write_text(mapping)
    done = run("convert gzip -o made --transpose")
    assert "labels 1 to 6 become 0 to 5" in done.stderr
    assert_made(arrays)
    assert (MADE / "classes.txt").read_text().split() == ["Aa", "Bb", "Cc", "Dd", "Ee", "Ff"]


def test_one_of_several_emnists_is_named_by_a_file(run, arrays):
    for prefix in ("emnist-digits-", "emnist-mnist-"):
        write_idx(Path("gzip"), prefix, arrays)
    error = refused(run, "convert gzip -o made")
    assert "2 datasets, whose names begin with 'emnist-digits-', 'emnist-mnist-'" in error
    command = error.partition("such as: mlp ")[2].strip()
    run(f"{command} -o made")
    assert_made(arrays)


def test_qmnist_has_its_labels_in_a_column(run, arrays):
    write_idx(Path("q"), "qmnist-", arrays, columns=True)
    assert "labels in 8 columns, expected one" in refused(run, "convert q -o made")
    assert "expected more with --label-column 8" in refused(
        run, "convert q -o made --label-column 8"
    )
    run("convert q -o made --label-column 0")
    assert_made(arrays)


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("train-images", np.zeros((60, 8, 8, 3), "u1"), "60 x 8 x 8 x 3; in colour?"),
        ("train-images", np.full((60, 8, 8), 1000, "i2"), "pixels from 1000 to 1000"),
        ("train-labels", np.arange(59, dtype="u1"), "59 labels, expected 60, one for each image"),
        ("train-labels", np.full(60, 256, "i4"), "label 256 at index 0"),
        ("train-labels", np.zeros((60, 8, 8), "u1"), "labels of type uint8, 60 x 8 x 8"),
        ("test-images", np.zeros((20, 9, 9), "u1"), "test images of 9 x 9 pixels, expected 8 x 8"),
        ("test-labels", None, "no labels for test"),
    ],
)
def test_bad_idx_files_are_one_line_and_make_nothing(run, arrays, name, array, words):
    write_idx(Path("i"), "own-", arrays)
    (path,) = Path("i").glob(f"own-{name}*")
    path.unlink() if array is None else path.write_bytes(idx_bytes(array))
    assert words in refused(run, "convert i -o made")


def test_the_test_part_has_its_share_of_every_class(run, arrays):
    images, labels = np.concatenate(arrays[::2]), np.concatenate(arrays[1::2])
    Path("a.csv").write_bytes(table(images, labels))
    for share, tested in ((0.25, 20), (0.001, 1), (0.999, 79)):
        run(f"convert a.csv -o made-{share} --test-share {share}")
        made = made_arrays(Path(f"made-{share}"))
        assert [len(each) for each in made] == [80 - tested, 80 - tested, tested, tested]
        if share == 0.25:
            assert np.bincount(made[3]).tolist() == [2] * 10
        # Both parts are in the order of the source, and nothing is lost.
        order = {image.tobytes(): n for n, image in enumerate(images)}
        places = [[order[image.tobytes()] for image in part] for part in (made[0], made[2])]
        assert places[0] == sorted(places[0])
        assert places[1] == sorted(places[1])
        assert sorted(places[0] + places[1]) == list(range(80))


def test_the_seed_decides_what_is_tested(run, arrays):
    Path("a.csv").write_bytes(table(*arrays[:2]))
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        run(f"convert a.csv -o {name} --seed {seed}")
    one, same, other = ((Path(name) / FILES[2]).read_bytes() for name in ("one", "same", "other"))
    assert one == same != other


def test_names_stand_in_a_file_beside_the_table(run, arrays):
    Path("a.csv").write_bytes(table(*arrays[:2]))
    Path("classes.txt").write_text("\n".join("abcdefghij"), encoding="utf-8")
    done = run("convert a.csv -o made")
    assert "\n3 d" in done.stdout
    assert (MADE / "classes.txt").read_text() == "".join(f"{name}\n" for name in "abcdefghij")


def test_too_few_names_are_said(run, arrays):
    Path("a.csv").write_bytes(table(*arrays[:2]))
    Path("classes.txt").write_text("a\nb\n")
    error = refused(run, "convert a.csv -o made")
    assert "labels up to 9, expected 1 at most, as so many classes have names" in error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--raw", "--raw: a.npz is arrays, and this option is for a folder of pictures"),
        ("--strict", "--strict: a.npz is arrays"),
        ("--test-share 0.3", "--test-share: a.npz has a test part already"),
        ("--seed 3", "--seed: a.npz has a test part already"),
        ("--test-share 0", "0.0 is not in the range 0<x<1"),
        ("--test-share nan", "nan is not"),
    ],
)
def test_an_option_that_does_nothing_is_refused(run, arrays, options, words):
    Path("a.npz").write_bytes(archive(**of_names("x_train y_train x_test y_test", arrays)))
    assert words in refused(run, f"convert a.npz -o made {options}", status=2)


def test_json_counts_every_label(run, arrays):
    images, labels = arrays[:2]
    Path("a.npz").write_bytes(archive(x=images, y=labels % 2 * 4 + 3))
    document = json.loads(run("convert a.npz -o made --json").stdout)
    assert document["folder"] == "made"
    assert document["image_shape"] == [8, 8]
    assert (document["training_images"], document["test_images"]) == (48, 12)
    assert [row["name"] for row in document["classes"]] == list("0123456789")
    assert document["classes"][7] == {"label": 7, "name": "7", "training": 24, "test": 6}
    assert document["classes"][0]["training"] == 0
    assert (document["doubtful_kept"], document["left_out"]) == (0, 0)


@pytest.mark.mnist
@pytest.mark.parametrize("kind", ["table", "arrays", "on its side", "columns"])
def test_mnist_comes_back_byte_for_byte(run, mnist_dir, kind):
    data = load_dataset("mnist", mnist_dir)
    arrays = [data.train.images, data.train.labels, data.test.images, data.test.labels]
    if kind == "table":
        texts = [str(n) for n in range(256)]
        for name, split in (("a.csv", data.train), ("b.csv", data.test)):
            rows = np.concatenate([split.labels[:, None], split.images.reshape(-1, 784)], axis=1)
            with Path(name).open("w") as file:
                file.writelines(",".join([texts[n] for n in row]) + "\n" for row in rows.tolist())
        run("convert a.csv --test b.csv -o made")
    elif kind == "arrays":
        Path("a.npz").write_bytes(archive(**of_names("x_train y_train x_test y_test", arrays)))
        run("convert a.npz -o made")
    elif kind == "on its side":
        write_idx(Path("i"), "emnist-mnist-", arrays, transposed=True)
        run("convert i -o made --transpose")
    else:
        write_idx(Path("i"), "qmnist-", arrays, columns=True)
        run("convert i -o made --label-column 0")
    assert load_dataset("./made", Path()).fingerprint() == data.fingerprint()
