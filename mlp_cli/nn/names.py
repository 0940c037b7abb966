"""The choices for a network, by name. Nothing heavy is imported: a command's help lists them."""

from typing import Literal

ActivationName = Literal["sigmoid", "tanh", "relu"]
"""the activation function of the hidden layers"""

CostName = Literal["quadratic", "cross-entropy", "log-likelihood"]
"""the cost function to minimise, which decides the activation of the output layer"""

InitName = Literal["scaled", "normal"]
"""the distribution of the initial weights"""

DtypeName = Literal["float32", "float64"]
"""the precision of the parameters"""
