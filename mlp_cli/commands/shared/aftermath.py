"""What a stopped training leaves behind, and the command that resumes it."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlp_cli.errors import CheckpointError
from mlp_cli.runs.schema import as_typed
from mlp_cli.runs.settings import CHANGEABLE, Settings
from mlp_cli.system.shell import command_line

if TYPE_CHECKING:
    from mlp_cli.runs.claim import Claim


class Records(NamedTuple):
    """Where a run is recorded beside its checkpoint."""

    log: Path | None = None
    tensorboard: Path | None = None

    @property
    def options(self) -> list[str]:
        """The options of `mlp train` that record it there."""
        pairs = [(as_typed(name), str(path)) for name, path in self._asdict().items() if path]
        return [word for pair in pairs for word in pair]


def what_is_left(
    claim: "Claim | None",
    wanted: Settings | None,
    records: Records,
    too_large: str | None = None,
) -> str:
    """Say what the checkpoint holds, and how to resume the run.

    claim: on the checkpoint; None where the training had not begun.
    records: those that go on when the run is resumed.
    wanted: the settings that the run was to be resumed with, which the file may not have yet.
    too_large: the one among them that must be smaller before the run can be resumed.
    """
    if claim is None or not claim.is_kept:
        return "No epoch was finished: nothing is saved."
    path = claim.path
    # Not before: NumPy cannot be imported again where a signal broke into its first import.
    from mlp_cli.runs.reading import load_checkpoint

    try:
        saved = load_checkpoint(path)
    except CheckpointError as error:
        return str(error)
    wanted = wanted or saved.settings
    words = ["mlp", "train", "--resume", "--checkpoint", str(path)]
    for name in ("dataset", "data_dir", *sorted(CHANGEABLE)):
        value = getattr(wanted, name)
        if value != getattr(saved.settings, name) and name != too_large:
            words += [as_typed(name), str(value)]
    command = command_line([*words, *records.options])
    if too_large:
        command = f"{command} --{too_large} X, with X below {getattr(wanted, too_large)}"
    return (
        f"{path} is intact: {len(saved.history)} of {wanted.epochs} epochs saved.\n"
        f"Resume with: {command}"
    )
