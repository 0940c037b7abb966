"""Finding a dataset's files and checking that they belong together."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlp_cli import load_dataset
from mlp_cli.datasets.catalogue import CATALOGUE, find_source
from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.files import FILES
from mlp_cli.errors import DataError, MissingDataError, OptionError
from tests.makers import idx_bytes, make_arrays, write_dataset

NEXT_STEP = "Replace it; if it is mnist's own, .* mlp download --data-dir .*$"


def assert_holds(dataset, arrays):
    found = (
        dataset.train.images,
        dataset.train.labels,
        dataset.test.images,
        dataset.test.labels,
    )
    for ours, theirs in zip(found, arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("gzipped", [True, False])
@pytest.mark.parametrize("dotted", [True, False])
@pytest.mark.parametrize("place", ["mnist", "MNIST/raw", "."])
def test_finds_every_place_and_spelling(tmp_path, place, dotted, gzipped):
    arrays = write_dataset(tmp_path / place, dotted=dotted, gzipped=gzipped)
    dataset = load_dataset("mnist", tmp_path)
    assert dataset.folder == tmp_path / place
    assert_holds(dataset, arrays)


def test_the_places_are_searched_in_order(tmp_path):
    for seed, place in enumerate(["mnist", "MNIST/raw", "."]):
        write_dataset(tmp_path / place, make_arrays(seed=seed))
    assert_holds(load_dataset("mnist", tmp_path), make_arrays(seed=0))
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    assert_holds(load_dataset("mnist", tmp_path), make_arrays(seed=1))


@pytest.mark.parametrize(
    ("name", "place"), [("fashion-mnist", "FashionMNIST/raw"), ("kmnist", "KMNIST/raw")]
)
def test_each_dataset_is_found_where_torchvision_keeps_it_and_no_other(tmp_path, name, place):
    for seed, folder in enumerate(["MNIST/raw", "FashionMNIST/raw", "KMNIST/raw"]):
        write_dataset(tmp_path / folder, make_arrays(seed=seed), gzipped=False)
    assert load_dataset(name, tmp_path).folder == tmp_path / place
    shutil.rmtree(tmp_path / place)
    with pytest.raises(MissingDataError):
        load_dataset(name, tmp_path)


def test_loose_files_are_mnists_unless_they_have_the_sizes_of_another(tmp_path, monkeypatch):
    """All datasets use the same file names, so other sizes prove nothing."""
    arrays = write_dataset(tmp_path)
    with pytest.raises(MissingDataError):
        load_dataset("kmnist", tmp_path)
    files = [
        PublishedFile(path.name, path.stat().st_size, "0" * 64)
        for path in (tmp_path / f"{stem}.gz" for stem in FILES)
    ]
    monkeypatch.setitem(CATALOGUE, "kmnist", replace(CATALOGUE["kmnist"], files=files))
    assert_holds(load_dataset("kmnist", tmp_path), arrays)


@pytest.mark.parametrize("gzipped", [True, False])
@pytest.mark.parametrize("dotted", [True, False])
def test_any_other_name_is_a_folder_of_ones_own(tmp_path, dotted, gzipped):
    own = tmp_path / "own"
    arrays = write_dataset(own, dotted=dotted, gzipped=gzipped)
    dataset = load_dataset(str(own), Path("nowhere"))
    assert dataset.folder == own
    assert_holds(dataset, arrays)
    advice = r"Put them there\. mlp convert makes them of pictures, a table or arrays\.$"
    with pytest.raises(MissingDataError, match=rf"^other: no dataset here, .*\n{advice}"):
        load_dataset("other", tmp_path)


def test_files_of_ones_own_are_there_or_missing_but_never_brought(tmp_path):
    own, mnist = find_source(str(tmp_path)), find_source("mnist")
    assert own.folder(Path("data")) == tmp_path
    assert not own.is_there(Path("data"))
    assert mnist.can_bring(tmp_path)
    write_dataset(tmp_path)
    assert own.is_there(Path("data"))
    assert mnist.is_there(tmp_path)
    (tmp_path / f"{FILES[0]}.gz").unlink()
    for source, data_dir in ((own, Path("data")), (mnist, tmp_path)):
        assert not source.is_there(data_dir)
        assert not source.can_bring(data_dir)
    with pytest.raises(MissingDataError, match=f"Missing: {FILES[0]}"):
        own.bring(Path("data"))


def test_twelve_small_images_of_ones_own_load_like_the_big_ones(tmp_path):
    arrays = write_dataset(tmp_path, make_arrays(train=12, test=3, shape=(5, 4), classes=3))
    dataset = load_dataset("mnist", tmp_path)
    assert_holds(dataset, arrays)
    assert (len(dataset.train), dataset.image_shape, dataset.pixels) == (12, (5, 4), 20)
    assert dataset.classes == 3


def test_the_test_set_may_name_a_class_that_training_never_saw(tmp_path):
    arrays = make_arrays(classes=3)
    arrays[3][5] = 7
    write_dataset(tmp_path, arrays)
    assert load_dataset("mnist", tmp_path).classes == 8


def test_missing_files_are_named_with_the_command_that_fetches_them(tmp_path):
    write_dataset(tmp_path / "mnist")
    (tmp_path / "mnist" / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(MissingDataError) as error:
        load_dataset("mnist", tmp_path)
    assert str(error.value) == (
        f"{tmp_path}/mnist: no mnist here, expected its four files. "
        "Missing: t10k-images-idx3-ubyte.\n"
        f"Put them there, or fetch the published ones with: mlp download --data-dir {tmp_path}"
    )
    with pytest.raises(MissingDataError, match=r"^nowhere: no mnist here"):
        load_dataset("mnist", Path("nowhere"))


@pytest.mark.parametrize(
    ("place", "gzipped", "advice"),
    [
        ("mnist", True, "fetch it again with: mlp download --data-dir . --force"),
        ("mnist", False, "delete it and fetch it again with: mlp download --data-dir ."),
        (".", True, "delete it and fetch it again with: mlp download --data-dir ."),
    ],
)
def test_the_advice_for_a_damaged_file_fixes_it(place, gzipped, advice):
    """A download goes to data/mnist/*.gz: what lies elsewhere must first be out of the way."""
    write_dataset(Path(place), replaced(make_arrays(), 3, np.zeros(11, np.uint8)), gzipped=gzipped)
    with pytest.raises(DataError) as error:
        load_dataset("mnist", Path())
    assert str(error.value).endswith(f"\nReplace it; if it is mnist's own, {advice}")


@pytest.mark.parametrize("name", ["mnist", "./mnist"])
def test_a_file_without_permission_is_no_reason_to_replace_it(unprivileged, name):
    write_dataset(Path("mnist"))
    Path("mnist/train-labels-idx1-ubyte.gz").chmod(0)
    with unprivileged(), pytest.raises(DataError, match=r"cannot be read \(Permission") as error:
        load_dataset(name, Path())
    assert str(error.value).endswith("Check its permissions and the disk.")


@pytest.mark.parametrize("place", ["file", "file/inside"])
def test_a_data_folder_that_is_a_file_holds_nothing(tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(MissingDataError):
        load_dataset("mnist", tmp_path / place)


def test_a_folder_without_permission_is_an_error(tmp_path, unprivileged):
    write_dataset(tmp_path / "mnist")
    (tmp_path / "mnist").chmod(0)
    with unprivileged(), pytest.raises(DataError, match=r"mnist: cannot be read \(Permission"):
        load_dataset("mnist", Path())


def replaced(arrays, index, array):
    return [*arrays[:index], array, *arrays[index + 1 :]]


@pytest.mark.parametrize(
    ("index", "array", "words"),
    [
        (0, np.zeros((39, 8, 8), np.uint8), "train-labels-idx1-ubyte.gz: 40 labels, expected 39,"),
        (3, np.zeros(11, np.uint8), "t10k-labels-idx1-ubyte.gz: 11 labels, expected 12,"),
        (1, np.full(40, 10, np.uint8), "label 10 at index 0, expected 0 to 9"),
        (
            0,
            np.zeros((0, 8, 8), np.uint8),
            "train-images-idx3-ubyte.gz: 0 x 8 x 8 pixels, expected",
        ),
        (0, np.zeros((40, 0, 8), np.uint8), "40 x 0 x 8 pixels, expected at least one image"),
        (0, np.zeros(40, np.uint8), "magic number 2049, expected 2051 (images). The file holds la"),
        (1, np.zeros((40, 8, 8), np.uint8), "magic number 2051, expected 2049 (labels). The file"),
        (2, np.zeros((12, 9, 8), np.uint8), "images of 9 x 8 pixels, expected 8 x 8 as in train-i"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(tmp_path, index, array, words):
    write_dataset(tmp_path, replaced(make_arrays(), index, array))
    with pytest.raises(DataError, match=f"(?s){re.escape(words)}.*{NEXT_STEP}") as error:
        load_dataset("mnist", tmp_path)
    assert len(str(error.value).splitlines()) == 2


def test_an_empty_file_is_refused_with_the_next_step(tmp_path):
    write_dataset(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(b"")
    with pytest.raises(DataError, match=f"(?s)train-labels.*: empty, expected.*{NEXT_STEP}"):
        load_dataset("mnist", tmp_path)


@pytest.fixture
def dataset(tmp_path):
    write_dataset(tmp_path)
    return load_dataset("mnist", tmp_path)


def test_validation_is_the_last_part_of_the_training_set(dataset):
    images, labels = dataset.train.images, dataset.train.labels
    for split, part in (("train", slice(0, 30)), ("validation", slice(30, 40))):
        chosen = dataset.split(split, validation=10)
        np.testing.assert_array_equal(chosen.images, images[part])
        np.testing.assert_array_equal(chosen.labels, labels[part])
    assert dataset.split("test", validation=10) is dataset.test
    assert len(dataset.split("train", validation=0)) == 40


@pytest.mark.parametrize("count", [40, 41, 60000])
def test_a_validation_set_that_leaves_nothing_is_refused(dataset, count):
    with pytest.raises(OptionError, match=f"^--validation {count}: .* holds 40 .* 0 to 39"):
        dataset.split_validation(count)


def test_a_run_without_validation_has_no_such_split(dataset):
    with pytest.raises(OptionError, match=r"^--split validation: the run held no images out"):
        dataset.split("validation", validation=0)


def test_a_training_set_smaller_than_what_a_run_held_out_is_not_its_own(dataset):
    """Commands that measure a network have no --validation to choose."""
    for split in ("train", "validation"):
        with pytest.raises(DataError, match="40 training images, expected more than the 60,000"):
            dataset.split(split, validation=60_000)
    assert len(dataset.split("test", validation=60_000)) == 12


def test_another_kind_of_images_or_more_classes_are_refused(dataset):
    dataset.require((8, 8), classes=10)
    dataset.require((8, 8), classes=12)  # a network may know more classes than these files show
    with pytest.raises(DataError, match="images of 8 x 8 pixels, expected 28 x 28"):
        dataset.require((28, 28), classes=10)
    with pytest.raises(DataError, match="labels up to 9, expected 7 at most"):
        dataset.require((8, 8), classes=8)


def test_the_fingerprint_is_that_of_the_arrays_not_of_the_files(tmp_path):
    def fingerprint(name, arrays=None, **options):
        write_dataset(tmp_path / name, arrays, **options)
        return load_dataset("mnist", tmp_path / name).fingerprint()

    arrays = make_arrays()
    same = fingerprint("gzipped", arrays)
    assert fingerprint("plain", arrays, gzipped=False, dotted=True) == same
    one_pixel = arrays[2].copy()
    one_pixel[3, 4, 5] ^= 1
    turned = arrays[0].reshape(40, 4, 16), arrays[2].reshape(12, 4, 16)
    others = [
        fingerprint("pixel", replaced(arrays, 2, one_pixel)),
        fingerprint("shape", [turned[0], arrays[1], turned[1], arrays[3]]),
        fingerprint("label", replaced(arrays, 1, arrays[1][::-1].copy())),
    ]
    assert len({same, *others}) == 4


def test_indices_name_the_first_wrong_label(tmp_path):
    arrays = make_arrays()
    arrays[1][[7, 9]] = 200
    write_dataset(tmp_path, arrays)
    with pytest.raises(DataError, match="label 200 at index 7"):
        load_dataset("mnist", tmp_path)


def test_a_plain_file_is_taken_before_a_gzipped_one(tmp_path):
    arrays = write_dataset(tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(255 - arrays[2]))
    dataset = load_dataset("mnist", tmp_path)
    np.testing.assert_array_equal(dataset.test.images, 255 - arrays[2])
