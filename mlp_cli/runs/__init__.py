"""A run from its settings to its file.

Nothing is imported here, so that completion and options can load a name without NumPy.
"""
