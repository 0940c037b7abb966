"""The commands as a user meets them: what they print, where, and the exit status."""

import errno
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from mlp_cli import __version__, load_dataset
from mlp_cli.commands.shared.group import mlp
from mlp_cli.commands.train import train
from mlp_cli.learning.engine import choose
from mlp_cli.learning.sgd import EpochResult, train_epochs
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import make_arrays, write_dataset

FIRST = Path("checkpoints/mnist-64-30-10-001.npz")
TRAIN = "train --epochs 3 --validation 10 --batch-size 4"


@pytest.fixture
def data():
    """The files of a small dataset where the commands look for it by themselves."""
    return write_dataset(Path("data"))


@pytest.fixture
def trained(run, data):
    return run(TRAIN)


# train


def test_train_says_what_it_does_epoch_by_epoch_on_stderr(trained):
    lines = trained.stderr.splitlines()
    assert all(len(line) < 80 for line in lines[:3])
    assert lines[0] == "mnist from data: 30 training, 10 validation, 12 test images"
    engine = choose((64, 30, 10), 4)
    assert lines[1] == f"network 64-30-10, seed 0, {engine} engine"
    assert lines[2] == f"saved to {FIRST}"
    epoch = (
        r"epoch {}/3  cost 0\.\d{{4}}  training \d+\.\d\d %  "
        r"validation \d+\.\d\d % \(\d+ / 10\), cost 0\.\d{{4}}  \d+\.\d\d? s"
    )
    for number, line in enumerate(lines[3:], start=1):
        assert re.fullmatch(epoch.format(number), line)
    assert len(lines) == 6


def test_train_ends_with_accuracy_checkpoint_time_and_the_next_command(trained):
    pattern = (
        r"test accuracy  \d+\.\d\d % \(\d+ / 12\), of epoch [123]\n"
        r"best epoch     (3|[12] \(validation \d+\.\d\d %\); last 3) \(validation \d+\.\d\d %\)\n"
        r"seed           0\n"
        rf"checkpoint     {FIRST}\n"
        r"training time  \d+\.\d s\n"
        r"next           mlp evaluate\n"
    )
    assert re.fullmatch(pattern, trained.stdout)


def test_the_checkpoint_holds_what_the_run_was(run, data):
    run(
        "train --epochs 2 --lr 0.5 --batch-size 7 --hidden 9 --hidden 5 --seed 4 --validation 8 "
        "--dtype float64 --init normal --checkpoint own.npz"
    )
    loaded = load_checkpoint(Path("own.npz"))
    settings = loaded.settings
    assert (settings.epochs, settings.eta, settings.batch_size) == (2, 0.5, 7)
    assert settings.sizes == (64, 9, 5, 10)
    assert (settings.seed, settings.validation, settings.dtype) == (4, 8, "float64")
    assert (settings.init, settings.dataset, settings.data_dir) == ("normal", "mnist", "data")
    assert settings.image_shape == (8, 8)
    assert [entry["epoch"] for entry in loaded.history] == [1, 2]
    assert loaded.resume.network.dtype == np.float64


DEFAULTS = {
    "epochs": 30,
    "eta": 3.0,
    "batch_size": 10,
    "hidden": (30,),
    "activation": "sigmoid",
    "cost": "quadratic",
    "schedule": "constant",
    "schedule_every": 10,
    "warmup": 0,
    "momentum": 0.0,
    "l2": 0.0,
    "dropout": 0.0,
    "view": "plain",
    "distort": "none",
    "distort_strength": 1.0,
    "patience": 0,
    "threads": None,
    "seed": 0,
    "validation": None,  # 10,000 of the main job's 60,000 images
    "dataset": "mnist",
    "data_dir": Path("data"),
    "checkpoint": None,
    "resume": False,
    "log": None,
    "plot": None,
    "print_config": False,
    "dtype": "float32",
    "engine": "auto",
    "init": "scaled",
}


def test_the_defaults_are_those_of_the_main_job():
    options = {p.name: p for p in train.params if p.expose_value}
    with train.make_context("train", [], help_option_names=["-h", "--help"]) as context:
        assert context.params.items() >= DEFAULTS.items()
    assert options["eta"].opts == ["--eta", "--lr", "--learning-rate"]


def test_training_sees_its_own_part_of_the_data_and_what_was_asked_for(run, data, monkeypatch):
    calls = []

    def spy(engine, images, labels, schedule, rng, validation, **options):
        calls.append((engine, images, labels, schedule, validation))
        return train_epochs(engine, images, labels, schedule, rng, validation, **options)

    monkeypatch.setattr("mlp_cli.runs.training.train_blocks", spy)
    run("train --epochs 2 --learning-rate 0.5 --batch-size 7 --validation 10 --init normal")
    run("train --epochs 2 --learning-rate 0.5 --batch-size 7 --validation 10")
    (engine, images, labels, schedule, validation), (scaled, *_) = calls
    np.testing.assert_array_equal(images, data[0][:30])
    np.testing.assert_array_equal(labels, data[1][:30])
    np.testing.assert_array_equal(validation[0], data[0][30:])
    np.testing.assert_array_equal(validation[1], data[1][30:])
    assert (schedule.epochs, schedule.eta, engine.batch_size) == (2, 0.5, 7)
    assert engine.network.weights[0].std() > 0.9
    assert scaled.network.weights[0].std() < 0.2


def test_the_fingerprint_kept_is_that_of_the_data(run, trained):
    expected = load_dataset("mnist", Path("data")).fingerprint()
    assert load_checkpoint(FIRST).settings.fingerprint == expected


def test_the_best_epoch_is_the_one_reported_not_the_last(run, data, monkeypatch):
    """Epoch 1 answers 3 always, epoch 2 answers 5: one of the 12 test images is a 3, one a 5."""

    def two_epochs(engine, *_, **__):
        for epoch, (answer, accuracy) in enumerate([(3, 0.9), (5, 0.1)], start=1):
            always(engine.network, answer)
            yield EpochResult(epoch, 3.0, 0.1, int(10 * accuracy), accuracy, 0.5)

    monkeypatch.setattr("mlp_cli.runs.training.train_blocks", two_epochs)
    data[3][:] = 3
    write_dataset(Path("data"), data)
    done = run("train --epochs 2 --validation 10")
    assert "test accuracy  100.00 % (12 / 12), of epoch 1\n" in done.stdout
    assert "best epoch     1 (validation 90.00 %); last 2 (validation 10.00 %)\n" in done.stdout
    assert "training time  1.0 s\n" in done.stdout
    assert "accuracy   100.00 % (12 / 12)\n" in run("evaluate").stdout
    Image.fromarray(data[2][0]).save("a.png")
    assert run("predict a.png").stdout.startswith("a.png: 3 (1.000)   next ")


def always(network, answer):
    """Make a network that answers the same, whatever it sees."""
    for parameter in (*network.weights, *network.biases):
        parameter[:] = 0
    network.biases[-1][:] = -20
    network.biases[-1][answer] = 20


def test_the_same_seed_trains_the_same_network_to_the_bit(run, data):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(f"{TRAIN} --seed {seed} --checkpoint {name}.npz")
    a, b, c = (load_checkpoint(Path(f"{name}.npz")).network.weights[0] for name in "abc")
    assert a.tobytes() == b.tobytes() != c.tobytes()


def test_training_from_plain_files_gives_the_same_bytes_as_from_gzipped_ones(run):
    """Plain files are mapped, read-only; nothing may write to them or depend on it."""
    for name, gzipped in (("plain", False), ("packed", True)):
        write_dataset(Path(name), gzipped=gzipped)
        run(f"{TRAIN} --data-dir {name} --checkpoint {name}.npz")
    plain, packed = (load_checkpoint(Path(f"{name}.npz")) for name in ("plain", "packed"))
    assert plain.settings.fingerprint == packed.settings.fingerprint
    for ours, theirs in zip(
        plain.resume.network.weights, packed.resume.network.weights, strict=True
    ):
        assert ours.tobytes() == theirs.tobytes()


def test_the_order_of_examples_does_not_hang_on_the_size_of_the_network(run, data, monkeypatch):
    """Initialisation and shuffling draw from streams of their own."""
    orders = []

    def spy(engine, images, labels, schedule, rng, *arguments, **options):
        orders.append(rng.bit_generator.state["state"]["state"])
        return train_epochs(engine, images, labels, schedule, rng, *arguments, **options)

    monkeypatch.setattr("mlp_cli.runs.training.train_blocks", spy)
    run(f"{TRAIN} --hidden 3")
    run(f"{TRAIN} --hidden 40")
    assert orders[0] == orders[1]


def test_each_run_gets_a_file_of_its_own(run, data):
    for _ in range(3):
        run("train --epochs 1 --validation 0")
    assert sorted(path.name[-7:] for path in FIRST.parent.iterdir()) == [
        "001.npz",
        "002.npz",
        "003.npz",
    ]


def test_an_existing_checkpoint_is_never_overwritten(run, data):
    run(f"{TRAIN} --checkpoint own.npz")
    before = Path("own.npz").read_bytes()
    done = run(f"{TRAIN} --checkpoint own.npz", status=1)
    assert "own.npz: exists, expected a new file" in done.stderr
    assert Path("own.npz").read_bytes() == before


def test_the_next_command_names_a_checkpoint_that_is_not_the_newest_by_itself(run, data):
    done = run([*TRAIN.split(), "--checkpoint", "my run.npz"])
    assert "next           mlp evaluate --checkpoint 'my run.npz'\n" in done.stdout


def test_without_validation_all_images_are_trained_on(run, data):
    done = run("train --epochs 1 --validation 0")
    intro, *_, epoch = done.stderr.splitlines()
    assert intro.endswith(": 40 training, 0 validation, 12 test images")
    assert "validation" not in epoch
    assert "best epoch" not in done.stdout
    assert "of epoch" not in done.stdout  # there is but one
    assert load_checkpoint(FIRST).history[0]["validation_accuracy"] is None


@pytest.mark.parametrize("command", [f"{TRAIN} --quiet", f"-q {TRAIN}"])
def test_quiet_says_results_only_wherever_it_stands(run, data, command):
    done = run(command)
    assert done.stderr == ""
    assert "test accuracy" in done.stdout


def test_an_interrupted_run_says_what_it_leaves(run, data, monkeypatch):
    def interrupted(*arguments, **options):
        results = train_epochs(*arguments, **options)
        yield next(results)
        raise KeyboardInterrupt

    monkeypatch.setattr("mlp_cli.runs.training.train_blocks", interrupted)
    done = run(TRAIN, status=130)
    assert f"Interrupted. {FIRST} is intact: 1 of 3 epochs saved." in done.stderr
    assert f"Resume with: mlp train --resume --checkpoint {FIRST}" in done.stderr
    assert len(load_checkpoint(FIRST).history) == 1


def test_a_run_interrupted_in_its_first_epoch_leaves_nothing(run, data, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("mlp_cli.runs.training.train_blocks", interrupted)
    done = run(TRAIN, status=130)
    assert "Interrupted. No epoch was finished: nothing is saved." in done.stderr
    assert not FIRST.exists()


def test_a_run_that_diverges_says_so_and_leaves_nothing(run, data):
    done = run(f"{TRAIN} --eta 1e300", status=1)
    assert "Epoch 1: with eta 1e+300 the parameters are no longer finite" in done.stderr
    assert "smaller --eta" in done.stderr
    assert not FIRST.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--eta 0", "0.0 is not in the range x>0"),
        ("--eta -1", "-1.0 is not in the range x>0"),
        ("--eta nan", "nan is not a finite number"),
        ("--eta inf", "inf is not a finite number"),
        ("--eta much", "'much' is not a valid float."),
        ("--hidden -1", "-1 is not in the range"),
        ("--hidden 99999999999", "99999999999 is not in the range"),
        ("--epochs 0", "0 is not in the range"),
        ("--epochs 1.5", "'1.5' is not a valid integer."),
        ("--batch-size 0", "0 is not in the range"),
        ("--seed -1", "-1 is not in the range"),
        ("--validation -1", "-1 is not in the range"),
        ("--validation 40", "--validation 40: the training set holds 40 images"),
        ("--validation 60000", "--validation 60000: the training set holds 40 images"),
        (
            "--dataset cifar",
            "'cifar' is neither a dataset (mnist, fashion-mnist, kmnist, synthetic) nor",
        ),
        ("--dtype float16", "'float16' is not one of 'float32', 'float64'"),
        ("--init zeros", "'zeros' is not one of 'scaled', 'normal'"),
        ("--nonsense", "No such option"),
    ],
)
def test_values_that_make_no_sense_are_wrong_usage(run, data, options, words):
    done = run(f"train {options}", status=2)
    assert words in done.stderr
    assert done.stdout == ""
    assert not Path("checkpoints").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--schedule-every 3", "--schedule-every 3: has no effect with --schedule constant."),
        (
            "--schedule cosine --schedule-every 3",
            "schedule-every 3: has no effect with --schedule cosine.",
        ),
        ("--distort-strength 2", "--distort-strength 2.0: has no effect with --distort none."),
        ("--config single.toml --dropout 0.1", "--dropout 0.1: has no effect with --hidden none."),
        (
            "--config single.toml --activation relu",
            "--activation relu: has no effect with --hidden none.",
        ),
        ("--epochs 3 --warmup 3", "--warmup 3: leaves no epoch of 3 at the full learning rate"),
        (
            "--validation 0 --schedule halve-on-plateau",
            "--schedule halve-on-plateau: needs validation images",
        ),
    ],
)
def test_options_without_effect_together_are_wrong_usage(run, data, options, words):
    Path("single.toml").write_text("hidden = []")
    done = run(f"train {options}", status=2)
    assert words in done.stderr
    assert not Path("checkpoints").exists()


def test_a_preset_may_spell_out_what_has_no_effect(run, data):
    Path("plain.toml").write_text("hidden = []\nactivation = 'relu'\ndistort_strength = 2.0")
    run(f"{TRAIN} --config plain.toml")
    settings = load_checkpoint(Path("checkpoints/mnist-64-10-001.npz")).settings
    assert (settings.activation, settings.distort_strength) == ("relu", 2.0)


def test_too_large_a_network_for_the_memory_is_said(run, data, monkeypatch):
    def too_large(*_):
        raise MemoryError("Unable to allocate 1 PiB")

    monkeypatch.setattr("mlp_cli.nn.network.Network.initialise", too_large)
    done = run(TRAIN, status=1)
    assert "Not enough memory (Unable to allocate 1 PiB). A smaller network" in done.stderr


def test_options_come_from_the_environment_too(run, data):
    environment = {"MLP_TRAIN_EPOCHS": "1", "MLP_TRAIN_HIDDEN": "4 3", "MLP_TRAIN_VALIDATION": "9"}
    run("train", env=environment)
    settings = load_checkpoint(Path("checkpoints/mnist-64-4-3-10-001.npz")).settings
    assert (settings.epochs, settings.validation) == (1, 9)
    run("train --epochs 2", env=environment)
    assert load_checkpoint(Path("checkpoints/mnist-64-4-3-10-002.npz")).settings.epochs == 2


@pytest.mark.parametrize("command", ["evaluate", "predict --raw a.png"])
def test_flags_come_from_the_environment_by_their_own_name(run, trained, pictures, command):
    name = command.split()[0].upper()
    json.loads(run(command, env={f"MLP_{name}_JSON": "1"}).stdout)


def test_weights_too_large_for_their_sums_are_no_warning(run, trained, pictures):
    loaded = load_checkpoint(FIRST)
    for W in loaded.network.weights:
        W[:] = 3e38
    loaded.save(Path("huge.npz"))
    run("evaluate --checkpoint huge.npz")
    run("predict --checkpoint huge.npz a.png")


def test_a_cost_that_is_not_a_number_is_null(run, data):
    run(f"{TRAIN} --activation relu --hidden 2 --checkpoint nan.npz")
    loaded = load_checkpoint(Path("nan.npz"))
    loaded.network.weights[0][:] = 3e38
    loaded.network.weights[1][:] = [3e38, -3e38]
    loaded.save(Path("nan.npz"))
    assert "mean cost  nan\n" in run("evaluate --checkpoint nan.npz").stdout
    document = run("evaluate --checkpoint nan.npz --json").stdout
    assert "NaN" not in document
    assert json.loads(document)["cost"] is None


def test_a_bug_keeps_its_traceback(data, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("mlp_cli.runs.training.spawn_streams", broken)
    done = CliRunner().invoke(mlp, TRAIN.split())
    assert isinstance(done.exception, ZeroDivisionError)


# evaluate


def test_evaluate_needs_no_option_after_train(run, trained):
    done = run("evaluate")
    assert done.stderr == f"Using {FIRST}, the newest.\n"
    accuracy = re.search(r"test accuracy  (.*), of epoch", trained.stdout)[1]
    assert done.stdout.startswith(f"mnist, test images\naccuracy   {accuracy}\ninterval ")


def test_evaluate_prints_tables_whose_columns_line_up(run, trained):
    lines = run("evaluate").stdout.splitlines()
    start = lines.index("digit  precision    recall        F1  examples")
    assert len({len(line) for line in lines[start : start + 11]}) == 1
    start = lines.index("Correct digit down, prediction across:")
    assert len({len(line) for line in lines[start + 2 : start + 13]}) == 1


def test_evaluate_puts_each_figure_in_its_column(run, trained):
    """A network that answers 3 always: every 3 is found, one answer in ten is right."""
    loaded = load_checkpoint(FIRST)
    always(loaded.network, 3)
    loaded.save(FIRST)
    arrays = make_arrays(test=20)
    write_dataset(Path("data"), arrays)
    lines = run("evaluate").stdout.splitlines()
    figures = {line.split()[0]: line.split()[1:] for line in lines[6:16]}
    assert " ".join(figures["3"]) == "10.00 % 100.00 % 18.18 % 2"
    assert " ".join(figures["0"]) == "- 0.00 % 0.00 % 2"
    rows = [line.split() for line in lines[-11:]]
    assert rows[0] == [str(digit) for digit in range(10)]
    for digit, row in enumerate(rows[1:]):
        assert row == [str(digit), ".", ".", ".", "2", ".", ".", ".", ".", ".", "."]
    # Nothing for a 3; for any other digit 1/2 for its own output, 0, and 1/2 for that of 3, 1.
    report = json.loads(run("evaluate --json").stdout)
    assert report["cost"] == pytest.approx(0.9, abs=1e-6)


def test_a_set_with_fewer_classes_keeps_the_networks_table(run, trained):
    write_dataset(Path("few"), make_arrays(classes=3))
    report = json.loads(run("evaluate --data-dir few --json").stdout)
    assert np.shape(report["confusion"]) == (10, 10)


def test_evaluate_json_says_the_same_and_nothing_else(run, trained):
    done = run("evaluate --json")
    report = json.loads(done.stdout)
    assert list(report) == [
        *("checkpoint", "dataset", "split", "examples", "correct", "accuracy", "interval"),
        *("cost", "per_class", "confusion"),
    ]
    confusion = np.array(report["confusion"])
    assert report["checkpoint"] == str(FIRST)
    assert (report["dataset"], report["split"]) == ("mnist", "test")
    assert report["examples"] == confusion.sum() == 12
    assert report["correct"] == confusion.trace()
    assert report["accuracy"] == report["correct"] / 12
    assert report["interval"][0] < report["accuracy"] < report["interval"][1]
    assert 0 < report["cost"] < 5
    assert [list(figure) for figure in report["per_class"]] == [
        ["label", "examples", "precision", "recall", "f1", "name"]
    ] * 10
    assert confusion.sum(axis=1).tolist() == [f["examples"] for f in report["per_class"]]


@pytest.mark.parametrize(("split", "examples"), [("test", 12), ("validation", 10), ("train", 30)])
def test_evaluate_measures_each_split(run, trained, split, examples):
    report = json.loads(run(f"evaluate --json --split {split}").stdout)
    assert (report["split"], report["examples"]) == (split, examples)
    if split == "validation":
        assert report["accuracy"] == load_checkpoint(FIRST).best_accuracy


def test_the_validation_split_of_a_run_without_one_is_wrong_usage(run, data):
    run("train --epochs 1 --validation 0")
    assert (
        "none of the run's images were held out"
        in run("evaluate --split validation", status=2).stderr
    )


def test_evaluate_falls_back_to_the_data_folder_of_this_machine(run, data):
    shutil.copytree("data", "far")
    run(f"{TRAIN} --data-dir far")
    shutil.rmtree("far")
    run("evaluate")
    shutil.rmtree("data")
    done = run("evaluate", status=1)
    assert "data: no mnist here" in done.stderr
    assert "mlp download --data-dir data" in done.stderr


def test_evaluate_refuses_images_of_another_size(run, trained):
    write_dataset(Path("other"), make_arrays(shape=(9, 8)))
    done = run("evaluate --data-dir other", status=1)
    assert "images of 9 x 8 pixels, expected 8 x 8" in done.stderr


@pytest.mark.parametrize("command", ["evaluate", "inspect"])
def test_without_a_checkpoint_the_next_step_is_named(run, command):
    done = run(command, status=1)
    assert "checkpoints: no checkpoint (.npz) here, expected one." in done.stderr
    assert "mlp train" in done.stderr


@pytest.mark.parametrize("command", ["evaluate", "predict picture.png"])
def test_a_checkpoint_that_is_a_text_file_is_refused(run, command):
    Path("text.npz").write_text("hello")
    done = run(f"{command} --checkpoint text.npz", status=1)
    assert "Error: text.npz: begins with b'hell', expected a checkpoint" in done.stderr


# predict


@pytest.fixture
def pictures(data):
    """Two test images as pictures, and their labels."""
    for name, image in zip("ab", data[2], strict=False):
        Image.fromarray(image).save(f"{name}.png")
    return data[3][:2]


def test_predict_prints_the_digit_and_the_next_two(run, trained, pictures):
    done = run("predict a.png")
    assert re.fullmatch(
        r"a\.png: \d \(\d\.\d{3}\)   next \d \(\d\.\d{3}\), \d \(\d\.\d{3}\)\n", done.stdout
    )
    first, *warnings = done.stderr.splitlines()
    assert first == f"Using {FIRST}, the newest."
    assert "a.png: the digit is only 8 pixels large." in warnings
    assert "next" not in run("predict --top 1 a.png").stdout
    assert run("predict --top 99 a.png").stdout.count("(") == 10


def test_predict_raw_gives_the_networks_own_outputs(run, trained, pictures, data):
    done = run("predict --raw --json a.png b.png")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    outputs = load_checkpoint(FIRST).network.outputs(data[2][:2])
    for answer, name, output in zip(answers, ("a.png", "b.png"), outputs, strict=True):
        assert list(answer) == ["image", "prediction", "name", "confidence", "outputs", "warnings"]
        assert answer["image"] == name
        assert answer["prediction"] == output.argmax()
        assert answer["confidence"] == pytest.approx(output.max(), rel=1e-6)
        assert answer["outputs"] == pytest.approx(output.tolist(), rel=1e-5)


def test_a_bad_picture_is_reported_and_the_others_are_read(run, trained, pictures):
    Path("bad.png").write_text("no picture")
    done = run("predict a.png bad.png none.png b.png", status=1)
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["a.png", "b.png"]
    assert "Error: bad.png: not a picture" in done.stderr
    assert "Error: none.png: no such file" in done.stderr


def test_a_picture_without_permission_is_reported_like_any_other(
    run, trained, pictures, unprivileged
):
    run("predict a.png b.png")  # loads what there is to load while root may
    Path("b.png").chmod(0)
    with unprivileged():
        done = run("predict b.png a.png", status=1)
    assert "Error: b.png: cannot be read (Permission denied)" in done.stderr
    assert done.stdout.startswith("a.png: ")


def test_a_name_that_is_not_text_is_printed_all_the_same(run, trained, pictures):
    name = os.fsdecode(b"a\xff.png")
    shutil.copy("a.png", name)
    for options in ([], ["--json"], ["--raw", "--json"]):
        run(["predict", name, *options])
    Path(name).write_text("no picture")
    assert "not a picture" in run(["predict", name], status=1).stderr


def test_predict_raw_refuses_another_size(run, trained, pictures):
    Image.new("L", (9, 8)).save("wide.png")
    done = run("predict --raw wide.png", status=1)
    assert "Error: wide.png: 9 x 8 pixels, expected 8 x 8 with --raw." in done.stderr


# every command


def test_what_the_system_refuses_is_not_blamed_on_standard_output(run, monkeypatch):
    def refuse(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("mlp_cli.commands.shared.readers.choose_reader", refuse)
    assert run("predict a.png", status=1).stderr == "Error: Input/output error.\n"


@pytest.mark.parametrize("command", ["", "train", "evaluate", "predict", "explain", "download"])
def test_every_command_knows_help_and_version(run, command):
    for option in ("-h", "--help"):
        assert run(f"{command} {option}").stdout.startswith(f"Usage: mlp {command}".strip())
    assert run(f"{command} --version").stdout == f"mlp {__version__}\n"


@pytest.mark.mnist
def test_the_main_job_on_real_mnist(run, mnist_dir):
    """Three epochs are enough to know that it learns: the book's network passes 94 %."""
    run(f"train --epochs 3 --eta 3.0 --data-dir {mnist_dir}")
    report = json.loads(run("evaluate --json").stdout)
    assert report["examples"] == 10_000
    assert report["accuracy"] > 0.94
    images = write_test_pictures(mnist_dir, count=50)
    lines = run(["predict", "--json", *images]).stdout.splitlines()
    right = sum(
        json.loads(line)["prediction"] == int(name[0])
        for line, name in zip(lines, images, strict=True)
    )
    assert right >= 45


def write_test_pictures(mnist_dir, count):
    from mlp_cli import load_dataset

    test = load_dataset("mnist", mnist_dir).test
    names = []
    for i in range(count):
        names.append(f"{test.labels[i]}_{i}.png")
        Image.fromarray(255 - test.images[i]).resize((200, 200)).save(names[-1])
    return names


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("seed", range(5))
def test_thirty_epochs_reach_the_books_accuracy(run, mnist_dir, seed):
    run(f"train --epochs 30 --eta 3.0 --seed {seed} --data-dir {mnist_dir}")
    assert json.loads(run("evaluate --json").stdout)["accuracy"] >= 0.953


@pytest.mark.slow
@pytest.mark.mnist
def test_a_hundred_hidden_units_do_better(run, mnist_dir):
    run(f"train --epochs 30 --eta 3.0 --hidden 100 --data-dir {mnist_dir}")
    assert json.loads(run("evaluate --json").stdout)["accuracy"] >= 0.975
