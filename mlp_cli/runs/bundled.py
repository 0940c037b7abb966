"""The networks that come with the program: one to read pictures, three that know pages.

The first is there before any training. It is the preset `handwriting`, seed 0, made small by
`mlp export --format small`. The others are made by `python -m tests.cutting` and `tests.likeness`.
"""

from pathlib import Path

PATH = Path(__file__).parent / "handwriting.npz"
CONTACTS_PATH = Path(__file__).parent / "contacts.npz"
WHOLES_PATH = Path(__file__).parent / "wholes.npz"
DIGITS_PATH = Path(__file__).parent / "digits.npz"
IMAGE_SHAPE = (28, 28)
TEST_ACCURACY = 0.993
"""of MNIST's test images, as stored, in half precision"""
