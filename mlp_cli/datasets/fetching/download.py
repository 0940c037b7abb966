"""Fetch a dataset's files, verified, from mirrors or from a folder."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from urllib3 import Retry
from urllib3.exceptions import MaxRetryError

from mlp_cli.datasets.catalogue import PublishedFile
from mlp_cli.datasets.fetching.answers import OriginError
from mlp_cli.datasets.fetching.origins import CHUNK, Patience, ask
from mlp_cli.datasets.fetching.partial import Partial, discard_part, receiving
from mlp_cli.datasets.fetching.verified import is_published, remember
from mlp_cli.errors import DataAccessError, DownloadError, DownloadFolderError


@dataclass(frozen=True)
class Kept:
    """The file was there already, and right."""

    file: PublishedFile


@dataclass(frozen=True)
class Started:
    """An origin is being asked for the file; bytes count from `offset`."""

    file: PublishedFile
    offset: int
    """how many bytes are there from before"""


@dataclass(frozen=True)
class Received:
    """More of the file has come."""

    count: int
    """bytes that came with this step"""


@dataclass(frozen=True)
class Retried:
    """An origin had a fault that may pass, and will be asked again."""

    file: PublishedFile
    origin: str
    reason: str
    pause: float
    """seconds until then"""


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


Progress = Kept | Started | Received | Retried | Refused | Fetched


def download(
    files: Sequence[PublishedFile],
    folder: Path,
    origins: Sequence[str | Path],
    *,
    force: bool = False,
    verify: bool = False,
    patience: Patience | None = None,
) -> Iterator[Progress]:
    """Bring every file into the folder, yielding each step of the way.

    A file that is there with the right size and SHA-256 is left alone, unless forced. Any other
    is taken from the first origin that has it right; it gets its name only once its size and sum
    are verified, so what has the name is whole. What came of it before an origin failed, or we
    were stopped, is gone on with. An origin that failed is asked last for the files after.

    origins: base addresses of mirrors, or folders, in the order to try them.
    verify: take the sums of files that were verified before, too.
    Raises DownloadError with every origin's reason where none has a file, DownloadFolderError
    where the folder cannot be read or written.
    """
    origins = list(origins)
    for file in files:
        target = folder / file.name
        try:
            if not force and _is_there(target, file, trusting=not verify):
                remember(target, file)
                discard_part(target)
                yield Kept(file)
                continue
            folder.mkdir(parents=True, exist_ok=True)
            with receiving(target) as part:
                failed = yield from _fetch(file, part, origins, patience or Patience())
                part.replace(target)
            remember(target, file)
        except OSError as error:
            raise DownloadFolderError(
                f"{target}: cannot be written ({error.strerror or error}), expected room for it "
                "and permission."
            ) from error
        origins = origins[failed:] + origins[:failed]
        yield Fetched(file, str(origins[0]))


def _is_there(target: Path, file: PublishedFile, *, trusting: bool) -> bool:
    """Tell whether the file is there already.  Raises DownloadFolderError where it is closed."""
    try:
        return is_published(target, file, trusting=trusting)
    except PermissionError as error:
        raise DownloadFolderError(
            f"{target}: cannot be read ({error.strerror}), expected the published file, or none."
        ) from error


def is_broken_off(found: Sequence[Path], folder: Path, files: Sequence[PublishedFile]) -> bool:
    """Tell whether these paths are what a download into the folder left: published files only.

    Raises DataAccessError where one of them cannot be read.
    """
    published = {folder / file.name: file for file in files}
    for path in found:
        try:
            if path not in published or not is_published(path, published[path]):
                return False
        except OSError as error:
            raise DataAccessError(
                f"{path}: cannot be read ({error.strerror or error}), expected an IDX file.\n"
                "Check its permissions and the disk."
            ) from error
    return True


def _fetch(
    file: PublishedFile, part: Partial, origins: Sequence[str | Path], patience: Patience
) -> Generator[Progress, None, int]:
    """Try the origins in turn until one gives the right file; return how many did not."""
    reasons: list[str] = []
    for origin in origins:
        try:
            yield from _insist(file, part, origin, patience)
        except OriginError as error:
            yield Refused(file, str(origin), str(error))
            reasons.append(f"  {origin}: {error}")
        else:
            return len(reasons)
    raise DownloadError("\n".join([f"{file.name}: no source has it.", *reasons]))


def _insist(
    file: PublishedFile, part: Partial, origin: str | Path, patience: Patience
) -> Iterator[Progress]:
    """Ask an origin for the rest of the file, and again where its fault may pass.

    A Retry of urllib3 counts and sets the pauses. Its own use, within one request, would not go
    on with an answer that breaks off in the middle. Raises the OriginError that was one too many.
    """
    fresh = retry = Retry(patience.retries, backoff_factor=patience.backoff)
    furthest, whole = part.size, False
    while True:
        try:
            yield from _take(file, part, origin, patience)
            return
        except OriginError as error:
            if error.continuing and not whole:
                part.begin_again()
                whole = True
                continue
            if not error.passing:
                raise
            if part.size >= furthest + CHUNK:
                furthest, retry = part.size, fresh
            try:
                retry = retry.increment("GET", error=error)
            except MaxRetryError:
                raise error from None
            pause = retry.get_backoff_time() if error.pause is None else error.pause
            pause = min(pause, patience.longest_pause)
            yield Retried(file, str(origin), str(error), pause)
            time.sleep(pause)


def _take(
    file: PublishedFile, part: Partial, origin: str | Path, patience: Patience
) -> Iterator[Started | Received]:
    """Ask an origin once for what the part lacks, and verify the whole."""
    if part.size > file.size:
        part.begin_again()
    before, continuing = part.size, part.size > 0
    yield Started(file, part.size)
    if part.size < file.size:
        with closing(ask(origin, file, part.size, patience)) as pieces:
            for position, chunk in pieces:
                if position != part.size:
                    part.begin_again()
                    continuing = False
                    yield Started(file, 0)
                if part.size + len(chunk) > file.size:
                    part.begin_again()
                    raise OriginError(f"more than the expected {file.size:,} bytes")
                part.write(chunk)
                yield Received(len(chunk))
        if part.size == before:
            raise OriginError("nothing came, expected the file")
    if part.size != file.size:
        size = part.size
        part.begin_again()  # the answer ended well, so this is something else
        raise OriginError(f"{size:,} bytes, expected {file.size:,}", continuing=continuing)
    if (found := part.sha256()) != file.sha256:
        part.begin_again()
        raise OriginError(
            f"SHA-256 {found[:16]}..., expected {file.sha256[:16]}...", continuing=continuing
        )
