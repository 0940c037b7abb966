"""The history as a table for spreadsheets: one row per epoch."""

import csv
from io import TextIOWrapper
from typing import BinaryIO

from mlp_cli.errors import ExportError
from mlp_cli.runs.checkpoint import HISTORY_KEYS, Run


def write_csv(run: Run, file: BinaryIO) -> None:
    """Write `epoch,eta,cost,validation_accuracy,seconds`; an accuracy that is not there is empty.

    Numbers have all their digits. Raises ExportError where there is no history.
    """
    if not run.history:
        raise ExportError("no history, expected an epoch at least: it was not trained here.")
    text = TextIOWrapper(file, "ascii", newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HISTORY_KEYS)
    table.writerows([entry[key] for key in HISTORY_KEYS] for entry in run.history)
    text.detach()  # flushes, and leaves the file open
