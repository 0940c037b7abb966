"""What stands around the program: `python -m tests.hostile_surroundings KIND SEED COUNT`.

`mirror`: odd mirrors behind odd addresses, proxies and certificates, with odd things in the place
of the files. `place`: commands with odd things in the place of the files that they read and write.
The answer must be success or one of our errors, in time; nobody's password is shown, and nothing
that a link leads to is written over.
"""

import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from mlp_cli.commands.shared.group import mlp
from mlp_cli.datasets.fetching.download import fetch_files
from mlp_cli.datasets.fetching.origins import Patience
from mlp_cli.datasets.steps import Received, Started
from mlp_cli.errors import MlpError
from tests.makers import draw_seven, make_arrays, make_run, write_dataset
from tests.mirrors import Mirror, serving
from tests.test_download import CONTENT, FILES, NAMES

SECONDS = 60
"""for one case, on the slowest machine"""
SECRET = "s3cr3t"
HELPERS = {"answer", "answer_chunked", "answer_range", "dies_then", "drip", "handle", "once"}
HELPERS |= {"log_message", "reset", "wait"}
PLAYS = sorted(
    name for name in vars(Mirror) if name.islower() and name[0] != "_" and name not in HELPERS
)
PLAYS.remove("protocol_version")
PATIENCE = Patience(connect=0.2, piece=0.3, retries=1, backoff=0.001, longest_pause=0.01)

VARIABLES = ("http_proxy", "HTTPS_PROXY", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "NETRC")
PROXIES = (
    *("::nonsense", "http://host:port", "foo://h:1", "http://", "http://[::1", "http://x..y/"),
    *(f"http://u:{SECRET}@127.0.0.1:1", f"socks5://u:{SECRET}@127.0.0.1:1", "socks9://h:1", " "),
    *("[", "*", "::1/999", "127.0.0.1", "10.0.0.0/99", ",,,", "\n"),
    *(f"http://u:{SECRET}/@127.0.0.1:1", f"u:{SECRET}@", "http://127.0.0.1:99999"),
)
PATHS = ("nowhere.pem", ".", "netrc", "pipe", "\n", "x" * 300, f"http://u:{SECRET}@host")
USERS = ("", f"u:{SECRET}@", f"{SECRET}@", f"u:{SECRET}/@", f"u:{SECRET}?@", f"u:{SECRET}\u20ac@")
TARGETS = (
    *("http://x..y/", f"http://u:{SECRET}@x..y/", "http://[::bad", "/%ff\xff", "gopher://x/", ""),
    *(f"https://127.0.0.1:1/?{SECRET}", "//", "http://" + "x" * 300, "/right/" + "../" * 50),
)


class SlowError(BaseException):
    """A case that takes longer than any should."""


def _choice(rng, values):
    return values[int(rng.integers(len(values)))]


def bind_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


PLACED = {
    "nothing": lambda path: None,
    "empty": Path.touch,
    "noise": lambda path: path.write_bytes(os.urandom(3000)),
    "pipe": os.mkfifo,
    "socket": bind_socket,
    "folder": Path.mkdir,
    "link to a file": lambda path: path.symlink_to(Path("precious").resolve()),
    "second name": lambda path: os.link("precious", path),
    "link to nowhere": lambda path: path.symlink_to(Path("nowhere").resolve()),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to a folder": lambda path: path.symlink_to(Path("folder").resolve()),
    "device without end": lambda path: path.symlink_to("/dev/zero"),
    "full device": lambda path: path.symlink_to("/dev/full"),
}


def place(rng, path):
    """Put something odd at a path; return what it is."""
    kind = _choice(rng, list(PLACED))
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        path.unlink(missing_ok=True)
        PLACED[kind](path)
    return kind


def mirror_case(rng, server):
    """Fetch from some mirrors and folders, and look at what is said and what is there."""
    origins = []
    for _ in range(int(rng.integers(1, 4))):
        user, host = _choice(rng, USERS), server.url.removeprefix("http://")
        scheme = _choice(rng, ("http://",) * 8 + ("https://", "http:/", "ftp://", ""))
        origins.append(f"{scheme}{user}{host}/{_choice(rng, PLAYS)}/")
    server.location = _choice(rng, TARGETS)
    with suppress(OSError):
        os.mkfifo("pipe")
    Path("netrc").write_bytes(
        _choice(rng, (b"machine \xff\xfe", b"nonsense\n", b"machine x login"))
    )
    for name in VARIABLES:
        os.environ.pop(name, None)
        if rng.random() < 0.1:
            os.environ[name] = _choice(rng, PROXIES if name.lower().endswith("_proxy") else PATHS)
    if rng.random() < 0.3:
        Path("stick").mkdir()
        for name, data in CONTENT.items():
            Path("stick", name).write_bytes(data)
        place(rng, Path("stick", _choice(rng, NAMES)))
        origins.insert(int(rng.integers(2)), Path("stick"))
    data = Path("data")
    for name in (*NAMES, *(f"{name}.part" for name in NAMES), ".verified.json"):
        if rng.random() < 0.1:
            place(rng, data / name)
    said, lines, accepted = [], [], False
    try:
        for step in fetch_files(FILES, data, origins, patience=PATIENCE, force=rng.random() < 0.2):
            if not isinstance(step, Started | Received):
                said.append(step)
        accepted = True
        assert {name: (data / name).read_bytes() for name in NAMES} == CONTENT
    except MlpError as error:
        said.append(error)
        lines = str(error).splitlines()
    assert len(lines) <= 2 + len(origins), lines
    assert all(line.isprintable() for line in lines), lines
    assert SECRET not in " ".join(map(str, said)), said
    left = list(data.glob(".*.part")) if data.is_dir() else []
    assert left == [], left
    return accepted


COMMANDS = (
    "train --epochs 1 --validation 10 --config {} --print-config",
    "train --epochs 1 --validation 10 --checkpoint {}",
    "train --epochs 1 --validation 10 --checkpoint new.npz --log {}",
    "train --epochs 1 --validation 10 --checkpoint new.npz --plot {}.svg",
    "train --resume --checkpoint {} --epochs 3",
    "evaluate --checkpoint {}",
    "evaluate --checkpoint run.npz --plot {}.svg",
    "evaluate --checkpoint run.npz --data-dir {}",
    "predict {}",
    "predict seven.png --save-normalised {}.png",
    "predict seven.png seven.png --save-normalised {}",
    "explain {} --checkpoint run.npz",
    "inspect --checkpoint {}",
    "report --checkpoint {} -o out.html",
    "report --checkpoint run.npz -o {}.html",
    "export --checkpoint run.npz --format small -o {}.npz",
    "export --checkpoint run.npz --format csv -o {}.csv",
    "import {} --checkpoint new.npz",
    "import network.json --checkpoint {}",
    "download --from {} --data-dir new",
)


def place_case(rng, prepared):
    """Run a command with something odd in the place of one of its files."""
    for path in prepared.iterdir():
        (shutil.copytree if path.is_dir() else shutil.copy)(path, path.name)
    command = _choice(rng, COMMANDS).format("case")
    (name,) = [word for word in command.split() if word.startswith("case")]
    kind = place(rng, Path(name))
    if rng.random() < 0.2:
        names = sorted(path.name for path in Path("data/mnist").iterdir())
        chosen = _choice(rng, names)
        kind += f", {chosen}: {place(rng, Path('data/mnist', chosen))}"
    done = CliRunner().invoke(mlp, command.split(), prog_name="mlp")
    told = (command, kind, done.output)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise AssertionError(told) from done.exception
    assert done.exit_code in (0, 1, 2), told
    assert done.exit_code == 0 or done.stderr.count("Error: ") == 1, told
    assert not list(Path().rglob(".*.part")), told
    return done.exit_code == 0


def prepare(folder):
    """Make the files that the commands begin with."""
    folder.mkdir()
    os.chdir(folder)
    write_dataset(Path("data/mnist"), make_arrays(train=60, test=20))
    draw_seven().save("seven.png")
    for command in (
        "train --epochs 2 --validation 10 --checkpoint run.npz",
        "export --checkpoint run.npz --format nielsen -o network.json",
    ):
        done = CliRunner().invoke(mlp, command.split(), prog_name="mlp")
        assert done.exit_code == 0, done.output
    make_run().save(Path("other.npz"))
    return folder


def main(kind, seed, count):
    """Run so many cases, and return how many were not answered as they should be."""
    failures = accepted = 0
    slowest = (0.0, 0)
    with tempfile.TemporaryDirectory() as folder, serving(CONTENT) as server:
        prepared = prepare(Path(folder, "prepared"))
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            case = Path(folder, f"case {number}")
            case.mkdir()
            os.chdir(case)
            Path("precious").write_bytes(b"precious")
            Path("folder").mkdir()
            signal.alarm(SECONDS)
            begin = time.monotonic()
            try:
                ours = {"mirror": (mirror_case, server), "place": (place_case, prepared)}
                run, argument = ours[kind]
                accepted += run(rng, argument)
                if kind == "mirror":  # a command's output may well go where a link leads
                    assert Path("precious").read_bytes() == b"precious", "written over"
                    assert not Path("nowhere").exists(), "created where a link leads"
            except BaseException:  # whatever it is, it is what is looked for
                failures += 1
                print(f"{kind} {seed} {number}", file=sys.stderr)  # noqa: T201
                traceback.print_exc()
            signal.alarm(0)
            slowest = max(slowest, (time.monotonic() - begin, number))
            os.chdir(folder)
            shutil.rmtree(case)
    print(f"{kind}: {count} cases, {accepted} accepted, {failures} failed")  # noqa: T201
    print(f"slowest: {slowest[0]:.1f} s, number {slowest[1]}")  # noqa: T201
    return failures


def _too_slow(*_):
    raise SlowError


if __name__ == "__main__":
    for variable in list(os.environ):
        if variable.lower().endswith("_proxy") or variable.startswith("MLP_"):
            del os.environ[variable]
    signal.signal(signal.SIGALRM, _too_slow)
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])) > 0)
