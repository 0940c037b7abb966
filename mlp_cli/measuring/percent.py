"""How a fraction is written: without NumPy, so that a command's help can load it."""


def percent(fraction: float | None) -> str:
    """Return a fraction as in `95.31 %`, or `-` for None."""
    return "-" if fraction is None else f"{fraction * 100:.2f} %"
