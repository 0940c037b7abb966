"""A command to be typed next, as the user's shell takes it."""

import os
import shlex
from collections.abc import Iterable

ON_WINDOWS = os.name == "nt"


def command_line(words: Iterable[str]) -> str:
    """Return the words as one line, those quoted that need it.

    Windows' own shell knows double quotes alone, and its paths are full of what others escape.
    """
    if ON_WINDOWS:
        from subprocess import list2cmdline

        return list2cmdline(words)
    return shlex.join(words)
