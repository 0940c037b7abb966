"""Ctrl-C and SIGTERM while a network trains: the first asks, the second insists."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Remembers the signal that asked the run to stop."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def is_wanted(self) -> bool:
        """Tell whether a signal has come."""
        return self.signal is not None

    def handle(self, number: int, _: FrameType | None) -> None:
        """Remember the first signal; at the second, stop at once."""
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Catch the signals while the block lasts, so that it can stop where it suits it.

    A checkpoint is written in one step at the end, so even the second signal, which may come
    anywhere, leaves whole files.
    """
    asked = Interruption()
    before = {number: signal.signal(number, asked.handle) for number in SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
