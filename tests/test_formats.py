"""docs/formats.md names the keys and types that the program writes."""

import json
import re
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mlp_cli.runs.claim import Claim
from tests.makers import draw_seven, make_run, write_dataset

pytestmark = pytest.mark.alike

DOCS = Path(__file__).parents[1] / "docs"
PLAIN = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "object": dict,
}


def keys_by_heading():
    """The tables of keys: what each key may be, by the heading over the table."""
    tables, heading, reads = {}, "", False
    for line in (DOCS / "formats.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        reads = line.startswith("| key | type |") or (reads and line.startswith("|"))
        if reads and (row := re.match(r"\| `(\w+)` \| ([^|]+) \|", line)):
            tables.setdefault(heading, {})[row[1]] = row[2].strip()
    return tables


TABLES = keys_by_heading()


def mismatches(value, kind, place):
    """Yield in what a JSON value is not of this kind, in the words of the tables."""
    if inner := re.fullmatch(r"list of \((.+)\)", kind):
        if not isinstance(value, list):
            yield f"{place}: {value!r} is not {kind}"
            return
        for one in value:
            yield from mismatches(one, inner[1], place)
    elif " or " in kind:
        if all(list(mismatches(value, one, place)) for one in kind.split(" or ")):
            yield f"{place}: {value!r} is not {kind}"
    elif kind in ("`Array`", "`Derivative`"):
        size = "Small" if "values" in value else "Large"
        yield from mismatches(value, f"`{size}{kind[1:]}", place)
    elif kind.startswith("`"):
        table = TABLES[kind.strip("`")]
        if not isinstance(value, dict):
            yield f"{place}: {value!r} is not {kind}"
            return
        if set(value) != set(table):
            yield f"{place}: keys {sorted(set(value) ^ set(table))} are on one side only"
        for key in set(value) & set(table):
            yield from mismatches(value[key], table[key], f"{place}.{key}")
    elif kind == "nested lists of numbers":
        for inner in value:
            inner_kind = kind if isinstance(inner, list) else "number or null"
            yield from mismatches(inner, inner_kind, place)
    elif kind.startswith(("list of ", "lists of ")):
        if not isinstance(value, list):
            yield f"{place}: {value!r} is not {kind}"
            return
        inner_kind = re.sub(r"^lists? of ", "", kind)
        for inner in value:
            yield from mismatches(inner, re.sub(r"^(\w+)s$", r"\1", inner_kind), place)
    elif not isinstance(value, PLAIN[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{place}: {value!r} is not {kind}"


def check(value, heading):
    assert not list(mismatches(value, f"`{heading}`", heading))


@pytest.fixture
def trained(run):
    """A run of two epochs, in own.npz, with its log in log.jsonl."""
    write_dataset(Path("data"))
    train = "train --epochs 2 --validation 10 --momentum 0.5 --checkpoint own.npz"
    run(f"{train} --log log.jsonl")
    return "--checkpoint own.npz"


def settings_of_the_reference():
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    section = text.partition("## Settings in a checkpoint\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))


def keys_of_presets():
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    section = text.partition("## Preset keys\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_what_evaluate_prints_is_documented(run, trained):
    check(json.loads(run(f"evaluate {trained} --json").stdout), "mlp evaluate --json")


def test_what_predict_prints_is_documented(run, trained):
    draw_seven().save("image.png")
    check(json.loads(run(f"predict image.png {trained} --json").stdout), "mlp predict --json")
    done = run(f"predict image.png {trained} --all --json")
    check(json.loads(done.stdout), "mlp predict --all --json")


def check_committee(document, heading, replaced=()):
    """The document of a committee is the one of a network, with keys of its own."""
    own = TABLES[f"{heading} of a committee"]
    alone = {key: value for key, value in document.items() if key not in own}
    assert set(own) <= set(document)
    assert set(alone) == set(TABLES[heading]) - set(replaced)
    for key, value in document.items():
        kind = own.get(key) or TABLES[heading][key]
        assert not list(mismatches(value, kind, key))


def test_what_a_committee_prints_is_documented(run, trained):
    run("train --epochs 1 --validation 10 --seed 1 --checkpoint other.npz")
    both = f"{trained} --checkpoint other.npz --json"
    document = json.loads(run(f"evaluate {both}").stdout)
    check_committee(document, "mlp evaluate --json", replaced=["checkpoint"])
    draw_seven().save("image.png")
    document = json.loads(run(f"predict image.png {both}").stdout)
    check_committee(document, "mlp predict --json")


@pytest.mark.parametrize("command", ["explain --sizes 3-2-2", "explain --sizes 40-12-2", "explain"])
def test_what_explain_prints_is_documented(run, trained, command):
    command = f"{command} {trained}" if command == "explain" else command
    check(json.loads(run(f"{command} --json").stdout), "mlp explain --json")
    check(json.loads(run(f"{command} --check --json").stdout), "mlp explain --check --json")


def test_what_inspect_prints_is_documented(run, trained):
    document = json.loads(run(f"inspect {trained} --json").stdout)
    check(document, "mlp inspect --json")
    settings = settings_of_the_reference()
    assert set(document["settings"]) == set(settings)
    for key, kind in settings.items():
        assert not list(mismatches(document["settings"][key], kind, key))


def test_what_sweep_prints_is_documented(run, trained):
    sweep = "sweep --epochs 1 --validation 10 --vary eta=1,1e300 --seeds 2 --json"
    document = json.loads(run(f"{sweep} -o s --test").stdout)
    check(document, "mlp sweep --json")
    assert {row["error"] is None for row in document["rows"]} == {True, False}
    assert document["settings"].keys() | {"seed", "eta"} == keys_of_presets()
    check(json.loads(run(f"{sweep} -o t").stdout), "mlp sweep --json")


def test_what_convert_prints_and_writes_is_documented(run):
    for name in ("3", "7"):
        Path("pictures", name).mkdir(parents=True)
        for number in range(3):
            draw_seven().save(f"pictures/{name}/{number}.png")
    Path("pictures/3/broken.png").write_bytes(b"x")
    document = json.loads(run("convert pictures -o own --json").stdout)
    check(document, "mlp convert --json")
    assert document["left_out"] == 1
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    section = text.partition("## IDX files\n")[2].partition("\n## Exports")[0]
    for path in Path("own").iterdir():
        assert f"| `{path.name}`" in section
    for column in Path("own/doubtful.csv").read_text().splitlines()[0].split(","):
        assert f"`{column}`" in section


def test_the_folder_of_a_sweep_is_documented(run, trained):
    run("sweep --epochs 1 --validation 10 --vary eta=1..3 --trials 1 -o s --prune")
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    section = text.partition("## The folder of a sweep\n")[2].partition("\n## ")[0]
    for path in Path("s").iterdir():
        assert f"| `{path.name}`" in section
    plan = tomllib.loads(Path("s/sweep.toml").read_text())
    for key in plan:
        assert f"`{key}`" in section or f"`[{key}]`" in section
    for column in Path("s/sweep.csv").read_text().splitlines()[0].split(",")[1:]:
        assert f"`{column}`" in section


def test_every_line_of_a_log_is_documented(trained):
    lines = Path("log.jsonl").read_text().splitlines()
    assert len(lines) == 2
    for line in lines:
        check(json.loads(line), "Epoch")


def load(path):
    """The names of the arrays in a checkpoint, and its meta."""
    with np.load(path) as arrays:
        return set(arrays), json.loads(arrays["meta"].item())


def test_what_a_checkpoint_holds_is_documented(trained):
    names, meta = load("own.npz")
    settings = settings_of_the_reference()
    assert settings.keys() < meta.keys()
    own = {key: value for key, value in meta.items() if key not in settings}
    writer = {"process": 1, "token": "0a1b"}
    check({**own, "stored_dtype": "float16", "writer": writer}, "meta")

    layers = [
        f"{letter}{layer}" for layer, _ in enumerate(pairwise(meta["sizes"]), 2) for letter in "Wb"
    ]
    prefixes = ("", "resume/", "resume/velocity/")
    parameters = {f"{prefix}{name}" for prefix in prefixes for name in layers}
    assert names == {*parameters, "meta", "resume/shuffle"}
    table = (DOCS / "formats.md").read_text(encoding="utf-8").partition("| array | shape |")[2]
    for name in ("W2", "b2", "meta", "resume/W2", "resume/velocity/W2", "resume/shuffle"):
        assert f"`{name}`" in table.partition("\n\n")[0]


def test_a_small_checkpoint_says_how_it_is_stored(run, trained):
    run(f"export {trained} --format small -o small.npz")
    names, meta = load("small.npz")
    assert not any(name.startswith("resume/") for name in names)
    settings = settings_of_the_reference()
    own = {key: value for key, value in meta.items() if key not in settings}
    check({**own, "writer": {"process": 1, "token": "0a1b"}}, "meta")


def test_who_trains_a_run_is_documented():
    Claim.begin(Path("begun.npz"), make_run(accuracies=()))
    check(load("begun.npz")[1]["writer"], "Writer")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1.5, "integer"),
        (True, "integer"),
        (None, "number"),
        ("1", "number or null"),
        ([1, "2"], "list of integers"),
        ([1, None, "2"], "list of (number or null)"),
        (1, "list of (number or null)"),
        ({"mlp": "1", "numpy": "2"}, "`Versions`"),
        ({"mlp": "1", "numpy": "2", "python": "3", "more": "4"}, "`Versions`"),
        ([[1], [None, "x"]], "nested lists of numbers"),
    ],
)
def test_a_value_of_another_type_is_found(value, kind):
    assert list(mismatches(value, kind, "here"))
