"""What mlp convert does besides reading arrays: places, pictures, files."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_cli.commands.shared.text import note_above, shows_bars
from mlp_cli.errors import DataError, OptionError, OutputError, PictureError
from mlp_cli.system.characters import one_line

if TYPE_CHECKING:
    from mlp_cli.datasets.arrays import ImageArray
    from mlp_cli.datasets.loading import Split
    from mlp_cli.datasets.own.material import Material
    from mlp_cli.datasets.own.pictures import Doubt, PictureFolders

IMAGE_SHAPE = (28, 28)
"""of pictures that are normalised, as in MNIST"""
MOST_SAID = 10
"""pictures that cannot be read, of which a line each is printed"""
SHEET_MARK = "mlp convert"


def check_places(source: Path, test: Path | None, output: Path, *, force: bool) -> None:
    """Raise OutputError where the output is taken, or stands in the source."""
    from mlp_cli.datasets.own.writing import is_converted

    place = Path(os.path.realpath(output))
    for each in (source, test):
        if each is not None and os.path.isdir(each):
            inner = Path(os.path.realpath(each))
            if inner != place and inner in place.parents:
                raise OutputError(
                    f"-o {output}: inside {each}, which is read. Name a folder beside it."
                )
    if place == Path(os.path.realpath(".")) or not os.path.lexists(place):
        if os.path.lexists(place):
            raise OutputError(f"-o {output}: the current folder, expected a new one in it.")
        return
    if not place.is_dir():
        raise OutputError(f"-o {output}: not a folder. Name a new one.")
    if is_converted(place):
        if not force:
            raise OutputError(
                f"-o {output}: holds a dataset already. Name another folder, or replace it with "
                "--force."
            )
    elif any(place.iterdir()):
        raise OutputError(
            f"-o {output}: not empty, and not what mlp convert made. Name a new folder."
        )


@contextmanager
def making(output: Path, *, force: bool) -> Iterator[Path]:
    """Make the folder of a dataset. Raises OutputError where it cannot be written."""
    from mlp_cli.system.folders import new_folder

    try:
        with new_folder(output, replaces=force) as folder:
            yield folder
    except OSError as error:
        raise OutputError(
            f"{output}: cannot be written ({error.strerror or error}).\n"
            "Check the disk, the folder above and its permissions, or name another with -o."
        ) from error


def read_pictures(
    source: Path,
    test: Path | None,
    shape: tuple[int, int] | None,
    *,
    raw: bool,
    strict: bool,
) -> "tuple[Material, Sequence[Doubt]]":
    """Return what is in pictures, which are read one by one with a bar in a terminal."""
    from tqdm import tqdm

    from mlp_cli.datasets.own.pictures import PictureFolders
    from mlp_cli.images import pictures_in
    from mlp_cli.images.many import DigitReader

    if test is not None and not os.path.isdir(test):
        raise OptionError(f"--test {test}: a file, expected a folder of pictures, as {source} is.")
    found = PictureFolders.find(source, pictures_in, test)
    paths = [picture.path for picture in found.pictures]
    size = shape or (_shape_of_first(paths) if raw else IMAGE_SHAPE)
    hidden = not shows_bars()
    said = 0
    with (
        DigitReader(paths, size, raw=raw) as reader,
        tqdm(total=len(paths), unit=" pictures", leave=False, disable=hidden) as bar,
    ):

        def read(path: Path) -> "tuple[ImageArray, Sequence[str]]":
            digit = reader.read(path)
            return digit.image, digit.warnings

        for doubt in found.read(read, strict=strict):
            bar.update()
            if doubt and (said := said + 1) <= MOST_SAID:
                note_above(bar, f"left out: {one_line(doubt.path)}: {one_line(doubt.reason)}")
    return _material(found, source), found.doubts


def _material(found: "PictureFolders", source: Path) -> "Material":
    try:
        return found.material()
    except DataError as error:
        raise DataError(f"{source}: {error}") from error


def _shape_of_first(paths: Iterable[Path]) -> tuple[int, ...]:
    """Return rows and columns of the first picture that can be read."""
    from mlp_cli.images import open_picture

    for path in paths:
        with suppress(PictureError):
            return open_picture(path).grey.shape
    return IMAGE_SHAPE


def write_files(
    folder: Path, train: "Split", test: "Split", material: "Material", doubts: "Sequence[Doubt]"
) -> None:
    """Write all files of a dataset into a folder. Raises OSError as the file system does."""
    from mlp_cli.datasets.own.sheet import draw_sheet
    from mlp_cli.datasets.own.writing import SHEET_FILE, sync, write_dataset
    from mlp_cli.images import save_image

    write_dataset(folder, train, test, material.names, doubts)
    with (folder / SHEET_FILE).open("xb") as file:
        save_image(draw_sheet(train), file, SHEET_MARK)
        sync(file)
