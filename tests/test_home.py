"""`~` at the start of a path is the home folder, wherever a path can be given."""

from pathlib import Path

import click
import pytest

from mlp_cli.commands.shared.group import COMMANDS, mlp
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import draw_seven, write_dataset

TRAIN = "train --epochs 1 --batch-size 4 --validation 10"


@pytest.fixture(autouse=True)
def home(own_folder, tmp_path_factory, monkeypatch):
    """A home folder that is not the working folder, with a dataset of one's own in it."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    write_dataset(home / "digits")
    return home


def path_parameters():
    for name in COMMANDS:
        for parameter in mlp.get_command(click.Context(mlp), name).params:
            if isinstance(parameter.type, click.Path):
                yield pytest.param(name, parameter, id=f"{name} {parameter.name}")


@pytest.mark.parametrize(("command", "parameter"), list(path_parameters()))
def test_every_path_of_every_command_knows_the_home_folder(home, command, parameter):
    (home / "x").mkdir()
    value = "~/x" if parameter.type.dir_okay else "~/none"
    value = (value,) if parameter.nargs == -1 or parameter.multiple else value
    with click.Context(mlp.get_command(click.Context(mlp), command)) as ctx:
        found = parameter.type_cast_value(ctx, value)
    found = found[0] if isinstance(found, tuple) else found
    assert Path(found).parent == home


@pytest.mark.parametrize("place", ["command line", "environment", "preset"])
def test_a_dataset_may_be_in_the_home_folder(run, home, place):
    Path("home.toml").write_text('dataset = "~/digits"')
    arguments, environment = {
        "command line": (" --dataset=~/digits", {}),
        "environment": ("", {"MLP_TRAIN_DATASET": "~/digits"}),
        "preset": (" --config home.toml", {}),
    }[place]
    run(f"{TRAIN} --checkpoint run.npz{arguments}", env=environment)
    assert load_checkpoint(Path("run.npz")).settings.dataset == str(home / "digits")


def test_no_folder_named_like_the_home_folder_is_made(run, home):
    write_dataset(home / "data/mnist")
    (home / "mine.toml").write_text("epochs = 1\nbatch_size = 4\nvalidation = 10")
    environment = {
        "MLP_DATA_DIR": "~/data",
        "MLP_TRAIN_CHECKPOINT": "~/runs/run.npz",
        "MLP_TRAIN_CONFIG": "~/mine.toml",
    }
    run("train --log=~/log.jsonl", env=environment)
    assert sorted(path.name for path in home.iterdir()) == [
        *("data", "digits", "log.jsonl", "mine.toml", "runs")
    ]
    assert not list(Path().iterdir())


def test_a_file_whose_name_begins_with_a_tilde_is_reached_from_here(run, home):
    draw_seven().save("~seven.png")
    assert run("predict ./~seven.png").stdout.startswith("./~seven.png: 7")
    assert "no such file" in run("predict ~/seven.png", status=1).stderr.lower()
