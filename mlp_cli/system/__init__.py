"""What the operating system is asked for: files that are complete or absent, a shell, signals."""
