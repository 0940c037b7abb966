"""How a network learns, and fast: engines, epochs, schedules, dropout, distorted images.

Nothing is imported here, so that a command's help can load a name without NumPy.
"""
