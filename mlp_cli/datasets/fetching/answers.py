"""Check what a mirror answers: whether it is the file we asked for, and if not, why."""

import re

import requests
import urllib3
from urllib3.exceptions import InvalidHeader

from mlp_cli.datasets.fetching.published_file import PublishedFile

TEMPORARY_STATUSES = {429, 500, 502, 503, 504}
"""HTTP statuses of a server that may answer better a little later"""


class OriginError(Exception):
    """One origin failed; the next one may do better."""

    def __init__(
        self,
        reason: str,
        *,
        temporary: bool = False,
        pause: float | None = None,
        resuming: bool = False,
    ) -> None:
        super().__init__(reason)
        self.temporary = temporary
        """the same request may succeed a little later"""
        self.pause = pause
        """seconds to wait, where the mirror gives a time"""
        self.resuming = resuming
        """resuming failed; a request for the complete file may succeed"""


def first_byte(response: requests.Response, file: PublishedFile, offset: int) -> int:
    """Return the position in the file where the answer begins: `offset`, or 0.

    Raises OriginError where it does not answer our request.
    """
    status, header = response.status_code, response.headers
    if offset and status == requests.codes.partial:
        found, expected = header.get("Content-Range"), f"bytes {offset}-{file.size - 1}"
        if found not in (f"{expected}/{file.size}", f"{expected}/*"):
            reason = f"Content-Range {brief(found)}, expected {expected}/{file.size}"
            raise OriginError(reason, resuming=True)
        start = offset
    elif status == requests.codes.ok:
        start = 0
    else:
        raise OriginError(
            f"HTTP status {status}, expected 200",
            temporary=status in TEMPORARY_STATUSES,
            pause=_pause(header.get("Retry-After")),
            resuming=status == requests.codes.range_not_satisfiable,
        )
    length = header.get("Content-Length", "")[:20]  # no file has more digits
    if length.isdecimal() and int(length) != file.size - start:
        reason = f"Content-Length {int(length):,}, expected {file.size - start:,}"
        beginning = response.raw.read(512, decode_content=False)
        raise OriginError(foreign(beginning) or reason, resuming=start > 0)
    return start


def _pause(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or as a date."""
    try:
        return urllib3.Retry().parse_retry_after(retry_after) if retry_after else None
    except (InvalidHeader, ValueError, OverflowError):
        return None


def foreign(beginning: bytes) -> str | None:
    """Return what these first bytes show, or None where they may begin a published file."""
    if re.match(rb"\s*<(!doctype\s+html|html|head|body)\b", beginning, re.IGNORECASE):
        return "an HTML page, not the file"
    if beginning.startswith((b"\0\0\x08\x01", b"\0\0\x08\x03")):
        return "the file unpacked on the way, expected it gzipped as it was published"
    return None


def root_cause(error: BaseException) -> BaseException:
    """Return what an error of requests comes from: the errors of pools and proxies wrap it."""
    wrapped = error.args[0] if error.args else None
    cause = getattr(wrapped, "reason", None) or wrapped
    cause = getattr(cause, "original_error", None) or cause
    return cause if isinstance(cause, Exception) else error


def plain_reason(error: BaseException) -> str:
    """Return the reason of an error of requests, without the objects that its text begins with."""
    # As in "HTTPSConnection(host=..., port=443): Failed ...".
    text = re.sub(r"^(<[^>]*>|\w+\([^)]*\)): ", "", str(root_cause(error))).rstrip(".")
    return brief(text) or type(error).__name__


def brief(said: object) -> str:
    """Return a text as one line of at most 200 printable characters."""
    return "".join(c if c.isprintable() else "?" for c in str(said)[:200])
