"""The checkpoint: one .npz file that holds a run, readable by anyone with np.load.

W2, b2, W3, b3, ...   the parameters of the best validation epoch, named as in the notes
meta                  a JSON string: settings, history, best epoch, test accuracy, versions
resume/...            the parameters after the last epoch, the velocities of momentum, and the
                      state of the shuffling: all that continuing the run to the bit needs
"""

from mlp_cli.checkpoint.loading import load_checkpoint
from mlp_cli.checkpoint.record import Checkpoint, Entry, ResumeState

__all__ = ["Checkpoint", "Entry", "ResumeState", "load_checkpoint"]
