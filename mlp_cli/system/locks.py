"""Locks of the operating system on open files.

They end with the process that has them, however it ends, and a suspended process keeps them. They
are advice: who does not ask for the lock may still read and write.
"""

import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FILES_STAY_OPEN = sys.platform != "win32"
"""whether an open file can be renamed, replaced and removed"""


def lock_file(descriptor: int, *, wait: bool = False) -> None:
    """Lock an open file until it is closed, by all who share this opening.

    wait: wait until nobody else has it locked; on Windows for ten seconds.
    Raises BlockingIOError where somebody else has locked it, another OSError where the file
    system has no locks.
    """
    if sys.platform == "win32":
        # Windows lets nobody else read a locked byte: lock one that none of our files has.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from error
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
