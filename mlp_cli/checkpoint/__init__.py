"""The checkpoint: one .npz file that holds a run, readable by anyone with np.load.

W2, b2, W3, b3, ...   the parameters of the best validation epoch, named as in the notes
meta                  a JSON string: settings, history, best epoch, test accuracy, versions
resume/...            the parameters after the last epoch, the velocities of momentum, and the
                      state of the shuffling: all that continuing the run to the bit needs

A checkpoint made small has its parameters in half precision, which meta's `stored_dtype` says,
packed, and nothing under resume/; one of a network that was trained elsewhere has no history.
"""

from mlp_cli.checkpoint.facts import read_facts
from mlp_cli.checkpoint.loading import load_checkpoint
from mlp_cli.checkpoint.record import HISTORY_KEYS, Checkpoint, Entry, ResumeState
from mlp_cli.checkpoint.small import write_small

__all__ = [
    "HISTORY_KEYS",
    "Checkpoint",
    "Entry",
    "ResumeState",
    "load_checkpoint",
    "read_facts",
    "write_small",
]
