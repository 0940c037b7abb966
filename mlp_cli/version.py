"""The version of the program, alone so that everything may read it."""

__version__ = "0.2.0"
