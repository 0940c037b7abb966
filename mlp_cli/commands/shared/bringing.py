"""Show how the files of a dataset arrive."""

from contextlib import closing
from typing import TYPE_CHECKING

from mlp_cli.commands.shared.text import note_above, shows_bars

if TYPE_CHECKING:
    from mlp_cli.datasets.steps import StepGenerator


def show_steps(steps: "StepGenerator") -> None:
    """Follow the steps to the end: a bar of bytes in a terminal, and a line for each file.

    Where a signal ends it early, the steps clean up at once.
    """
    from tqdm import tqdm

    from mlp_cli.datasets.steps import Fetched, Kept, Received, Refused, Retried, Started

    hidden = not shows_bars()
    with closing(steps), tqdm(unit="B", unit_scale=True, leave=False, disable=hidden) as bar:
        refusals: list[Refused] = []
        for step in steps:
            match step:
                case Started(file, size, offset):
                    bar.set_description_str(file, refresh=False)
                    bar.reset(total=size)
                    bar.n = bar.initial = offset
                case Received(count):
                    bar.update(count)
                case Kept(file):
                    note_above(bar, f"{file}: already there and intact")
                case Retried(file, origin, reason, pause):
                    note_above(bar, f"{file}: {origin}: {reason}; again in {pause:.0f} s")
                case Refused():
                    refusals.append(step)
                case Fetched(file, size, origin):
                    # Only now: where every source fails, the error lists all refusals.
                    for refusal in refusals:
                        note_above(bar, f"{file}: {refusal.origin}: {refusal.reason}")
                    refusals.clear()
                    note_above(bar, f"{file}: {size:,} bytes from {origin}")
