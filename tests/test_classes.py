"""Other classes than ten digits: their number, their names, and what is compared by name."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlp_cli.commands.shared.tables import confusion_text
from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.datasets.class_names import ClassNames, read_class_names
from mlp_cli.errors import CheckpointError, DataError
from mlp_cli.measuring.scores import confused_pairs
from mlp_cli.pages.confusion_chart import confusion_heat_map
from mlp_cli.pages.figures import save_figure
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import adopt_network, draw_seven, make_settings, write_dataset

TRAIN = "train --epochs 1 --validation 0 --eta 1 --hidden 6"
COUNTS = (2, 26, 47, 256)


def many_arrays(classes, first=0, shape=(10, 10), each=3):
    """Images of so many classes, in each set `each` of a class; labels count from `first`."""
    rng = np.random.default_rng(1)
    signs = rng.integers(0, 256, (classes, *shape), np.uint8)
    labels = (np.arange(each * classes) % classes).astype(np.uint8)
    arrays = []
    for _ in range(2):
        noise = rng.integers(0, 20, (len(labels), *shape), np.uint8)
        arrays += [np.maximum(signs[labels], noise), labels + np.uint8(first)]
    return arrays


def named(folder, names, classes=None, **options):
    """A folder of data whose classes have these names."""
    arrays = write_dataset(folder, many_arrays(classes or len(names), **options))
    text = "".join(f"{name}\n" for name in names)
    (folder / "classes.txt").write_text(text, encoding="utf-8", newline="")
    return arrays


@pytest.fixture(params=COUNTS)
def count(request):
    return request.param


@pytest.mark.parametrize("engine", ["numpy", "plain", "compiled"])
def test_every_command_takes_so_many_classes(run, count, engine):
    if engine == "compiled":
        pytest.importorskip("mlp_cli.learning._kernel")
    names = [f"class{n}" for n in range(count)]
    _, _, images, _ = named(Path("mine"), names)
    Image.fromarray(images[-1]).save("image.png")
    run(f"{TRAIN} --dataset mine --engine {engine} --checkpoint a.npz --validation {count}")
    document = json.loads(run("evaluate --checkpoint a.npz --json").stdout)
    assert np.shape(document["confusion"]) == (count, count)
    assert [figure["name"] for figure in document["per_class"]] == names
    reading = json.loads(run("predict image.png --raw --checkpoint a.npz --json").stdout)
    assert len(reading["outputs"]) == count
    assert reading["name"] == names[reading["prediction"]]
    settings = json.loads(run("inspect a.npz --json").stdout)["settings"]
    assert settings["class_names"] == names
    shown = run("explain --checkpoint a.npz --index 1").stdout
    assert "correct class 1 class1, prediction " in shown
    draw_seven().save("seven.png")
    explained = json.loads(run("explain seven.png --checkpoint a.npz --check --json").stdout)
    assert explained["label_name"] == explained["answer_name"] == names[explained["answer"]]


@pytest.mark.parametrize("count", [2, 256])
def test_every_export_has_so_many_outputs(run, count):
    onnx = pytest.importorskip("onnx")
    names = [f"class{n}" for n in range(count)]
    named(Path("mine"), names)
    run(f"{TRAIN} --dataset mine --checkpoint a.npz")
    for kind in ("html", "onnx", "nielsen", "csv", "small"):
        run(f"export --checkpoint a.npz --format {kind} -o out.{kind}")
    Path("small.npz").write_bytes(Path("out.small").read_bytes())
    assert load_checkpoint(Path("small.npz")).settings.class_names == tuple(names)
    (entry,) = onnx.load("out.onnx").metadata_props
    assert (entry.key, json.loads(entry.value)) == ("class_names", names)
    run("import out.nielsen --dataset mine --image-shape 10 10 --checkpoint b.npz")
    assert load_checkpoint(Path("b.npz")).settings.class_names == tuple(names)
    assert f"class{count - 1}" in Path("out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("count", [26, 256])
def test_a_report_has_a_page_for_so_many_classes(run, count):
    pytest.importorskip("matplotlib")
    named(Path("mine"), [f"class{n}" for n in range(count)])
    run(f"{TRAIN} --dataset mine --checkpoint a.npz")
    run("report --checkpoint a.npz")
    page = Path("report.html").read_text(encoding="utf-8")
    assert f"{count - 1} class{count - 1}" in page
    assert len(page) < 2_000_000


def test_a_sweep_and_a_resumed_run_keep_the_names(run):
    named(Path("mine"), ["ä", "b", "c"])
    run(
        "sweep --dataset mine --vary eta=1,2 --epochs 1 --validation 3 --hidden 4 -o sweep --jobs 1"
    )
    assert load_checkpoint(Path("sweep/run-002.npz")).settings.class_names == ("ä", "b", "c")
    run(f"{TRAIN} --dataset mine --checkpoint a.npz")
    run("train --resume --checkpoint a.npz --epochs 2")
    assert load_checkpoint(Path("a.npz")).settings.class_names == ("ä", "b", "c")


def test_names_are_known_when_the_folder_is_gone(run):
    _, _, images, _ = named(Path("mine"), ["cat", "dog"])
    Image.fromarray(images[0]).save("image.png")
    run(f"{TRAIN} --dataset mine --checkpoint a.npz")
    Path("mine").rename("elsewhere")
    assert run("predict image.png --raw --checkpoint a.npz").stdout.split()[1] in ("cat", "dog")
    shown = run("predict image.png --raw --show --checkpoint a.npz").stdout
    assert shown.count("  cat  ") == shown.count("  dog  ") == 1


def test_an_unused_label_is_a_class_without_name(run):
    """EMNIST's letters count from 1."""
    write_dataset(Path("mine"), many_arrays(26, first=1))
    lines = [f"{n} {n + 64} {n + 96}" for n in range(1, 27)]
    Path("mine/emnist-letters-mapping.txt").write_text("\n".join(lines))
    dataset = load_dataset("mine", Path("data"))
    assert dataset.classes == 27
    assert dataset.class_names[:3] == ("", "Aa", "Bb")
    run(f"{TRAIN} --dataset mine --checkpoint a.npz")
    document = json.loads(run("evaluate --checkpoint a.npz --json").stdout)
    assert [figure["name"] for figure in document["per_class"][:2]] == ["0", "Aa"]
    assert document["per_class"][0]["examples"] == 0


def test_a_class_without_an_image_is_one_of_those_that_are_named():
    named(Path("mine"), ["a", "b", "c", "d"], classes=3)
    assert load_dataset("mine", Path("data")).classes == 4


def test_labels_of_a_dataset_with_names_of_its_own_end_there(run):
    write_dataset(Path("data/mnist"), many_arrays(12))
    error = run(TRAIN, status=1).stderr
    assert "label 10 at index 10, expected 0 to 9, the classes of mnist; a folder of" in error


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"a\nb\n", ("a", "b")),
        (b"a\r\nb", ("a", "b")),
        (b"a\rb\r", ("a", "b")),
        (b"\xef\xbb\xbfa\nb\n\n \n", ("a", "b")),
        ("ä\n中".encode("utf-16"), ("ä", "中")),
        (b"  a b \n\nc\n", ("a b", "", "c")),
        (b"a\x1b[31m\nb\x0bc\xe2\x80\xae\n", ("a?[31m", "b?c?")),
        ("e\u0301\n".encode(), ("é",)),
        (b"", ()),
        (b"\n\n", ()),
        (b"3\n7\n", ("3", "7")),
    ],
)
def test_a_file_of_names_is_read_as_people_write_it(tmp_path, content, names):
    (tmp_path / "classes.txt").write_bytes(content)
    assert read_class_names(tmp_path) == names


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"caf\xe9\nb\n", "classes.txt: line 1 is not UTF-8"),
        (b"a\nb\na\n", "classes.txt: labels 0 and 2 are both named 'a'"),
        (b"1\n\n", None),
        (b"2\n\n\n3", "labels 0 and 2 are both named '2'"),
        (b"x" * 81, "name 1 has 81 characters, expected 80 at most"),
        (b"".join(b"%d\n" % n for n in range(257)), "257 names, expected 256 classes at most"),
        (b"a" * 300_000, "more than 262,144 bytes"),
    ],
)
def test_a_file_that_has_no_names_is_refused_in_a_line(tmp_path, content, words):
    (tmp_path / "classes.txt").write_bytes(content)
    if words is None:
        assert read_class_names(tmp_path) == ("1",)
        return
    with pytest.raises(DataError) as caught:
        read_class_names(tmp_path)
    assert words in str(caught.value)


def test_a_file_of_names_that_is_none_is_refused(run, unprivileged):
    write_dataset(Path("mine"), many_arrays(3))
    Path("mine/classes.txt").mkdir()
    assert "mine/classes.txt: cannot be read (" in run(f"{TRAIN} --dataset mine", status=1).stderr
    Path("mine/classes.txt").rmdir()
    Path("mine/classes.txt").symlink_to("nowhere")
    assert "mine/classes.txt: cannot be read (" in run(f"{TRAIN} --dataset mine", status=1).stderr


def test_fewer_names_than_labels_are_refused(run):
    named(Path("mine"), ["a", "b"], classes=3)
    error = run(f"{TRAIN} --dataset mine", status=1).stderr
    assert "label 2 at index 2, expected 0 to 1, the classes that have names.\n" in error
    assert "Replace it, or mend the file of names. Or name another folder" in error


@pytest.mark.parametrize("line", ["1", "x 65", "300 65", "1 65\n1 66", "1 99999999", "-1 65"])
def test_a_mapping_that_is_none_is_refused(tmp_path, line):
    (tmp_path / "emnist-letters-mapping.txt").write_text(line)
    with pytest.raises(DataError, match=r"emnist-letters-mapping\.txt: line . is "):
        read_class_names(tmp_path)


def test_of_two_mappings_none_is_taken(tmp_path):
    for name in ("letters", "balanced"):
        (tmp_path / f"emnist-{name}-mapping.txt").write_text("0 48\n")
    with pytest.raises(DataError, match="expected one of them"):
        read_class_names(tmp_path)
    (tmp_path / "classes.txt").write_text("zero\n")
    assert read_class_names(tmp_path) == ("zero",)


# Compared by name.


@pytest.fixture
def digits(run):
    """A network that learned ten classes called 0 to 9."""
    write_dataset(Path("data/mnist"), many_arrays(10))
    run("train --epochs 40 --validation 0 --eta 3 --batch-size 3 --checkpoint digits.npz")


def test_labels_are_compared_by_the_names_of_their_classes(run, digits):
    images, labels, test_images, _ = many_arrays(10)
    pick = np.flatnonzero((labels == 3) | (labels == 7))
    renamed = (labels[pick] == 7).astype(np.uint8)
    write_dataset(Path("mine"), [images[pick], renamed, test_images[pick], renamed])
    Path("mine/classes.txt").write_text("3\n7\n")
    done = run("evaluate --checkpoint digits.npz --dataset mine --json")
    document = json.loads(done.stdout)
    assert (
        "mine: its labels have another order; classes are compared by their names." in done.stderr
    )
    assert document["correct"] == document["examples"] == len(pick)
    assert [f["label"] for f in document["per_class"] if f["examples"]] == [3, 7]
    shown = run("explain --checkpoint digits.npz --dataset mine --index 0").stdout
    assert "correct class 3, prediction 3\n" in shown
    shutil.copy("digits.npz", "copy.npz")
    both = run("evaluate --checkpoint digits.npz --checkpoint copy.npz --dataset mine --json")
    assert json.loads(both.stdout)["correct"] == len(pick)


def test_a_class_that_the_network_lacks_is_refused(run, digits):
    named(Path("mine"), ["3", "seven"])
    error = run("evaluate --checkpoint digits.npz --dataset mine", status=1).stderr
    assert "mine: images of seven, and the network has no such class; expected some of 0, " in error


def test_names_of_numbers_are_compared_with_a_network_without_names(run):
    write_dataset(Path("plain"), many_arrays(10))
    run(f"{TRAIN} --dataset plain --checkpoint a.npz")
    named(Path("mine"), ["7", "3"])
    document = json.loads(run("evaluate --checkpoint a.npz --dataset mine --json").stdout)
    assert [f["label"] for f in document["per_class"] if f["examples"]] == [3, 7]
    named(Path("words"), ["cat", "dog"])
    done = run("evaluate --checkpoint a.npz --dataset words")
    assert "The classes of the network have no names: label 0 of words counts" in done.stderr
    assert "0 cat" in done.stdout


def test_labels_without_names_are_numbers_to_a_network_that_knows_them(run):
    named(Path("mine"), ["9", "1", "0"])
    run(f"{TRAIN} --dataset mine --checkpoint a.npz")
    write_dataset(Path("plain"), many_arrays(2))
    done = run("evaluate --checkpoint a.npz --dataset plain --json")
    document = json.loads(done.stdout)
    assert [f["label"] for f in document["per_class"] if f["examples"]] == [1, 2]
    assert "plain: its labels have another order; classes are compared by" in done.stderr
    write_dataset(Path("more"), many_arrays(3, each=4))
    done = run("evaluate --checkpoint a.npz --dataset more --json")
    assert "The classes of more have no names: label 0 of more counts as output 0." in done.stderr


def test_the_data_of_a_run_are_its_own_whatever_they_are_called_now(run):
    named(Path("mine"), ["cat", "dog"])
    run(f"{TRAIN} --dataset mine --checkpoint a.npz")
    Path("mine/classes.txt").write_text("Katze\nHund\nMaus\n", encoding="utf-8")
    document = json.loads(run("evaluate --checkpoint a.npz --json").stdout)
    assert [figure["name"] for figure in document["per_class"]] == ["cat", "dog"]
    run("train --resume --checkpoint a.npz --epochs 2")


def test_members_whose_classes_have_another_order_are_no_committee(run):
    a, b = (adopt_network() for _ in range(2))
    replace(a, settings=replace(a.settings, class_names=("x", "y", "z"))).save(Path("a.npz"))
    replace(b, settings=replace(b.settings, class_names=("y", "x", "z"))).save(Path("b.npz"))
    Image.new("L", (3, 2)).save("image.png")
    done = run("predict image.png --raw --checkpoint a.npz --checkpoint b.npz", status=1)
    assert "b.npz: has its classes in another order than a.npz, y among them" in done.stderr


# Stored, and shown.


@pytest.mark.parametrize(
    "names",
    [["a"], ["a", "b", "a"], ["a", "b\n", "c"], ["a", "b", 3], "abc", ["a", "b", "x" * 81]],
)
def test_a_checkpoint_with_other_than_names_is_refused(names):
    run = adopt_network()
    with open("a.npz", "wb") as file:
        run.write(file, class_names=names)
    with pytest.raises(CheckpointError, match="meta: class_names is "):
        load_checkpoint(Path("a.npz"))


def test_a_checkpoint_without_names_has_those_of_its_dataset(run):
    from mlp_cli.runs.naming import names_of

    assert names_of(make_settings(dataset="fashion-mnist")).class_name(9) == "Ankle boot"
    assert names_of(make_settings(dataset="a/folder")).class_name(9) == "9"


def test_many_classes_are_shown_by_their_worst_pairs(run):
    names = [chr(97 + n) for n in range(26)]
    named(Path("mine"), names)
    run(f"{TRAIN} --dataset mine --checkpoint a.npz")
    shown = run("evaluate --checkpoint a.npz").stdout
    assert "Classes that are read as another, the worst 20 of " in shown
    assert "Correct" not in shown
    assert len(re.findall(r"^[a-z] read as [a-z]  \d times?$", shown, re.MULTILINE)) == 20
    assert max(map(len, shown.splitlines())) <= 80


def test_the_worst_pairs_come_first():
    confusion = np.diag(np.full(26, 500))
    confusion[14, 0], confusion[0, 14], confusion[25, 1] = 1234, 1, 31
    shown = confusion_text(ClassNames([*"abcdefghijklmnopqrstuvwxy", "中 z"]), confusion)
    assert shown.splitlines()[:5] == [
        "Classes that are read as another, the worst 3 of 3 pairs:",
        "",
        "o    read as a  1,234 times",
        "中 z read as b     31 times",
        "a    read as o      1 time",
    ]
    assert confusion_text(ClassNames(), np.diag(np.full(26, 500))) == "No class is read as another."
    assert "Correct class down" in confusion_text(ClassNames(), np.eye(12, dtype=int))


def test_pairs_are_counted_in_each_direction():
    pairs = confused_pairs(np.array([[5, 1, 0], [4, 0, 0], [0, 1, 9]]))
    assert [tuple(pair) for pair in pairs] == [(1, 0, 4), (0, 1, 1), (2, 1, 1)]


def test_headings_are_digits_only_for_ten_digits():
    assert ClassNames().class_headings(10)[0] == "digit"
    assert ClassNames().class_headings(11)[0] == "class"
    assert ClassNames(("7", "3")).class_headings(2) == ("digit", ["0 7", "1 3"])


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_any_name_stands_beside_the_heat_map(ending):
    pytest.importorskip("matplotlib")
    names = ["$a^{", "中文", "_b", "<c> & \\d"]
    save_figure(confusion_heat_map(np.eye(4, dtype=int), names), Path(f"a.{ending}"))
    assert Path(f"a.{ending}").stat().st_size > 1000


def test_inspect_lists_the_names_that_are_known(run):
    settings = adopt_network().settings
    named_run = replace(adopt_network(), settings=replace(settings, class_names=("a b", "", "c")))
    named_run.save(Path("a.npz"))
    assert "\nclass_names  a b, , c\n" in run("inspect a.npz").stdout
    adopt_network().save(Path("b.npz"))
    assert "\nclass_names       unknown\n" in run("inspect b.npz").stdout


def test_the_heat_map_of_many_classes_names_each_and_counts_none():
    pytest.importorskip("matplotlib")
    names = [f"a rather long name, {n}" for n in range(256)]
    figure = confusion_heat_map(np.eye(256, dtype=int), names)
    (axes,) = figure.axes
    assert not axes.texts
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    assert len(ticks) == 256
    assert ticks[0] == "a rather long n…"
    assert axes.get_xticklabels()[0].get_rotation() == 90
