"""The page to draw on, and its scripts."""
