"""Presets: the bundled ones, one's own, and all that is wrong with a file."""

import codecs
import os
import tomllib
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlp_cli.commands.train import train
from mlp_cli.datasets.catalogue import CATALOGUE
from mlp_cli.learning.engine import choose
from mlp_cli.runs.presets import MAX_PRESET_BYTES, bundled_presets, find_preset, format_preset
from mlp_cli.runs.reading import load_checkpoint
from mlp_cli.runs.schema import MOST_WHOLE
from mlp_cli.runs.settings import SETTINGS
from tests.makers import write_dataset

ROOT = Path(__file__).parents[1]
KINDS = {param.name: param.type for param in train.params}


@pytest.fixture
def preset():
    """A function that writes a preset, and gives the options to name it."""

    def preset(text):
        Path("a.toml").write_text(text)
        return "--config a.toml"

    return preset


def parse(arguments):
    """The values of the options, as the command would get them."""
    with train.make_context("train", arguments, help_option_names=["-h", "--help"]) as context:
        return {name: context.params[name] for name in SETTINGS}


def defaults():
    return {name: value for name, value in parse([]).items() if value is not None}


def test_the_default_preset_has_every_option_with_its_default():
    text = (ROOT / "configs" / "default.toml").read_text()
    values = tomllib.loads(text)
    assert {**values, "hidden": tuple(values["hidden"])} == defaults()
    # The options whose default is not a value stand there, too.
    assert "\n# threads = " in text
    assert "\n# validation = " in text


@pytest.mark.parametrize("path", bundled_presets(), ids=lambda path: path.stem)
def test_every_bundled_preset_trains_and_says_what_to_expect(run, path):
    write_dataset(Path("data"))
    run(f"train --config {path.stem} --epochs 1 --warmup 0 --validation 10")
    (trained,) = Path("checkpoints").iterdir()
    settings = load_checkpoint(trained).settings
    chosen = tomllib.loads(path.read_text()) | {"epochs": 1, "warmup": 0, "validation": 10}
    if chosen.get("engine") == "auto":
        chosen["engine"] = choose(settings.sizes, settings.batch_size)
    assert settings.options().items() >= chosen.items()
    assert "%" in path.read_text()


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-8"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_a_shell_makes_of_print_config_is_read(run, bom, encoding, line_end):
    """PowerShell's `>` writes a byte order mark, UTF-16 in some versions, and CR LF."""
    given = ["--eta", "0.7", "--hidden", "12", "--hidden", "5", "--dataset", "./\u00e4\u6f22 #1"]
    Path("\u00e4\u6f22 #1").mkdir()
    printed = run(["train", *given, "--print-config"]).stdout
    Path("own.toml").write_bytes(bom + printed.replace("\n", line_end).encode(encoding))
    assert run("train --config own.toml --print-config").stdout == printed


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfee", b"\xfe\xff\xd8\x00", b"\xff\xfe\xff\xfee\x00", "eta = 1".encode("utf-16-le")],
)
def test_a_preset_that_is_no_text_is_refused(run, data):
    Path("own.toml").write_bytes(data)
    assert "own.toml: not TOML (" in run("train --config own.toml --print-config", status=2).stderr


def test_a_pipe_or_a_device_as_a_preset_is_refused_without_waiting(run):
    os.mkfifo("own.toml")
    for name in ("own.toml", "/dev/zero"):
        done = run(f"train --config {name} --print-config", status=2)
        assert f"{name}: cannot be read (A pipe or a device), expected a TOML file" in done.stderr


def test_the_presets_of_the_design_are_there():
    names = {path.stem for path in bundled_presets()}
    assert names >= {"default", "book-30", "book-100", "notes-online"}
    assert names >= {"hundred", "cross-entropy", "quick", "deep", "elastic-quadratic", "best"}


def test_an_installed_package_finds_its_presets_in_itself(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "mlp_cli"
    (package / "configs").mkdir(parents=True)
    (package / "configs" / "mine.toml").touch()
    monkeypatch.setattr("mlp_cli.runs.presets.__file__", str(package / "runs" / "presets.py"))
    assert [path.stem for path in bundled_presets()] == ["mine"]


def test_a_file_goes_before_a_bundled_preset_of_its_name():
    bundled = find_preset("book-30")
    assert bundled.name == "book-30.toml"
    assert find_preset("book-30.toml") == bundled
    Path("book-30").mkdir()  # a folder of runs may well be called so
    assert find_preset("book-30") == bundled
    Path("book-30.toml").touch()
    assert find_preset("book-30.toml") == Path("book-30.toml")


def test_what_is_typed_wins_over_the_environment_and_that_over_the_preset(run, preset):
    arguments = preset("epochs = 3\nbatch_size = 4\nseed = 5")
    done = run(f"train {arguments} --print-config --seed 6", env={"MLP_TRAIN_EPOCHS": "2"})
    values = tomllib.loads(done.stdout)
    assert (values["epochs"], values["batch_size"], values["seed"]) == (2, 4, 6)


def test_a_single_hidden_layer_needs_no_brackets(preset):
    assert parse(preset("hidden = 7").split())["hidden"] == (7,)
    assert parse(preset("hidden = []").split())["hidden"] == ()


def values_of(name):
    """The values that an option can have, as Click's own type has them."""
    kind = KINDS[name]
    if name == "hidden":
        return st.lists(st.integers(1, 1_000_000), max_size=4)
    if name == "dataset":
        return st.sampled_from(list(CATALOGUE))
    if name == "view":
        return st.sampled_from(["plain", "deslant", "width-8", "width-28"])
    if isinstance(kind, click.Choice):
        return st.sampled_from(list(kind.choices))
    if isinstance(kind, click.IntRange):
        return st.integers(kind.min, MOST_WHOLE if kind.max is None else kind.max)
    assert isinstance(kind, click.FloatRange)
    return st.floats(
        kind.min, kind.max, exclude_min=kind.min_open, exclude_max=kind.max_open,
        allow_infinity=False, allow_nan=False,
    )  # fmt: skip


CHOSEN = st.fixed_dictionaries({}, optional={name: values_of(name) for name in SETTINGS})


@given(chosen=CHOSEN)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_printed_options_come_back_the_same(chosen):
    """From whatever preset: printed, read again and printed again, not a digit differs."""
    Path("first.toml").write_text(format_preset(chosen))
    first = parse(["--config", "first.toml"])
    assert {name: first[name] for name in chosen} == {
        name: tuple(value) if name == "hidden" else value for name, value in chosen.items()
    }
    printed = {k: list(v) if k == "hidden" else v for k, v in first.items() if v is not None}
    Path("second.toml").write_text(format_preset(printed))
    assert parse(["--config", "second.toml"]) == first


def test_what_is_printed_is_a_preset_of_the_same_run(run):
    options = "--epochs 2 --hidden 5 --hidden 4 --lr 1e-05 --cost log-likelihood --threads 2"
    Path("b.toml").write_text(run(f"train {options} --print-config").stdout)
    assert run("train --config b.toml --print-config").stdout == Path("b.toml").read_text()
    assert tomllib.loads(Path("b.toml").read_text())["hidden"] == [5, 4]
    assert not Path("checkpoints").exists()


def test_a_folder_of_any_name_is_printed_as_toml(run):
    name = 'n\x7f "\\ \N{CARD INDEX DIVIDERS}\u6570'
    Path(name).mkdir()
    printed = run(["train", "--print-config", "--dataset", name]).stdout
    assert printed.isascii()
    Path("b.toml").write_text(printed)
    assert tomllib.loads(printed)["dataset"] == name
    assert run("train --config b.toml --print-config").stdout == printed


def test_of_a_run_that_is_resumed_its_own_options_are_printed(run):
    write_dataset(Path("data"))
    run("train --epochs 1 --validation 10 --hidden 7 --seed 3")
    values = tomllib.loads(run("train --resume --epochs 4 --print-config").stdout)
    assert (values["hidden"], values["seed"], values["validation"]) == ([7], 3, 10)
    assert values["epochs"] == 4


WRONG = {
    "epoch = 3": "unknown key 'epoch'. Did you mean 'epochs'?",
    "learning_rate = 3": "unknown key 'learning_rate'. Known: activation, ",
    "batch-size = 3": "unknown key 'batch-size'. Did you mean 'batch_size'?",
    "[train]\nepochs = 3": "unknown key 'train'.",
    "eta.first = 3": "eta is {'first': 3}, expected a number above 0.",
    "epochs = true": "epochs is true, expected a whole number, 1 to 40000.",
    "eta = false": "eta is false, expected a number above 0.",
    'epochs = "3"': "epochs is '3', expected a whole number, 1 to 40000.",
    "epochs = 3.0": "epochs is 3.0, expected a whole number, 1 to 40000.",
    "epochs = [3]": "epochs is [3], expected a whole number, 1 to 40000.",
    "epochs = 0": "epochs is 0, expected a whole number, 1 to 40000.",
    "seed = -1": "seed is -1, expected a whole number, 0 or above.",
    f"seed = {MOST_WHOLE + 1}": "seed is a number of more than 64 bits, expected a whole number",
    f"seed = 0x{'f' * 6000}": "seed is a number of more than 64 bits, expected a whole number",
    "eta = 0": "eta is 0, expected a number above 0.",
    "eta = nan": "eta is nan, expected a number above 0.",
    "eta = inf": "eta is inf, expected a number above 0.",
    'eta = "3"': "eta is '3', expected a number above 0.",
    "momentum = 1": "momentum is 1, expected a number, 0 or above and below 1.",
    "dropout = 1": "dropout is 1, expected a number, 0 or above and below 1.",
    "hidden = [3, 0]": "hidden is [3, 0], expected a list of whole numbers, 1 to 1000000 each.",
    "hidden = [3, true]": "hidden is [3, True], expected a list of whole numbers, 1 to",
    "hidden = [3.5]": "hidden is [3.5], expected a list of whole numbers, 1 to 1000000 each.",
    "hidden = 3000000": "hidden is [3000000], expected a list of whole numbers, 1 to",
    'cost = "entropy"': "cost is 'entropy', expected quadratic or cross-entropy or",
    "cost = 3": "cost is 3, expected quadratic or",
    "dataset = 3": "dataset is 3, expected text on one line.",
    'dataset = "cifar"': "dataset: 'cifar' is neither a dataset",
    "eta = 2020-02-02": "eta is datetime.date(2020, 2, 2), expected a number",
    'checkpoint = "x"': "checkpoint cannot be set in a preset",
    'log = "x"': "Give it on the command line: --log",
    'data_dir = "x"': "Give it on the command line: --data-dir",
    "print_config = true": "Give it on the command line: --print-config",
    "epochs": "not TOML (Expected '=' after a key",
    "epochs = 3\nepochs = 4": "not TOML (Cannot overwrite a value",
    "a = " + "[" * 100_000: "not TOML (",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:20])
def test_what_is_wrong_in_a_preset_is_wrong_usage_and_named(run, preset, text):
    done = run(f"train {preset(text)}", status=2)
    assert done.stderr.startswith("Error: a.toml: ")
    assert WRONG[text] in done.stderr
    assert done.stderr.count("\n") <= 2
    assert os.listdir() == ["a.toml"]


def test_a_file_that_is_no_preset_is_wrong_usage(run, unprivileged):
    Path("latin.toml").write_bytes(b"# caf\xe9")
    Path("large.toml").write_bytes(b"#" * (MAX_PRESET_BYTES + 1))
    Path("closed.toml").touch(mode=0o000)
    Path("folder.toml").mkdir()
    with unprivileged():
        for name, words in {
            "latin.toml": "not TOML ('utf-8' codec can't decode",
            "large.toml": "more than 1,048,576 bytes, expected some lines of TOML.",
            "closed.toml": "cannot be read (Permission denied), expected a TOML file.",
            "folder.toml": "cannot be read (Is a directory), expected a TOML file.",
            "book-31": "no such file, and no preset of this name. Expected a TOML file, or one of "
            "best, book-100, book-30, cross-entropy, deep, default, elastic-quadratic, "
            "handwriting, hundred, notes-online, quick. Did you mean 'book-30'?",
            "a" * 3000: "cannot be read (File name too long), expected a TOML file.",
        }.items():
            done = run(["train", "--config", name], status=2)
            assert done.stderr.startswith(f"Error: {name}: {words}")


def test_a_preset_may_come_through_a_pipe_that_the_shell_has_opened(run):
    """As with `--config <(mlp train --print-config)`."""
    reading, writing = os.pipe()
    os.write(writing, b"epochs = 7")
    os.close(writing)
    assert "epochs = 7\n" in run(f"train --config /dev/fd/{reading} --print-config").stdout
    os.close(reading)


@pytest.mark.parametrize("hidden", ["0x" + "f" * 5000, "[0x" + "f" * 5000 + "]"])
def test_a_number_too_long_to_print_is_refused(run, hidden):
    Path("long.toml").write_text(f"hidden = {hidden}")
    assert "more than 64 bits" in run("train --config long.toml", status=2).stderr
