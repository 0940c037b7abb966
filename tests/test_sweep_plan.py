"""What a sweep varies, as it is typed; its plan, as it is written down; and whose folder it is."""

import os
from pathlib import Path

import pytest

from mlp_cli.errors import ClaimError, OptionError, SweepError
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.sweeps.folder import FolderClaim, with_data
from mlp_cli.sweeps.plan import Plan, read_plan
from mlp_cli.sweeps.variation import Listed, Range

DEFAULTS = {s.name: s.default for s in SETTINGS.values() if s.default is not None}


def make_plan(*vary, typed=(), options=(), **search):
    return Plan.read_options({**DEFAULTS, **dict(options)}, typed, vary, **search)


def faults_of(*vary, **search):
    with pytest.raises(OptionError) as caught:
        make_plan(*vary, **search)
    return str(caught.value).splitlines()


def test_a_grid_has_every_combination_and_every_seed():
    plan = make_plan("eta=0.5,3", "hidden=100,256+128", seeds=2)
    points = list(plan.corners())
    assert points == [
        {"hidden": [100], "eta": 0.5},
        {"hidden": [100], "eta": 3.0},
        {"hidden": [256, 128], "eta": 0.5},
        {"hidden": [256, 128], "eta": 3.0},
    ]
    assert plan.runs == 8
    one, two = plan.tasks(Path("s"), 3, plan.point(points[3]))
    assert (one.number, two.number) == (7, 8)
    assert (one.checkpoint, two.checkpoint) == (Path("s/run-007.npz"), Path("s/run-008.npz"))
    assert (one.options["seed"], two.options["seed"]) == (0, 1)
    assert one.options.keys() == SETTINGS.keys() - {"validation"}  # the data decide
    assert (one.options["hidden"], one.options["eta"]) == ([256, 128], 3.0)


def test_every_spelling_of_a_setting_is_understood():
    plan = make_plan("--batch-size=1,10", "lr=0.1,1", "hidden=none,30")
    assert plan.varied == {
        "hidden": Listed(([], [30])),
        "eta": Listed((0.1, 1.0)),
        "batch_size": Listed((1, 10)),
    }


def test_the_order_of_the_options_makes_no_other_plan():
    assert make_plan("eta=1,3", "dtype=float32,float64") == make_plan(
        "dtype=float32,float64", "eta=1,3"
    )


def test_ranges_are_whole_numbers_where_the_setting_is():
    plan = make_plan("eta=0.01..1:log", "batch_size=1..200", "hidden=10..99", trials=20, seeds=3)
    assert plan.varied == {
        "hidden": Range(10, 99),
        "eta": Range(0.01, 1.0, is_logarithmic=True),
        "batch_size": Range(1, 200),
    }
    assert plan.runs == 60


def test_all_faults_are_found_at_once():
    faults = faults_of("et=1", "eta=a,0,1,1.0", "hidden=1+x", "momentum", "seed=1,2", "cost=square")
    assert len(faults) == 8
    assert "unknown setting 'et'. Did you mean 'eta'?" in faults[0]
    assert faults[1:4] == [
        "--vary eta=a,0,1,1.0: 'a', expected a number above 0.",
        "--vary eta=a,0,1,1.0: '0', expected a number above 0.",
        "--vary eta=a,0,1,1.0: '1.0' stands there twice. Leave one out.",
    ]
    assert "layers joined by +" in faults[4]
    assert "expected NAME=VALUES" in faults[5]
    assert "--seeds" in faults[6]
    assert "expected quadratic or" in faults[7]


@pytest.mark.parametrize(
    ("vary", "search", "words"),
    [
        (["eta=1,3", "lr=2"], {}, "eta is varied twice"),
        (["eta=1,3"], {"typed": ["eta"]}, "--eta 3.0: is also in --vary"),
        (["eta="], {}, "'', expected a number above 0"),
        (["eta=nan,inf"], {}, "'nan', expected a number above 0"),
        (["nonsense=1"], {}, "Known: dataset, hidden"),
        (["dataset=mnist,nowhere"], {}, "'nowhere', expected a dataset (mnist"),
        (["eta=1..3"], {}, "--trials N"),
        (["eta=1,3"], {"trials": 5}, "a grid of lists runs every combination"),
        (["eta=1,3"], {"prune": True}, "only trials of a range"),
        (["eta=3..1"], {"trials": 5}, "expected a range that goes up"),
        (["eta=0..1"], {"trials": 5}, "each a number above 0"),
        (["l2=0..1:log"], {"trials": 5}, "logarithms"),
        (["cost=a..b"], {"trials": 5}, "expected quadratic or"),
        (["hidden=1+2..5"], {"trials": 5}, "expected A..B"),
        (["validation=0,10"], {}, "compares its runs by the images held out"),
        (["warmup=40,50"], {}, "No run is left: --warmup 40"),
        (["distort_strength=1,2"], {}, "has no effect with --distort none"),
        (["eta=1,3"], {"seeds": 1_000_000}, "2,000,000 runs, expected 100,000 at most"),
    ],
)
def test_what_cannot_be_is_a_line(vary, search, words):
    lines = faults_of(*vary, **search)
    assert words in lines[0]
    assert len(lines) == (2 if "inf" in vary[0] else 1)


def test_a_combination_that_cannot_be_has_its_reason():
    plan = make_plan("warmup=0,30")
    can, cannot = (plan.point(settings) for settings in plan.corners())
    assert can.error is None
    assert "--warmup 30: leaves no epoch of 30" in cannot.error


def test_a_list_of_one_value_is_no_difference():
    plan = make_plan("eta=1,3", "batch_size=20", "hidden=50")
    assert list(plan.varied) == ["eta"]
    assert (plan.options["batch_size"], plan.options["hidden"]) == (20, [50])


def test_processes_share_the_cores_not_threads():
    assert make_plan("eta=1,3").options["threads"] == 1
    assert make_plan("eta=1,3", options={"threads": 2}).options["threads"] == 2


def test_a_plan_reads_back_as_it_was_written():
    ranges = make_plan("eta=1e-5..1:log", "activation=relu,tanh", trials=7, prune=True, seeds=2)
    grid = make_plan("eta=0.1,3", "hidden=none,256+128", options={"dataset": 'a "folder" = x'})
    for plan in (ranges, with_data(grid, {'a "folder" = x': "0" * 64})):
        assert Plan.from_toml(plan.to_toml()) == plan


def test_a_plan_from_before_a_setting_existed_gets_its_default():
    plan = make_plan("eta=1,3")
    text = plan.to_toml().replace('schedule = "constant"\n', "")
    assert text != plan.to_toml()
    assert Plan.from_toml(text) == plan


def test_the_same_plan_resumes_and_another_is_refused():
    folder, plan = Path("sweeps/eta"), make_plan("eta=1,3", seeds=2)
    with FolderClaim.begin_or_take(folder, plan) as claim:
        assert claim.is_new
    with FolderClaim.begin_or_take(folder, plan) as claim:
        assert not claim.is_new
    other = make_plan("eta=1,2", seeds=3, options={"epochs": 5})
    with pytest.raises(SweepError) as caught:
        FolderClaim.begin_or_take(folder, other)
    for words in ("epochs 5 instead of 30", "eta 1,2 instead of 1,3", "seeds 3 instead of 2"):
        assert words in str(caught.value)
    with pytest.raises(SweepError, match="the data of mnist 1111"):
        FolderClaim.begin_or_take(folder, with_data(plan, {"mnist": "1" * 64}))


def test_a_sweep_has_one_writer():
    folder, plan = Path("s"), make_plan("eta=1,3")
    with (
        FolderClaim.begin_or_take(folder, plan),
        pytest.raises(ClaimError, match="another mlp is running this sweep"),
    ):
        FolderClaim.begin_or_take(folder, plan)
    FolderClaim.begin_or_take(folder, plan).close()


def test_a_folder_of_something_else_is_refused():
    folder, plan = Path("s"), make_plan("eta=1,3")
    folder.mkdir()
    (folder / ".hidden").touch()
    (folder / "letter.txt").touch()
    with pytest.raises(SweepError, match=r"holds 'letter.txt' and no sweep.toml"):
        FolderClaim.begin_or_take(folder, plan)
    assert sorted(os.listdir(folder)) == [".hidden", "letter.txt"]
    with pytest.raises(SweepError, match="a file, expected a folder"):
        FolderClaim.begin_or_take(folder / "letter.txt", plan)
    with pytest.raises(SweepError, match="no sweep here"):
        read_plan(folder)
    (folder / "letter.txt").unlink()
    FolderClaim.begin_or_take(folder, plan).close()


@pytest.mark.parametrize(
    "text",
    [
        *("", "nonsense", "format_version = 2", "format_version = 1\nseeds = 0"),
        "format_version = 1\nseeds = 1\noptions = 3",
        "format_version = 1\nseeds = 1\n[options]\neta = -1",
        "format_version = 1\nseeds = 1\n[options]\nnew = 1",
        'format_version = 1\nseeds = 1\n[varied]\nnew = "1"',
        'format_version = 1\nseeds = 1\n[varied]\neta = "x"',
        "[" * 10_000,
    ],
)
def test_a_file_that_is_no_plan_is_refused(text):
    Path("s").mkdir()
    Path("s/sweep.toml").write_text(text)
    with pytest.raises(SweepError, match="not the plan of a sweep"):
        FolderClaim.begin_or_take(Path("s"), make_plan("eta=1,3"))
