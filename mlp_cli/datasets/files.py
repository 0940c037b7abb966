"""The four files of a dataset: their names, and which of them a folder holds."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mlp_cli.datasets.look_alikes import describe_others
from mlp_cli.errors import DataAccessError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""training images, training labels, test images, test labels"""


def find_files(folders: Iterable[Path], option: str) -> dict[str, Path]:
    """Return the files of the first folder that holds all four, or else of the fullest one.

    option: the parameter of a command that names these folders, for an error.
    Returns a path for each name of FILES that is there, in the order of FILES.
    Raises DataAccessError where a folder cannot be listed.
    """
    fullest: dict[str, Path] = {}
    for folder in folders:
        found = _files_in(folder, option)
        if is_complete(found):
            return found
        fullest = max(fullest, found, key=len)
    return fullest


def is_complete(found: Mapping[str, Path]) -> bool:
    """Return whether these are all four files."""
    return len(found) == len(FILES)


def describe_missing(
    found: Mapping[str, Path], place: Path, name: str, more_places: Sequence[Path] = ()
) -> str:
    """Return a sentence that says which of the four files are missing, and where.

    A line follows for each file that lies there instead, with what it is and the way on.
    place: the folder to name where no file was found at all.  more_places: others, to look in.
    """
    folder = next((path.parent for path in found.values()), place)
    missing = [stem for stem in FILES if stem not in found]
    said = f"{folder}: no {name} here, expected its four files. Missing: {', '.join(missing)}."
    folders = [folder] if found else [*more_places, place]
    others = (
        describe_others(each, missing, subfolders=not more_places)
        for each in dict.fromkeys(folders)
    )
    return "\n".join([said, *next(filter(None, others), [])])


def unreadable(path: Path, error: OSError, expected: str = "an IDX file") -> DataAccessError:
    """Return the error for a file of a dataset that the system does not let us read."""
    return DataAccessError(
        f"{path}: cannot be read ({error.strerror or error}), expected {expected}.\n"
        "Check its permissions and the disk."
    )


def _files_in(folder: Path, option: str) -> dict[str, Path]:
    """Return the files of one folder: plain before gzipped, in either spelling.

    What is no file, such as a folder or a link to nowhere, is passed over for one that is.
    """
    try:
        names = set(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise DataAccessError(
            f"{folder}: cannot be read ({error.strerror}), expected a folder of IDX files.\n"
            "Check its permissions.",
            option=option,
        ) from error
    found = {}
    for stem in FILES:
        dotted = stem.replace("-idx", ".idx")
        spellings = (stem, dotted, f"{stem}.gz", f"{dotted}.gz")
        if here := [n for n in spellings if n in names and not os.path.isdir(folder / n)]:
            found[stem] = choose_file(folder, here)
    return found


def choose_file(folder: Path, names: Sequence[str]) -> Path:
    """Return the first of these names in a folder that is a file, links followed.

    Where none is, it is the first of all: the error of reading it says what stands there.
    """
    paths = [folder / name for name in names]
    return next((path for path in paths if os.path.isfile(path)), paths[0])
