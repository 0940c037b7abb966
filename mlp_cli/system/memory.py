"""Whether the system has memory for this process, asked before it is needed."""

import mmap
import sys

if sys.platform != "win32":  # loaded now, since a process without memory can load nothing
    import resource


def has_room(size: int) -> bool:
    """Return whether the system gives this many bytes of address space. They are given back."""
    try:
        mmap.mmap(-1, size).close()
    except (OSError, MemoryError):
        return False
    return True


def address_space_limit() -> int | None:
    """Return the bytes of address space that the process may have; None without a limit."""
    if sys.platform != "win32":
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            return limit
    return None
