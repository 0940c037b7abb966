"""Start processes of this program that work for it, and end with it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

# This process keeps its cores. The names are those of the libraries that NumPy may be built with.
ONE_THREAD = dict.fromkeys(
    ["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"], "1"
)


def start_python(
    code: str, *, stderr: int | None = None, pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a process that runs Python code with this one's modules, on one thread.

    In the code, `requests` is what this process writes to its stdin, and `answers` is its stdout:
    binary files, both with a buffer.

    stderr, pass_fds: as for subprocess.Popen.
    Raises OSError where no process can be started.
    """
    # Not multiprocessing: its fork is unsafe beside a BLAS with threads, its spawn imports the
    # caller's main module again, and its shared memory outlives a parent that is killed.
    # Not sys.stdout.buffer: with PYTHONUNBUFFERED it has no buffer, and what a process that is
    # stopped and continued has not yet written is lost.
    start = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        "requests, answers = sys.stdin.buffer, open(1, 'wb'); "
    )
    return subprocess.Popen(
        [sys.executable, "-c", start + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=os.environ | ONE_THREAD,
        pass_fds=pass_fds,
    )


def end(child: subprocess.Popen[bytes]) -> None:
    """End a process that was started here, whatever it does, and close its pipes."""
    child.kill()
    with suppress(BrokenPipeError), child:
        pass  # it is waited for
