"""Fetch a dataset's files from mirrors or from a folder, and verify them."""

import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from errno import EISDIR
from pathlib import Path

from urllib3 import Retry
from urllib3.exceptions import MaxRetryError

from mlp_cli.datasets.fetching.addresses import shown
from mlp_cli.datasets.fetching.answers import OriginError
from mlp_cli.datasets.fetching.origins import PIECE_BYTES, Patience, ask
from mlp_cli.datasets.fetching.partial import Partial, discard_part, receiving
from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.fetching.verified import is_published, remember
from mlp_cli.datasets.steps import (
    Fetched,
    Kept,
    Received,
    Refused,
    Retried,
    Started,
    Step,
    StepGenerator,
)
from mlp_cli.errors import DownloadError, DownloadFolderError


def fetch_files(
    files: Sequence[PublishedFile],
    folder: Path,
    origins: Sequence[str | Path],
    *,
    force: bool = False,
    verify: bool = False,
    patience: Patience | None = None,
) -> StepGenerator:
    """Put every file into the folder, yielding each step.

    A file that is there with its published size and SHA-256 is left alone, unless forced. Any
    other is taken from the first origin that has it intact, and gets its name once its size and
    checksum are verified: a file with that name is complete. Interrupted downloads resume. An
    origin that failed is asked last for the next files.

    origins: base addresses of mirrors, or folders, in the order to try them.
    verify: take the checksums of files that were verified before, too.
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
                yield Kept(file.name)
                continue
            folder.mkdir(parents=True, exist_ok=True)
            if target.is_dir():  # said before anything is fetched
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
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
        yield Fetched(file.name, file.size, shown(origins[0]))


def _is_there(target: Path, file: PublishedFile, *, trusting: bool) -> bool:
    """Return whether the file is there already.

    Raises DownloadFolderError where the system does not let us read it.
    """
    try:
        return is_published(target, file, trusting=trusting)
    except PermissionError as error:
        raise DownloadFolderError(
            f"{target}: cannot be read ({error.strerror}), expected the published file, or none."
        ) from error


def _fetch(
    file: PublishedFile, part: Partial, origins: Sequence[str | Path], patience: Patience
) -> Generator[Step, None, int]:
    """Try the origins in turn until one gives the right file; return how many did not."""
    reasons: list[str] = []
    for origin in origins:
        try:
            yield from _insist(file, part, origin, patience)
        except OriginError as error:
            yield Refused(file.name, shown(origin), str(error))
            reasons.append(f"  {shown(origin)}: {error}")
        else:
            return len(reasons)
    raise DownloadError("\n".join([f"{file.name}: no source has it.", *reasons]))


def _insist(
    file: PublishedFile, part: Partial, origin: str | Path, patience: Patience
) -> Iterator[Step]:
    """Ask an origin for the rest of the file, and again after a temporary fault.

    A Retry of urllib3 counts the attempts and sets the pauses. urllib3's own use of it, within
    one request, would not resume an answer that breaks off in the middle.
    Raises OriginError where the origin refuses or its faults last too long.
    """
    fresh = retry = Retry(patience.retries, backoff_factor=patience.backoff)
    furthest, began_again = part.size, False
    while True:
        try:
            yield from _take(file, part, origin, patience)
            return
        except OriginError as error:
            if error.resuming and not began_again:
                part.begin_again()
                began_again = True
                continue
            if not error.temporary:
                raise
            if part.size >= furthest + PIECE_BYTES:
                furthest, retry = part.size, fresh
            try:
                retry = retry.increment("GET", error=error)
            except MaxRetryError:
                raise error from None
            pause = retry.get_backoff_time() if error.pause is None else error.pause
            pause = min(pause, patience.longest_pause)
            yield Retried(file.name, shown(origin), str(error), pause)
            time.sleep(pause)


def _take(
    file: PublishedFile, part: Partial, origin: str | Path, patience: Patience
) -> Iterator[Started | Received]:
    """Ask an origin once for what the part lacks, then verify the complete file."""
    if part.size > file.size:
        part.begin_again()
    before, resuming = part.size, part.size > 0
    yield Started(file.name, file.size, part.size)
    if part.size < file.size:
        with closing(ask(origin, file, part.size, patience)) as pieces:
            for position, piece in pieces:
                if position != part.size:
                    part.begin_again()
                    resuming = False
                    yield Started(file.name, file.size)
                if part.size + len(piece) > file.size:
                    part.begin_again()
                    raise OriginError(f"more than the expected {file.size:,} bytes")
                part.write(piece)
                yield Received(len(piece))
        if part.size == before:
            raise OriginError("nothing came, expected the file")
    if part.size != file.size:
        size = part.size
        part.begin_again()  # the answer ended properly, so it is another file
        raise OriginError(f"{size:,} bytes, expected {file.size:,}", resuming=resuming)
    if (found := part.sha256()) != file.sha256:
        part.begin_again()
        raise OriginError(
            f"SHA-256 {found[:16]}..., expected {file.sha256[:16]}...", resuming=resuming
        )
