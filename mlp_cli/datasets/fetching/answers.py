"""What a mirror answers: whether it is the file that was asked for, and why not."""

import re

import requests
import urllib3
from urllib3.exceptions import InvalidHeader

from mlp_cli.datasets.catalogue import PublishedFile

PASSING = {429, 500, 502, 503, 504}
"""HTTP statuses of a server that may well answer better a little later"""


class OriginError(Exception):
    """What one origin did wrong; the next one may do better."""

    def __init__(
        self,
        reason: str,
        *,
        passing: bool = False,
        pause: float | None = None,
        continuing: bool = False,
    ) -> None:
        super().__init__(reason)
        self.passing = passing
        """the same question may get a better answer a little later"""
        self.pause = pause
        """how many seconds later, where the mirror says so"""
        self.continuing = continuing
        """what failed was to go on from the middle: asking for the whole file may do"""


def first_byte(response: requests.Response, file: PublishedFile, offset: int) -> int:
    """Return where in the file the answer begins. Raises OriginError where it is none to us."""
    status, header = response.status_code, response.headers
    if offset and status == requests.codes.partial:
        found, expected = header.get("Content-Range"), f"bytes {offset}-{file.size - 1}"
        if found not in (f"{expected}/{file.size}", f"{expected}/*"):
            reason = f"Content-Range {brief(found)}, expected {expected}/{file.size}"
            raise OriginError(reason, continuing=True)
        start = offset
    elif status == requests.codes.ok:
        start = 0
    else:
        raise OriginError(
            f"HTTP status {status}, expected 200",
            passing=status in PASSING,
            pause=_pause(header.get("Retry-After")),
            continuing=status == requests.codes.range_not_satisfiable,
        )
    length = header.get("Content-Length", "")
    if length.isdecimal() and int(length) != file.size - start:
        reason = f"Content-Length {int(length):,}, expected {file.size - start:,}"
        beginning = response.raw.read(512, decode_content=False)
        raise OriginError(foreign(beginning) or reason, continuing=start > 0)
    return start


def _pause(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number of them, or a date."""
    try:
        return urllib3.Retry().parse_retry_after(retry_after) if retry_after else None
    except (InvalidHeader, ValueError, OverflowError):
        return None


def foreign(beginning: bytes) -> str | None:
    """Say what begins like this where it plainly is something else than a published file."""
    if re.match(rb"\s*<(!doctype\s+html|html|head|body)\b", beginning, re.IGNORECASE):
        return "an HTML page, not the file"
    if beginning.startswith((b"\0\0\x08\x01", b"\0\0\x08\x03")):
        return "the file unpacked on the way, expected it gzipped as it was published"
    return None


def brief(said: object) -> str:
    """Return what was said in one line of bounded length that does no harm to a terminal."""
    return "".join(c if c.isprintable() else "?" for c in str(said)[:200])
