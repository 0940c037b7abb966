"""Fetch a dataset's files, verified, from mirrors or from a folder."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from mlp_cli.datasets.catalogue import PublishedFile
from mlp_cli.errors import DownloadError
from mlp_cli.files import replacing

CHUNK = 1 << 16
TIMEOUT = (10, 30)
"""seconds to wait for a connection, and between two bytes"""


@dataclass(frozen=True)
class Kept:
    """The file was there already, and right."""

    file: PublishedFile


@dataclass(frozen=True)
class Started:
    """An origin is being asked for the file; bytes count from 0 again."""

    file: PublishedFile


@dataclass(frozen=True)
class Received:
    """More of the file has come."""

    count: int
    """bytes that came with this step"""


@dataclass(frozen=True)
class Refused:
    """An origin did not have the file, or not the right one."""

    file: PublishedFile
    origin: str
    reason: str


@dataclass(frozen=True)
class Fetched:
    """The file has come whole and verified, and is in its place."""

    file: PublishedFile
    origin: str


Progress = Kept | Started | Received | Refused | Fetched


class _OriginError(Exception):
    """What one origin did wrong; the next one may do better."""


def download(
    files: Sequence[PublishedFile],
    folder: Path,
    origins: Sequence[str | Path],
    *,
    force: bool = False,
) -> Iterator[Progress]:
    """Bring every file into the folder, yielding each step of the way.

    A file that is there with the right size and SHA-256 is left alone, unless forced. Any other
    is taken from the first origin that has it right; it gets its name only once its size and sum
    are verified, so what has the name is whole.

    origins: base addresses of mirrors, or folders, in the order to try them.
    Raises DownloadError with every origin's reason where none has a file, and where the folder
    cannot be written.
    """
    for file in files:
        target = folder / file.name
        try:
            if not force and is_published(target, file):
                yield Kept(file)
                continue
            folder.mkdir(parents=True, exist_ok=True)
            yield from _fetch(file, target, origins)
        except OSError as error:
            raise DownloadError(
                f"{target}: cannot be written ({error.strerror or error}), expected room for it "
                "and permission."
            ) from error


def is_published(path: Path, file: PublishedFile) -> bool:
    """Tell whether the file at `path` has the published size and SHA-256."""
    try:
        if path.stat().st_size != file.size:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
    except FileNotFoundError:
        return False


def is_broken_off(found: Sequence[Path], folder: Path, files: Sequence[PublishedFile]) -> bool:
    """Tell whether these paths are what a download into the folder left: published files only."""
    published = {folder / file.name: file for file in files}
    return all(path in published and is_published(path, published[path]) for path in found)


def _fetch(file: PublishedFile, target: Path, origins: Sequence[str | Path]) -> Iterator[Progress]:
    """Try the origins in turn until one gives the right file."""
    reasons = []
    for origin in origins:
        yield Started(file)
        try:
            yield from _receive(file, target, origin)
        except _OriginError as error:
            yield Refused(file, str(origin), str(error))
            reasons.append(f"  {origin}: {error}")
        else:
            yield Fetched(file, str(origin))
            return
    raise DownloadError(f"{file.name}: no source has it.\n" + "\n".join(reasons))


def _receive(file: PublishedFile, target: Path, origin: str | Path) -> Iterator[Received]:
    """Write what the origin sends and verify it before it gets its name."""
    received, digest = 0, hashlib.sha256()
    with replacing(target) as partial:
        for chunk in _read(origin, file.name):
            received += len(chunk)
            if received > file.size:
                raise _OriginError(f"more than the expected {file.size:,} bytes")
            partial.write(chunk)
            digest.update(chunk)
            yield Received(len(chunk))
        if received != file.size:
            raise _OriginError(f"{received:,} bytes, expected {file.size:,}")
        if digest.hexdigest() != file.sha256:
            raise _OriginError(
                f"SHA-256 {digest.hexdigest()[:16]}..., expected {file.sha256[:16]}..."
            )


def _read(origin: str | Path, name: str) -> Iterator[bytes]:
    """Yield the bytes of a file at an origin. Raises _OriginError for whatever it does wrong."""
    if isinstance(origin, Path):
        try:
            with (origin / name).open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except OSError as error:
            raise _OriginError(error.strerror or str(error)) from error
        return
    # The files are gzip themselves: no server is to pack or unpack them on the way.
    headers = {"Accept-Encoding": "identity"}
    url = f"{origin.rstrip('/')}/{name}"
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code != requests.codes.ok:
                raise _OriginError(f"HTTP status {response.status_code}, expected 200")
            yield from response.iter_content(CHUNK)
    # Some malformed addresses, given or redirected to, pass requests by as ValueErrors.
    except (requests.RequestException, ValueError) as error:
        raise _OriginError(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Say in a few words what requests met."""
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT[0]} s, or none for {TIMEOUT[1]} s"
    # A pool's error wraps the one that says what happened, and that begins with the connection:
    # "HTTPSConnection(host=..., port=443): Failed to resolve ...".
    cause = getattr(error.args[0] if error.args else None, "reason", None) or error
    return re.sub(r"^(<[^>]*>|\w+\([^)]*\)): ", "", str(cause)) or type(error).__name__
