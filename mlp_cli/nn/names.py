"""What can be chosen, by name. Nothing is imported, so that a command's help can list it."""

from typing import Literal

ActivationName = Literal["sigmoid", "tanh", "relu"]
"""of the hidden layers"""

CostName = Literal["quadratic", "cross-entropy", "log-likelihood"]

InitName = Literal["scaled", "normal"]
"""how the first weights are drawn"""

ScheduleName = Literal["constant", "cosine", "step", "halve-on-plateau"]
"""how the learning rate moves from epoch to epoch"""
