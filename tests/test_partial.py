"""The `.part` file and the record of verified files, by themselves and between processes."""

import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from mlp_cli.datasets.fetching.partial import discard_part, lock_file, receiving
from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.fetching.verified import RECORD, is_published, remember
from tests.mirrors import random_bytes, serving

TARGET = Path("file.gz")
PART = Path("file.gz.part")


def bind_socket(name):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(name))


def left():
    return sorted(os.listdir())


def test_bytes_stay_for_the_next_download():
    for length in (3, 6):
        with receiving(TARGET) as part:
            assert part.size == length - 3
            part.write(b"abc")
            assert part.size == length
    assert PART.read_bytes() == b"abcabc"
    with receiving(TARGET) as part:
        assert part.sha256() == hashlib.sha256(b"abcabc").hexdigest()
        part.replace(TARGET)
    assert left() == ["file.gz"]


def test_bytes_are_handed_to_the_system_at_once():
    with receiving(TARGET) as part:
        part.write(b"abc")
        assert PART.read_bytes() == b"abc"


def test_discarded_bytes_leave_no_file():
    PART.write_bytes(b"wrong")
    with receiving(TARGET) as part:
        part.begin_again()
        part.write(b"abc")
        part.begin_again()
    assert left() == []


def test_the_second_process_gets_a_private_file_that_is_removed():
    with receiving(TARGET) as first:
        first.write(b"abc")
        with receiving(TARGET) as second:
            assert second.size == 0
            second.write(b"xyz")
        assert left() == ["file.gz.part"]
        with receiving(TARGET) as second:
            second.write(b"second")
            second.replace(TARGET)
        assert TARGET.read_bytes() == b"second"
        first.replace(TARGET)
    assert TARGET.read_bytes() == b"abc"
    assert left() == ["file.gz"]


def test_a_file_system_that_cannot_lock_gives_a_file_of_ones_own():
    def cannot(_):
        raise OSError(37, "No locks available")

    PART.write_bytes(b"abc")
    with receiving(TARGET, lock=cannot) as part:
        assert part.size == 0
        part.write(b"xyz")
        part.replace(TARGET)
    assert TARGET.read_bytes() == b"xyz"


def test_a_part_that_was_renamed_before_we_had_the_lock_is_not_written_to():
    """The one before us finishes between our opening its file and our locking it."""
    PART.write_bytes(b"finished")

    def late(stream):
        os.replace(PART, TARGET)
        lock_file(stream)

    with receiving(TARGET, lock=late) as part:
        part.begin_again()
        part.write(b"xyz")
    assert TARGET.read_bytes() == b"finished"


@pytest.mark.parametrize("make", [PART.mkdir, lambda: os.mkfifo(PART)])
def test_something_else_of_that_name_is_no_obstacle(make):
    make()
    with receiving(TARGET) as part:
        part.write(b"abc")
        part.replace(TARGET)
    assert TARGET.read_bytes() == b"abc"


def make_a_link_to_a_file():
    Path("precious").write_bytes(b"precious")
    PART.symlink_to("precious")


def make_a_second_name():
    Path("precious").write_bytes(b"precious")
    os.link("precious", PART)


@pytest.mark.parametrize("make", [make_a_link_to_a_file, make_a_second_name])
@pytest.mark.parametrize("end", ["replace", "discard", "neither"])
def test_what_a_part_leads_to_is_neither_written_to_nor_removed(make, end):
    make()
    with receiving(TARGET) as part:
        assert part.size == 0
        part.write(b"abc")
        if end == "replace":
            part.replace(TARGET)
        elif end == "discard":
            part.begin_again()
    discard_part(TARGET)
    assert Path("precious").read_bytes() == b"precious"
    made = ["file.gz"] if end == "replace" else []
    assert left() == [*made, "file.gz.part", "precious"]


def test_a_link_to_nowhere_creates_nothing_there():
    PART.symlink_to("nowhere")
    with receiving(TARGET) as part:
        part.write(b"abc")
    assert left() == ["file.gz.part"]


def test_two_processes_of_one_number_have_two_private_files():
    with receiving(TARGET), receiving(TARGET) as one, receiving(TARGET) as other:
        one.write(b"one")
        other.write(b"other")
        one.replace(TARGET)
        assert TARGET.read_bytes() == b"one"
        other.replace(TARGET)
        assert TARGET.read_bytes() == b"other"
    assert left() == ["file.gz"]


# the record

DATA = b"published"
FILE = PublishedFile(TARGET.name, len(DATA), hashlib.sha256(DATA).hexdigest())


@pytest.fixture
def verified():
    """The published file, and a record that says so."""
    TARGET.write_bytes(DATA)
    remember(TARGET, FILE)


def replace_by_stealth():
    """Other bytes of the same length and time."""
    stat = TARGET.stat()
    TARGET.write_bytes(DATA[::-1])
    os.utime(TARGET, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_file_of_the_same_size_and_time_is_trusted(verified):
    assert is_published(TARGET, FILE)
    replace_by_stealth()
    assert is_published(TARGET, FILE)
    assert not is_published(TARGET, FILE, trusting=False)


def test_a_file_of_another_time_size_or_checksum_is_not_trusted(verified):
    replace_by_stealth()
    assert not is_published(TARGET, PublishedFile(FILE.name, FILE.size, "0" * 64))
    os.utime(TARGET)
    assert not is_published(TARGET, FILE)
    TARGET.write_bytes(DATA + b"!")
    assert not is_published(TARGET, FILE)
    TARGET.unlink()
    assert not is_published(TARGET, FILE)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\0",
        b"[]",
        b'{"file.gz": null}',
        b'{"file.gz": [1, 2]}',
        b'{"file.gz": ' + 4000 * b"[",
        b'{"file.gz": [' + 9999 * b"9" + b"]}",
        bytes(1 << 20),
    ],
)
def test_a_damaged_record_is_ignored_and_replaced(verified, damage):
    Path(RECORD).write_bytes(damage)
    assert is_published(TARGET, FILE)
    replace_by_stealth()
    assert not is_published(TARGET, FILE)
    TARGET.write_bytes(DATA)
    remember(TARGET, FILE)
    replace_by_stealth()
    assert is_published(TARGET, FILE)


def test_a_record_that_is_a_link_is_replaced_itself(verified):
    Path(RECORD).unlink()
    Path("precious").write_bytes(b"precious")
    Path(RECORD).symlink_to("precious")
    remember(TARGET, FILE)
    assert Path("precious").read_bytes() == b"precious"
    assert not Path(RECORD).is_symlink()
    replace_by_stealth()
    assert is_published(TARGET, FILE)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, bind_socket])
def test_a_record_that_is_no_file_is_not_waited_for(verified, make):
    Path(RECORD).unlink()
    make(RECORD)
    assert is_published(TARGET, FILE)
    remember(TARGET, FILE)
    assert is_published(TARGET, FILE)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, bind_socket])
def test_a_published_file_that_is_something_else_is_not_waited_for(make):
    make(TARGET)
    size = os.stat(TARGET).st_size
    assert not is_published(TARGET, PublishedFile(TARGET.name, size + 1, "0" * 64))
    with suppress(OSError):
        assert not is_published(TARGET, PublishedFile(TARGET.name, size, "0" * 64))


def test_a_record_that_cannot_be_written_is_not_needed(verified, unprivileged):
    Path("closed").mkdir()
    TARGET.rename("closed/file.gz")
    Path("closed").chmod(0o555)
    with unprivileged():
        remember(Path("closed/file.gz"), FILE)
        assert is_published(Path("closed/file.gz"), FILE)
    assert os.listdir("closed") == ["file.gz"]
    remember(Path("nowhere/file.gz"), FILE)


def test_the_record_is_not_written_again_where_nothing_changed(verified):
    before = Path(RECORD).stat().st_ino
    remember(TARGET, FILE)
    assert Path(RECORD).stat().st_ino == before


# processes

CONTENT = {"one.gz": random_bytes(2_000_000, 0), "two.gz": random_bytes(300_000, 1)}
DOWNLOAD = """
import hashlib, json, resource, sys
from pathlib import Path
from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.fetching.download import fetch_files
from mlp_cli.errors import DownloadError

mirror, limit, files = json.loads(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for step in fetch_files([PublishedFile(*file) for file in files], Path("data"), [mirror]):
        print(type(step).__name__, flush=True)
except DownloadError as error:
    sys.exit(str(error))
"""


def start(mirror, limit=None):
    """Start a process that downloads; with a limit, as if the disk were full at this size."""
    files = [(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items()]
    command = [sys.executable, "-c", DOWNLOAD, json.dumps([mirror, limit, files])]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


def downloaded():
    return {p.name: p.read_bytes() for p in Path("data").iterdir() if p.name != RECORD}


@pytest.fixture(scope="module")
def server():
    with serving(CONTENT) as server:
        yield server


def test_simultaneous_downloads_into_one_folder_all_succeed(server):
    processes = [start(f"{server.url}/slow/") for _ in range(3)]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert out.count("Fetched") + out.count("Kept") == 2
    assert downloaded() == CONTENT


@pytest.mark.parametrize(
    "times", [3, pytest.param(50, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_a_killed_download_resumes(server, times):
    """Killed again and again after a few pieces, it gets to its end with nothing fetched twice."""
    rng = random.Random(0)
    had = 0
    for _ in range(times):
        server.requests.clear()
        process = start(f"{server.url}/slow/")
        pieces = rng.randrange(1, 4)
        while pieces and (line := process.stdout.readline()):
            pieces -= line == "Received\n"
        process.kill()
        process.communicate()
        if had < len(CONTENT["one.gz"]):
            assert server.requests[0] == ("/slow/one.gz", f"bytes={had}-" if had else None)
        part = Path("data/one.gz.part")
        if part.exists():
            assert CONTENT["one.gz"].startswith(part.read_bytes())
            assert part.stat().st_size > had
            had = part.stat().st_size
        else:  # it had come to the end of this file: begin another download
            assert Path("data/one.gz").read_bytes() == CONTENT["one.gz"]
            shutil.rmtree("data")
            had = 0
    process = start(f"{server.url}/slow/")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert downloaded() == CONTENT


def test_a_full_disk_is_reported_and_the_download_resumes(server):
    process = start(f"{server.url}/right/", limit=1_000_000)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == (
        "data/one.gz: cannot be written (File too large), expected room for it and permission.\n"
    )
    assert list(downloaded()) == ["one.gz.part"]
    server.requests.clear()
    process = start(f"{server.url}/right/")
    process.communicate(timeout=60)
    assert downloaded() == CONTENT
    assert server.requests[0][1] == "bytes=1000000-"
