"""The folder of a sweep: its plan first, then its runs, and one writer for all of it."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from mlp_cli.errors import CheckpointError, ClaimError, SweepError
from mlp_cli.runs.pretrained import Pretrained
from mlp_cli.sweeps.plan import PLAN, Plan, read_plan
from mlp_cli.system.files import creating, open_locked, sweep
from mlp_cli.system.locks import FILES_STAY_OPEN

START = "sweep.start"
"""the checkpoint that every run begins with, if it is one: not .npz, since it is no run here"""


class FolderClaim:
    """The folder of a sweep, whose runs this process alone starts until the claim is closed.

    The plan's file is locked, so the claim ends with the process, however it ends.
    """

    def __init__(self, descriptor: int | None, *, is_new: bool) -> None:
        self._descriptor = descriptor
        self.is_new = is_new
        """whether the sweep begins here"""

    @classmethod
    def begin_or_take(cls, folder: Path, plan: Plan) -> Self:
        """Write the plan to a new or empty folder, or take over the folder of the same plan.

        Raises SweepError where the folder holds another plan, or something else, or cannot be
        written; ClaimError where another process has it.
        """
        path, held = folder / PLAN, None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(path):
                _require_empty(folder)
                with creating(path) as file:
                    file.write(plan.to_toml().encode())
                    held = os.dup(file.fileno()) if FILES_STAY_OPEN else None
                return cls(held, is_new=True)
        except FileExistsError as error:
            if not folder.is_dir():
                raise SweepError(f"{folder}: a file, expected a folder for a sweep.") from error
            # Another process was faster: its plan decides.
        except OSError as error:
            raise SweepError(
                f"{folder}: cannot be written ({error.strerror or error}).\n"
                "Check the disk and its permissions, or name another folder with -o."
            ) from error
        require_same(folder, read_plan(folder), plan)
        sweep(folder, PLAN)
        return cls(_lock(folder / PLAN), is_new=False)

    def close(self) -> None:
        """Give the claim up."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def keep_start(folder: Path, start: Pretrained) -> None:
    """Keep the network that every run begins with in the folder of a sweep.

    Raises CheckpointError where that cannot be written.
    """
    if not os.path.lexists(folder / START):
        start.save(folder / START)


def read_kept_start(folder: Path, plan: Plan) -> Pretrained | None:
    """Return the network that every run of a sweep begins with; None: random parameters.

    Raises SweepError where its file is gone, or holds another.
    """
    if not plan.start:
        return None
    name, path = plan.start["checkpoint"], folder / START
    try:
        start = Pretrained.load(path, name)
        if start.digest == plan.start["parameters"]:
            return start
        reason = f"{path}: holds another network than {name}."
    except CheckpointError as error:
        reason = str(error).partition("\n")[0]
    raise SweepError(
        f"{reason}\nMove it away, and give the sweep's own options again, with --from: its runs "
        "begin there."
    )


def find_plan(folder: Path, plan: Plan) -> Plan | None:
    """Return the plan in a folder, if it is this one but for its data; None in a free folder.

    Raises SweepError where the folder holds another plan, or something else.
    """
    if os.path.lexists(folder / PLAN):
        theirs = read_plan(folder)
        require_same(folder, theirs, with_data(plan, theirs.data))
        return theirs
    if folder.is_dir():
        _require_empty(folder)
    return None


def with_data(plan: Plan, fingerprints: Mapping[str, str]) -> Plan:
    """Return the plan for these data: the fingerprint of each dataset, by its name."""
    return replace(plan, data=dict(fingerprints))


def require_same(folder: Path, theirs: Plan, plan: Plan) -> None:
    """Raise SweepError where the plan in a folder is another."""
    if differences := theirs.differences(plan):
        raise SweepError(
            f"{folder}: the sweep here is another: {'; '.join(differences)}.\n"
            "Name another folder with -o, or resume this one with its own options."
        )


def _require_empty(folder: Path) -> None:
    """Raise SweepError for a folder that holds anything; hidden files do no harm."""
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    if names:
        raise SweepError(
            f"{folder}: holds {names[0]!r} and no {PLAN}, expected a new folder or that of a "
            "sweep.\nName another folder with -o."
        )


def _lock(path: Path) -> int | None:
    """Lock a plan's file; return its descriptor, or None where the system has no such locks.

    Where the file system has none, every run is claimed by whoever trains it.
    """
    if not FILES_STAY_OPEN:
        return None
    try:
        return open_locked(path, lambda: os.open(path, os.O_RDONLY))
    except BlockingIOError as error:
        raise ClaimError(
            f"{path.parent}: another mlp is running this sweep.\n"
            "Wait until it ends, or stop it; then resume the sweep."
        ) from error
