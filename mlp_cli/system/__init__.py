"""The operating system: files that are complete or absent, the user's shell, signals."""
