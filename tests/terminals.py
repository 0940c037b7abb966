"""Commands run in a pseudo-terminal of 80 columns."""

import os
import pty
import subprocess
import termios
import threading


def run_in_terminal(command, stdout=subprocess.PIPE):
    """Run with stderr on a pseudo-terminal, and stdout too where it is None.

    Return what the terminal showed, stdout, and the exit status.
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    shown = []

    def read():
        while True:
            try:
                shown.append(os.read(ours, 4096))
            except OSError:  # the other end is closed
                return

    process = subprocess.Popen(command, stdout=theirs if stdout is None else stdout, stderr=theirs)
    os.close(theirs)
    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=60)
    reader.join(timeout=10)
    os.close(ours)
    return b"".join(shown).decode(), (out or b"").decode(), process.returncode
