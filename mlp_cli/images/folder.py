"""Pictures among files: those of a folder, and where normalised ones are kept."""

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
from mlp_cli.system.files import open_regular

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
"""of the files in a folder that are taken for pictures, in lower case"""
MARK = "mlp predict --save-normalised"
"""the Software that our PNGs name, near their beginning, by which they are known again"""
HEAD = 128
"""bytes of a file that hold the mark if it is ours"""


def pictures_in(folder: Path) -> list[Path]:
    """Return the picture files of a folder, by name; what its folders hold is not looked at.

    Raises PictureError where it cannot be listed or holds no picture.
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
    """Write an image as PNG, with the mark."""
    mark = PngInfo()
    mark.add_text("Software", MARK)
    Image.fromarray(image).save(file, "PNG", pnginfo=mark)


@dataclass
class Places:
    """A file of its own in one folder for the normalised form of every picture.

    What stands there already is left alone, but for what an earlier call saved.
    """

    folder: Path
    taken: set[str]
    """no picture goes there: other pictures do, or are read from there"""

    @classmethod
    def in_folder(cls, folder: Path, names: Iterable[str]) -> Self:
        """Return the places in this folder, which is made where it is missing.

        names: of the pictures that are read.  Raises OutputError where it cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return cls(Path(realpath(folder)), {_folded(name) for name in names})
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"{folder}: cannot be made a folder ({reason}).") from error

    def of(self, name: str) -> Path:
        """Return the place for a picture: 2.png for 2.jpg, 2-2.png if that is taken, and so on."""
        stem = Path(name).stem
        endings = chain([""], (f"-{number}" for number in count(2)))
        places = (self.folder / f"{stem}{ending}.png" for ending in endings)
        place = next(place for place in places if self._is_free(place))
        self.taken.add(_folded(place))
        return place

    def _is_free(self, place: Path) -> bool:
        return _folded(place) not in self.taken and (not lexists(place) or _is_ours(place))


def _folded(name: str | Path) -> str:
    """Return what a place is called on a disk that does not tell a from A, links followed."""
    return realpath(name).casefold()


def _is_ours(path: Path) -> bool:
    """Tell whether this is a picture that `save_image` wrote."""
    try:
        with open_regular(path) as file:
            return MARK.encode() in file.read(HEAD)
    except OSError:
        return False
