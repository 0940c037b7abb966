"""How many processor cores this process may use."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def usable_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may use: those it is bound to, and no more than its quota.

    A container, or a job of a cluster, may see every core of its machine and have the time of a
    few. A part of a core is no core, since threads that share a product wait for the slowest.

    root: the folder that holds the system's `proc` and `sys`.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    return max(1, min([cores, *(int(quota) for quota in _quotas(root))]))


def _quotas(root: Path) -> Iterator[float]:
    """Yield the quotas of processor time, in cores, of the process's control groups on Linux."""
    for folder in _control_groups(root):
        # Version 2 has "QUOTA PERIOD" in one file, version 1 has two; in microseconds.
        texts = _read(folder / "cpu.max").split() or [
            *_read(folder / "cpu.cfs_quota_us").split(),
            *_read(folder / "cpu.cfs_period_us").split(),
        ]
        try:
            quota, period = map(int, texts)
        except ValueError:  # "max": none; or there is no such file
            continue
        if quota > 0 and period > 0:  # -1: none
            yield quota / period


def _control_groups(root: Path) -> Iterator[Path]:
    """Yield the folders of the process's groups and of the groups that these are in."""
    mounts = root / "sys" / "fs" / "cgroup"
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        # Version 2 has one hierarchy, without a name; version 1 one for each set of controllers.
        if not controllers or "cpu" in controllers.split(","):
            path = PurePosixPath(group.lstrip("/"))
            # A container may see the groups of its host by a path that it does not have itself.
            for part in (path, *path.parents):
                yield mounts / controllers / part


def _read(path: Path) -> str:
    """Return the text of a file; an empty one where there is none, or it cannot be read."""
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""
