"""Downloading from mirrors played by a server on loopback, whatever they do, and from a folder."""

import gc
import hashlib
import os
import re
import shutil
import socket
from pathlib import Path

import pytest

from mlp_cli.datasets.catalogue import PUBLISHED
from mlp_cli.datasets.fetching.download import fetch_files
from mlp_cli.datasets.fetching.origins import Patience
from mlp_cli.datasets.fetching.partial import receiving
from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.fetching.verified import RECORD, are_published, is_published
from mlp_cli.datasets.files import FILES as STEMS
from mlp_cli.datasets.steps import Fetched, Kept, Received, Refused, Retried, Started
from mlp_cli.errors import DataAccessError, DownloadError
from tests.mirrors import Mirror, Proxy, random_bytes, serving

pytestmark = pytest.mark.alike

FOLDER = Path("data/mnist")
NAMES = [f"{stem}.gz" for stem in STEMS]
ONE = NAMES[0]
# What begins as gzip does, of lengths that differ as those of the real files do.
CONTENT = {
    name: b"\x1f\x8b" + random_bytes(length, seed)
    for seed, (name, length) in enumerate(zip(NAMES, [300_000, 3_000, 150_000, 900], strict=True))
}
FILES = [
    PublishedFile(name, len(data), hashlib.sha256(data).hexdigest())
    for name, data in CONTENT.items()
]
SIZE = FILES[0].size
CERTIFICATE = Path(__file__).parent / "loopback.pem"

QUICK = Patience(retries=2, backoff=0.001, longest_pause=0.05)
HURRIED = Patience(piece=0.5, retries=2, backoff=0.001)


@pytest.fixture(scope="module")
def shared_server():
    with serving(CONTENT) as server:
        yield server


@pytest.fixture
def server(shared_server):
    shared_server.requests.clear()
    shared_server.encodings.clear()
    return shared_server


@pytest.fixture
def mirror(server):
    """A function from what is played to the address of the mirror that plays it."""
    return lambda played: f"{server.url}/{played}/"


@pytest.fixture(scope="module")
def dead():
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/right/"


def fetch(*origins, files=FILES, patience=QUICK, **options):
    return list(fetch_files(files, FOLDER, origins, patience=patience, **options))


def fetch_one(*origins, **options):
    return fetch(*origins, files=FILES[:1], **options)


def of_kind(kind, steps):
    return [step for step in steps if isinstance(step, kind)]


def reasons(steps):
    return [step.reason for step in of_kind(Refused, steps)]


def received(steps):
    return sum(step.count for step in of_kind(Received, steps))


def left():
    """The files in the folder, but for the record."""
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.name != RECORD}


# What a mirror plays, why the next origin is asked ("" where none is), and how often the mirror is
# asked for the first file. Nothing that it does may keep the next origin from being asked.
GIVEN_UP = r"no answer, or less than 64 KiB, in 0\.5 s"
BROKE_OFF = "the connection broke off"
NO_HTML = "an HTML page, not the file"
SCENARIOS = [
    ("right", "", 1),
    ("encoded", "", 1),
    ("chunked", "", 1),
    ("unlimited", "", 1),
    ("moved", "", 1),
    ("slow", "", 1),
    ("cookies", "", 1),
    ("moved_with_a_cookie", "", 1),
    # faults that pass
    ("busy_once", "", 2),
    ("reset_once", "", 2),
    ("too_many_once", "", 2),
    ("too_many_until", "", 2),
    ("too_many_nonsense", "", 2),
    ("too_many", "HTTP status 429, expected 200", 3),
    ("busy", "HTTP status 503, expected 200", 3),
    ("broken", "HTTP status 500, expected 200", 3),
    ("resets", rf"{BROKE_OFF} \(.*Connection reset by peer\)", 3),
    ("hangs_up", rf"{BROKE_OFF} \(Remote end closed connection without response\)", 3),
    ("not_http", rf"{BROKE_OFF} \(SSH-2.0-\?\[31mmirror.*\)", 3),
    ("long_header", rf"{BROKE_OFF} \(got more than 65536 bytes when reading header line\)", 3),
    ("absurd_status", rf"{BROKE_OFF} \(HTTP/1.1 999999999999 .*\)", 3),
    ("absurd_pause", "HTTP status 429, expected 200", 3),
    ("many_headers", rf"{BROKE_OFF} \(got more than 100 headers\)", 3),
    # refusals
    ("forbidden", "HTTP status 403, expected 200", 1),
    ("missing", "HTTP status 404, expected 200", 1),
    ("nothing", "HTTP status 204, expected 200", 1),
    ("empty", "nothing came, expected the file", 1),
    ("circle", "Exceeded 5 redirects", 6),
    ("endless_circle", "Exceeded 5 redirects", 6),
    # other content
    ("html", NO_HTML, 1),
    ("html_chunked", NO_HTML, 1),
    ("html_of_that_length", NO_HTML, 1),
    ("wrong", r"SHA-256 \w{16}\.\.\., expected \w{16}\.\.\.", 1),
    ("zeros", r"SHA-256 \w{16}\.\.\., expected \w{16}\.\.\.", 1),
    ("longer", "Content-Length 300,006, expected 300,002", 1),
    ("longer_chunked", "more than the expected 300,002 bytes", 1),
    ("endless", "more than the expected 300,002 bytes", 1),
    ("shorter", "Content-Length 300,001, expected 300,002", 1),
    ("shorter_chunked", "300,001 bytes, expected 300,002", 1),
    ("bomb", r"Content-Length \S+, expected 300,002", 1),
    ("bomb_of_that_length", r"SHA-256 \w{16}\.\.\., expected \w{16}\.\.\.", 1),
    ("unpacked", "the file unpacked on the way, expected it gzipped as it was published", 1),
    ("unpacked_chunked", "the file unpacked on the way, expected it gzipped .*", 1),
    ("odd_headers", "nothing came, expected the file", 1),
    ("absurd_length", "Content-Length [9,]+, expected 300,002", 1),
    ("negative_length", "", 1),
    ("nonsense_length", "8 bytes, expected 300,002", 1),
    # ranges, and what breaks off in the middle
    ("unasked_range", "HTTP status 206, expected 200", 1),
    ("dies", rf"{BROKE_OFF} \(IncompleteRead\(.*\)\)", 4),
    ("dies_once", "", 2),
    ("dies_at_once", rf"{BROKE_OFF} \(.*\)", 3),
    ("dies_by_reset", rf"{BROKE_OFF} \(.*\)", None),
    ("dies_without_ranges", rf"{BROKE_OFF} \(IncompleteRead\(.*\)\)", 3),
    ("dies_unlimited", "150,001 bytes, expected 300,002", 1),
    ("dies_chunked", rf"{BROKE_OFF} \(.*\)", 3),
    ("dies_in_turns", rf"{BROKE_OFF} \(.*\)", None),
    ("dies_and_is_never_satisfiable", "HTTP status 416, expected 200", 4),
    ("dies_then_ignores_range", "", 2),
    ("dies_then_unknown_total", "", 2),
    ("dies_then_wrong_offset", "", 3),
    ("dies_then_wrong_total", "", 3),
    ("dies_then_no_range_named", "", 3),
    ("dies_then_wrong_bytes", "", 3),
    ("dies_then_not_satisfiable", "", 3),
    # too slow
    ("silent", GIVEN_UP, 1),
    ("stalls", GIVEN_UP, 1),
    ("stalls_in_the_middle", GIVEN_UP, 1),
    ("drips", GIVEN_UP, 1),
    ("drips_chunked", GIVEN_UP, 1),
    ("drips_header", GIVEN_UP, 1),
]


@pytest.mark.parametrize(
    ("played", "reason", "times"), SCENARIOS, ids=[played for played, *_ in SCENARIOS]
)
def test_whatever_a_mirror_does_the_file_comes_from_it_or_the_next(
    mirror, server, played, reason, times
):
    if reason == GIVEN_UP:
        write_stick()
        patience, next_one = HURRIED, Path("stick")  # which no patience can find too slow
    else:
        patience, next_one = QUICK, mirror("right")
    steps = fetch_one(mirror(played), next_one, patience=patience)
    assert left() == {ONE: CONTENT[ONE]}
    assert len(reasons(steps)) == bool(reason)
    assert all(re.fullmatch(reason, found) for found in reasons(steps))
    assert steps[-1] == Fetched(ONE, SIZE, str(next_one if reason else mirror(played)))
    asked = [path for path, _ in server.requests].count(f"/{played}/{ONE}")
    assert asked == times or times is None


@pytest.mark.parametrize(
    ("played", "reason"),
    [(p, reason) for p, reason, _ in SCENARIOS if reason not in ("", GIVEN_UP) or p == "stalls"],
)
def test_without_another_mirror_the_reason_is_the_error_and_no_file_is_there(
    mirror, played, reason
):
    patience = HURRIED if reason == GIVEN_UP else QUICK
    with pytest.raises(DownloadError) as error:
        fetch(mirror(played), patience=patience)
    first, second = str(error.value).splitlines()
    assert first == f"{ONE}: no source has it."
    assert re.fullmatch(rf"  {re.escape(mirror(played))}: {reason}", second)
    assert left().keys() <= {f"{ONE}.part"}
    for part in left().values():
        assert part
        assert CONTENT[ONE].startswith(part)


def test_every_mirror_is_named_with_its_reason(mirror, dead):
    with pytest.raises(DownloadError) as error:
        fetch(mirror("missing"), dead, mirror("html"))
    assert re.fullmatch(
        f"{ONE}: no source has it.\n"
        f"  {mirror('missing')}: HTTP status 404, expected 200\n"
        rf"  {dead}: Failed to establish a new connection: \[Errno \d+\] Connection refused"
        "\n"
        f"  {mirror('html')}: {NO_HTML}",
        str(error.value),
    )


def test_dead_and_slow_origins_are_skipped_and_asked_last(mirror, server, dead):
    write_stick()
    steps = fetch(dead, mirror("drips"), Path("stick"), patience=HURRIED)
    assert left() == CONTENT
    assert len(reasons(steps)) == 2
    assert [path for path, _ in server.requests] == [f"/drips/{ONE}"]
    assert [step.origin for step in of_kind(Fetched, steps)] == ["stick"] * 4


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_mirror_may_die_in_the_middle_of_any_file(mirror, server, file):
    steps = fetch(mirror("dies_once"), files=[file])
    assert left() == {file.name: CONTENT[file.name]}
    assert server.requests[-1] == (f"/dies_once/{file.name}", f"bytes={file.size // 2}-")
    assert received(steps) == file.size
    assert [step.offset for step in of_kind(Started, steps)] == [0, file.size // 2]


def test_a_name_that_does_not_resolve_is_a_reason_too(mirror, monkeypatch):
    resolve = socket.getaddrinfo

    def unresolved(host, *arguments, **options):
        if host == "nowhere.invalid":
            raise socket.gaierror(-2, "Name or service not known")
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)
    steps = fetch_one("http://nowhere.invalid/", mirror("right"))
    (reason,) = reasons(steps)
    assert "Name or service not known" in reason
    assert not of_kind(Retried, steps)


def test_a_host_that_accepts_no_connection_is_given_up():
    """Its queue is full, so that no connection comes about."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for caller in (first, second):
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        full = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        write_stick()
        steps = fetch_one(full, Path("stick"), patience=Patience(connect=0.2))
    assert reasons(steps) == ["no connection within 0.2 s"]


@pytest.mark.parametrize(
    "address", ["not an address", "http://", "ftp://127.0.0.1/", "http://[::1", "http://x..y/"]
)
def test_a_malformed_address_is_a_reason_too(mirror, address):
    assert len(reasons(fetch_one(address, mirror("right")))) == 1


@pytest.mark.parametrize("target", ["http://x..y/", "http://[::bad", "/%ff\xff", "gopher://x/"])
def test_a_redirect_to_nowhere_is_a_reason_too(mirror, server, target):
    server.location = target
    assert len(reasons(fetch_one(mirror("elsewhere"), mirror("right")))) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_two_lengths_that_differ_are_a_reason_too(mirror):
    steps = fetch_one(mirror("two_lengths"), mirror("right"))
    assert reasons(steps)[0].startswith("Content-Length contained multiple unmatching values")
    gc.collect()  # urllib3 leaves the socket of such an answer to the garbage collector


def test_the_reason_is_one_line_however_much_a_mirror_says(mirror, monkeypatch):
    def talkative(self, _):
        self.wfile.write(b"no\x1b[2J\x07" + 10_000 * b"o")

    monkeypatch.setattr(Mirror, "talkative", talkative, raising=False)
    (reason,) = reasons(fetch_one(mirror("talkative"), mirror("right")))
    assert len(reason) < 300
    assert reason.isprintable()


# retries


def test_the_pause_that_a_mirror_asks_for_is_kept_up_to_our_longest(mirror):
    steps = fetch_one(mirror("too_many"), mirror("right"))
    assert [step.pause for step in of_kind(Retried, steps)] == [0.05, 0.05]
    steps = fetch_one(mirror("too_many_until"), force=True)
    assert [step.pause for step in of_kind(Retried, steps)] == [0.05]
    steps = fetch_one(mirror("too_many_once"), force=True)
    assert [step.pause for step in of_kind(Retried, steps)] == [0]


def test_the_pauses_between_retries_grow(mirror):
    patience = Patience(retries=4, backoff=0.001)
    steps = fetch_one(mirror("busy"), mirror("right"), patience=patience)
    assert [step.pause for step in of_kind(Retried, steps)] == [0, 0.002, 0.004, 0.008]


def test_a_mirror_that_makes_progress_is_not_given_up(mirror, server, monkeypatch):
    """One that hangs up after every 64 KiB needs more retries than a fault without progress has."""

    def dies_often(self, data):
        self.answer_range(data, length=1 << 16)

    monkeypatch.setattr(Mirror, "dies_often", dies_often, raising=False)
    fetch_one(mirror("dies_often"), patience=Patience(retries=1, backoff=0))
    assert left() == {ONE: CONTENT[ONE]}
    assert [asked for _, asked in server.requests] == [
        None,
        *(f"bytes={1 << 16 << n}-" if n < 2 else f"bytes={(1 << 16) * (n + 1)}-" for n in range(4)),
    ]


# interrupted downloads resume


def leave_part(data, name=ONE):
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.part").write_bytes(data)


def test_a_download_resumes_from_a_mirror_by_range(mirror, server):
    leave_part(CONTENT[ONE][:100_000])
    steps = fetch_one(mirror("right"))
    assert server.requests == [(f"/right/{ONE}", "bytes=100000-")]
    assert received(steps) == SIZE - 100_000
    assert left() == {ONE: CONTENT[ONE]}


def test_a_download_resumes_from_a_folder():
    write_stick()
    leave_part(CONTENT[ONE][:100_000])
    assert received(fetch_one(Path("stick"))) == SIZE - 100_000
    assert left() == {ONE: CONTENT[ONE]}


def test_a_download_resumes_from_the_next_origin(mirror):
    """The first origin stalls after half the file: what arrived by then is not fetched again."""
    write_stick()
    steps = fetch_one(mirror("stalls_in_the_middle"), Path("stick"), patience=HURRIED)
    assert received(steps) == SIZE
    (refused,) = (n for n, step in enumerate(steps) if isinstance(step, Refused))
    assert steps[refused + 1] == Started(ONE, SIZE, received(steps[:refused]))
    assert left() == {ONE: CONTENT[ONE]}


def test_a_failing_mirror_does_not_discard_the_part(mirror, server):
    leave_part(CONTENT[ONE][:100_000])
    for played in ("html", "html_chunked", "missing", "empty", "busy"):
        with pytest.raises(DownloadError):
            fetch_one(mirror(played))
        assert left() == {f"{ONE}.part": CONTENT[ONE][:100_000]}
    fetch_one(mirror("right"))
    assert server.requests[-1] == (f"/right/{ONE}", "bytes=100000-")


def test_a_complete_part_needs_no_mirror(server):
    leave_part(CONTENT[ONE])
    assert received(fetch_one("http://127.0.0.1:1/")) == 0
    assert left() == {ONE: CONTENT[ONE]}


@pytest.mark.parametrize(
    ("part", "asked"),
    [
        (b"?" * 1000, ["bytes=1000-", None]),
        (b"?" * SIZE, [None]),
        (b"?" * (SIZE + 1), [None]),
        (b"", [None]),
    ],
)
def test_a_part_of_another_file_is_discarded_once(mirror, server, part, asked):
    leave_part(part)
    fetch_one(mirror("right"))
    assert [found for _, found in server.requests] == asked
    assert left() == {ONE: CONTENT[ONE]}


def test_a_checksum_that_fails_twice_is_not_tried_a_third_time(mirror, server):
    leave_part(CONTENT[ONE][:1000])
    with pytest.raises(DownloadError, match="SHA-256"):
        fetch_one(mirror("wrong_ranges"))
    assert [asked for _, asked in server.requests] == ["bytes=1000-", None]
    assert left() == {}


def test_an_interrupted_download_leaves_no_half_file_and_resumes(mirror, server):
    for step in (steps := fetch_files(FILES, FOLDER, [mirror("right")])):
        if isinstance(step, Received):
            break
    steps.close()
    assert left() == {f"{ONE}.part": CONTENT[ONE][: 1 << 16]}
    fetch(mirror("right"))
    assert server.requests[1] == (f"/right/{ONE}", f"bytes={1 << 16}-")
    assert left() == CONTENT


# what is there already


def test_every_file_is_verified_and_the_steps_count_its_bytes(mirror, server):
    steps = fetch(mirror("right"))
    assert left() == CONTENT
    assert server.requests == [(f"/right/{name}", None) for name in NAMES]
    assert server.encodings == ["identity"] * 4
    assert steps[0] == Started(ONE, SIZE)
    assert received(steps) == sum(map(len, CONTENT.values()))
    assert of_kind(Fetched, steps) == [
        Fetched(file.name, file.size, mirror("right")) for file in FILES
    ]


def test_a_mirror_without_a_closing_slash_will_do(mirror):
    fetch(mirror("right").rstrip("/"))
    assert left() == CONTENT


def test_intact_files_are_left_alone(mirror, server):
    fetch(mirror("right"))
    before = [path.stat().st_mtime_ns for path in FOLDER.iterdir()]
    server.requests.clear()
    assert fetch(mirror("right")) == [Kept(name) for name in NAMES]
    assert server.requests == []
    assert [path.stat().st_mtime_ns for path in FOLDER.iterdir()] == before


@pytest.mark.parametrize("wrong", [b"", b"short", b"\0" * SIZE])
def test_a_damaged_file_is_fetched_again(mirror, server, wrong):
    fetch(mirror("right"))
    (FOLDER / ONE).write_bytes(wrong)
    server.requests.clear()
    fetch(mirror("right"))
    assert server.requests == [(f"/right/{ONE}", None)]
    assert left() == CONTENT


def test_force_fetches_intact_files_again(mirror, server):
    fetch(mirror("right"))
    server.requests.clear()
    fetch(mirror("right"), force=True)
    assert len(server.requests) == 4


def test_a_failed_download_leaves_the_file_before_as_it_was(mirror):
    FOLDER.mkdir(parents=True)
    (FOLDER / ONE).write_bytes(b"twelve images of one's own")
    with pytest.raises(DownloadError):
        fetch(mirror("wrong"))
    assert left() == {ONE: b"twelve images of one's own"}


def test_the_part_of_an_intact_file_is_removed(mirror):
    fetch(mirror("right"))
    leave_part(CONTENT[ONE][:1000])
    with receiving(FOLDER / ONE):
        fetch(mirror("right"))
        assert f"{ONE}.part" in left()  # another process may be at it
    fetch(mirror("right"))
    assert left() == CONTENT


def test_only_published_files_in_their_folder_count_as_published():
    FOLDER.mkdir(parents=True)
    one, own = FOLDER / ONE, FOLDER / "own"
    one.write_bytes(CONTENT[ONE])
    own.write_bytes(CONTENT[ONE])
    assert are_published([], FOLDER, FILES)
    assert are_published([one], FOLDER, FILES)
    assert not are_published([one, own], FOLDER, FILES)
    assert not are_published([one], FOLDER.parent, FILES)
    one.write_bytes(b"?" * SIZE)
    assert not are_published([one], FOLDER, FILES)


def test_a_file_without_permission_is_an_error(mirror, unprivileged):
    FOLDER.mkdir(parents=True)
    one = FOLDER / ONE
    one.write_bytes(CONTENT[ONE])
    one.chmod(0)
    with unprivileged():
        with pytest.raises(DataAccessError, match=f"{ONE}: cannot be read"):
            are_published([one], FOLDER, FILES)
        with pytest.raises(DownloadError, match=f"{ONE}: cannot be read"):
            fetch(mirror("right"))


# from a folder


def write_stick(folder="stick", **changed):
    Path(folder).mkdir()
    for name, data in (CONTENT | changed).items():
        (Path(folder) / name).write_bytes(data)


def test_files_come_from_a_folder_verified_alike():
    write_stick()
    fetch(Path("stick"))
    assert left() == CONTENT
    two, last = NAMES[1], NAMES[3]
    Path("stick", last).write_bytes(CONTENT[last][::-1])
    (FOLDER / last).unlink()
    with pytest.raises(DownloadError, match=r"stick: SHA-256 .*, expected"):
        fetch(Path("stick"))
    Path("stick", last).write_bytes(b"short")
    with pytest.raises(DownloadError, match="stick: 5 bytes, expected 902"):
        fetch(Path("stick"))
    Path("stick", last).write_bytes(CONTENT[last] + b"longer")
    with pytest.raises(DownloadError, match="stick: 908 bytes, expected 902"):
        fetch(Path("stick"))
    Path("stick", two).unlink()
    (FOLDER / two).unlink()
    with pytest.raises(DownloadError, match="stick: No such file in it"):
        fetch(Path("stick"))


def test_a_folder_may_hold_the_files_under_their_dotted_names():
    write_stick()
    for path in Path("stick").iterdir():
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    fetch(Path("stick"))
    assert left() == CONTENT


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_in_a_folder_is_passed_over_or_named(make):
    write_stick()
    one = Path("stick", ONE)
    one.rename(one.with_name(ONE.replace("-idx", ".idx")))
    make(one)
    fetch(Path("stick"))
    assert left() == CONTENT
    one.with_name(ONE.replace("-idx", ".idx")).unlink()
    with pytest.raises(DownloadError, match=r"stick: (A pipe|Is a dir|No such file)"):
        fetch(Path("stick"), force=True)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_in_the_data_folder_is_replaced(make):
    write_stick()
    FOLDER.mkdir(parents=True)
    make(FOLDER / ONE)
    fetch(Path("stick"))
    assert left() == CONTENT
    assert not (FOLDER / ONE).is_symlink()
    assert not Path("nowhere").exists()


def test_a_folder_in_the_place_of_a_file_is_said_before_anything_is_fetched(mirror, server):
    (FOLDER / ONE).mkdir(parents=True)
    with pytest.raises(DownloadError, match=r"cannot be written \(Is a directory"):
        fetch(mirror("right"))
    assert server.requests == []


# certificates and proxies, as requests takes them from the environment


@pytest.fixture(scope="module")
def secure():
    with serving(CONTENT, certificate=CERTIFICATE) as server:
        yield server


def test_an_untrusted_certificate_is_refused(mirror, secure):
    steps = fetch_one(f"{secure.url}/right/", mirror("right"))
    assert "certificate verify failed" in reasons(steps)[0]
    assert steps[-1].origin == mirror("right")


def test_a_certificate_of_ones_own_is_taken_from_the_environment(secure, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    fetch_one(f"{secure.url}/right/")
    assert left() == {ONE: CONTENT[ONE]}


def test_a_bundle_of_certificates_that_is_not_there_is_a_reason_too(secure, mirror, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    (reason,) = reasons(fetch_one(f"{secure.url}/right/", mirror("right")))
    assert "nowhere.pem" in reason


def test_a_server_that_speaks_no_tls_is_a_reason_too(mirror, server):
    steps = fetch_one(mirror("right").replace("http:", "https:"), mirror("right"))
    assert "SSL" in reasons(steps)[0]


def test_a_proxy_is_taken_from_the_environment(monkeypatch):
    with serving(CONTENT, handler=Proxy) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        fetch_one("http://mirror.invalid/right/")
    assert proxy.proxied == ["mirror.invalid"]
    assert left() == {ONE: CONTENT[ONE]}


# a folder that does not take the files


def test_a_folder_that_cannot_be_written_is_an_error(mirror, unprivileged):
    Path("file").touch()
    with pytest.raises(DownloadError, match="cannot be written"):
        list(fetch_files(FILES, Path("file/mnist"), [mirror("right")]))
    Path("closed").mkdir(mode=0o555)
    with unprivileged(), pytest.raises(DownloadError, match=r"cannot be written \(Permission"):
        list(fetch_files(FILES, Path("closed/mnist"), [mirror("right")]))


def test_a_folder_that_vanishes_is_an_error(mirror):
    steps = fetch_files(FILES, FOLDER, [mirror("right")])
    next(step for step in steps if isinstance(step, Received))
    shutil.rmtree(FOLDER)
    with pytest.raises(DownloadError, match=r"cannot be written \(No such file") as error:
        list(steps)
    assert len(str(error.value).splitlines()) == 1


# the catalogue


def test_the_catalogue_names_four_files_ten_classes_and_mirrors():
    assert [source.name for source in PUBLISHED] == ["mnist", "fashion-mnist", "kmnist"]
    sums = set()
    for source in PUBLISHED:
        assert [file.name for file in source.files] == NAMES
        assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in source.files)
        assert all(mirror.endswith("/") for mirror in source.mirrors)
        assert len(set(source.classes)) == 10
        sums.update(file.sha256 for file in source.files)
    assert len(sums) == 12
    for source in PUBLISHED[:2]:
        assert all(mirror.startswith("https://") for mirror in source.mirrors)


@pytest.mark.mnist
def test_the_real_files_have_the_checksums_of_the_catalogue(mnist_dir):
    for file in PUBLISHED[0].files:
        assert is_published(mnist_dir / "mnist" / file.name, file, trusting=False)
