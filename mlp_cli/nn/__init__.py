"""The derivation in code, with NumPy alone: no files, no options, no printing.

`docs/derivation.md` has the mathematics; a Fact that is named here has its number there.
"""
