"""The charts: figures of a run, drawn by matplotlib from plain numbers."""
