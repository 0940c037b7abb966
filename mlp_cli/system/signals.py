"""Let Ctrl-C, SIGTERM and SIGHUP stop a command, but not in the middle of saving."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HANGUP = getattr(signal, "SIGHUP", None)
"""the signal of a terminal that is closed; Windows has none"""
SIGNALS = (signal.SIGINT, signal.SIGTERM, *([HANGUP] if HANGUP else []))
CLEANING_SECONDS = 1.0
"""the time after a signal during which a command cleans up and further signals are ignored"""


class StopError(KeyboardInterrupt):
    """A signal asked the program to stop.

    A plain KeyboardInterrupt that leaves `exec` makes `python -m` end by SIGINT, whatever exit
    status we ask for (CPython's `unhandled_keyboard_interrupt`), and imports run `exec`.
    """


class Interruption:
    """The signal that asked the command to stop, and when it may."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._waits = False
        self._grace_ends = time.monotonic()

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Delay a signal until the end of the block; only a second signal interrupts the block."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
        if self.signal is not None:
            self._raise()

    def handle(self, number: int, _: FrameType | None) -> None:
        """Raise StopError, unless this is the first signal and has to wait."""
        waits = self._waits and self.signal is None
        self.signal = self.signal or number
        if not waits:
            self._raise()

    def _raise(self) -> None:
        # Cleaning up is short, and a second Ctrl-C must not stop it. A run that continues after
        # that has lost the exception: Python drops exceptions that are raised in `__del__`.
        now = time.monotonic()
        if now >= self._grace_ends:
            self._grace_ends = now + CLEANING_SECONDS
            raise StopError


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Raise StopError, a KeyboardInterrupt, for each signal during the block.

    It may be raised anywhere. The current epoch is lost, as it would be anyway, and files stay
    intact, since a file gets its name in one step at the end. Blocks within each other share one
    Interruption, so that the cleaning up of all of them counts as one.
    """
    around = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(around, Interruption):
        yield around
        return
    asked = Interruption()
    # SIGINT too, although shells ignore it for background processes: whoever sends it wants the
    # run to stop, and a run that stops can be resumed. But `nohup` ignores SIGHUP on purpose.
    heard = [n for n in SIGNALS if n != HANGUP or signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, asked.handle) for number in heard}
    hook_before = sys.unraisablehook

    def report(unraisable: "sys.UnraisableHookArgs") -> None:
        """Report an exception that Python lost, except those of a stop: the run ends anyway.

        They are the StopError itself, and the AttributeError of an object that a stop left half
        made: its `__del__` misses an attribute, as a ZipFile's does.
        """
        is_half_made = isinstance(unraisable.exc_value, AttributeError) and asked.signal
        if not (is_half_made or isinstance(unraisable.exc_value, StopError)):
            hook_before(unraisable)

    sys.unraisablehook = report
    try:
        yield asked
    finally:
        sys.unraisablehook = hook_before
        for number, handler in before.items():
            signal.signal(number, handler)
