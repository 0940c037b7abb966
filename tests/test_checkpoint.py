"""The checkpoint file: what it holds, how it is written, and everything it refuses."""

import contextlib
import io
import json
import os
import pickle
import re
import resource
import time
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from stat import S_ISDIR

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlp_cli.errors import CheckpointError
from mlp_cli.learning.learner import NumpyEngine
from mlp_cli.learning.sgd import EpochResult
from mlp_cli.runs.places import create, newest_checkpoints, take_next
from mlp_cli.runs.reading import load_checkpoint, read_facts
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.system.files import replacing
from tests.makers import damage, make_run

PATH = Path("run.npz")


def saved(**changes):
    run = make_run(**changes)
    run.save(PATH)
    return run


def rewrite(change):
    """Save a run, let `change` edit its arrays, and write it again with plain NumPy."""
    saved()
    with np.load(PATH) as archive:
        arrays = dict(archive)
    change(arrays)
    np.savez(PATH, **arrays)


def rewrite_meta(**changes):
    def change(arrays):
        meta = json.loads(arrays["meta"].item())
        meta = {k: v for k, v in (meta | changes).items() if v is not ...}
        arrays["meta"] = np.array(json.dumps(meta))

    rewrite(change)


def replace_member(name, data, packing=zipfile.ZIP_STORED):
    """Save a run, and put these bytes in the place of one of its arrays."""
    saved()
    with zipfile.ZipFile(PATH) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(PATH, "w", packing) as archive:
        for member, content in (members | {f"{name}.npy": data}).items():
            archive.writestr(member, content)


def npy(header):
    """The start of an .npy file with this header."""
    return np.lib.format.magic(1, 0) + len(header).to_bytes(2, "little") + header.encode()


def assert_refused(words, path=PATH):
    with pytest.raises(CheckpointError, match=f"^{re.escape(str(path))}: .*{re.escape(words)}"):
        load_checkpoint(path)


def test_best_and_last_parameters_are_kept_apart():
    """Epoch 2 of 3 was the best; each epoch set the hidden biases to its number."""
    saved(accuracies=(0.5, 0.75, 0.25))
    run = load_checkpoint(PATH)
    assert run.best_epoch == 2
    assert run.best_accuracy == 0.75
    assert (run.network.biases[0] == 2).all()
    assert (run.resume.network.biases[0] == 3).all()


def test_of_two_equal_epochs_the_earlier_is_the_best():
    assert make_run(accuracies=(0.5, 0.75, 0.75)).best_epoch == 2


@pytest.mark.parametrize(
    ("accuracies", "costs", "best"),
    [
        ((1.0, 1.0, 1.0), (0.3, 0.1, 0.2), 2),
        ((1.0, 1.0, 1.0), (0.1, 0.1, 0.1), 1),
        ((1.0, 0.5, 1.0), (0.3, 0.1, 0.2), 3),
        ((0.5, 0.75, 0.25), (0.1, 0.2, 0.05), 2),
        ((1.0, 1.0, 1.0), (None, 0.1, 0.05), 1),
        ((1.0, 1.0, 1.0), (0.2, None, 0.1), 3),
    ],
)
def test_of_equally_accurate_epochs_the_one_of_the_lowest_cost_is_the_best(accuracies, costs, best):
    """A cost that is not known, as in a file of an earlier version, decides nothing."""
    run = saved(accuracies=accuracies, costs=costs)
    assert run.best_epoch == best
    back = load_checkpoint(PATH)
    assert back.history == run.history
    assert (back.network.biases[0] == best).all()
    assert back.best_accuracy == max(accuracies)


@pytest.mark.parametrize("accuracies", [(0.5, 0.75, 0.75), (0.75, 0.5, 0.75), (None, None, None)])
def test_patience_counts_from_where_the_accuracy_last_rose(accuracies):
    """A lower cost alone is no reason to wait longer: the option speaks of the accuracy."""
    run = saved(accuracies=accuracies, costs=(0.3, 0.2, 0.1))
    first = 3 if accuracies[0] is None else accuracies.index(0.75) + 1
    assert (run.first_best_epoch, run.best_epoch) == (first, 3)


def test_a_history_without_the_cost_of_validation_is_accepted_and_stays_as_it_is():
    run = make_run()
    for entry in run.history:
        del entry["validation_cost"]
    run.save(PATH)
    back = load_checkpoint(PATH)
    assert back.history == run.history
    assert back.best_epoch == 2


@pytest.mark.parametrize("cost", [-1, "x", True, [], 10**400])
def test_a_cost_of_validation_that_is_no_number_is_refused(cost):
    run = make_run()
    run.history[1]["validation_cost"] = cost
    run.save(PATH)
    with pytest.raises(CheckpointError, match="meta: history is"):
        load_checkpoint(PATH)


def test_without_validation_the_last_epoch_is_the_best():
    run = saved(accuracies=(None, None))
    assert run.best_epoch == 2
    assert run.best_accuracy is None
    assert (load_checkpoint(PATH).network.biases[0] == 2).all()


def test_everything_comes_back_to_the_bit():
    run = saved(dtype="float64")
    back = load_checkpoint(PATH)
    assert (back.settings, back.history, back.best_epoch) == (
        run.settings,
        run.history,
        run.best_epoch,
    )
    for ours, theirs in ((run.network, back.network), (run.resume.network, back.resume.network)):
        for a, b in zip(
            [*ours.weights, *ours.biases], [*theirs.weights, *theirs.biases], strict=True
        ):
            assert a.dtype == b.dtype == np.float64
            assert a.tobytes() == b.tobytes()


def test_the_shuffling_goes_on_where_it_stopped():
    run = saved()
    one, other = np.random.default_rng(), np.random.default_rng()
    one.bit_generator.state = run.resume.shuffling
    other.bit_generator.state = load_checkpoint(PATH).resume.shuffling
    assert one.permutation(1000).tolist() == other.permutation(1000).tolist()


def test_the_state_kept_is_that_after_the_last_epoch():
    run, rng = make_run(accuracies=(0.5,)), np.random.default_rng(5)
    rng.random(3)
    result = EpochResult(2, 3.0, 0.1, 1, 0.1, 0.1)
    run.record(result, NumpyEngine(run.network, 10), rng)
    assert run.resume.shuffling == rng.bit_generator.state
    rng.random()
    assert run.resume.shuffling != rng.bit_generator.state


def test_the_file_reads_with_numpy_alone():
    run = saved()
    with np.load(PATH) as archive:
        names = {"W2", "b2", "W3", "b3"}
        assert set(archive.files) == {
            *names,
            *(f"resume/{name}" for name in names),
            "resume/shuffle",
            "meta",
        }
        np.testing.assert_array_equal(archive["W2"], run.network.weights[0])
        np.testing.assert_array_equal(archive["b3"], run.network.biases[1])
        meta = json.loads(archive["meta"].item())
    assert meta["format_version"] == 1
    assert meta["sizes"] == [6, 5, 3]
    assert meta["versions"].keys() == {"mlp", "numpy", "python"}
    assert [list(entry) for entry in meta["history"]] == [
        [
            *("epoch", "eta", "cost", "training_accuracy"),
            *("validation_cost", "validation_accuracy", "seconds"),
        ]
    ] * 3
    assert meta["history"][1] == {
        "epoch": 2,
        "eta": 3.0,
        "cost": 0.25,
        "training_accuracy": None,
        "validation_cost": None,
        "validation_accuracy": 0.75,
        "seconds": 0.25,
    }


def test_training_seconds_add_up():
    assert make_run().training_seconds == pytest.approx(0.75)


def test_a_missing_file_is_refused():
    assert_refused("no such file, expected a checkpoint. Train one with: mlp train")


def test_a_folder_is_refused():
    Path("folder.npz").mkdir()
    assert_refused("cannot be read (Is a directory)", Path("folder.npz"))


def test_a_file_without_permission_is_refused(unprivileged):
    saved()
    PATH.chmod(0)
    with unprivileged():
        assert_refused("cannot be read (Permission denied)")


@pytest.mark.parametrize("data", [b"just text\n", b"\x93NUMPY\x01\0", b"\x1f\x8b\x08", b"PK"])
def test_another_kind_of_file_is_refused(data):
    PATH.write_bytes(data)
    assert_refused("begins with")


def test_an_empty_file_is_no_checkpoint():
    PATH.touch()
    assert_refused("empty, expected a checkpoint")


def test_a_newer_format_is_refused_by_its_number():
    rewrite_meta(format_version=2)
    assert_refused("format_version is 2, expected 1; a newer mlp may read it")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format_version", ...),
        ("format_version", "1"),
        ("format_version", True),
        ("format_version", 0),
        ("sizes", [6]),
        ("sizes", [6, 0, 3]),
        ("sizes", [6.0, 5, 3]),
        ("sizes", "6-5-3"),
        ("sizes", ...),
        ("image_shape", [3, 3]),
        ("image_shape", [6]),
        ("dtype", "float16"),
        ("activation", "step"),
        ("cost", None),
        ("eta", "3.0"),
        ("momentum", 1),
        ("dropout", 1.0),
        ("seed", True),
        ("validation", -5),
        ("data_dir", "a\0b"),
        ("dataset", 3),
        ("history", {}),
        ("history", [{"epoch": 1}]),
        ("history", [dict.fromkeys(("epoch", "eta", "cost", "validation_accuracy"), 1)]),
        (
            "history",
            [dict.fromkeys(("epoch", "eta", "cost", "validation_accuracy", "seconds"), "1")],
        ),
        *(
            ("history", [{"epoch": 1, "eta": 1, "cost": 1, "seconds": 1} | change])
            for change in (
                {"validation_accuracy": 1.5},
                {"validation_accuracy": None, "cost": float("nan")},
                {"validation_accuracy": None, "cost": 10**400},
                {"validation_accuracy": None, "eta": float("inf")},
                {"validation_accuracy": None, "seconds": -1},
                {"validation_accuracy": None, "cost": True},
                {"validation_accuracy": None, "epoch": 2},
                {"validation_accuracy": None, "epoch": True},
            )
        ),
        ("best_epoch", 0),
        ("best_epoch", 4),
        ("best_epoch", None),
    ],
)
def test_meta_that_does_not_hold_together_is_refused_by_name(name, value):
    rewrite_meta(**{name: value})
    assert_refused(f"meta: {name} is ")


def test_a_whole_number_will_do_for_eta():
    rewrite_meta(eta=3)
    assert load_checkpoint(PATH).settings.eta == 3


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("W2", None, "array W2: missing, expected float32 (5, 6)"),
        ("resume/b3", None, "array resume/b3: missing"),
        ("W2", np.zeros((6, 5), "f4"), "array W2: float32 (6, 5), expected float32 (5, 6)"),
        ("b2", np.zeros((5, 1), "f4"), "array b2: float32 (5, 1), expected float32 (5,)"),
        ("W3", np.zeros((3, 5)), "array W3: float64 (3, 5), expected float32 (3, 5)"),
        ("W3", np.full((3, 5), np.nan, "f4"), "array W3: not finite"),
        ("resume/W3", np.full((3, 5), np.inf, "f4"), "array resume/W3: not finite"),
        ("meta", None, "no JSON object under 'meta'"),
        ("meta", np.array("[1]"), "no JSON object under 'meta'"),
        ("meta", np.array("{"), "no JSON object under 'meta'"),
        ("meta", np.array("[" * 100_000), "no JSON object under 'meta'"),
        ("meta", np.array([1.0]), "no JSON object under 'meta'"),
        ("meta", np.array(["{}", "{}"]), "no JSON object under 'meta'"),
        ("resume/shuffle", None, "no JSON object under 'resume/shuffle'"),
    ],
)
def test_arrays_that_are_not_the_networks_are_refused_by_name(name, array, words):
    rewrite(lambda arrays: arrays.pop(name) if array is None else arrays.update({name: array}))
    assert_refused(words)


def test_a_pickle_is_never_unpacked(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, ("sprung",)

    rewrite(lambda arrays: arrays.update(W2=np.array([Trap()], object)))
    assert_refused("damaged")
    replace_member("W2", pickle.dumps(Trap()))
    assert_refused("damaged")
    assert not Path("sprung").exists()


def test_a_header_that_claims_more_than_there_is_is_refused():
    shape = "(1000000000, 1000000000)"
    replace_member("W2", npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n"))
    assert_refused("damaged")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,",
        "{'descr': [], 'shape': ()}",
        "{'descr': (), 'fortran_order': False, 'shape': (5, 6)}",
        "{'descr': (1,), 'fortran_order': False, 'shape': (5, 6)}",
        "\\",
    ],
)
def test_a_header_that_is_no_header_is_refused(header):
    replace_member("W2", npy(header))
    assert_refused("damaged")


@pytest.mark.parametrize("name", ["meta", "W2", "b3", "resume/W2", "resume/shuffle"])
def test_an_array_that_unpacks_to_more_than_it_may_is_not_unpacked(name):
    replace_member(name, bytes(1 << 26), zipfile.ZIP_DEFLATED)
    assert PATH.stat().st_size < 1 << 17
    tracemalloc.start()
    assert_refused(f"array {name}: unpacks to 67,108,864 bytes")
    assert tracemalloc.get_traced_memory()[1] < 1 << 21
    tracemalloc.stop()


def test_what_no_network_needs_is_not_unpacked():
    replace_member("extra", bytes(1 << 26), zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    assert load_checkpoint(PATH).best_epoch == 2
    assert tracemalloc.get_traced_memory()[1] < 1 << 21
    tracemalloc.stop()


def test_a_member_that_is_called_meta_alone_is_not_the_meta(run):
    saved()
    with zipfile.ZipFile(PATH, "a") as archive:
        archive.writestr("meta", "not an array")
    assert read_facts(PATH).stored_dtype == "float32"
    run(f"inspect --checkpoint {PATH}")


def test_data_beyond_an_array_is_refused():
    content = io.BytesIO()
    np.save(content, make_run().network.weights[0])
    replace_member("W2", content.getvalue() + b"more")
    assert_refused("damaged (data beyond the array W2)")


def test_an_old_way_to_write_a_header_is_read_without_a_remark():
    content = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3L,)}\n")
    replace_member("b3", content + bytes(12))
    assert load_checkpoint(PATH).network.biases[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("data_dir", "\ud800"), ("dataset", "\ud800"), ("data_dir", "a\0b"), ("eta", 10**400)],
)
def test_a_setting_that_nothing_can_be_done_with_is_refused(name, value):
    rewrite_meta(**{name: value})
    assert_refused(f"meta: {name}")


def test_a_pipe_is_refused_without_waiting_for_a_writer():
    os.mkfifo(PATH)
    assert_refused("A pipe or a device")


def test_a_packed_member_that_is_damaged_is_refused():
    saved()
    with zipfile.ZipFile(PATH) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(PATH, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert load_checkpoint(PATH).best_epoch == 2
    damaged = bytearray(PATH.read_bytes())
    damaged[40:120] = b"\xff" * 80
    PATH.write_bytes(damaged)
    with pytest.raises(CheckpointError, match=f"^{PATH}: (damaged|cannot be read)"):
        load_checkpoint(PATH)


def test_a_foreign_member_does_no_harm():
    saved()
    with zipfile.ZipFile(PATH, "a") as archive:
        archive.writestr("README", "not an array")
    assert load_checkpoint(PATH).best_epoch == 2


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run.npz"
    make_run().save(path)
    return path.read_bytes()


@given(data=st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_anywhere_is_refused_or_does_no_harm(whole_file, data):
    """Whatever bytes change: our error, or a run with a network of finite numbers."""
    PATH.write_bytes(damage(data, whole_file))
    with contextlib.suppress(CheckpointError):
        assert load_checkpoint(PATH).network.is_finite()


def test_a_file_is_replaced_whole_or_not_at_all():
    saved()
    before = PATH.read_bytes()

    def fail():
        with replacing(PATH) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert PATH.read_bytes() == before
    assert os.listdir() == [str(PATH)]


def test_the_new_file_is_written_beside_synced_and_then_renamed(monkeypatch):
    steps = []
    fsync, replace = os.fsync, os.replace

    def spy_fsync(descriptor):
        steps.append("sync folder" if S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        fsync(descriptor)

    def spy_replace(source, target):
        # What the buffer held is in the file.
        assert source.parent == target.parent
        assert source.read_bytes() == b"whole"
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(os, "replace", spy_replace)
    with replacing(PATH) as file:
        file.write(b"whole")
    assert steps == ["sync file", "rename", "sync folder"]


def test_a_new_file_has_the_permissions_of_any_other():
    Path("other").touch()
    saved()
    assert PATH.stat().st_mode == Path("other").stat().st_mode


def test_a_folder_that_vanished_is_said():
    with pytest.raises(CheckpointError, match=r"gone/run.npz: cannot be written \(No such file"):
        make_run().save(Path("gone/run.npz"))


def test_a_write_that_runs_out_of_room_leaves_the_file_before_as_it_was():
    saved()
    before = PATH.read_bytes()
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, kept[1]))
    try:
        with pytest.raises(CheckpointError, match=r"cannot be written \(File too large\)"):
            make_run().save(PATH)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)
    assert PATH.read_bytes() == before
    assert os.listdir() == [str(PATH)]


def write(file):
    file.write(b"a run")


def create_next(folder, dataset, sizes):
    return take_next(folder, dataset, sizes, partial(create, write=write))


def test_a_path_is_taken_once():
    path = Path("deep/down/run.npz")
    create(path, write)
    with pytest.raises(CheckpointError, match=r"run.npz: exists, expected a new file"):
        create(path, write)
    assert path.read_bytes() == b"a run"
    assert os.listdir("deep/down") == ["run.npz"]


def test_a_file_system_without_links_keeps_runs_apart_too(monkeypatch):
    def no_links(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    create(PATH, write)
    assert PATH.read_bytes() == b"a run"
    with pytest.raises(CheckpointError, match="exists, expected a new"):
        create(PATH, write)
    assert os.listdir() == [str(PATH)]


def test_a_place_that_cannot_be_written_is_said(unprivileged):
    Path("file").touch()
    with pytest.raises(CheckpointError, match=r"file: a file, expected a folder"):
        create(Path("file/run.npz"), write)
    with pytest.raises(CheckpointError, match=r"file/sub: cannot be written \(Not a directory\)"):
        create(Path("file/sub/run.npz"), write)
    with pytest.raises(CheckpointError, match=r"file: a file, expected a folder"):
        create_next(Path("file"), "mnist", (6, 3))
    Path("closed").mkdir(mode=0o500)
    with unprivileged():
        for take in (
            lambda: create(Path("closed/x"), write),
            lambda: create_next(Path("closed"), "m", ()),
        ):
            with pytest.raises(CheckpointError, match=r"cannot be written \(Permission denied\)"):
                take()


def test_runs_are_numbered_upwards_and_never_share_a_path():
    folder = Path("checkpoints")
    first = create_next(folder, "mnist", (784, 30, 10))
    assert first == folder / "mnist-784-30-10-001.npz"
    (folder / "mnist-784-30-10-041.npz").touch()
    (folder / "mnist-784-30-10-old.npz").touch()
    assert create_next(folder, "mnist", (784, 30, 10)).name == "mnist-784-30-10-042.npz"
    assert create_next(folder, "mnist", (784, 10)).name == "mnist-784-10-001.npz"


def test_many_at_once_never_take_the_same_path():
    with ThreadPoolExecutor(16) as pool:
        taken = [pool.submit(create_next, Path("many"), "mnist", (6, 3)) for _ in range(100)]
    assert len({path.result() for path in taken}) == 100


def test_the_newest_comes_first_and_one_from_the_future_last():
    """A clock that was wrong once would keep it the newest for ever."""
    now = time.time()
    times = {"a.npz": 20, "b.npz": 30, "c.npz": 10, "future.npz": now + 1e6, "notes.txt": 50}
    for name, written in times.items():
        Path(name).write_text("x")
        os.utime(name, (written, written))
    Path("empty.npz").touch()
    names = [path.name for path in newest_checkpoints(Path())]
    assert names == ["b.npz", "a.npz", "c.npz", "future.npz"]


def test_a_checkpoint_folder_that_cannot_be_read_is_said(unprivileged):
    Path("closed").mkdir(mode=0o300)
    with unprivileged(), pytest.raises(CheckpointError, match=r"closed: cannot be read \(Permiss"):
        newest_checkpoints(Path("closed"))


def test_a_folder_that_takes_files_without_showing_them_will_do(unprivileged):
    Path("drop").mkdir()
    Path("drop").chmod(0o333)
    with unprivileged():
        make_run().save(Path("drop/run.npz"))
        assert load_checkpoint(Path("drop/run.npz")).best_epoch == 2


@pytest.mark.parametrize("folder", ["none", "."])
def test_no_checkpoint_yet_names_the_next_step(folder):
    with pytest.raises(CheckpointError, match=r"(?s)no checkpoint .*--checkpoint.* mlp train"):
        newest_checkpoints(Path(folder))


def test_a_history_of_the_most_epochs_is_written_and_read():
    most = SETTINGS["epochs"].kind.most
    run = saved(epochs=most)
    number = 1.2345678901234567e-300  # as long as they get
    entry = run.history[0] | dict.fromkeys(["eta", "cost", "seconds"], number)
    entry["validation_accuracy"] = 0.00012345678901234567
    run.history = [entry | {"epoch": n} for n in range(1, most + 1)]
    run.save(PATH)
    assert load_checkpoint(PATH).history == run.history
    assert read_facts(PATH)
