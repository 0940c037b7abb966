"""List the pictures of a folder, and choose names for normalised ones."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count
from os.path import isdir, isfile, lexists, realpath
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mlp_cli.errors import OutputError, PictureError
from mlp_cli.images.formats import ENDINGS
from mlp_cli.system.characters import one_line
from mlp_cli.system.files import open_regular, sweep

NORMALISED = "mlp predict --save-normalised"
"""a text that our PNGs of this kind carry near their beginning, by which we recognise them"""
BOXES = "mlp predict --save-boxes"
"""the same of pictures with the boxes of their digits"""
MARK_WITHIN = 128
"""bytes at the beginning of our PNGs that hold the mark"""


class Listing(NamedTuple):
    """What a folder holds."""

    pictures: list[Path]
    """sorted by name"""
    unread: str
    """a clause that counts the other things in it, or nothing"""


def pictures_in(folder: Path) -> Listing:
    """Return the picture files of a folder, without hidden files and those of inner folders.

    Raises PictureError where the folder cannot be listed or holds no picture.
    """
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        reason = error.strerror or error
        raise PictureError(f"cannot be listed ({reason}), expected a folder.") from error
    pictures = [path for path in found if not _other_kind(path)]
    others = Counter(kind for path in found if (kind := _other_kind(path)))
    unread = ", ".join(f"{count:,} {kind}" for kind, count in sorted(others.items()))
    if not pictures:
        holds = f" (it holds {unread})" if unread else ""
        raise PictureError(
            f"no pictures in this folder{holds}, expected files named {', '.join(ENDINGS)}."
        )
    return Listing(pictures, unread)


def _other_kind(path: Path) -> str:
    """Return what else than a picture this is, by its name; nothing for a picture."""
    if path.name.startswith("."):  # among them ._7.png, which macOS puts beside 7.png
        return "hidden"
    if isdir(path):
        return "folders"
    if not isfile(path):
        return "not plain files"
    ending = path.suffix.lower()
    return "" if ending in ENDINGS else f"named {ending}" if ending else "without an ending"


def save_image(image: npt.NDArray[np.uint8], file: BinaryIO, kind: str = NORMALISED) -> None:
    """Write an image as PNG, with its kind as the mark by which we recognise it.

    image: (rows, columns), or (rows, columns, 3) for colours.
    kind: what wrote it; `SaveFolder` takes no file of another for its own.
    """
    mark = PngInfo()
    mark.add_text("Software", kind)
    Image.fromarray(image).save(file, "PNG", pnginfo=mark)


@dataclass
class SaveFolder:
    """A folder with a file of its own for what is saved of each picture.

    It replaces files of its kind that an earlier run of ours saved, and no others.
    """

    folder: Path
    kind: str
    taken: set[str]
    """paths that are not free: pictures are read from there, or another one is saved there"""

    @classmethod
    def make(cls, folder: Path, names: Iterable[str], kind: str = NORMALISED) -> Self:
        """Create the folder where it is missing, and delete what killed processes left there.

        names: the pictures that are read.  Raises OutputError where it cannot be created.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            sweep(folder, "*.png")
            return cls(Path(realpath(folder)), kind, {_folded(name) for name in names})
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"{folder}: cannot be created as a folder ({reason}).") from error

    def path_for(self, name: str) -> Path:
        """Return a free path for a picture: 2.png for 2.jpg, or else 2-2.png, 2-3.png, ..."""
        stem = one_line(Path(name).stem).replace("?", "_")  # no name on Windows has a question mark
        endings = chain([""], (f"-{number}" for number in count(2)))
        paths = (self.folder / f"{stem}{ending}.png" for ending in endings)
        path = next(path for path in paths if self._is_free(path))
        self.taken.add(_folded(path))
        return path

    def _is_free(self, path: Path) -> bool:
        return _folded(path) not in self.taken and (not lexists(path) or _is_ours(path, self.kind))


def _folded(name: str | Path) -> str:
    """Return the real path in lower case: some disks take `a` and `A` for one name."""
    return realpath(name).casefold()


def _is_ours(path: Path, kind: str) -> bool:
    """Return whether `save_image` wrote this file, as one of this kind."""
    try:
        with open_regular(path) as file:
            return kind.encode() in file.read(MARK_WITHIN)
    except OSError:
        return False
