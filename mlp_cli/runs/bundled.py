"""The network that comes with the program, to read pictures before any training.

It is the preset `handwriting`, seed 0, made small by `mlp export --format small`.
"""

from pathlib import Path

PATH = Path(__file__).parent / "handwriting.npz"
IMAGE_SHAPE = (28, 28)
TEST_ACCURACY = 0.993
"""of MNIST's test images, as stored, in half precision"""
