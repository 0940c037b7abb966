"""Ctrl-C and SIGTERM while a network trains: the first asks, the second insists."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Remembers the signal that asked the run to stop, and decides when it does."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._waits = False
        self._has_raised = False

    def is_wanted(self) -> bool:
        """Tell whether a signal has come."""
        return self.signal is not None

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let a signal wait for the end of the block; only a second one breaks into it."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
        if self.is_wanted():
            self._raise()

    def handle(self, number: int, _: FrameType | None) -> None:
        """Raise KeyboardInterrupt, unless this is the first signal and it has to wait."""
        waits = self._waits and not self.is_wanted()
        self.signal = self.signal or number
        if not waits:
            self._raise()

    def _raise(self) -> None:
        # Once: what follows is cleaning up, which is short, and a key held down must not stop it.
        if not self._has_raised:
            self._has_raised = True
            raise KeyboardInterrupt


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Catch the signals while the block lasts.

    A checkpoint takes its name in one step at the end, so even a signal that breaks into the
    writing leaves whole files. What the caller ignores, as nohup does, stays ignored.
    """
    asked = Interruption()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    caught = [number for number in SIGNALS if before[number] is not signal.SIG_IGN]
    for number in caught:
        signal.signal(number, asked.handle)
    try:
        yield asked
    finally:
        for number in caught:
            signal.signal(number, before[number])
