"""What the commands share: options, messages, progress, and the group that runs them.

`mlp --help` must answer at once, so the modules here import only Click and what is as light at
the top; NumPy, requests, Pillow and tqdm are imported inside the functions that need them.
"""
