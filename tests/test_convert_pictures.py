"""mlp convert: a folder of folders of pictures becomes a dataset, classes by their names."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.datasets.own.class_names import natural, number_names
from mlp_cli.errors import DataError
from mlp_cli.images import normalise, read_picture
from tests.makers import draw_seven, make_arrays
from tests.test_convert import MADE, assert_made, made_arrays, refused

pytestmark = pytest.mark.alike

SOURCE = Path("pictures")


def save(path, picture=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture or draw_seven()).save(path)


def write_pictures(folder, images, labels):
    """The images as PNG in a folder for each label, their names counted from 0."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        save(folder / str(label) / f"{number}.png", Image.fromarray(image))


def in_class_order(images, labels):
    order = np.argsort(labels, kind="stable")
    return [images[order], labels[order]]


@pytest.fixture
def arrays():
    return make_arrays(train=120, test=30)


@pytest.mark.parametrize(
    "halves",
    [("train", "test"), ("Training", "Testing"), ("trainingSet", "testSet"), ("train", "val")],
)
@pytest.mark.parametrize("inner", ["", "all"])
def test_raw_pictures_in_two_halves_become_their_images_in_class_order(run, arrays, halves, inner):
    for half, part in zip(halves, (arrays[:2], arrays[2:]), strict=True):
        write_pictures(SOURCE / half / inner, *part)
    run("convert pictures -o made --raw")
    assert_made([*in_class_order(*arrays[:2]), *in_class_order(*arrays[2:])])


def test_another_folder_can_be_the_test_part(run, arrays):
    write_pictures(SOURCE, *arrays[:2])
    write_pictures(Path("others"), *arrays[2:])
    run("convert pictures --test others -o made --raw")
    assert_made([*in_class_order(*arrays[:2]), *in_class_order(*arrays[2:])])


def test_pictures_are_normalised_as_predict_does(run):
    for number in range(10):
        save(SOURCE / "7" / f"{number}.png", draw_seven(scale=0.5 + number / 20))
        save(SOURCE / "3" / f"{number}.png", draw_seven(size=(300, 150), at=(20, 20)))
    run("convert pictures -o made")
    images, labels, *_ = made_arrays()
    assert images.shape == (16, 28, 28)
    assert sorted(set(labels.tolist())) == [3, 7]
    expected = {normalise(read_picture(path)).tobytes() for path in SOURCE.glob("7/*")}
    assert {image.tobytes() for image in images[labels == 7]} < expected


def test_pictures_of_one_class_are_sorted_by_their_numbers(run, arrays):
    write_pictures(SOURCE, *arrays[:2])  # names 0.png to 119.png
    run("convert pictures -o made --raw")
    images, labels, test_images, test_labels = made_arrays()
    whole = np.concatenate([images, test_images])
    assert len(whole) == 120
    order = {image.tobytes(): n for n, image in enumerate(arrays[0])}
    places = [order[image.tobytes()] for image in images[labels == 3]]
    assert places == sorted(places)
    assert len(test_labels) == 24


@pytest.mark.parametrize(
    ("names", "labels", "written"),
    [
        (["3", "7"], [3, 7], list("0123456789")),
        (["7", "3", "0"], [7, 3, 0], list("0123456789")),
        (["10", "2"], [10, 2], [str(n) for n in range(11)]),
        (["00001", "00012"], [1, 12], [str(n) for n in range(13)]),
        (["cat", "dog", "ant"], [1, 2, 0], ["ant", "cat", "dog"]),
        (["class10", "class9"], [1, 0], ["class9", "class10"]),
        (["A", "9", "10"], [2, 0, 1], ["9", "10", "A"]),
        (["300", "20"], [1, 0], ["20", "300"]),
        (["e\u0301", "a"], [1, 0], ["a", "\xe9"]),
    ],
)
def test_a_number_is_its_own_label_and_names_are_counted(names, labels, written):
    classes = number_names(names)
    assert [classes.labels[name] for name in names] == labels
    assert list(classes.names) == written


def test_known_names_say_which_label_a_class_has():
    known = ("zero", "one", "two")
    assert number_names(["two", "one"], known).labels == {"two": 2, "one": 1}
    assert number_names(["2", "1"], known) == ({"2": 2, "1": 1}, known)
    with pytest.raises(DataError, match=r"three: not among the 3 names of classes\.txt"):
        number_names(["two", "three"], known)
    with pytest.raises(DataError, match=r"3: not among the 3 names of classes\.txt"):
        number_names(["2", "3"], known)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["3", "03"], "03: the same number as another class"),
        (["a", "e\u0301", "\xe9"], "expected a name of its own"),
        (["a", "x" * 81], "of 1 to 80 characters"),
        ([f"c{n}" for n in range(257)], "257 classes, expected 256 at most"),
    ],
)
def test_names_that_cannot_be_told_apart_are_refused(names, words):
    with pytest.raises(DataError, match=words):
        number_names(names)


@given(st.lists(st.text(max_size=6), max_size=6))
def test_any_names_can_be_sorted(names):
    assert sorted(sorted(names, key=natural)) == sorted(names)


@given(st.sets(st.text(min_size=1, max_size=4), min_size=1, max_size=6))
def test_any_names_have_labels_of_their_own_or_are_refused(names):
    try:
        classes = number_names(names)
    except DataError:
        return
    assert len(set(classes.labels.values())) == len(names)
    assert max(classes.labels.values()) < len(classes.names) <= 256


def test_the_bundled_network_is_scored_on_a_folder_of_two_digits_by_their_own_labels(run):
    for number in range(6):
        save(SOURCE / "7" / f"{number}.png", draw_seven(scale=0.8 + number / 20))
        one = Image.new("L", (100, 100), 255)
        one.paste(0, (45, 15, 52 + number, 85))
        save(SOURCE / "1" / f"{number}.png", one)
    run("convert pictures -o made --test-share 0.5")
    done = run("evaluate --dataset made --checkpoint bundled")
    assert "accuracy   100.00 % (6 / 6)" in done.stdout


def test_a_made_folder_is_trained_on(run, arrays):
    write_pictures(SOURCE, *arrays[:2])
    done = run("convert pictures -o made --raw")
    command = done.stdout.partition("next      mlp ")[2].strip()
    assert command == "train --dataset made"
    run(f"{command} --epochs 1 --hidden 3 --validation 20")


def rows_of_doubts():
    with (MADE / "doubtful.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def doubtful():
    """Two classes of five pictures; one is tiny, one blank, one no picture."""
    for name in ("3", "7"):
        for number in range(5):
            save(SOURCE / name / f"{number}.png")
    save(SOURCE / "7" / "tiny, too.png", draw_seven(size=(30, 30), at=(10, 10), scale=0.08))
    save(SOURCE / "7" / "blank.png", Image.new("L", (50, 50), 255))
    (SOURCE / "3" / "broken.png").write_bytes(b"no picture")


def test_doubtful_pictures_are_kept_and_listed(run, doubtful):
    done = run("convert pictures -o made")
    assert "doubtful  1 kept, 2 left out: made/doubtful.csv" in done.stdout
    assert done.stderr.count("left out: ") == 2
    assert "left out: pictures/7/blank.png: blank: nothing stands out" in done.stderr
    assert "left out: pictures/3/broken.png: not a picture that can be read" in done.stderr
    rows = {row["picture"]: row for row in rows_of_doubts()}
    assert rows["pictures/7/tiny, too.png"]["kept"] == "yes"
    assert "pixels large" in rows["pictures/7/tiny, too.png"]["reason"]
    assert rows["pictures/7/blank.png"]["kept"] == "no"
    assert rows["pictures/3/broken.png"]["class"] == "3"
    assert len(rows) == 3
    assert sum(len(part) for part in made_arrays()[::2]) == 11


def test_strict_leaves_doubtful_pictures_out(run, doubtful):
    done = run("convert pictures -o made --strict")
    assert "doubtful  0 kept, 3 left out: made/doubtful.csv" in done.stdout
    assert {row["kept"] for row in rows_of_doubts()} == {"no"}
    assert sum(len(part) for part in made_arrays()[::2]) == 10


def test_of_many_pictures_that_cannot_be_read_ten_are_said(run, doubtful):
    for number in range(30):
        (SOURCE / "3" / f"broken-{number}.png").write_bytes(b"no picture")
    assert run("convert pictures -o made").stderr.count("left out: ") == 10
    assert len(rows_of_doubts()) == 33


def test_other_files_in_a_class_are_counted(run):
    for name in ("3", "7"):
        for number in range(5):
            save(SOURCE / name / f"{number}.png")
    (SOURCE / "3" / "notes.txt").write_text("x")
    (SOURCE / ".hidden").mkdir()
    (SOURCE / "__MACOSX").mkdir()
    assert "pictures/3: not read: 1 named .txt." in run("convert pictures -o made").stderr


def test_a_class_without_a_picture_left_is_refused(run):
    for number in range(5):
        save(SOURCE / "3" / f"{number}.png")
        save(SOURCE / "7" / f"{number}.png", Image.new("L", (50, 50), 255))
    done = run("convert pictures -o made", status=1)
    assert "pictures: no picture is left of 7: each is unreadable" in done.stderr
    assert not MADE.exists()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["a.png"], "pictures: no folders in it, expected a folder of pictures for each class"),
        ([], "pictures: no folders in it"),
        (["3/a.png"], "pictures: one class alone (3), expected two or more to tell apart"),
        (["3/a.png", "7/a.txt"], "pictures/7: no pictures in this folder (it holds 1 named .txt)"),
        (["3/a.png", "7/a/a.png"], "pictures/7: no pictures in this folder (it holds 1 folders)"),
        (["3/a.png", "03/a.png"], "pictures: 03: the same number as another class"),
        (["train/3/a.png", "train/7/a.png", "test/a.png"], "pictures/test: no folders in it"),
        (["train.csv", "test.csv"], "Name it: mlp convert pictures/train.csv --test pictures/test"),
    ],
)
def test_a_folder_that_is_no_folder_of_classes_is_one_error(run, files, words):
    SOURCE.mkdir()
    for name in files:
        save(SOURCE / name) if name.endswith("png") else (
            (SOURCE / name).parent.mkdir(exist_ok=True),
            (SOURCE / name).write_text("x"),
        )
    assert words in refused(run, "convert pictures -o made")


def test_raw_pictures_of_two_sizes_are_said_one_by_one(run, arrays):
    write_pictures(SOURCE, *arrays[:2])
    save(SOURCE / "3" / "large.png")
    done = run("convert pictures -o made --raw")
    assert "large.png: 200 x 200 pixels, expected 8 x 8 with --raw" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--transpose", "--transpose: pictures is a folder of pictures, and this option is for"),
        ("--label-column 0", "--label-column: pictures is a folder of pictures"),
    ],
)
def test_an_option_of_arrays_is_refused_for_pictures(run, arrays, options, words):
    write_pictures(SOURCE, *arrays[:2])
    assert words in refused(run, f"convert pictures -o made {options}", status=2)


def test_the_sheet_shows_a_row_of_every_class(run, arrays):
    write_pictures(SOURCE, *arrays[:2])
    run("convert pictures -o made --raw --test-share 0.1")
    sheet = np.asarray(Image.open(MADE / "sheet.png"))
    assert sheet.shape == (10 * (24 + 2) + 2, 10 * (24 + 2) + 2)  # 8 pixels, three times as large
    images, labels, *_ = made_arrays()
    for label in range(10):
        shown = sheet[2 + 26 * label :: 3, 2::3][:8, :8]
        assert shown.tobytes() in {image.tobytes() for image in images[labels == label]}


@pytest.mark.mnist
def test_mnist_as_pictures_comes_back_in_class_order(run, mnist_dir):
    data = load_dataset("mnist", mnist_dir)
    train, test = data.train.take(np.arange(1500)), data.test.take(np.arange(1500))
    write_pictures(SOURCE / "train", train.images, train.labels)
    write_pictures(SOURCE / "test", test.images, test.labels)
    expected = [
        *in_class_order(train.images, train.labels),
        *in_class_order(test.images, test.labels),
    ]
    run("convert pictures -o made --raw")
    assert_made(expected)
    run("convert pictures -o normalised")
    found = made_arrays(Path("normalised"))
    np.testing.assert_array_equal(found[1], expected[1])
    differ = sum((a != b).any((1, 2)).sum() for a, b in zip(found[::2], expected[::2], strict=True))
    assert differ <= 3
