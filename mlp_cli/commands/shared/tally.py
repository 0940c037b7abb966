"""How many pictures have been read: a bar while that takes long, and a line at the end."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from mlp_cli.commands.shared.text import note, note_above, say, shows_bars

if TYPE_CHECKING:
    from tqdm import tqdm

Found = TypeVar("Found")

BAR_AFTER = 1.0
"""seconds after which a call counts as long"""


class Tally:
    """Counts pictures that are read, doubtful, or not read.

    The bar is on stderr, where results do not scroll by on the same terminal.
    """

    def __init__(self, pictures: int, failures: int) -> None:
        """Begin with the pictures to read, and the arguments that stand for none."""
        self._expected = pictures
        self._read = self._doubtful = 0
        self._not_read = failures
        self._bar: tqdm[Any] | None = None

    @property
    def has_failed(self) -> bool:
        """Whether anything could not be read."""
        return self._not_read > 0

    def follow(self, readings: Iterable[Found]) -> Iterator[Found]:
        """Yield the readings, with a bar over them where one can be seen."""
        is_elsewhere = sys.stdout is not None and not sys.stdout.isatty()
        if self._expected < 2 or not (shows_bars() and is_elsewhere):
            yield from readings
            return
        from tqdm import tqdm

        with tqdm(total=self._expected, unit="picture", leave=False, delay=BAR_AFTER) as bar:
            self._bar = bar
            for reading in readings:
                yield reading
                bar.update()
        self._bar = None

    def note(self, text: str) -> None:
        """Print a note, above the bar if there is one."""
        note(text) if self._bar is None else note_above(self._bar, text)

    def add_read(self, *, is_doubtful: bool) -> None:
        """Count a picture that was read."""
        self._read += 1
        self._doubtful += is_doubtful

    def add_not_read(self, why: str) -> None:
        """Count a picture that could not be read, and say why, with --quiet too."""
        self._not_read += 1
        say(why) if self._bar is None else note_above(self._bar, why)

    def end(self) -> None:
        """Print the counts, if there was more than one picture: `500 read, 38 doubtful`."""
        if self._expected > 1:
            rest = f", {self._not_read:,} not read" if self._not_read else ""
            note(f"{self._read:,} read, {self._doubtful:,} doubtful{rest}")
