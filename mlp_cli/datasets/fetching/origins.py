"""Where a file comes from: a folder, or a mirror with all that it may do wrong."""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread

import requests
import urllib3
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from mlp_cli.datasets.catalogue import PublishedFile
from mlp_cli.datasets.fetching.answers import OriginError, brief, first_byte, foreign

CHUNK = 1 << 16
REDIRECTS = 5

Piece = tuple[int, bytes]
"""where in the file these bytes belong, and the bytes"""


@dataclass(frozen=True)
class Patience:
    """How long, in seconds, and how often a mirror is tried."""

    connect: float = 10
    """for a connection"""
    chunk: float = 30
    """for an answer, for its next byte, and for every CHUNK of it: the slowest rate we bear"""
    retries: int = 3
    """how often in a row a fault that passes is waited out without more of the file coming"""
    backoff: float = 0.5
    """doubles into the pause before the second retry, the third, ...; the first comes at once"""
    longest_pause: float = 30
    """a mirror may ask for a pause, but for no longer one"""


def ask(
    origin: str | Path, file: PublishedFile, offset: int, patience: Patience
) -> Generator[Piece, None, None]:
    """Yield the bytes of a file from `offset` on; from 0 where a mirror cannot begin elsewhere.

    They are the file's bytes as they lie there: nothing is unpacked, whatever a mirror says of
    their encoding. It is over soon after the file's size is passed, however much there is.
    Raises OriginError for whatever the origin does wrong.
    """
    if isinstance(origin, Path):
        return _read_folder(origin, file, offset)
    return _hurried(_read_mirror(origin, file, offset, patience), patience)


def _read_folder(folder: Path, file: PublishedFile, offset: int) -> Generator[Piece, None, None]:
    try:
        path = folder / file.name
        if not path.exists():
            path = folder / file.name.replace("-idx", ".idx")
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size != file.size:
                raise OriginError(f"{size:,} bytes, expected {file.size:,}")
            position = stream.seek(offset)
            while position < file.size and (chunk := stream.read(CHUNK)):
                yield position, chunk
                position += len(chunk)
    except OSError as error:
        raise OriginError(error.strerror or str(error)) from error


def _hurried(
    pieces: Generator[Piece, None, None], patience: Patience
) -> Generator[Piece, None, None]:
    """Yield the pieces of a mirror, giving it up where one takes longer than our patience.

    The timeout of a socket begins anew with every byte, so a mirror that drips, be it the header
    of its answer, would hold us for ever. The pieces are therefore made in a thread of their own.
    One that was given up ends by itself at its next piece, or with the program.
    """
    arrivals: SimpleQueue[Piece | OriginError | None] = SimpleQueue()
    given_up = Event()

    def make() -> None:
        try:
            with closing(pieces):
                for piece in pieces:
                    arrivals.put(piece)
                    if given_up.is_set():
                        return
        except OriginError as error:
            arrivals.put(error)
        finally:
            arrivals.put(None)

    Thread(target=make, daemon=True).start()
    try:
        while (arrival := arrivals.get(timeout=patience.chunk)) is not None:
            if isinstance(arrival, OriginError):
                raise arrival
            if arrival[1]:
                yield arrival
    except Empty:
        raise _too_slow(patience) from None
    finally:
        given_up.set()


class _Session(requests.Session):
    """Follows redirects without reading what comes with them, which may have no end."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        if resp.is_redirect:
            resp.raw.close()
        return super().get_redirect_target(resp)


def _read_mirror(
    mirror: str, file: PublishedFile, offset: int, patience: Patience
) -> Generator[Piece, None, None]:
    """Ask a mirror once, and check its answer as far as can be without the sum."""
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={offset}-"} if offset else {})}
    timeout = (patience.connect, patience.chunk)
    try:
        with _Session() as session:
            session.max_redirects = REDIRECTS
            with session.get(
                file.url(mirror), headers=headers, stream=True, timeout=timeout
            ) as response:
                # Before its version 2, urllib3 takes a body that ends early for a whole one.
                response.raw.enforce_content_length = True
                position = first_byte(response, file, offset)
                yield position, b""  # the answer itself is not to be waited for longer either
                for chunk in _whole_chunks(response.raw):
                    if position == 0 and (reason := foreign(chunk)):
                        raise OriginError(reason)
                    yield position, chunk
                    position += len(chunk)
                    if position > file.size:
                        return
    # Some malformed addresses, given or redirected to, pass requests by as ValueErrors, and a
    # bundle of certificates that is not there is an OSError.
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _explain(error, patience) from error


def _whole_chunks(body: urllib3.HTTPResponse) -> Iterator[bytes]:
    """Yield the body in pieces of CHUNK at least, the last one possibly smaller.

    A mirror may send it in chunks of one byte, each in good time.
    """
    gathered = bytearray()
    try:
        for piece in body.stream(CHUNK, decode_content=False):
            gathered += piece
            if len(gathered) >= CHUNK:
                yield bytes(gathered)
                gathered.clear()
    except ProtocolError:
        yield bytes(gathered)  # what came before the connection broke off is good
        raise
    yield bytes(gathered)


def _explain(error: Exception, patience: Patience) -> OriginError:
    """Say in a few words what requests met."""
    # A pool's error wraps the one that says what happened.
    wrapped = error.args[0] if error.args else None
    cause = getattr(wrapped, "reason", None) or (
        wrapped if isinstance(wrapped, Exception) else error
    )
    if isinstance(error, requests.ConnectTimeout):
        return OriginError(f"no connection within {patience.connect:g} s")
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return _too_slow(patience)
    if isinstance(cause, ProtocolError):
        return OriginError(f"the connection broke off ({brief(cause.args[-1])})", passing=True)
    # It begins with the connection: "HTTPSConnection(host=..., port=443): Failed to resolve ...".
    text = re.sub(r"^(<[^>]*>|\w+\([^)]*\)): ", "", str(cause)).rstrip(".")
    return OriginError(brief(text) or type(error).__name__)


def _too_slow(patience: Patience) -> OriginError:
    return OriginError(f"no answer, or less than {CHUNK >> 10} KiB, in {patience.chunk:g} s")
