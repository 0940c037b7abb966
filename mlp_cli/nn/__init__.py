"""The notes, in code: NumPy only. No files, no options, no printing."""
