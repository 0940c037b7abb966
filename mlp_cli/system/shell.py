"""Write a command for the user to type next, quoted for their shell."""

import os
import shlex
from collections.abc import Iterable

ON_WINDOWS = os.name == "nt"


def command_line(words: Iterable[str], *, windows: bool = ON_WINDOWS) -> str:
    """Return the words as one line, quoted where needed.

    The shell of Windows knows only double quotes, and its paths hold backslashes, which other
    shells would escape.

    windows: quote for the shell of Windows.
    """
    if windows:
        from subprocess import list2cmdline

        return list2cmdline(words)
    return shlex.join(words)
