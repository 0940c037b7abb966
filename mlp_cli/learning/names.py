"""The choices for learning, by name. Nothing heavy is imported: a command's help lists them."""

from typing import Literal

ScheduleName = Literal["constant", "cosine", "step", "halve-on-plateau"]
"""how the learning rate changes from epoch to epoch"""

DistortionName = Literal["shift", "affine", "elastic"]
"""how training images are distorted; each kind includes the ones before it"""

EngineName = Literal["compiled", "numpy", "plain"]
"""the code that takes a network through an epoch"""
