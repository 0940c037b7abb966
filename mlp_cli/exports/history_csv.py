"""The history of a run as a table for spreadsheets: one row per epoch."""

import csv
from io import TextIOWrapper
from typing import BinaryIO

from mlp_cli.errors import ExportError
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.history import HISTORY_KEYS


def write_csv(run: Run, file: BinaryIO) -> None:
    """Write a column for each of HISTORY_KEYS; what an epoch lacks is left empty.

    Numbers have all their digits. Raises ExportError for a run without a history.
    """
    if not run.history:
        raise ExportError(
            "no history, expected at least one epoch: the network was trained elsewhere."
        )
    text = TextIOWrapper(file, "ascii", newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HISTORY_KEYS)
    table.writerows([entry.get(key) for key in HISTORY_KEYS] for entry in run.history)
    text.detach()  # this flushes and leaves the file open
