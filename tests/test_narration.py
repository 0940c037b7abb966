"""The line that an epoch gets on the screen."""

import pytest

from mlp_cli.commands.shared.narration import epoch_line
from mlp_cli.learning.sgd import EpochResult

EPOCH = EpochResult(7, 3.0, 0.03214, 9531, 0.9531, 0.21, 0.03951, 0.97018)
UNVALIDATED = EpochResult(7, 3.0, 0.03214, None, None, 0.021, None, 0.97018)


@pytest.mark.parametrize(
    ("epoch", "width", "line"),
    [
        (
            EPOCH,
            None,
            "epoch  7/30  cost 0.0321  training 97.02 %  validation 95.31 % (9,531 / 10,000), "
            "cost 0.0395  0.2 s",
        ),
        (
            EPOCH,
            98,
            "epoch  7/30  cost 0.0321  training 97.02 %  validation 95.31 %, cost 0.0395  0.2 s",
        ),
        (
            EPOCH,
            80,
            "epoch  7/30  cost 0.0321  training 97.02 %  validation 95.31 %, 0.0395  0.2 s",
        ),
        (UNVALIDATED, 80, "epoch  7/30  cost 0.0321  training 97.02 %  0.02 s"),
    ],
)
def test_an_epochs_figures_stand_on_one_line_of_the_terminal(epoch, width, line):
    assert epoch_line(epoch, 30, 10_000, width) == line
    assert width is None or len(line) <= width


def test_where_validation_has_no_cost_its_accuracy_stands_alone():
    epoch = EpochResult(7, 3.0, 0.03214, 9531, 0.9531, 0.21)
    line = "epoch  7/30  cost 0.0321  validation 95.31 % (9,531 / 10,000)  0.2 s"
    assert epoch_line(epoch, 30, 10_000) == line


def test_a_hundred_epochs_fit_on_eighty_columns():
    epoch = EpochResult(300, 3.0, 0.0321, 9531, 0.9531, 123.4, 0.0395, 0.9702)
    assert len(epoch_line(epoch, 300, 10_000, 80)) <= 80
