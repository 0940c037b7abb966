"""mlp sweep: its runs, its table, and what a stop, a death or a full disk leaves of it."""

import csv
import json
import os
import re
import resource
import shlex
import shutil
import signal
import statistics
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mlp_cli.datasets.catalogue import load_dataset
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.sweeps.local import LocalWorkers
from mlp_cli.sweeps.shared_data import SharedData, map_dataset
from mlp_cli.sweeps.sweep import read_table
from mlp_cli.sweeps.workers import Ended, Progress, Task
from tests.makers import make_arrays, write_dataset
from tests.processes import contents, end_by, finish, partial_files, read_until, running
from tests.test_sweep_plan import DEFAULTS

SMALL = "--validation 10 --epochs 2 --hidden 6"
SWEEP = f"sweep {SMALL} --vary eta=1,3 --seeds 2 --jobs 2"
LONG = "sweep --validation 100 --epochs 60 --batch-size 2 --vary eta=0.5,1 --jobs 2 --seeds"


@pytest.fixture(autouse=True)
def data(own_folder):
    write_dataset(Path("data"), make_arrays(train=600, test=50))


def table(folder):
    """The lines of sweep.csv, but for their seconds."""
    with open(Path(folder) / "sweep.csv", newline="") as file:
        return [
            {name: cell for name, cell in line.items() if name != "seconds"}
            for line in csv.DictReader(file)
        ]


def runs(folder):
    """What the checkpoints of a sweep hold, but for time."""
    return {path.name: contents(path) for path in sorted(Path(folder).glob("*.npz"))}


def children(process):
    """The processes that a process has started and that live, by their numbers."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == process and state != "Z":
                found.append(int(stat.parent.name))
    return found


def is_alive(process):
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


# A grid from begin to end


def test_a_sweep_trains_every_combination_and_prints_the_best_first(run):
    done = run(f"{SWEEP} -o s")
    rows = table("s")
    assert {row["eta"] for row in rows} == {"1", "3"}
    means = [float(row["mean"]) for row in rows]
    assert means == sorted(means, reverse=True)
    assert done.stdout.splitlines()[0].endswith("seeds 0 to 1")
    assert "hidden 6" in done.stdout.splitlines()[0]
    heading, first = done.stdout.splitlines()[2:4]
    assert re.split(r"\s{2,}", heading)[:4] == ["eta", "validation", "deviation", "95 % interval"]
    assert first.startswith(rows[0]["eta"])
    assert sorted(os.listdir("s")) == [
        *(f"run-00{number}.npz" for number in (1, 2, 3, 4)),
        *("sweep.csv", "sweep.toml"),
    ]
    assert done.stderr.startswith("4 runs, 2 at a time, in s\n")
    assert len(re.findall(r"^\d/4  eta \d, seed \d: .* %, best epoch", done.stderr, re.M)) == 4


def test_each_run_is_the_checkpoint_that_train_would_have_made(run):
    run(f"{SWEEP} -o s")
    run(f"train {SMALL} --eta 3 --seed 1 --threads 1 --checkpoint own.npz")
    (meta, arrays), (own, expected) = contents("s/run-004.npz"), contents("own.npz")
    assert arrays == expected
    assert meta["history"] == own["history"]
    assert (meta["eta"], meta["seed"], meta["test_accuracy"]) == (3.0, 1, None)
    run("evaluate --checkpoint s/run-004.npz --split validation")
    run("inspect s/run-004.npz")


FROM = "sweep --from first.npz --epochs 2 --vary eta=1,3 --seeds 2 --jobs 2 -o s"


@pytest.fixture
def first(run):
    """A network that was trained before."""
    run("train --epochs 1 --hidden 5 --eta 2 --batch-size 20 --checkpoint first.npz")


def test_all_runs_begin_with_a_network_as_train_would(run, first):
    done = run(FROM)
    assert "every run begins with the parameters of first.npz\n" in done.stderr
    run("train --from first.npz --epochs 2 --eta 3 --seed 1 --threads 1 --checkpoint own.npz")
    (meta, arrays), (own, expected) = contents("s/run-004.npz"), contents("own.npz")
    assert arrays == expected
    assert meta["from"] == own["from"]
    assert (meta["sizes"], meta["batch_size"], meta["schedule"]) == ([64, 5, 10], 20, "cosine")


def test_a_sweep_keeps_what_its_runs_begin_with(run, first):
    run(FROM)
    before = runs("s")
    for number in (2, 3):
        Path(f"s/run-00{number}.npz").unlink()
    Path("first.npz").rename("moved.npz")
    assert "resumed: 2 of 4 are complete" in run("sweep -o s").stderr
    assert runs("s") == before
    run(FROM.replace("first.npz", "moved.npz"))
    Path("s/run-002.npz").unlink()
    kept = Path("s/sweep.start")
    kept.write_bytes(b"PK")
    assert "Move it away, and give the sweep's own options" in run("sweep -o s", status=1).stderr
    kept.write_bytes(Path("s/run-001.npz").read_bytes())
    done = run("sweep -o s", status=1)
    assert "s/sweep.start: holds another network than first.npz." in done.stderr
    kept.unlink()
    assert "no such file" in run("sweep -o s", status=1).stderr
    run(FROM.replace("first.npz", "moved.npz"))
    assert runs("s") == before


def test_runs_that_begin_elsewhere_are_another_sweep(run, first):
    run(FROM)
    run("train --epochs 1 --hidden 5 --eta 2 --batch-size 20 --seed 1 --checkpoint other.npz")
    done = run(FROM.replace("first.npz", "other.npz"), status=1)
    assert "the sweep here is another: from " in done.stderr
    done = run(FROM.replace("--from first.npz", "--hidden 5"), status=1)
    assert "from random parameters instead of" in done.stderr


@pytest.mark.parametrize(
    "vary", ["hidden=5,6", "activation=tanh", "view=deslant", "cost=quadratic"]
)
def test_what_the_network_decides_cannot_vary(run, first, vary):
    done = run(f"sweep --from first.npz --vary {vary} --seeds 2 -o s", status=2)
    name = vary.partition("=")[0]
    assert f"--vary {name}: the runs begin with the network of first.npz. Leave it out." in (
        done.stderr
    )
    assert not Path("s").exists()


def test_a_fresh_last_layer_and_images_that_do_not_fit_are_said_before_any_run(run, first):
    write_dataset(Path("four"), make_arrays(train=600, test=50, classes=4))
    assert "the data have 4 classes" in run(f"{FROM} --dataset four").stderr
    assert load_checkpoint(Path("s/run-001.npz")).origin.layers == 1
    write_dataset(Path("wide"), make_arrays(train=60, shape=(4, 16)))
    done = run(f"{FROM}2 --dataset wide", status=1)
    assert "wide: images of 4 x 16 pixels, expected 8 x 8" in done.stderr
    assert not Path("s2").exists()


def test_a_sweep_of_few_images_holds_a_sixth_of_them_out(run):
    write_dataset(Path("own"), make_arrays(train=60))
    run("sweep --dataset own --epochs 1 --vary eta=1,3 -o s")
    assert load_checkpoint(Path("s/run-001.npz")).settings.validation == 10
    write_dataset(Path("own"), make_arrays(train=50))
    done = run("sweep --dataset own --epochs 1 --vary eta=1,3 -o s2", status=2)
    assert "own: 50 training images are few, and none is held out." in done.stderr
    assert not Path("s2").exists()


def test_a_complete_sweep_trains_nothing_again(run):
    run(f"{SWEEP} -o s")
    before = {path.name: path.read_bytes() for path in Path("s").iterdir()}
    done = run(f"{SWEEP} -o s")
    assert "resumed: 4 of 4 are complete" in done.stderr
    assert run("sweep -o s").stdout == done.stdout
    assert {path.name: path.read_bytes() for path in Path("s").iterdir()} == before


def test_another_plan_in_the_folder_is_refused_before_anything_runs(run):
    run(f"{SWEEP} -o s")
    done = run(f"sweep {SMALL} --vary eta=1,2 --seeds 2 -o s", status=1)
    assert done.stderr == (
        "Error: s: the sweep here is another: eta 1,2 instead of 1,3.\n"
        "Name another folder with -o, or resume this one with its own options.\n"
    )


def test_other_data_are_another_plan(run):
    run(f"{SWEEP} -o s")
    Path("s/run-001.npz").unlink()
    write_dataset(Path("data"), make_arrays(train=600, test=50, seed=1))
    assert "the data of mnist" in run(f"{SWEEP} -o s", status=1).stderr


def test_a_preset_and_the_environment_make_a_sweep_too(run):
    Path("own.toml").write_text("epochs = 1\nvalidation = 10\nhidden = 4\neta = 9.0\n")
    run("sweep --config own.toml --vary eta=1,3 -o s", env={"MLP_SWEEP_ACTIVATION": "tanh"})
    settings = load_checkpoint(Path("s/run-001.npz")).settings
    assert (settings.epochs, settings.hidden, settings.eta) == (1, [4], 1.0)
    assert settings.activation == "tanh"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("--vary et=1 --vary eta=0", ["unknown setting 'et'", "expected a number above 0"]),
        ("--eta 1 --vary eta=1,3", ["is also in --vary"]),
        ("--epochs 3", ["Nothing differs between the runs"]),
        ("--vary eta=1..3", ["--trials N"]),
        ("--vary warmup=30,40", ["No run is left: --warmup 30"]),
    ],
)
def test_bad_input_is_said_before_anything_is_written(run, command, words):
    lines = run(f"sweep {command} -o s", status=2).stderr.splitlines()
    for line, expected in zip(lines[-len(words) :], words, strict=True):
        assert expected in line
    assert not os.path.exists("s")


def test_a_folder_without_a_sweep_has_nothing_to_resume(run):
    assert "no sweep here" in run("sweep -o s", status=1).stderr
    assert "holds 'data' and no sweep.toml" in run(f"{SWEEP} -o .", status=1).stderr


def test_a_run_that_cannot_be_is_a_row_with_its_reason(run):
    done = run(f"sweep {SMALL} --vary eta=1,1e300 --vary warmup=0,2 -o s")
    rows = {(row["eta"], row["warmup"]): row for row in table("s")}
    assert rows["1", "0"]["error"] == ""
    assert rows["1", "2"]["error"].startswith("--warmup 2: leaves no epoch of 2")
    assert rows["1", "2"]["mean"] == ""
    assert "parameter" in rows["1e+300", "0"]["error"]
    assert "not every run is complete:" in done.stdout
    _, shown = read_table(Path("s"))
    assert [row.error or "" for row in shown] == [row["error"] for row in table("s")]
    assert "Traceback" not in done.stderr


def test_a_sweep_without_a_complete_run_has_failed(run):
    done = run(f"sweep {SMALL} --vary eta=1e299,1e300 -o s", status=1)
    assert done.stdout.count("parameter") == 2


def test_the_test_set_is_read_by_the_winners_best_seed_alone(run):
    done = run(f"{SWEEP} -o s --test --json")
    document = json.loads(done.stdout)
    first = document["rows"][0]
    best = max(range(2), key=lambda nth: first["validation_accuracy"][nth])
    tested = {
        path.name
        for path in Path("s").glob("*.npz")
        if load_checkpoint(path).test_accuracy is not None
    }
    assert tested == {Path(first["checkpoints"][best]).name}
    assert document["test"]["checkpoints"] == [first["checkpoints"][best]]
    changed = Path(first["checkpoints"][best]).read_bytes()
    assert "test accuracy" in run("sweep -o s --test").stdout
    assert Path(first["checkpoints"][best]).read_bytes() == changed


def test_the_test_set_is_read_by_every_run_where_the_seed_alone_differs(run):
    """Nothing is chosen by them, so their mean and deviation are fair."""
    command = f"sweep {SMALL} --seeds 3 --jobs 2 -o s --test"
    document = json.loads(run(f"{command} --json").stdout)
    accuracies = [load_checkpoint(path).test_accuracy for path in sorted(Path("s").glob("*.npz"))]
    assert len(set(accuracies)) > 1
    assert document["test"] == {
        "checkpoints": document["rows"][0]["checkpoints"],
        "accuracy": accuracies,
        "mean": pytest.approx(statistics.fmean(accuracies)),
        "standard_deviation": pytest.approx(statistics.stdev(accuracies)),
    }
    each = ", ".join(f"{accuracy * 100:.2f}" for accuracy in accuracies)
    mean = f"{statistics.fmean(accuracies) * 100:.2f} %"
    assert f"test accuracy  {mean}, the mean of 3 runs ({each} %), " in run(command).stdout


# Stops, deaths and full disks


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A folder with the sweep of LONG that nothing disturbed: seeds 1, and its data."""
    folder, before = tmp_path_factory.mktemp("undisturbed"), Path.cwd()
    os.chdir(folder)
    write_dataset(Path("data"), make_arrays(train=600, test=50))
    finish(*LONG.split(), 2, "-o", "s")
    os.chdir(before)
    return folder / "s"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_prints_the_table_and_the_command_that_resumes(undisturbed, number, status):
    with running(*LONG.split(), 2, "-o", "s") as process:
        read_until(process, "/4  eta")
        workers = children(process.pid)
        code, said = end_by(process, number)
    assert code == status
    assert len(workers) == 2
    assert not any(map(is_alive, workers))
    assert "all runs: dataset mnist" in said
    assert re.search(r"^Interrupted. [123] of 4 runs are complete, in s.$", said, re.MULTILINE)
    (command,) = re.findall(r"^Resume with: mlp (.*)$", said, re.MULTILINE)
    assert command == "sweep -o s --jobs 2"
    assert partial_files("s") == []
    finish(*shlex.split(command))
    assert table("s") == table(undisturbed)
    assert runs("s") == runs(undisturbed)


def kill_and_resume(undisturbed, folder, arguments, times):
    """Kill a sweep so many times, each a little later than the time before; then let it end."""
    pause = 1.0
    for _ in range(times):
        with running(*arguments, "-o", folder) as process:
            read_until(process, "runs, 2 at a time")
            time.sleep(pause)
            workers = children(process.pid)
            process.kill()
            process.wait()
        pause += 0.3
        until = time.monotonic() + 5
        while any(map(is_alive, workers)):
            assert time.monotonic() < until, "the workers outlive their owner"
            time.sleep(0.02)
    finish(*arguments, "-o", folder)
    assert table(folder) == table(undisturbed)
    assert runs(folder) == runs(undisturbed)


def test_a_sweep_that_was_killed_ends_as_if_nothing_had_been(undisturbed):
    kill_and_resume(undisturbed, "s", [*LONG.split(), 2], times=2)


@pytest.mark.slow
def test_a_sweep_of_twelve_settings_survives_five_kills():
    shape = "--validation 100 --epochs 40 --batch-size 2 --jobs 2 --seeds 5"
    arguments = ["sweep", *shape.split(), "--vary", "eta=0.1,0.5,1,3", "--vary", "hidden=9,9+9,5"]
    finish(*arguments, "-o", "undisturbed")
    kill_and_resume("undisturbed", "s", arguments, times=5)


def make_task(checkpoint, **changes):
    options = {**DEFAULTS, "threads": 1, "validation": 100, "batch_size": 2, **changes}
    return Task(1, options, Path(checkpoint))


def reports(workers):
    while True:
        report = workers.wait()
        yield report
        if isinstance(report, Ended):
            return


@pytest.mark.skipif(os.name != "posix", reason="no descriptor is inherited")
def test_workers_share_the_data_and_read_no_file(data):
    whole = load_dataset("mnist", Path("data"))
    with LocalWorkers(2, Path("data")) as workers:
        for name in ("a.npz", "b.npz"):
            workers.submit(make_task(name, epochs=1))
            shutil.rmtree("data", ignore_errors=True)
        ended = [workers.wait() for _ in range(4)]
    assert sum(each == Ended(1, None) for each in ended) == 2
    for name in ("a.npz", "b.npz"):
        assert load_checkpoint(Path(name)).settings.fingerprint == whole.fingerprint()


@pytest.mark.parametrize("gzipped", [True, False])
def test_files_that_are_not_packed_are_mapped_as_they_are(gzipped):
    folder = Path("own")
    write_dataset(folder / "mnist", make_arrays(train=60, test=20), gzipped=gzipped)
    shared = SharedData(folder)
    shared.share("mnist")
    assert list(shared.layouts) == (["mnist"] if gzipped else [])
    for layout in shared.layouts.values():
        mapped = map_dataset(layout)
        assert mapped.fingerprint() == load_dataset("mnist", folder).fingerprint()
        assert mapped.folder == folder / "mnist"
        with pytest.raises(ValueError, match="read-only"):
            mapped.train.images[0] = 1
    shared.close()


def test_a_killed_worker_costs_its_run_an_epoch_at_most():
    others = children(os.getpid())  # of the test runner
    with LocalWorkers(1, Path("data")) as workers:
        workers.submit(make_task("whole.npz", epochs=40))
        assert [report.epoch for report in reports(workers) if isinstance(report, Progress)] == [
            *range(1, 41)
        ]
        workers.submit(make_task("killed.npz", epochs=40))
        had, is_killed = [], False
        for report in reports(workers):
            if isinstance(report, Progress):
                had.append(report.epoch)
                if report.epoch == 3 and not is_killed:
                    is_killed = True
                    (worker,) = (each for each in children(os.getpid()) if each not in others)
                    os.kill(worker, signal.SIGKILL)
        assert report == Ended(1, None)
        (second,) = (each for each in children(os.getpid()) if each not in others)
        assert second != worker
    assert not is_alive(second)
    assert had[-1] == 40
    assert contents("whole.npz") == contents("killed.npz")


def test_a_run_whose_workers_die_three_times_is_given_up(monkeypatch):
    dies = (
        "import os, pickle\n"
        "from mlp_cli.sweeps.serving import Ready\n"
        "pickle.dump(Ready(), answers); answers.flush()\n"
        "open('deaths', 'a').write('+')\n"
        "os.kill(os.getpid(), 9)"
    )
    monkeypatch.setattr("mlp_cli.sweeps.local.CODE", dies)
    with LocalWorkers(1, Path("data")) as workers:
        workers.submit(make_task("run.npz"))
        report = workers.wait()
    assert Path("deaths").read_text() == "+++"
    assert report.number == 1
    assert report.error == (
        "its worker died 3 times in a row without an epoch (killed by SIGKILL). "
        "Perhaps the memory was short: use fewer --jobs, or a smaller network."
    )


def test_a_full_disk_stops_the_sweep_with_a_line_and_resumes(undisturbed):
    def no_room():  # for a checkpoint: to its writer, that is a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (15_000, 15_000))

    _, err = finish(*LONG.split(), 2, "-o", "s", status=1, preexec_fn=no_room)
    assert re.search(r"^Error: s/run-00\d.npz: cannot be written \(File too large\)", err, re.M)
    assert "0 of 4 runs are complete, in s.\nResume with: mlp sweep -o s --jobs 2\n" in err
    finish(*LONG.split(), 2, "-o", "s")
    assert table("s") == table(undisturbed)
    assert runs("s") == runs(undisturbed)


def test_a_damaged_checkpoint_is_a_row_and_the_others_are_trained(run):
    run(f"{SWEEP} -o s")
    Path("s/run-001.npz").write_bytes(b"PK\x03\x04 damaged")
    Path("s/run-002.npz").unlink()
    run(f"{SWEEP} -o s")
    (row,) = (row for row in table("s") if row["error"])
    assert row["error"].startswith("seed 0: s/run-001.npz: damaged")
    assert row["runs"] == "1"


def test_a_checkpoint_of_another_run_is_not_trained(run):
    run(f"{SWEEP} -o s")
    Path("s/run-003.npz").rename("s/run-001.npz")
    run(f"{SWEEP} -o s")
    assert "seed 0: s/run-001.npz: holds another run: eta 3.0, expected 1.0" in str(table("s"))


def test_no_worker_that_can_start_ends_the_sweep(run, monkeypatch):
    monkeypatch.setattr("mlp_cli.sweeps.local.CODE", "raise SystemExit(3)")
    done = run(f"{SWEEP} -o s", status=1)
    assert "No worker process can be started (exit status 3)." in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/smaps_rollup")
@pytest.mark.mnist
@pytest.mark.slow
def test_eight_jobs_take_a_hundred_megabytes_each(mnist_dir):
    vary = "--vary eta=0.05,0.1,0.2,0.3 --seeds 4"
    command = f"sweep --config quick --epochs 3 {vary} --jobs 8 -o s"
    most = 0
    with running(*command.split(), "--data-dir", mnist_dir) as process:
        while process.poll() is None:
            shares = []
            for worker in children(process.pid):
                with suppress(OSError):
                    text = Path(f"/proc/{worker}/smaps_rollup").read_text()
                    shares.append(int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1]))
            most = max(most, sum(shares) * 1024)
            time.sleep(0.05)
    assert process.returncode == 0
    assert 8 * 30e6 < most <= 8 * 100e6
