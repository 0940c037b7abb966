"""Ctrl-C and SIGTERM while a network trains: they stop it, but not in the middle of saving."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
GRACE = 1.0
"""seconds that a run has to clean up in, undisturbed by further signals"""


class StopError(KeyboardInterrupt):
    """What a signal raises.

    A plain KeyboardInterrupt that comes out of `exec` makes `python -m` end by SIGINT, whatever
    exit status is asked for (CPython's `unhandled_keyboard_interrupt`); and imports run `exec`.
    """


class Interruption:
    """Remembers the signal that asked the run to stop, and decides when it does."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._waits = False
        self._grace_ends = time.monotonic()

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let a signal wait for the end of the block; only a second one breaks into it."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
        if self.signal is not None:
            self._raise()

    def handle(self, number: int, _: FrameType | None) -> None:
        """Raise StopError, unless this is the first signal and it has to wait."""
        waits = self._waits and self.signal is None
        self.signal = self.signal or number
        if not waits:
            self._raise()

    def _raise(self) -> None:
        # What follows is cleaning up, which is short, and a second Ctrl-C must not stop it. But a
        # run that goes on has lost the exception, as Python does with those out of `__del__`.
        now = time.monotonic()
        if now >= self._grace_ends:
            self._grace_ends = now + GRACE
            raise StopError


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Answer the signals by StopError, a KeyboardInterrupt, while the block lasts.

    That may come anywhere. It costs the epoch that is being learnt, which would be lost anyway,
    and leaves whole files, since a checkpoint takes its name in one step at the end.
    """
    asked = Interruption()
    # SIGINT also where a shell has it ignored for what it started in the background: by now
    # somebody has sent it to be heard, and a run that stops can be resumed.
    before = {number: signal.signal(number, asked.handle) for number in SIGNALS}
    hook_before = sys.unraisablehook

    def tell(unraisable: "sys.UnraisableHookArgs") -> None:
        """Tell of an exception that Python lost, but not of a stop: the run ends all the same."""
        if not isinstance(unraisable.exc_value, StopError):
            hook_before(unraisable)

    sys.unraisablehook = tell
    try:
        yield asked
    finally:
        sys.unraisablehook = hook_before
        for number, handler in before.items():
            signal.signal(number, handler)
