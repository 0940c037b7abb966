"""List the pictures of a folder, and choose names for normalised ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count
from os.path import lexists, realpath
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mlp_cli.errors import OutputError, PictureError
from mlp_cli.system.files import open_regular, sweep

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
"""the endings of picture files, in lower case"""
SOFTWARE_MARK = "mlp predict --save-normalised"
"""the text that our PNGs carry near their beginning, by which we recognise them"""
MARK_WITHIN = 128
"""bytes at the beginning of our PNGs that hold the mark"""


def pictures_in(folder: Path) -> list[Path]:
    """Return the picture files of a folder, sorted by name, without those of inner folders.

    Raises PictureError where the folder cannot be listed or holds no picture.
    """
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    except OSError as error:
        reason = error.strerror or error
        raise PictureError(f"cannot be listed ({reason}), expected a folder.") from error
    if not found:
        raise PictureError(
            f"no pictures in this folder, expected files named {', '.join(SUFFIXES)}."
        )
    return found


def save_image(image: npt.NDArray[np.uint8], file: BinaryIO) -> None:
    """Write an image as PNG, with the mark by which we recognise it."""
    mark = PngInfo()
    mark.add_text("Software", SOFTWARE_MARK)
    Image.fromarray(image).save(file, "PNG", pnginfo=mark)


@dataclass
class SaveFolder:
    """A folder with a file of its own for the normalised form of each picture.

    It replaces files that an earlier run of ours saved, and no others.
    """

    folder: Path
    taken: set[str]
    """paths that are not free: pictures are read from there, or another one is saved there"""

    @classmethod
    def make(cls, folder: Path, names: Iterable[str]) -> Self:
        """Create the folder where it is missing, and delete what killed processes left there.

        names: the pictures that are read.  Raises OutputError where it cannot be created.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            sweep(folder, "*.png")
            return cls(Path(realpath(folder)), {_folded(name) for name in names})
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"{folder}: cannot be created as a folder ({reason}).") from error

    def path_for(self, name: str) -> Path:
        """Return a free path for a picture: 2.png for 2.jpg, or else 2-2.png, 2-3.png, ..."""
        stem = Path(name).stem
        endings = chain([""], (f"-{number}" for number in count(2)))
        paths = (self.folder / f"{stem}{ending}.png" for ending in endings)
        path = next(path for path in paths if self._is_free(path))
        self.taken.add(_folded(path))
        return path

    def _is_free(self, path: Path) -> bool:
        return _folded(path) not in self.taken and (not lexists(path) or _is_ours(path))


def _folded(name: str | Path) -> str:
    """Return the real path in lower case: some disks take `a` and `A` for one name."""
    return realpath(name).casefold()


def _is_ours(path: Path) -> bool:
    """Return whether `save_image` wrote this file."""
    try:
        with open_regular(path) as file:
            return SOFTWARE_MARK.encode() in file.read(MARK_WITHIN)
    except OSError:
        return False
