"""When a reading deserves doubt: without NumPy, so that a command's help can load it."""

LEAST_CONFIDENCE = 0.5
"""a highest output below this deserves a warning"""
