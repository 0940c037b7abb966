"""The steps in which the files of a dataset arrive, for a command to show."""

from collections.abc import Generator
from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """The file was there already and is intact."""

    file: str


@dataclass(frozen=True)
class Started:
    """A file begins to arrive, or resumes."""

    file: str
    size: int
    """bytes of the complete file"""
    offset: int = 0
    """bytes that an earlier attempt left"""


@dataclass(frozen=True)
class Received:
    """More of the file has arrived."""

    count: int
    """bytes in this step"""


@dataclass(frozen=True)
class Retried:
    """An origin had a temporary fault and will be asked again."""

    file: str
    origin: str
    reason: str
    pause: float
    """seconds until the next attempt"""


@dataclass(frozen=True)
class Refused:
    """An origin does not have the file, or not the published one."""

    file: str
    origin: str
    reason: str


@dataclass(frozen=True)
class Fetched:
    """The file has arrived, is verified, and is in its place."""

    file: str
    size: int
    """bytes"""
    origin: str


Step = Kept | Started | Received | Retried | Refused | Fetched
StepGenerator = Generator[Step, None, None]
"""steps to iterate over; to close it early cleans up at once"""
