"""Read a file from a folder, or from a mirror, which may fail in many ways."""

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread

import requests
import urllib3
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from mlp_cli.datasets.fetching.addresses import check_mirror, hide
from mlp_cli.datasets.fetching.answers import (
    OriginError,
    brief,
    first_byte,
    foreign,
    plain_reason,
    root_cause,
)
from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.fetching.session import MirrorSession
from mlp_cli.datasets.files import choose_file
from mlp_cli.system.files import open_regular

PIECE_BYTES = 1 << 16

Piece = tuple[int, bytes]
"""the position of these bytes in the file, and the bytes"""


@dataclass(frozen=True)
class Patience:
    """How long, and how often, we wait for a mirror. Times are in seconds."""

    connect: float = 10
    """the longest wait for a connection"""
    piece: float = 30
    """the longest wait for an answer, and for each PIECE_BYTES of it"""
    retries: int = 3
    """attempts in a row after temporary faults, while no more of the file arrives"""
    backoff: float = 0.5
    """the pause before the second retry is twice this, and doubles; the first has no pause"""
    longest_pause: float = 30
    """the longest pause that a mirror may ask for"""


def ask(
    origin: str | Path, file: PublishedFile, offset: int, patience: Patience
) -> Generator[Piece, None, None]:
    """Yield the bytes of a file from `offset` on; from 0 where a mirror cannot begin elsewhere.

    The bytes are those of the stored file: nothing is unpacked, whatever encoding a mirror
    claims. An answer without end is left soon after the file's size is passed.
    Raises OriginError where the origin fails.
    """
    if isinstance(origin, Path):
        return _read_folder(origin, file, offset)
    return _hurried(_read_mirror(origin, file, offset, patience), patience)


def _read_folder(folder: Path, file: PublishedFile, offset: int) -> Generator[Piece, None, None]:
    try:
        path = choose_file(folder, [file.name, file.name.replace("-idx", ".idx")])
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size != file.size:
                raise OriginError(f"{size:,} bytes, expected {file.size:,}")
            position = stream.seek(offset)
            while position < file.size and (piece := stream.read(PIECE_BYTES)):
                yield position, piece
                position += len(piece)
    except FileNotFoundError as error:
        raise OriginError("No such file in it") from error
    except OSError as error:
        raise OriginError(error.strerror or str(error)) from error


def _hurried(
    pieces: Generator[Piece, None, None], patience: Patience
) -> Generator[Piece, None, None]:
    """Yield the pieces of a mirror, and give up where one takes longer than our patience.

    A socket's timeout begins again with every byte, so a mirror that sends a byte now and then
    would hold us for ever. Therefore a thread of their own makes the pieces. After we give up it
    ends at its next piece, or with the program.
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
        while (arrival := arrivals.get(timeout=patience.piece)) is not None:
            if isinstance(arrival, OriginError):
                raise arrival
            if arrival[1]:
                yield arrival
    except Empty:
        raise _too_slow(patience) from None
    finally:
        given_up.set()


def _read_mirror(
    mirror: str, file: PublishedFile, offset: int, patience: Patience
) -> Generator[Piece, None, None]:
    """Ask a mirror once, and check its answer in all but the checksum."""
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={offset}-"} if offset else {})}
    timeout = (patience.connect, patience.piece)
    check_mirror(mirror)
    try:
        with (
            MirrorSession() as session,
            session.get(
                file.url(mirror), headers=headers, stream=True, timeout=timeout
            ) as response,
        ):
            # Before its version 2, urllib3 accepts a body that ends early as complete.
            response.raw.enforce_content_length = True
            position = first_byte(response, file, offset)
            yield position, b""  # so that the wait for the answer itself ends in time
            for piece in _large_pieces(response.raw):
                if position == 0 and (reason := foreign(piece)):
                    raise OriginError(reason)
                yield position, piece
                position += len(piece)
                if position > file.size:
                    return
    # Some malformed addresses raise a ValueError, which requests does not wrap; a missing bundle
    # of certificates is an OSError.
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _explain(error, patience) from error


def _large_pieces(body: urllib3.HTTPResponse) -> Iterator[bytes]:
    """Yield the body in pieces of at least PIECE_BYTES; only the last may be smaller.

    A mirror may send it a byte at a time, each byte within the socket's timeout.
    """
    gathered = bytearray()
    try:
        for piece in body.stream(PIECE_BYTES, decode_content=False):
            gathered += piece
            if len(gathered) >= PIECE_BYTES:
                yield bytes(gathered)
                gathered.clear()
    except ProtocolError:
        yield bytes(gathered)  # what arrived before the connection broke off is good
        raise
    yield bytes(gathered)


def _explain(error: Exception, patience: Patience) -> OriginError:
    """Return a short reason for an error of requests."""
    cause = root_cause(error)
    if isinstance(error, requests.ConnectTimeout):
        return OriginError(f"no connection within {patience.connect:g} s")
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return _too_slow(patience)
    if isinstance(cause, ProtocolError):
        return OriginError(f"the connection broke off ({brief(cause.args[-1])})", temporary=True)
    if isinstance(error, UnicodeDecodeError):  # nothing else is read as text
        name = os.environ.get("NETRC", "~/.netrc")
        return OriginError(f"{brief(hide(name))}: not text, expected UTF-8. Correct or remove it")
    return OriginError(hide(plain_reason(error)))


def _too_slow(patience: Patience) -> OriginError:
    return OriginError(f"no answer, or less than {PIECE_BYTES >> 10} KiB, in {patience.piece:g} s")
