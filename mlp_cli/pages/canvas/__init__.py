"""The page to draw on: one file with the network in it."""
