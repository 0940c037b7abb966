"""The benchmarks run, whoever is installed, and every peer learns the same thing. No times."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlp_cli.learning.compiled import variants
from mlp_cli.nn.encoding import one_hot, pixels_to_x
from mlp_cli.nn.network import Network
from tests.benchmarks.workers import PEERS, MissingError, Task, Worker
from tests.makers import draw_seven, make_arrays, write_dataset

ROOT = Path(__file__).parents[1]


def is_installed(peer):
    if peer.module == "c":
        compiler = os.environ.get("CC", "cc")  # CC=false: as if there were none
        if shutil.which(compiler) is None:
            return False
        asked = subprocess.run([compiler, "--version"], capture_output=True, check=False)
        return asked.returncode == 0
    if peer.key in {"compiled", "c-inked"}:
        return bool(variants())
    try:
        return bool(version(peer.package))
    except PackageNotFoundError:
        return False


def run(module, *arguments, status=0, path=""):
    """Run a benchmark; return its output and its tables' rows, by their first cell."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == status, done.stderr
    lines = [line.strip("|").split("|") for line in done.stdout.splitlines() if line[:1] == "|"]
    table = {name.strip(): [cell.strip() for cell in cells] for name, *cells in lines}
    return done.stdout + done.stderr, table


def hide(name):
    """A folder from which importing this package fails as if it were not installed."""
    folder = Path("hidden").resolve()
    folder.mkdir()
    message = f"No module named {name!r}"
    (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError({message!r}, name={name!r})")
    return folder


QUICK = [
    peer for peer in PEERS if peer.key != "torch-compile"
]  # that one takes half a minute to do so


@pytest.mark.parametrize(
    "peers", [QUICK, pytest.param(PEERS, marks=pytest.mark.slow)], ids=["quick", "all"]
)
def test_the_table_has_a_row_for_every_peer_and_all_that_are_there_learn(tmp_path, peers):
    write_dataset(tmp_path, make_arrays(train=600, test=100))
    options = ["--data-dir", tmp_path, "--images", 595, "--hidden", 20, "--rounds", 4]
    options += [part for peer in peers for part in ("--peer", peer.key)]
    output, rows = run("peers", *options, path=hide("jax"))
    assert "595 images, mini-batches of 10, 60 updates an epoch, eta 3, 1 thread" in output
    for peer in peers:
        *figures, accuracy = rows[peer.label()]
        if peer.key == "jax":
            assert figures[0] == "missing: No module named 'jax'"
        elif is_installed(peer):
            assert all(float(figure) > 0 for figure in figures), peer
            assert float(accuracy.removesuffix(" %")) > 80, peer
        else:
            assert figures[0].startswith(("missing: No module named", "missing: no ")), peer


def test_a_peer_that_fails_is_said_and_the_others_go_on(tmp_path):
    write_dataset(tmp_path)
    Path("hidden").mkdir()
    Path("hidden/jax.py").write_text("raise RuntimeError('broken installation')")
    options = ["--data-dir", tmp_path, "--peer", "numpy", "--peer", "jax", "--rounds", 1]
    output, rows = run("peers", *options, status=1, path=Path("hidden").resolve())
    (jax,) = (peer for peer in PEERS if peer.key == "jax")
    assert "broken installation" in output
    assert rows[jax.label()][0] == "failed"
    assert float(rows["this program, NumPy engine"][0]) > 0


def test_peers_learn_from_distorted_images(tmp_path):
    write_dataset(tmp_path)
    options = ["--data-dir", tmp_path, "--peer", "numpy", "--distort", "elastic", "--rounds", 1]
    output, rows = run("peers", *options)
    assert "images (elastic), mini-batches of 10" in output
    assert float(rows["this program, NumPy engine"][0]) > 0


def test_peers_without_data_say_how_to_get_it(tmp_path):
    output, _ = run("peers", "--data-dir", tmp_path, status=1)
    assert "mlp download" in output
    assert "Traceback" not in output


# scikit-learn cannot take the same step: it has no quadratic cost.
SAME_STEP = [
    pytest.param(peer, id=peer.key, marks=[] if peer in QUICK else pytest.mark.slow)
    for peer in PEERS
    if peer.key != "sklearn"
]


@pytest.mark.parametrize("peer", SAME_STEP)
def test_every_peer_takes_the_derivations_step(tmp_path, peer):
    """All examples in one mini-batch; and one example 13 times over, five at a time and then three:
    both end at the same parameters in whatever order a peer visits them.
    """
    arrays = make_arrays(train=13)
    same = [np.repeat(array[:1], 13, axis=0) for array in arrays[:2]] + arrays[2:]
    for name, batch_size, taken in (("distinct", 13, arrays), ("same", 5, same)):
        write_dataset(tmp_path / name, taken)
        task = Task(tmp_path / name, 13, (7, 6), batch_size, eta=3.0, threads=1)
        with Worker(peer, task) as worker:
            try:
                worker.ready()
            except MissingError:
                assert not is_installed(peer)
                return
            worker.train_epoch()
            found = worker.parameters()
        expected = learn(*taken[:2], task)
        for ours, theirs in zip((expected.weights, expected.biases), found, strict=True):
            for p, q in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(q, p, atol=2e-5)


def learn(images, labels, task):
    """The derivation's steps, in double precision from the start that the peers get."""
    network = Network.initialise((64, *task.hidden, 10), np.random.default_rng(task.seed))
    network = Network(
        [W.astype(np.float64) for W in network.weights],
        [b.astype(np.float64) for b in network.biases],
    )
    x, y = pixels_to_x(images, np.float64), one_hot(labels, 10, np.float64)
    for start in range(0, len(x), task.batch_size):
        batch = slice(start, start + task.batch_size)
        derivatives = network.backpropagate(network.feedforward(x[batch]), y[batch])
        network.descend(derivatives, step=task.eta / len(x[batch]))
    return network


SMALL = ["--images", 50, 100, "--hidden", 2, "--batch-size", 1, 10, "--rounds", 1]


def test_scaling_prints_a_row_for_every_size_and_draws_them(tmp_path):
    _, rows = run("scaling", *SMALL, "-o", tmp_path / "plot.png", "--temp", tmp_path)
    assert {"images", "50", "100", "hidden units", "2", "batch size", "1", "10"} <= rows.keys()
    assert all(float(figure) > 0 for key in ("50", "100", "2", "10") for figure in rows[key])
    with Image.open(tmp_path / "plot.png") as plot:
        assert plot.convert("L").getextrema() == (0, 255)
    assert [path.name for path in tmp_path.iterdir()] == ["plot.png"]


def test_scaling_has_two_columns_for_every_engine(tmp_path):
    engines = ["--engine", "numpy", "--engine", "plain"]
    output, rows = run("scaling", *SMALL, *engines, "--temp", tmp_path)
    assert "numpy, s / epoch" in output
    assert "plain, s / epoch" in output
    assert len([figure for figure in rows["100"] if figure]) == 4


def test_scaling_without_matplotlib_says_so_before_it_measures():
    output, rows = run("scaling", "-o", "plot.png", status=1, path=hide("matplotlib"))
    assert "-o needs matplotlib (No module named 'matplotlib')" in output
    assert not rows


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_trains_sets_of_both_kinds_and_removes_them(tmp_path):
    options = ["--only", "growth", "--only", "mapped", "--growth", 100, 200, "--images", 300]
    output, rows = run("memory", *options, "--limit", 600, "--temp", tmp_path)
    for name in ("100, gzipped", "200, gzipped", "300, mapped, own memory limited to 600 MB"):
        assert all(float(figure) > 0 for figure in rows[name])
    assert "Every further image of 784 pixels and its label take" in output
    assert list(tmp_path.iterdir()) == []


def test_startup_times_the_commands(tmp_path):
    write_dataset(tmp_path)
    _, rows = run("startup", "--data-dir", tmp_path, "--rounds", 1)
    for name in ("import numpy, PIL.Image", "mlp --help", "mlp predict image.png"):
        assert all(float(figure) > 0 for figure in rows[name])


def test_reading_times_pictures_on_one_core_and_on_all(tmp_path):
    for number in range(3):
        draw_seven().save(tmp_path / f"{number}.png")
    _, rows = run("reading", tmp_path, "--rounds", 1)
    assert float(rows["one core"][-1]) > 0


def test_presets_trains_every_preset_with_every_engine_and_compares_them(tmp_path):
    write_dataset(tmp_path, make_arrays(train=60, test=20))
    Path("own.toml").write_text("hidden = [5]\nepochs = 2\nvalidation = 10\n")
    options = ["--data-dir", tmp_path, "--preset", Path("own.toml").resolve()]
    output, _ = run("presets", *options, "--engine", "numpy", "--engine", "plain", "--seed", 3)
    assert "| numpy | " in " ".join(output.split())
    lines = [
        line.split("|") for line in output.splitlines() if "| plain |" in " ".join(line.split())
    ]
    assert len(lines) == 2  # the run, and its time beside the first engine's
    run_seconds, ratio = float(lines[0][4]), float(lines[1][3])
    assert run_seconds > 0
    assert ratio > 0


def test_the_cost_of_a_cluster_counts_what_passes_the_scheduler():
    options = ["--workers", 1, "--runs", 4, "--idle", 0.1]
    _, table = run("cluster", *options)
    _, through = run("cluster", *options, "--through")
    assert list(table) == list(through) == ["workers", "1"]
    heading = table["workers"]
    kilobytes = heading.index("kB at the scheduler")
    assert 0.5 < float(table["1"][kilobytes]) < 50
    assert float(through["1"][kilobytes]) > float(through["1"][heading.index("kB a checkpoint")])


def test_finetuning_learns_from_half_of_a_hand_and_reads_the_other(tmp_path):
    """A hand of sevens and ones has eight classes, not ten: its last layer is fresh."""
    write_dataset(tmp_path / "mnist", make_arrays(shape=(28, 28)))
    hand = tmp_path / "scan" / "hand01"
    hand.mkdir(parents=True)
    for number in range(4):
        draw_seven(at=(50 + number, 50)).save(hand / f"7_{number}.png")
        one = Image.new("L", (200, 200), 255)
        one.paste(0, (90 + number, 40, 102 + number, 160))
        one.save(hand / f"1_{number}.png")
    options = ["--mnist", tmp_path, "--hands", "hand01", "--splits", 1, "--train", "--validation 0"]
    output, _ = run("finetuning", tmp_path, *options)
    (row,) = (line.split() for line in output.splitlines() if line.startswith("hand01"))
    assert row[:3] == ["hand01", "8", "4"]
    assert row[4:] == ["100.0%", "fresh", "layer"]
