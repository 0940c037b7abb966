"""Read the digits of many pictures: a second process reads beside this one."""

import pickle
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from subprocess import DEVNULL, Popen
from threading import Thread
from types import TracebackType
from typing import IO, Self

from mlp_cli.errors import PictureError
from mlp_cli.images.digit import Digit
from mlp_cli.images.reading import digit_in, open_picture
from mlp_cli.system.children import end, start_python
from mlp_cli.system.cores import usable_cores

FEWEST = 100
"""pictures: fewer are read before a second process has started"""
MOST_ASKED = 8
"""pictures that the second process has been asked for, so that it need not wait for the next"""
MOST_AHEAD = 100
"""pictures that are read, or asked for, before the caller wants them"""

Outcome = Digit | PictureError
"""the digit of a picture, or why the picture cannot be read"""
Answers = SimpleQueue[tuple[int, Outcome] | None]
"""numbers of pictures, with what became of them; None where no more will come"""


class DigitReader:
    """Reads the digit of picture after picture, most of them before they are asked for.

        with DigitReader(paths, (28, 28), raw=False) as reader:
            for path in paths:
                digit = reader.read(path)

    Two processes take the pictures from the front of the row, each the next that is free. This one
    never waits: where the other fails, is slow, or somebody stops it, this one reads its pictures.
    """

    def __init__(self, paths: Sequence[Path], shape: tuple[int, ...], *, raw: bool) -> None:
        self._paths = paths
        self._shape = shape
        self._raw = raw
        self._next = 0
        """number of the picture that the caller asks for next"""
        self._free = 0
        """number of the first picture that nobody has begun"""
        self._asked: set[int] = set()
        """numbers of pictures that the helper has not answered yet"""
        self._outcomes: dict[int, Outcome] = {}
        self._answers = Answers()
        self._collector: Thread | None = None
        self.helper: Popen[bytes] | None = None
        """the second process, while it lives"""

    def __enter__(self) -> Self:
        if len(self._paths) >= FEWEST and usable_cores() > 1:
            # No process or no thread can be started: all pictures are read here.
            with suppress(OSError, RuntimeError):
                self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def read(self, path: Path) -> Digit:
        """Return the digit of a picture; with `raw`, the picture itself.

        It is fastest to ask for one picture after the other, from the first on.
        Raises PictureError where the picture cannot be read.
        """
        number = self._next
        is_alone = self.helper is None and not self._outcomes
        if is_alone or number == len(self._paths) or path != self._paths[number]:
            return _read(path, self._shape, self._raw)
        while number not in self._outcomes:
            self._collect()
            self._ask()
            if number not in self._outcomes:
                mine = self._choose()
                self._outcomes[mine] = _outcome(self._paths[mine], self._shape, self._raw)
        self._next += 1
        outcome = self._outcomes.pop(number)
        if isinstance(outcome, PictureError):
            raise outcome
        return outcome

    def _choose(self) -> int:
        """Return the number of the picture that this process reads now."""
        if self.helper is None:
            return self._next
        if self._free < self._end:
            self._free += 1
            return self._free - 1
        # All are begun. The helper reads the first that it was asked for, so this reads the last.
        return max(self._asked - self._outcomes.keys())

    @property
    def _end(self) -> int:
        """The number behind the last picture that may be begun now."""
        return min(len(self._paths), self._next + MOST_AHEAD)

    def _ask(self) -> None:
        """Give the helper more to read."""
        while self.helper and len(self._asked) < MOST_ASKED and self._free < self._end:
            assert self.helper.stdin is not None
            try:
                pickle.dump((self._free, self._paths[self._free]), self.helper.stdin)
                self.helper.stdin.flush()
            except OSError:
                self._stop()
                return
            self._asked.add(self._free)
            self._free += 1

    def _collect(self) -> None:
        """Take what the helper has answered by now."""
        with suppress(Empty):
            while answer := self._answers.get_nowait():
                number, outcome = answer
                self._asked.discard(number)
                if number >= self._next:  # else it was slow, and the picture was read here
                    self._outcomes[number] = outcome
            self._stop()

    def _start(self) -> None:
        """Start the helper; raise OSError or RuntimeError where that fails."""
        # A process saves four ninths of the time on two cores. A thread saves a sixth: between
        # NumPy's small steps it waits for Python's lock.
        code = "from mlp_cli.images.many import answer_requests; answer_requests(requests, answers)"
        helper = self.helper = start_python(code, stderr=DEVNULL)
        is_started = False
        try:
            assert helper.stdin is not None
            assert helper.stdout is not None
            pickle.dump((self._shape, self._raw), helper.stdin)
            arguments = helper.stdout, self._answers
            self._collector = Thread(target=_pass_on, args=arguments, daemon=True)
            self._collector.start()
            is_started = True
        finally:
            if not is_started:
                self._collector = None
                self._stop()

    def _stop(self) -> None:
        """End the helper, whatever it does."""
        helper, self.helper = self.helper, None
        if helper is None:
            return
        helper.kill()
        if self._collector is not None:
            self._collector.join()  # it sees the end of what the helper wrote
        end(helper)


def _read(path: Path, shape: tuple[int, ...], raw: bool) -> Digit:
    return digit_in(open_picture(path), shape, raw=raw)


def _outcome(path: Path, shape: tuple[int, ...], raw: bool) -> Outcome:
    try:
        return _read(path, shape, raw)
    except PictureError as error:
        return error


def _pass_on(received: IO[bytes], answers: Answers) -> None:
    """Run as a thread: pass on what the helper writes, until it ends."""
    with suppress(EOFError, pickle.UnpicklingError):
        while True:
            answers.put(pickle.load(received))
    answers.put(None)


def answer_requests(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Run as the helper: read one picture after the other, as they are asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller answers Ctrl-C
    shape, raw = pickle.load(requests)
    with suppress(EOFError):  # the caller has ended
        while True:
            number, path = pickle.load(requests)
            pickle.dump((number, _outcome(path, shape, raw)), answers)
            answers.flush()
