"""`mlp download`, and the datasets of the other commands."""

import hashlib
import json
import os
import re
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import click
import pytest

from mlp_cli.commands.shared.group import mlp
from mlp_cli.datasets.catalogue import CATALOGUE, find_source
from mlp_cli.datasets.class_names import ClassNames
from mlp_cli.datasets.fetching.published import Published
from mlp_cli.datasets.fetching.published_file import PublishedFile
from mlp_cli.datasets.files import FILES
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import make_arrays, write_dataset
from tests.mirrors import serving
from tests.test_commands import TRAIN

pytestmark = pytest.mark.alike


@pytest.fixture
def source(monkeypatch):
    """A small dataset as if published, its files in `stick/`, its mirror a dead address."""
    arrays = write_dataset(Path("stick"))
    paths = [Path("stick") / f"{stem}.gz" for stem in FILES]
    files = [
        PublishedFile(p.name, p.stat().st_size, hashlib.sha256(p.read_bytes()).hexdigest())
        for p in paths
    ]
    mnist = replace(CATALOGUE["mnist"], files=files, mirrors=["http://127.0.0.1:1/"])
    monkeypatch.setitem(CATALOGUE, "mnist", mnist)
    return arrays


@pytest.fixture
def mirrored(source, monkeypatch):
    """The same dataset, its first mirror being the folder `stick/`."""
    mnist = replace(CATALOGUE["mnist"], mirrors=[Path("stick")])
    monkeypatch.setitem(CATALOGUE, "mnist", mnist)


def test_download_takes_the_files_from_a_folder(run, source):
    done = run("download --from stick")
    assert done.stdout == "mnist is in data/mnist: 4 files, verified.\n"
    assert done.stderr.count("bytes from stick\n") == 4
    assert "already there and intact" in run("download").stderr
    run(TRAIN)


def test_download_reports_each_mirrors_reason(run, source):
    done = run("download --mirror http://127.0.0.1:1/a/ --mirror http://127.0.0.1:1/b/", status=1)
    for mirror in "ab":
        assert re.search(f"  http://127.0.0.1:1/{mirror}/: .*Connection refused\n", done.stderr)
    assert "mlp download --data-dir data --from DIR" in done.stderr


def test_download_reports_why_a_mirror_was_skipped(run, source, monkeypatch):
    mnist = replace(CATALOGUE["mnist"], mirrors=["http://127.0.0.1:1/a/", Path("stick")])
    monkeypatch.setitem(CATALOGUE, "mnist", mnist)
    lines = run("download").stderr.splitlines()
    assert re.search(r"^train-images.*: http://127.0.0.1:1/a/: .*Connection refused$", lines[0])
    assert re.search(r"^train-images.*: [\d,]+ bytes from stick$", lines[1])
    assert len(lines) == 5  # an origin that failed is asked last


def test_mirror_and_from_exclude_each_other(run, source):
    assert "--mirror and --from" in run("download --mirror x --from stick", status=2).stderr
    assert "does not exist" in run("download --from nowhere", status=2).stderr


def test_download_from_a_folder_without_the_files_does_not_advise_to_take_one(run, source):
    Path("empty").mkdir()
    error = run("download --from empty", status=1).stderr
    assert error.endswith("Name another folder, or fetch them with: mlp download --data-dir data\n")


def test_train_without_data_and_network_reports_both(run, source):
    done = run(TRAIN, status=1)
    assert "mnist is not in data: fetching it into data/mnist" in done.stderr
    assert "no source has it" in done.stderr
    assert (
        "Try again later, or copy the files from a folder: "
        "mlp download --data-dir data --from DIR" in done.stderr
    )
    assert not Path("checkpoints").exists()


def test_train_resumes_an_interrupted_download(run, mirrored):
    folder = Path("data/mnist")
    folder.mkdir(parents=True)
    there = f"{FILES[3]}.gz"
    shutil.copy(Path("stick", there), folder)
    done = run(TRAIN)
    assert done.stderr.count("bytes from stick\n") == 3
    assert f"{there}: already there and intact\n" in done.stderr


@pytest.mark.parametrize("place", ["data/mnist", "data", "data/MNIST/raw"])
def test_train_never_replaces_or_bypasses_ones_own_files(run, mirrored, place):
    """Own files of which one is missing are not completed from, nor passed over for, MNIST."""
    write_dataset(Path(place), make_arrays(seed=9))
    Path(place, f"{FILES[2]}.gz").unlink()
    before = {path: path.read_bytes() for path in Path("data").rglob("*.gz")}
    done = run(TRAIN, status=1)
    assert f"{place}: no mnist here, expected its four files. Missing: {FILES[2]}." in done.stderr
    assert {path: path.read_bytes() for path in Path("data").rglob("*.gz")} == before


def test_data_dir_comes_from_the_environment_for_every_command(run, source):
    environment = {"MLP_DATA_DIR": "elsewhere"}
    run("download --from stick", env=environment)
    assert len(list(Path("elsewhere/mnist").glob("*.gz"))) == 4
    run(TRAIN, env=environment)
    shutil.move("elsewhere", "moved")
    run("evaluate", env={"MLP_DATA_DIR": "moved"})


def test_train_fetches_into_the_data_folder_it_was_given(run, mirrored):
    run(f"{TRAIN} --data-dir elsewhere")
    assert len(list(Path("elsewhere/mnist").glob("*.gz"))) == 4
    assert not Path("data").exists()


def test_an_interruption_before_training_is_reported_with_status_130(run, source, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Published, "is_there", interrupted)
    words = "Interrupted. No epoch was finished: nothing is saved."
    assert run(TRAIN, status=130).stderr == f"\n{words}\n"


def test_a_data_folder_without_permission_is_an_error(run, source, unprivileged):
    run("download --from stick")  # loads what there is to load while root may
    Path("closed").mkdir(mode=0o000)
    with unprivileged():
        assert "Permission denied" in run("train --data-dir closed", status=1).stderr
        error = run("download --data-dir closed", status=1).stderr
    assert "Permission denied" in error
    assert "name another folder with --data-dir.\n" in error
    assert "--from" not in error


def test_sources_come_from_the_environment_by_their_own_name(run, source):
    run("download", env={"MLP_DOWNLOAD_FROM": "stick"})
    shutil.rmtree("data")
    mirrors = {"MLP_DOWNLOAD_MIRROR": "http://127.0.0.1:1/x/ http://127.0.0.1:1/y/"}
    assert "http://127.0.0.1:1/y/: " in run("download", env=mirrors, status=1).stderr


def test_verify_compares_all_checksums_again(run, source):
    run("download --from stick")
    path = Path("data/mnist", f"{FILES[0]}.gz")
    stat = path.stat()
    path.write_bytes(bytes(stat.st_size))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert run("download --from stick").stderr.count("already there and intact\n") == 4
    assert run("download --from stick --verify").stderr.count("already there and intact\n") == 3
    assert path.read_bytes() == Path("stick", path.name).read_bytes()


def test_download_takes_files_from_another_data_folder_too(run, source):
    shutil.copytree("stick", "other/mnist")
    assert run("download --from other").stderr.count("bytes from other/mnist\n") == 4


def test_download_prints_the_addresses_and_fetches_nothing(run):
    done = run("download --print-urls --dataset fashion-mnist --data-dir elsewhere")
    fashion = CATALOGUE["fashion-mnist"]
    expected = [f"{mirror}{file.name}" for mirror in fashion.mirrors for file in fashion.files]
    assert done.stdout.splitlines() == expected
    assert "into elsewhere/fashion-mnist, and verify" in done.stderr
    assert "mlp download --dataset fashion-mnist --data-dir elsewhere" in done.stderr
    assert not Path("elsewhere").exists()
    mine = run("download --print-urls --mirror http://mine/x").stdout.splitlines()
    assert mine == [f"http://mine/x/{file.name}" for file in CATALOGUE["mnist"].files]


def test_download_and_train_from_a_mirror_that_is_busy_at_first(run, source):
    with serving({path.name: path.read_bytes() for path in Path("stick").iterdir()}) as server:
        done = run(f"download --mirror {server.url}/busy_once/")
    assert done.stderr.count("HTTP status 503, expected 200; again in 0 s\n") == 4
    run(TRAIN)


@pytest.mark.mnist
def test_download_and_train_from_the_real_files_on_a_mirror(run, mnist_dir):
    with serving(
        {path.name: path.read_bytes() for path in (mnist_dir / "mnist").glob("*.gz")}
    ) as s:
        done = run(f"download --mirror {s.url}/dies_once/")
    assert done.stdout == "mnist is in data/mnist: 4 files, verified.\n"
    run("train --epochs 1 --hidden 5 --batch-size 500")


def test_train_without_data_and_network_names_the_ways_on(run, source):
    error = run(TRAIN, status=1).stderr
    assert error.endswith(
        "Try again later, or copy the files from a folder: "
        "mlp download --data-dir data --from DIR\n"
        "Or train on drawn digits, which need no download: mlp train --dataset synthetic\n"
    )


# --dataset


def test_a_dataset_of_the_catalogue_is_looked_for_by_its_own_name(run):
    write_dataset(Path("data"))
    write_dataset(Path("data/kmnist"), make_arrays(train=50))
    done = run(f"{TRAIN} --dataset kmnist")
    assert done.stderr.startswith("kmnist from data/kmnist: 40 training, 10 validation, ")
    path = Path("checkpoints/kmnist-64-30-10-001.npz")
    assert load_checkpoint(path).settings.dataset == "kmnist"
    assert run("evaluate").stdout.startswith("kmnist, test images\n")


def test_loose_files_that_may_be_mnists_are_taken_for_no_other_dataset(run, monkeypatch):
    write_dataset(Path("data"))
    nowhere = replace(CATALOGUE["fashion-mnist"], mirrors=["http://127.0.0.1:1/"])
    monkeypatch.setitem(CATALOGUE, "fashion-mnist", nowhere)
    done = run(f"{TRAIN} --dataset fashion-mnist", status=1)
    assert "fashion-mnist is not in data: fetching it into data/fashion-mnist" in done.stderr
    assert "mlp download --dataset fashion-mnist --data-dir data --from DIR" in done.stderr


def test_a_folder_of_ones_own_is_a_dataset(run):
    write_dataset(Path("my digits [2]"), make_arrays(classes=3), dotted=True, gzipped=False)
    arguments = [*TRAIN.split(), "--dataset", "my digits [2]"]
    for _ in range(2):
        assert run(arguments).stderr.startswith("my digits [2] from my digits [2]: 30 training, ")
    checkpoints = sorted(path.name for path in Path("checkpoints").iterdir())
    assert checkpoints == ["my_digits_2-64-30-3-001.npz", "my_digits_2-64-30-3-002.npz"]
    assert load_checkpoint(Path("checkpoints", checkpoints[0])).settings.dataset == "my digits [2]"
    assert run("evaluate").stdout.startswith("my digits [2], test images\n")
    Path("my digits [2]").rename("moved")
    error = run("evaluate", status=1).stderr
    assert "my digits [2]: no dataset here, expected its four files." in error
    assert "Put them there. mlp convert makes them" in error
    assert error.endswith("Or name another folder with --dataset.\n")
    run("evaluate --dataset moved")


def assert_advice_can_be_followed(command, error):
    """Check that every option in an error's advice is one of the command that it is about."""
    found = 0
    for line in error.splitlines():
        own, *other = re.split(r"\bmlp (?=[a-z]+ -)", line)
        for text in (f"{command} {own}", *other):
            name, *words = text.split()
            options = mlp.get_command(click.Context(mlp), name).params
            spellings = {spelling for option in options for spelling in option.opts}
            named = {match[0] for word in words if (match := re.match(r"--[a-z-]+", word))}
            assert named <= spellings, f"{line}: {name} has no {named - spellings}"
            found += len(named)
    return found


@pytest.fixture
def own_run(run):
    """A run on a folder of one's own."""
    arrays = write_dataset(Path("own"))
    run(f"{TRAIN} --dataset own")
    return arrays


@pytest.mark.parametrize(
    "command",
    [f"{TRAIN} --dataset own", "evaluate", "explain", "report", "train --resume --epochs 9"],
)
@pytest.mark.parametrize("fault", ["missing", "damaged", "closed"])
def test_every_command_that_reads_data_takes_another_folder_and_advises_to(
    run, own_run, unprivileged, command, fault
):
    for each in ("explain", "report"):  # loads what there is to load while root may
        run(each)
    if fault == "missing":
        Path("own", f"{FILES[0]}.gz").unlink()
    elif fault == "damaged":
        write_dataset(Path("own"), [*own_run[:3], own_run[3][1:]])
    else:
        Path("own").chmod(0)
    with unprivileged() if fault == "closed" else nullcontext():
        error = run(command, status=1).stderr
    Path("own").chmod(0o755)
    assert re.search(r"^Error: (checkpoints/\S+: )?own", error, re.MULTILINE)
    assert error.endswith("Or name another folder with --dataset.\n")
    assert assert_advice_can_be_followed(command.split()[0], error) == 1


def test_errors_name_options_as_they_are_typed(run):
    write_dataset(Path("data"))
    error = run("train --validation 60000", status=2).stderr
    assert "Error: --validation 60000: the training set holds 40 images" in error
    run(f"{TRAIN.replace('--validation 10', '--validation 0')}")
    error = run("evaluate --split validation", status=2).stderr
    assert "Error: --split validation: none of the run's images were held out." in error
    assert assert_advice_can_be_followed("evaluate", error) == 1  # --split, twice
    run(TRAIN)
    write_dataset(Path("other"), make_arrays(seed=1))
    error = run("evaluate --split validation --dataset other", status=2).stderr
    assert "Error: --split validation: The network was trained on mnist" in error


def test_a_folder_of_ones_own_is_never_downloaded_to(run):
    arrays = write_dataset(Path("own"))
    Path("own", f"{FILES[0]}.gz").unlink()
    assert "own: no dataset here, expected its four" in run("train --dataset own", status=1).stderr
    assert len(list(Path("own").iterdir())) == 3
    write_dataset(Path("own"), [*arrays[:3], arrays[3][1:]])
    error = run("train --dataset own", status=1).stderr
    assert error.endswith("Replace it. Or name another folder with --dataset.\n")


def test_a_name_of_the_catalogue_goes_before_a_folder_called_the_same(run):
    write_dataset(Path("data"))
    write_dataset(Path("mnist"), make_arrays(train=25))
    assert "mnist from data: 30 training, " in run(TRAIN).stderr
    assert "./mnist from mnist: 15 training, " in run(f"{TRAIN} --dataset ./mnist").stderr
    assert sorted(path.name for path in Path("checkpoints").iterdir())[1] == (
        "mnist-64-30-10-002.npz"
    )
    assert run("evaluate").stdout.startswith("./mnist, test images\n")


def test_evaluate_reports_that_the_dataset_is_another_one(run):
    write_dataset(Path("data"))
    write_dataset(Path("other"), make_arrays(seed=1))
    run(TRAIN)
    done = run("evaluate --dataset other --json")
    assert json.loads(done.stdout)["dataset"] == "other"
    assert "The network was trained on mnist, and is evaluated on other.\n" in done.stderr
    done = run("evaluate --data-dir other")
    assert "other holds other images or labels than the network was trained on.\n" in done.stderr
    assert "trained on" not in run("evaluate --dataset mnist").stderr


def test_a_data_folder_that_cannot_be_read_is_skipped(run, unprivileged):
    write_dataset(Path("closed"))
    run(f"{TRAIN} --data-dir closed")
    run("evaluate")  # loads what there is to load while root may
    Path("closed").chmod(0)
    with unprivileged():
        done = run("evaluate", status=1)
        assert "Error: closed/mnist: cannot be read (Permission denied)" in done.stderr
    write_dataset(Path("data"))
    with unprivileged():
        run("evaluate")


@pytest.mark.parametrize("named", ["--dataset other", "--data-dir other"])
def test_other_data_have_no_images_that_were_held_out(run, named):
    """They may be fewer than the run held out of its own."""
    write_dataset(Path("data"))
    write_dataset(Path("other"), make_arrays(train=10))
    run(TRAIN)
    done = run(f"evaluate {named} --split train --json")
    assert json.loads(done.stdout)["examples"] == 10
    error = run(f"evaluate {named} --split validation", status=2).stderr
    assert "trained on" in error
    assert "None of its images were held out" in error
    assert "Choose --split test or --split train" in error


def test_evaluate_names_the_classes(run):
    write_dataset(Path("data/fashion-mnist"))
    run(f"{TRAIN} --dataset fashion-mnist")
    lines = run("evaluate").stdout.splitlines()
    table, matrix = lines[5:16], lines[-11:]
    assert table[0] == "class          precision    recall        F1  examples"
    assert re.match(r"0 T-shirt/top +[\d.-]+", table[1])
    assert re.match(r"9 Ankle boot  +[\d.-]+", table[10])
    assert len({len(line) for line in table}) == len({len(line) for line in matrix}) == 1
    assert matrix[0].split() == [str(label) for label in range(10)]
    assert [line[:13].rstrip() for line in matrix[1:]] == [
        f"{label} {name}" for label, name in enumerate(CATALOGUE["fashion-mnist"].classes)
    ]
    classes = json.loads(run("evaluate --json").stdout)["per_class"]
    assert [figure["name"] for figure in classes] == list(CATALOGUE["fashion-mnist"].classes)


@pytest.mark.parametrize(
    ("dataset", "label", "name"),
    [
        ("mnist", 7, "7"),
        ("fashion-mnist", 9, "Ankle boot"),
        ("kmnist", 3, "tsu"),
        ("a/folder", 4, "4"),
        ("mnist", 12, "12"),
    ],
)
def test_a_label_has_the_name_of_its_class(dataset, label, name):
    assert ClassNames(find_source(dataset).class_names()).class_name(label) == name


@pytest.mark.parametrize(
    ("dataset", "stem"),
    [
        ("fashion-mnist", "fashion-mnist"),
        ("a/b/chiffres été", "chiffres_été"),
        ("./x*y?[z]", "x_y_z"),
        ("..hidden", "hidden"),
        ("a\nb\\c:d", "a_b_c_d"),
        ("/", "data"),
        (40 * "long", 10 * "long"),
        ("\udcff", "data"),
    ],
)
def test_a_file_about_a_dataset_has_a_safe_name(dataset, stem):
    assert find_source(dataset).file_stem == stem


def test_the_current_folder_gives_its_own_name():
    assert find_source(".").file_stem == find_source(str(Path.cwd())).file_stem
