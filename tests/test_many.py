"""Many pictures, read by two processes: the same digits, whatever becomes of the second."""

import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest

from mlp_cli.errors import PictureError
from mlp_cli.images import digit_in, many, open_picture
from mlp_cli.images.many import FEWEST, MOST_AHEAD, MOST_ASKED, DigitReader
from tests.makers import draw_seven, make_run
from tests.processes import (
    STRICT,
    finish,
    is_running,
    press_ctrl_c,
    program,
    wait_until_gone,
)

pytestmark = pytest.mark.alike

SHAPE = (28, 28)
COUNT = 150


def seven(size):
    """A 7 in the middle of a picture with sides of so many pixels."""
    scale = size / 200
    return draw_seven(size=(size, size), at=(60 * scale, 50 * scale), scale=scale)


@pytest.fixture
def paths():
    """Pictures of several sizes, two of which cannot be read, and one that is doubtful."""
    names = [Path(f"{number:03}.png") for number in range(COUNT)]
    for number, name in enumerate(names):
        seven(40 + number).save(name)
    names[3].write_text("no picture")
    names[COUNT - 1].unlink()
    seven(9).save(names[7])
    return names


def what(function, *arguments, **options):
    """The image and warnings of a digit, or the words of the error."""
    try:
        digit = function(*arguments, **options)
    except PictureError as error:
        return str(error)
    return digit.image.tobytes(), digit.warnings


def read_here(path):
    return digit_in(open_picture(path), SHAPE, raw=False)


def expected_of(paths):
    return [what(read_here, path) for path in paths]


@pytest.fixture
def read_by_this_process(monkeypatch):
    """The pictures that this process reads."""

    def noting(path, *arguments):
        read.append(path)
        return outcome(path, *arguments)

    read, outcome = [], many._outcome
    monkeypatch.setattr(many, "_outcome", noting)
    return read


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(many, "usable_cores", lambda: 2)


def test_both_read_and_the_order_stays(paths, read_by_this_process):
    with DigitReader(paths, SHAPE, raw=False) as reader:
        found = [what(reader.read, paths[0])]
        deadline = time.monotonic() + 60
        while reader._answers.empty():
            assert time.monotonic() < deadline, "the helper does not answer"
            time.sleep(0.01)
        found += [what(reader.read, path) for path in paths[1:]]
    assert found == expected_of(paths)
    assert len(set(read_by_this_process)) == len(read_by_this_process)
    assert 0 < len(read_by_this_process) < COUNT


def test_raw_pictures_are_taken_as_they_are(paths):
    for path in paths:
        seven(28).save(path)
    seven(29).save(paths[5])
    with DigitReader(paths, SHAPE, raw=True) as reader:
        found = [what(reader.read, path) for path in paths]
    assert found == [what(digit_in, open_picture(path), SHAPE, raw=True) for path in paths]
    assert "29 x 29 pixels, expected 28 x 28" in found[5]


def test_pictures_out_of_turn_are_right_too(paths):
    wanted = [*paths[5:8], *paths, *paths[:2]]
    with DigitReader(paths, SHAPE, raw=False) as reader:
        found = [what(reader.read, path) for path in wanted]
    assert found == expected_of(wanted)


@pytest.mark.parametrize("after", [0, 60])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGINT])
def test_a_helper_that_is_killed_or_stopped_is_done_without(paths, after, number):
    with DigitReader(paths, SHAPE, raw=False) as reader:
        helper, found = reader.helper, []
        for count, path in enumerate(paths):
            if count == after:
                helper.send_signal(number)
            found.append(what(reader.read, path))
        assert found == expected_of(paths)
    assert not is_running(helper.pid)


def test_a_stopped_helper_costs_the_pictures_that_it_was_asked_for_alone(
    paths, read_by_this_process
):
    with DigitReader(paths, SHAPE, raw=False) as reader:
        reader.helper.send_signal(signal.SIGSTOP)
        found = [what(reader.read, path) for path in paths]
    assert found == expected_of(paths)
    assert sorted(read_by_this_process) == paths
    # Those that it was asked for wait until no others may be read before them.
    held_up = read_by_this_process[MOST_AHEAD - MOST_ASKED :][:MOST_ASKED]
    assert held_up == paths[:MOST_ASKED][::-1]


@pytest.mark.parametrize("program", ["/no/such/program", "false", "true"])
def test_a_helper_that_does_not_start_is_done_without(paths, program, monkeypatch):
    monkeypatch.setattr(sys, "executable", program)
    with DigitReader(paths, SHAPE, raw=False) as reader:
        assert [what(reader.read, path) for path in paths] == expected_of(paths)


def test_where_no_thread_can_be_started_no_process_is_left(paths, monkeypatch):
    class NoThread:
        def __init__(self, **options):
            pass

        def start(self):
            raise RuntimeError("can't start new thread")

    started = []
    monkeypatch.setattr(many, "Thread", NoThread)
    monkeypatch.setattr(subprocess, "Popen", _noting(started, subprocess.Popen))
    with DigitReader(paths, SHAPE, raw=False) as reader:
        assert reader.helper is None
        assert [what(reader.read, path) for path in paths] == expected_of(paths)
    (helper,) = started
    assert not is_running(helper.pid)


def _noting(started, start):
    def noting(*arguments, **options):
        started.append(start(*arguments, **options))
        return started[-1]

    return noting


def test_few_pictures_or_one_core_need_no_helper(paths, monkeypatch):
    with DigitReader(paths[: FEWEST - 1], SHAPE, raw=False) as reader:
        assert reader.helper is None
        assert what(reader.read, paths[0]) == what(read_here, paths[0])
    monkeypatch.setattr(many, "usable_cores", lambda: 1)
    with DigitReader(paths, SHAPE, raw=False) as reader:
        assert reader.helper is None


def test_an_error_of_the_caller_ends_the_helper(paths):
    def read():
        with DigitReader(paths, SHAPE, raw=False) as reader:
            pids.append(reader.helper.pid)
            reader.read(paths[0])
            raise ZeroDivisionError

    pids = []
    with pytest.raises(ZeroDivisionError):
        read()
    assert not is_running(pids[0])


PARENT = """
import signal, sys
from pathlib import Path
from mlp_cli.images import many
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has it ignored in a script
many.usable_cores = lambda: 2
paths = [Path(sys.argv[1])] * 1_000_000
try:
    with many.DigitReader(paths, (28, 28), raw=False) as reader:
        print(reader.helper.pid, flush=True)
        for path in paths:
            reader.read(path)
            print("read", flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def parent(paths):
    """A program with a helper, in a process group of its own like one started from a terminal."""
    with program(PARENT, paths[-2]) as process:
        yield process


@pytest.mark.parametrize("pictures", [0, 3, 500])
def test_ctrl_c_ends_both_without_a_word(parent, pictures):
    pid = int(parent.stdout.readline())
    for _ in range(pictures):
        parent.stdout.readline()
    press_ctrl_c(parent, pid)


def test_a_parent_that_is_killed_takes_its_helper_along(parent):
    pid = int(parent.stdout.readline())
    parent.stdout.readline()
    parent.kill()
    _, err = parent.communicate(timeout=30)
    assert err == ""
    wait_until_gone(pid)


def test_a_call_to_the_end_leaves_nothing_to_warn_of(paths):
    done = subprocess.run(
        [sys.executable, *STRICT, "-c", PARENT.replace("_000_000", "50"), paths[-2]],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.split()[1:] == ["read"] * 150


def test_the_command_reads_as_one_process_does(paths, run, monkeypatch):
    """Standard input among the files, and one file twice."""
    make_run(image_shape=SHAPE, sizes=(784, 5, 10)).save(Path("net.npz"))
    data = BytesIO()
    seven(77).save(data, "PNG")
    names = [*map(str, paths), "-", str(paths[0])]
    words = ["predict", "--checkpoint", "net.npz", "--json", *names]
    together = run(words, status=1, input=data.getvalue())
    monkeypatch.setattr(many, "usable_cores", lambda: 1)
    alone = run(words, status=1, input=data.getvalue())
    assert together.stdout == alone.stdout
    assert together.stderr == alone.stderr
    assert together.stdout.count("\n") == COUNT


def test_convert_reads_as_one_process_does(run, monkeypatch):
    for class_name in ("seven", "other"):
        Path("pictures", class_name).mkdir(parents=True)
        for number in range(COUNT):
            seven(40 + number).save(Path("pictures", class_name, f"{number}.png"))
    run("convert pictures -o together")
    monkeypatch.setattr(many, "usable_cores", lambda: 1)
    run("convert pictures -o alone")
    for name in os.listdir("together"):
        assert Path("together", name).read_bytes() == Path("alone", name).read_bytes()


def test_a_program_of_its_own_says_nothing_of_the_helper(paths):
    _, err = finish("predict", "--checkpoint", "bundled", *paths[10:140])
    assert err.splitlines()[1:] == ["130 read, 0 doubtful"]
