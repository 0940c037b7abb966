"""What a file is that should be IDX and is not, by its first bytes, and the way on."""

from typing import NamedTuple

START_BYTES = 512
"""of a file, which are enough to recognise it"""
GZIP_MAGIC = b"\x1f\x8b"
TYPES = {
    0x08: "bytes",
    0x09: "signed bytes",
    0x0B: "16-bit integers",
    0x0C: "32-bit integers",
    0x0D: "32-bit floats",
    0x0E: "64-bit floats",
}
"""what an IDX file can hold, by its type byte"""

UNPACK = "Unpack it there."
CONVERT = "Make a dataset of it with: mlp convert"
STORE = "Store its arrays in a .npz, and make a dataset of that with: mlp convert"
PICTURES = "Make a dataset of a folder of pictures for each class with: mlp convert"


class Foreign(NamedTuple):
    """A kind of file that people have in place of IDX files."""

    what: str
    way_on: str
    """the next step; nothing where the file has to be replaced"""


LFS_POINTER = Foreign("a Git LFS pointer, not the data", "Fetch the data with: git lfs pull")
HTML = Foreign("an HTML page, such as a login or an error in place of a download", "")
NPZ = Foreign("NumPy arrays (.npz)", CONVERT)
CSV = Foreign("a table as text (CSV)", CONVERT)
BEGINNINGS = {
    b"version https://git-lfs": LFS_POINTER,
    b"PK": Foreign("a zip archive", UNPACK),
    b"7z\xbc\xaf\x27\x1c": Foreign("a 7z archive", UNPACK),
    b"Rar!": Foreign("a RAR archive", UNPACK),
    b"BZh": Foreign("packed by bzip2", "Unpack it with bunzip2."),
    b"\xfd7zXZ": Foreign("packed by xz", "Unpack it with unxz."),
    b"\x28\xb5\x2f\xfd": Foreign("packed by zstd", "Unpack it with unzstd."),
    GZIP_MAGIC: Foreign("gzipped twice", "Unpack it once with gunzip."),
    b"\x93NUMPY": Foreign("a NumPy array (.npy)", STORE),
    b"\x89HDF": Foreign("an HDF5 file", STORE),
    b"PAR1": Foreign("a Parquet file", STORE),
    b"MATLAB": Foreign("a MATLAB file", STORE),
    b"\x80\x02": Foreign("a Python pickle", STORE),
    b"\x80\x03": Foreign("a Python pickle", STORE),
    b"\x80\x04": Foreign("a Python pickle", STORE),
    b"\x80\x05": Foreign("a Python pickle", STORE),
    b"\x89PNG": Foreign("a picture", PICTURES),
    b"\xff\xd8\xff": Foreign("a picture", PICTURES),
    b"GIF8": Foreign("a picture", PICTURES),
    b"BM": Foreign("a picture", PICTURES),
}
"""of files, unpacked where they are gzipped"""
TAR = Foreign("a tar archive", "Unpack it there with tar xf.")


def recognise(start: bytes) -> Foreign | None:
    """Return what a file is that begins so; None where it may be IDX, or is not known.

    start: START_BYTES of it, or all that it has.
    """
    for beginning, foreign in BEGINNINGS.items():
        if start.startswith(beginning):
            return NPZ if beginning == b"PK" and b".npy" in start else foreign
    if start[257:262] == b"ustar":
        return TAR
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<script", b"<!--")):
        return HTML
    line = text.split(b"\n", 1)[0]
    if line.count(b",") > 1 and line.isascii() and b"\0" not in line:
        return CSV
    return None


def is_idx(start: bytes) -> bool:
    """Return whether a file that begins so, unpacked, is IDX."""
    return len(start) > 3 and start[:2] == b"\0\0" and start[2] in TYPES
