"""The documents: short enough, linked to what is there, and showing what is printed."""

import re
import sys
from pathlib import Path

import pytest

from tests.documents import DOCUMENTS, agree, blocks, refresh, run_document
from tests.test_house import ALLOWED

pytestmark = pytest.mark.alike

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\[(?:[^\]]|\]\()*?\]\(([^)\s]+)\)")


def prose(path):
    """The lines of a page outside its fenced blocks."""
    inside = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield line


def anchors(path):
    """The names that a code host gives the headings of a page."""
    found = []
    for line in prose(path):
        if heading := re.match(r"#+ +(.*)", line):
            words = re.sub(r"[^\w\- ]", "", heading[1].strip().lower()).replace(" ", "-")
            found.append(f"{words}-{found.count(words)}" if words in found else words)
    return found


def links():
    for path in PAGES:
        for line in prose(path):
            for target in re.findall(LINK, re.sub(r"`[^`]*`", "", line)):
                if not re.match(r"https?:|mailto:", target):
                    yield pytest.param(path, target, id=f"{path.name} {target}")


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize(("path", "target"), list(links()))
def test_every_link_between_documents_leads_somewhere(path, target):
    name, _, anchor = target.partition("#")
    linked = path.parent / name if name else path
    assert linked.exists()
    if anchor and linked.suffix == ".md":
        assert anchor in anchors(linked)


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


NAMED = set(re.findall(r"[\w/]+/[a-z_]+\.(?:py|js)", ARCHITECTURE))


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_file_that_the_architecture_names_is_there(name):
    assert (ROOT / name).exists() or (ROOT / "mlp_cli" / name).exists()


def test_the_architecture_says_who_imports_whom():
    table = ARCHITECTURE.partition("| room | imports |\n")[2].partition("\n\n")[0]
    documented = {}
    for line in table.splitlines()[1:]:
        room, *imported = re.findall(r"`(\w+)`", line)
        documented[room] = set(imported)
    del documented["commands"]  # all
    allowed = {room: rooms & ALLOWED.keys() - {room} for room, rooms in ALLOWED.items()}
    assert documented == {room: rooms for room, rooms in allowed.items() if room in documented}
    assert not any(rooms for room, rooms in allowed.items() if room not in documented)

    floors = {}
    for number, rooms in re.findall(r"^floor (\d)   (.*)$", ARCHITECTURE, re.MULTILINE):
        floors |= {
            room: int(number) for room in re.findall(r"\b[a-z]+\b", rooms) if room in ALLOWED
        }
    assert floors.keys() == ALLOWED.keys()
    for room, rooms in allowed.items():
        assert all(floors[other] < floors[room] for other in rooms), room


WITH_BASH = pytest.mark.skipif(sys.platform == "win32", reason="the commands run in bash")


@WITH_BASH
@pytest.mark.mnist
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_show_what_is_printed(name, mnist_dir):
    check(name, mnist_dir, slow=False)


@WITH_BASH
@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_show_what_slow_commands_print(name, mnist_dir):
    check(name, mnist_dir, slow=True)


def check(name, mnist_dir, slow):
    outcomes = list(run_document(name, mnist_dir / "mnist", slow))
    assert outcomes
    wrong = [f"{name}:{o.block.line}: {o.failure}" for o in outcomes if o.failure is not None]
    advice = "Correct it, or print it into the documents: python -m tests.documents --write"
    assert not wrong, "\n\n".join([*wrong, advice])


LINE = "epoch  1/30  cost 0.0807  validation 94.15 % (9,415 / 10,000)  0.3 s"


@pytest.mark.parametrize(
    ("expected", "printed", "agrees"),
    [
        (LINE, LINE.replace("0.3 s", "12.5 s"), True),
        (LINE, LINE.replace("94.15 % (9,415", "94.60 % (9,460"), True),
        (LINE, LINE.replace("94.15 %", "96.70 %"), False),
        (LINE, LINE.replace("9,415", "9,670"), False),
        (LINE, LINE.replace("0.0807", "0.0857"), False),
        (LINE, LINE.replace("1/30", "2/30"), False),
        (LINE, LINE.replace("validation", "Validation"), False),
        (LINE, f"{LINE} more", False),
        ("a.html: 95,830 bytes, html", "a.html: 168,306 bytes, html", True),
        ("a.html: 95,830 bytes, html", "b.html: 95,830 bytes, html", False),
    ],
)
def test_numbers_may_differ_as_far_as_processors_do(expected, printed, agrees):
    assert agree([expected], [printed]) == agrees


@pytest.mark.parametrize(
    ("expected", "agrees"),
    [
        ("a b c d", True),
        ("... d", True),
        ("a ...", True),
        ("a ... c d", True),
        ("a ... c ...", True),
        ("... b ... d", True),
        ("a b c d ...", True),
        ("a b c", False),
        ("b ...", False),
        ("a ... c", False),
        ("a ... c ... b ... d", False),
        ("a b c d ... d", False),
    ],
)
def test_dots_stand_for_any_number_of_lines(expected, agrees):
    assert agree(expected.split(), list("abcd")) == agrees


@pytest.mark.parametrize(
    ("expected", "refreshed"),
    [
        ("x y", "a b c d e"),
        ("x ...", "a ..."),
        ("x ... z", "a ... e"),
        ("x ... c z ... e", "a ... c d ... e"),
        ("x ... z d ... e", "a ... c d ... e"),
        ("...", "..."),
    ],
)
def test_a_refreshed_output_is_shortened_as_before(expected, refreshed):
    assert refresh(expected.split(), list("abcde")) == refreshed.split()


def test_an_output_belongs_to_the_block_before_it_in_its_section():
    first, output, second, other = blocks(
        "```sh\na\n```\nprints\n```text\nb\n```\n"
        "```sh slow status=1\nc\n```\n# Next\n```text\nd\n```\n"
    )
    assert first.output is output
    assert second.flags == {"slow": "", "status": "1"}
    assert second.output is None
    assert other.text == ["d"]
