"""The pictures that a command line names, and the files that are saved of them."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_cli.commands.shared.text import note, say
from mlp_cli.errors import OutputError, PictureError
from mlp_cli.system.characters import one_line

if TYPE_CHECKING:
    from mlp_cli.images import Picture

STDIN = "-"

PathFor = Callable[[str], Path]
"""where to save something of the picture of this name"""


def printed(name: str) -> str:
    """Return a picture's name as messages have it."""
    return "standard input" if name == STDIN else one_line(name)


def not_read(name: str, reason: str) -> str:
    """Return the line that says why a picture is not read."""
    return f"Error: {printed(name)}: {one_line(reason)}"


def expand(images: Iterable[str]) -> tuple[list[str], int]:
    """Return the names of the pictures that arguments stand for, folders among them.

    Returns also how many arguments stand for none, which is said: the others are still read.
    """
    names: list[str] = []
    failures = 0
    for image in images:
        try:
            names += _pictures(image)
        except PictureError as error:
            say(not_read(image, str(error)))
            failures += 1
    return names, failures


def open_named(name: str) -> "Picture":
    """Return the picture of a name. Raises PictureError where it cannot be read."""
    from mlp_cli.images import open_picture, open_stream

    return open_stream(sys.stdin) if name == STDIN else open_picture(Path(name))


def _pictures(name: str) -> list[str]:
    from mlp_cli.images import pictures_in

    if name != STDIN and os.path.isdir(name):  # Path.is_dir raises where it may not look
        listing = pictures_in(Path(name))
        if listing.unread:
            note(f"{printed(name)}: not read: {listing.unread}.")
        return [str(path) for path in listing.pictures]
    return [name]


def choose_paths(
    option: str, path: Path, images: Sequence[str], names: Sequence[str], kind: str
) -> PathFor:
    """Return where something of each picture is saved: in this file, for one picture.

    For several, `path` is a folder, with a file for each.
    option: the one that names the path.  kind: what is saved, as `save_image` marks it.
    Raises OutputError where nothing can be written there.
    """
    from mlp_cli.system.outputs import check_output

    if list(images) != list(names) or len(names) > 1:
        return in_folder(path, names, kind)
    if names[0] != STDIN and _is_same_file(names[0], path):
        raise OutputError(f"{option} {path}: the picture that is read, expected another name.")
    check_output(path)
    return lambda _: path


def in_folder(folder: Path, names: Iterable[str], kind: str) -> PathFor:
    """Return a file of its own in a folder for each name.

    names: the pictures that are read.  Raises OutputError where the folder cannot be made.
    """
    from mlp_cli.images import SaveFolder

    return SaveFolder.make(folder, names, kind).path_for


def _is_same_file(one: str, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one is missing or out of reach, which is reported when it is read or written
        return False
