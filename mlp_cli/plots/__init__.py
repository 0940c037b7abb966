"""Charts, drawn by matplotlib, which is an optional package."""
