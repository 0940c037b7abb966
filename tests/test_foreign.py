"""Files that people have in place of the four IDX files are named for what they are."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.datasets.files import FILES
from tests.makers import idx_bytes, make_arrays, write_dataset

OWN = Path("own")
TRAIN = "train --dataset own --epochs 1 --validation 10 --batch-size 4"
CONVERT = "Make a dataset of it with: mlp convert"
LFS = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609\nsize 9912422\n"
)
PAGE = b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n"
CSV = b"label,pixel0,pixel1\n5,0,0\n"


def zipped(name="train-images-idx3-ubyte"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, idx_bytes(make_arrays()[0]))
    return file.getvalue()


def tarred():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("train-images-idx3-ubyte"))
    return file.getvalue()


def npz():
    file = io.BytesIO()
    np.savez(file, x_train=make_arrays()[0])
    return file.getvalue()


KINDS = {
    "Git LFS": (LFS, "a Git LFS pointer, not the data", "Fetch the data with: git lfs pull"),
    "HTML": (PAGE, "an HTML page, such as a login or an error in place of a download", "Replace"),
    "zip": (zipped(), "a zip archive", "Unpack it there."),
    "npz": (npz(), "NumPy arrays (.npz)", CONVERT),
    "tar": (tarred(), "a tar archive", "Unpack it there with tar xf."),
    "bzip2": (bz2.compress(b"x"), "packed by bzip2", "Unpack it with bunzip2."),
    "xz": (lzma.compress(b"x"), "packed by xz", "Unpack it with unxz."),
    "twice": (gzip.compress(b"x"), "gzipped twice", "Unpack it once with gunzip."),
    "csv": (CSV, "a table as text (CSV)", CONVERT),
}


@pytest.fixture(autouse=True)
def own(own_folder):
    return write_dataset(OWN)


def refused(run):
    return run(TRAIN, status=1).stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzipped", "plain"])
def test_another_kind_of_file_under_the_right_name_is_named(run, kind, pack):
    data, what, way_on = KINDS[kind]
    if kind == "twice" and pack is bytes:
        data = gzip.compress(data)  # under a name without .gz
    path = OWN / f"{FILES[0]}.gz"
    path.write_bytes(pack(data))
    error = refused(run)
    assert f"Error: {path}: {what}, expected an IDX file." in error
    assert way_on in error
    assert ("Replace it" in error) == (kind == "HTML")  # the others have a better way on


@pytest.mark.parametrize(
    ("index", "array", "words"),
    [
        (1, np.arange(40) % 10, "The file holds 32-bit integers in 1 dimension."),
        (1, np.zeros((40, 8), "i4"), "The file holds 32-bit integers in 2 dimensions."),
        (1, np.zeros((40, 1), "u1"), "The file holds bytes in 2 dimensions."),
        (0, np.zeros((40, 8, 8), "f4"), "The file holds 32-bit floats in 3 dimensions."),
        (0, np.zeros((40, 64), "u1"), "The file holds bytes in 2 dimensions."),
        (0, np.zeros((40, 8, 8, 1), "f8"), "The file holds 64-bit floats in 4 dimensions."),
    ],
)
def test_numbers_of_another_type_or_shape_are_named(run, own, index, array, words):
    own[index] = array.astype("i4") if array.dtype == np.int64 else array
    write_dataset(OWN, own)
    error = refused(run)
    assert words in error
    contents = "labels again as bytes (uint8) from 0 on, of shape (n,)"
    if index == 0:
        contents = "images again as bytes (uint8) from 0 to 255, of shape (n, rows, columns)"
    assert f"Write the {contents}: mlp convert does so." in error
    assert "Replace it" not in error


OTHER_NAMES = (
    *("train-images.idx3-ubyte.bin", "train-images-idx3-ubyte.txt", "Train-Images-IDX3-ubyte"),
    *("train-images-idx3-ubyte (1).gz", "train-images-idx3-ubyte.gz.1", "train_images.dat"),
    *("emnist-digits-train-images-idx3-ubyte.gz", "trainimages", "train-images-idx3-ubyte.gz.gz"),
)


@pytest.mark.parametrize("name", OTHER_NAMES)
@pytest.mark.parametrize("gzipped", [True, False])
def test_a_file_by_another_name_is_to_be_renamed_and_then_found(run, name, gzipped):
    right = OWN / f"{FILES[0]}.gz"
    data = right.read_bytes()
    right.unlink()
    path = OWN / name
    path.write_bytes(data if gzipped else gzip.decompress(data))
    error = refused(run)
    assert f"Missing: {FILES[0]}.\n" in error
    new = f"{FILES[0]}{'.gz' if gzipped else ''}"
    assert f"\n{path}: rename it to {new}\n" in error
    path.rename(OWN / new)
    run(TRAIN)


def test_a_test_set_that_is_called_so_is_to_be_renamed(run):
    for number in (2, 3):
        path = OWN / f"{FILES[number]}.gz"
        path.rename(OWN / path.name.replace("t10k", "test"))
    error = refused(run)
    for number in (2, 3):
        assert f"rename it to {FILES[number]}.gz\n" in error


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("train-images-idx3-ubyte.zip", zipped(), "a zip archive, expected an IDX file. Unpack"),
        ("train-images-idx3-ubyte.html", PAGE, "an HTML page, such as"),
        ("train-images-idx3-ubyte.gz.crdownload", b"\x1f\x8b", "an unfinished download. Fetch"),
        ("train_images.npy", b"\x93NUMPY\x01\0", "a NumPy array (.npy), expected an IDX file."),
    ],
)
def test_what_is_no_idx_file_is_not_to_be_renamed(run, name, data, words):
    (OWN / f"{FILES[0]}.gz").unlink()
    (OWN / name).write_bytes(data)
    error = refused(run)
    assert f"\n{OWN / name}: {words}" in error
    assert "rename" not in error


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("archive.zip", zipped(), "a zip archive. Unpack it there."),
        ("mnist.npz", npz(), f"NumPy arrays (.npz). {CONVERT}"),
        ("digits.tar.gz", gzip.compress(tarred()), "a tar archive. Unpack it there with tar xf."),
        ("train.csv", CSV, f"a table as text (CSV). {CONVERT}"),
        ("broken.tgz", b"\x1f\x8b\0", "an archive. Unpack it there."),
    ],
)
def test_a_folder_of_something_else_says_what_is_there(run, name, data, words):
    shutil.rmtree(OWN)
    OWN.mkdir()
    (OWN / name).write_bytes(data)
    assert f"\n{OWN / name}: {words}\n" in refused(run)


def test_a_folder_in_the_folder_is_named(run):
    shutil.move("own", "deep/own")
    Path("deep").rename("own")
    assert "\nown/own: all four files are in this folder. Name it instead.\n" in refused(run)
    run(TRAIN.replace("own", "own/own"))


def test_folders_in_place_of_files_are_passed_over(run):
    """As one archive unpacks: a folder of the file's name with the file in it."""
    for stem in FILES:
        (OWN / stem).mkdir()
    run(f"{TRAIN} --checkpoint run.npz")
    path = OWN / f"{FILES[0]}.gz"
    path.rename(OWN / FILES[0] / path.name)
    assert (
        f"\n{OWN / FILES[0]}: a folder, expected a file. Move the file in it to own.\n"
        in refused(run)
    )


def test_files_of_a_named_dataset_are_looked_for_in_its_own_folder(run):
    """The other datasets beside it are not meant."""
    write_dataset(Path("data/mnist"))
    write_dataset(Path("data/kmnist"))
    run("train --epochs 1 --validation 10 --checkpoint run.npz")
    for path in Path("data/mnist").iterdir():
        path.rename(f"{path} (1)")
    error = run("evaluate --checkpoint run.npz", status=1).stderr
    assert f"data/mnist/{FILES[0]}.gz (1): rename it to {FILES[0]}.gz\n" in error
    assert "kmnist" not in error


def test_a_pipe_by_another_name_is_not_waited_for(run):
    (OWN / f"{FILES[0]}.gz").unlink()
    os.mkfifo(OWN / f"{FILES[0]}.bin")
    assert "Missing: train-images-idx3-ubyte.\nPut them there." in refused(run)
