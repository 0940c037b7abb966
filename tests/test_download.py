"""Downloading from mirrors played by a server on loopback, and from a folder."""

import hashlib
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlp_cli.datasets import download as module
from mlp_cli.datasets.catalogue import CATALOGUE, PublishedFile
from mlp_cli.datasets.download import (
    Fetched,
    Kept,
    Received,
    Refused,
    Started,
    download,
    is_broken_off,
)
from mlp_cli.errors import DownloadError

FOLDER = Path("data/mnist")
CONTENT = {"one.gz": bytes(range(256)) * 1000, "two.gz": b"two"}
FILES = [
    PublishedFile(name, len(data), hashlib.sha256(data).hexdigest())
    for name, data in CONTENT.items()
]


class Mirror(BaseHTTPRequestHandler):
    """Answers by the first part of the path: /right/one.gz, /html/one.gz, ..."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append(self.path)
        self.server.encodings.append(self.headers["Accept-Encoding"])
        _, behaviour, name = self.path.split("/")
        self.close_connection = True
        getattr(self, behaviour)(CONTENT[name])

    def log_message(self, *_):
        pass

    def send(self, body, status=200, length=None, content_type="application/gzip"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def right(self, data):
        self.send(data)

    def missing(self, data):
        self.send(b"gone", status=404)

    def html(self, data):
        self.send(b"<html>moved</html>", content_type="text/html")

    def wrong(self, data):
        self.send(data[:-1] + b"!")

    def longer(self, data):
        self.send(data + b"more")

    def dies(self, data):
        self.send(data[: len(data) // 2], length=len(data))

    def elsewhere(self, data):
        self.send_response(302)
        self.send_header("Location", self.location)
        self.send_header("Connection", "close")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def stalls(self, data):
        self.send(data[:1], length=len(data))
        self.server.closing.wait(10)


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.requests, server.encodings, server.closing = [], [], threading.Event()
    server.timeout = 10
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def mirror(server):
    """A function from a behaviour to the base address that shows it."""
    return lambda behaviour: f"http://127.0.0.1:{server.server_port}/{behaviour}/"


def fetch(*origins, **options):
    return list(download(FILES, FOLDER, origins, **options))


def reasons(steps):
    return [step.reason for step in steps if isinstance(step, Refused)]


def assert_all_there():
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == CONTENT


def test_every_file_comes_verified_and_the_steps_tell_its_bytes(mirror, server):
    steps = fetch(mirror("right"))
    assert_all_there()
    assert server.requests == ["/right/one.gz", "/right/two.gz"]
    assert server.encodings == ["identity"] * 2
    one = steps[: len(steps) - 3]
    assert one[0] == Started(FILES[0])
    assert sum(step.count for step in one if isinstance(step, Received)) == 256_000
    assert one[-1] == Fetched(FILES[0], mirror("right"))
    assert steps[-3:] == [Started(FILES[1]), Received(3), Fetched(FILES[1], mirror("right"))]


def test_a_mirror_without_a_closing_slash_will_do(mirror):
    fetch(mirror("right").rstrip("/"))
    assert_all_there()


def test_files_that_are_there_and_right_are_left_alone(mirror, server):
    fetch(mirror("right"))
    before = [path.stat().st_mtime_ns for path in FOLDER.iterdir()]
    server.requests.clear()
    assert fetch(mirror("right")) == [Kept(FILES[0]), Kept(FILES[1])]
    assert server.requests == []
    assert [path.stat().st_mtime_ns for path in FOLDER.iterdir()] == before


@pytest.mark.parametrize("wrong", [b"", b"short", b"\0" * 256_000])
def test_a_file_that_is_not_right_is_fetched_again(mirror, server, wrong):
    fetch(mirror("right"))
    (FOLDER / "one.gz").write_bytes(wrong)
    server.requests.clear()
    fetch(mirror("right"))
    assert server.requests == ["/right/one.gz"]
    assert_all_there()


def test_force_fetches_what_is_right_too(mirror, server):
    fetch(mirror("right"))
    server.requests.clear()
    fetch(mirror("right"), force=True)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("missing", "HTTP status 404, expected 200"),
        ("html", "18 bytes, expected 256,000"),
        ("wrong", "SHA-256 "),
        ("longer", "more than the expected 256,000 bytes"),
        ("dies", "Connection broken: IncompleteRead(128000 bytes read, 128000 more expected)"),
    ],
)
def test_the_next_mirror_is_tried_whatever_the_first_does(mirror, behaviour, reason):
    steps = fetch(mirror(behaviour), mirror("right"))
    assert reason in reasons(steps)[0]
    assert_all_there()


def test_a_mirror_that_stalls_is_left_for_the_next(mirror, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", (0.3, 0.3))
    steps = fetch(mirror("stalls"), mirror("right"))
    assert "no answer within" in reasons(steps)[0] or "timed out" in reasons(steps)[0]
    assert_all_there()


def test_a_mirror_that_nobody_answers_for_is_left_for_the_next(mirror):
    with serving() as gone:
        dead = f"http://127.0.0.1:{gone.server_port}/right/"
    steps = fetch(dead, mirror("right"))
    assert re.fullmatch(
        r"Failed to establish a new connection: \[Errno \d+\] Connection refused", reasons(steps)[0]
    )
    assert_all_there()


@pytest.mark.parametrize(
    "address", ["not an address", "http://", "ftp://127.0.0.1/", "http://[::1", "http://x..y/"]
)
def test_an_address_that_is_none_is_a_reason_too(mirror, address):
    assert len(reasons(fetch(address, mirror("right")))) == 2
    assert_all_there()


@pytest.mark.parametrize("target", ["http://x..y/", "http://[::bad", "/%ff\xff"])
def test_a_redirect_to_nowhere_is_a_reason_too(mirror, monkeypatch, target):
    monkeypatch.setattr(module, "TIMEOUT", (2, 2))
    monkeypatch.setattr(Mirror, "location", target, raising=False)
    steps = fetch(mirror("elsewhere"), mirror("right"))
    assert len(reasons(steps)) == 2
    assert_all_there()


def test_a_redirect_is_followed(mirror, monkeypatch):
    monkeypatch.setattr(Mirror, "location", "/right/one.gz", raising=False)
    list(download(FILES[:1], FOLDER, [mirror("elsewhere")]))
    assert (FOLDER / "one.gz").read_bytes() == CONTENT["one.gz"]


def test_only_what_a_download_left_is_taken_for_one():
    FOLDER.mkdir(parents=True)
    one, own = FOLDER / "one.gz", FOLDER / "own"
    one.write_bytes(CONTENT["one.gz"])
    own.write_bytes(CONTENT["one.gz"])
    assert is_broken_off([], FOLDER, FILES)
    assert is_broken_off([one], FOLDER, FILES)
    assert not is_broken_off([one, own], FOLDER, FILES)
    assert not is_broken_off([one], FOLDER.parent, FILES)
    one.write_bytes(b"?" * len(CONTENT["one.gz"]))
    assert not is_broken_off([one], FOLDER, FILES)


def test_without_any_mirror_left_each_one_is_named_with_its_reason(mirror):
    with pytest.raises(DownloadError) as error:
        fetch(mirror("missing"), mirror("html"))
    assert str(error.value) == (
        "one.gz: no source has it.\n"
        f"  {mirror('missing')}: HTTP status 404, expected 200\n"
        f"  {mirror('html')}: 18 bytes, expected 256,000"
    )
    assert list(FOLDER.iterdir()) == []


def test_a_failed_download_leaves_the_file_before_as_it_was(mirror):
    FOLDER.mkdir(parents=True)
    (FOLDER / "one.gz").write_bytes(b"twelve images of one's own")
    with pytest.raises(DownloadError):
        fetch(mirror("wrong"))
    assert (FOLDER / "one.gz").read_bytes() == b"twelve images of one's own"
    assert len(list(FOLDER.iterdir())) == 1


def test_a_download_that_is_broken_off_leaves_no_half_file(mirror):
    for step in (steps := download(FILES, FOLDER, [mirror("right")])):
        if isinstance(step, Received):
            break
    steps.close()
    assert list(FOLDER.iterdir()) == []


def test_files_come_from_a_folder_verified_alike():
    stick = Path("stick")
    stick.mkdir()
    for name, data in CONTENT.items():
        (stick / name).write_bytes(data)
    fetch(stick)
    assert_all_there()
    (stick / "two.gz").write_bytes(b"2wo")
    (FOLDER / "two.gz").unlink()
    with pytest.raises(DownloadError, match=r"stick: SHA-256 .*, expected"):
        fetch(stick)
    (stick / "two.gz").unlink()
    with pytest.raises(DownloadError, match="stick: No such file or directory"):
        fetch(stick)


def test_a_folder_that_cannot_be_written_is_said(mirror, unprivileged):
    Path("file").touch()
    with pytest.raises(DownloadError, match="cannot be written"):
        list(download(FILES, Path("file/mnist"), [mirror("right")]))
    Path("closed").mkdir(mode=0o500)
    with unprivileged(), pytest.raises(DownloadError, match=r"cannot be written \(Permission"):
        list(download(FILES, Path("closed/mnist"), [mirror("right")]))


def test_the_catalogue_names_four_files_and_mirrors_that_encrypt():
    for source in CATALOGUE.values():
        assert len(source.files) == 4
        assert all(len(file.sha256) == 64 for file in source.files)
        assert all(mirror.endswith("/") for mirror in source.mirrors)
    assert all(mirror.startswith("https://") for mirror in CATALOGUE["mnist"].mirrors)


@pytest.mark.mnist
def test_the_real_files_have_the_sums_of_the_catalogue(mnist_dir):
    steps = download(CATALOGUE["mnist"].files, mnist_dir / "mnist", origins=[])
    assert all(isinstance(step, Kept) for step in steps)
