"""Train a multilayer perceptron on MNIST, with nothing but NumPy."""

__version__ = "0.1.0"
