"""mlp convert: a dataset out of pictures, a table, or the arrays of another program."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.columns import Column, table
from mlp_cli.commands.shared.conversion import (
    check_places,
    making,
    read_pictures,
    write_files,
)
from mlp_cli.commands.shared.options import (
    FiniteFloat,
    FolderPath,
    UserPath,
    WholeNumber,
    common_options,
)
from mlp_cli.commands.shared.text import (
    json_result,
    note,
    note_result,
    output_width,
    result,
    result_lines,
)
from mlp_cli.datasets.catalogue import NAMES
from mlp_cli.errors import OptionError
from mlp_cli.system.characters import one_line
from mlp_cli.system.shell import command_line

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Split
    from mlp_cli.datasets.own.material import Form, Material
    from mlp_cli.datasets.own.pictures import Doubt
    from mlp_cli.datasets.own.source import SourceKind

NOT_FOR = {
    "raw": ("pictures",),
    "strict": ("pictures",),
    "transpose": ("IDX files", "a table", "arrays"),
    "label_column": ("IDX files", "a table", "arrays"),
}
"""the kinds of source that an option is for"""


@click.command(short_help="Make a dataset of pictures, a table or arrays.")
@click.argument("source", type=UserPath())
@click.option(
    "-o",
    "--output",
    type=FolderPath,
    required=True,
    help="The folder to make. It gets four IDX files, classes.txt and sheet.png.",
)
@click.option(
    "--test",
    type=UserPath(),
    metavar="SOURCE",
    help="A second source, for the test part, such as mnist_test.csv.",
)
@click.option(
    "--test-share",
    type=FiniteFloat(min=0, max=1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="Fraction of the images to test on, of every class, where the source has no test part.",
)
@click.option(
    "--seed",
    type=WholeNumber(),
    default=0,
    show_default=True,
    help="Decides which images these are.",
)
@click.option(
    "--raw",
    is_flag=True,
    help="Do not normalise: the pictures have one size and are light on dark, as in MNIST.",
)
@click.option("--strict", is_flag=True, help="Leave doubtful pictures out.")
@click.option(
    "--image-shape",
    type=(WholeNumber(1), WholeNumber(1)),
    metavar="ROWS COLUMNS",
    show_default="28 28 for pictures, else square",
    help="The size of the images: to make of pictures, or that are rows of pixels.",
)
@click.option(
    "--transpose",
    is_flag=True,
    help="The images lie on their side, as EMNIST's: exchange rows and columns.",
)
@click.option(
    "--label-column",
    type=WholeNumber(),
    help="The column that has the labels, counted from 0, as in QMNIST's files (0) or in a table.",
)
@click.option("--force", is_flag=True, help="Replace a folder that an earlier mlp convert made.")
@click.option("--json", is_flag=True, help="Print one JSON document.")
@common_options
@click.pass_context
def convert(
    ctx: click.Context,
    source: Path,
    output: Path,
    test: Path | None,
    test_share: float,
    seed: int,
    raw: bool,
    strict: bool,
    image_shape: tuple[int, int] | None,
    transpose: bool,
    label_column: int | None,
    force: bool,
    json: bool,
) -> None:
    """Make a dataset that mlp train takes: four IDX files, out of what you have.

    SOURCE is a folder with a folder of pictures for each class (or with train and test folders
    that have them), a table of labels and pixels (CSV, as on Kaggle), arrays (.npz: x_train,
    y_train, x_test, y_test), or IDX files by other names (EMNIST, QMNIST). Tables and IDX files
    may be gzipped. Pictures are normalised as mlp predict does it; doubtful ones are listed in
    doubtful.csv. A picture that cannot be read is reported and left out.
    A class that is a number has this number as its label. Others are counted from 0 in the order
    of their names, or as a classes.txt beside the source has them. sheet.png shows a hundred of
    the images. The folder appears when it is complete, or not at all.
    """
    from mlp_cli.datasets.own.material import Form
    from mlp_cli.datasets.own.source import check_material, kind_of
    from mlp_cli.datasets.own.splitting import split_off_test

    kind = kind_of(source)
    _refuse_options(ctx, source, kind)
    check_places(source, test, output, force=force)
    form = Form(image_shape, label_column, transpose)
    with making(output, force=force) as folder:
        doubts: Sequence[Doubt] = ()
        if kind == "pictures":
            material, doubts = read_pictures(source, test, image_shape, raw=raw, strict=strict)
        else:
            material = _read_arrays(source, test, kind, form)
        material = check_material(material, source)
        for each in material.notes:
            note(f"{one_line(source)}: {each}.")
        train = material.train
        if material.test is None:
            train, tested = split_off_test(train, test_share, seed)
        else:
            tested = material.test
            for name in ("test_share", "seed"):
                if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                    raise OptionError(
                        f"--{name.replace('_', '-')}: {source} has a test part already. "
                        "Leave it out."
                    )
        write_files(folder, train, tested, material, doubts)
    _print(output, train, tested, material, doubts, json=json)


def _refuse_options(ctx: click.Context, source: Path, kind: "SourceKind") -> None:
    """Raise OptionError for an option that means nothing to this kind of source."""
    for name, kinds in NOT_FOR.items():
        is_given = ctx.params[name] is not None and ctx.params[name] is not False
        if is_given and kind not in kinds:
            raise OptionError(
                f"--{name.replace('_', '-')}: {source} is {_called(kind)}, and this option is for "
                f"{' and '.join(map(_called, kinds))}. Leave it out."
            )


def _called(kind: str) -> str:
    return "a folder of pictures" if kind == "pictures" else kind


def _read_arrays(source: Path, test: Path | None, kind: "SourceKind", form: "Form") -> "Material":
    from mlp_cli.datasets.own.source import kind_of, read_source, with_test

    material = read_source(source, kind, form)
    if test is None:
        return material
    other = kind_of(test)
    if other == "pictures":
        raise OptionError(f"--test {test}: a folder, expected a file, as {source} is.")
    return with_test(material, read_source(test, other, form), test)


def _print(
    output: Path,
    train: "Split",
    test: "Split",
    material: "Material",
    doubts: "Sequence[Doubt]",
    *,
    json: bool,
) -> None:
    """Print how many images there are of each class, and what to do next."""
    from mlp_cli.datasets.own.writing import DOUBTFUL_FILE, SHEET_FILE

    rows = _counts(train, test, material.names)
    kept = sum(doubt.is_kept for doubt in doubts)
    if json:
        json_result(
            {
                "folder": str(output),
                "image_shape": list(train.images.shape[1:]),
                "training_images": len(train),
                "test_images": len(test),
                "classes": rows,
                "doubtful_kept": kept,
                "left_out": len(doubts) - kept,
            }
        )
        return
    rows_, columns = train.images.shape[1:]
    result_lines(
        f"{one_line(output)}: {len(train):,} training and {len(test):,} test images of "
        f"{rows_} x {columns} pixels"
    )
    shown = [row for row in rows if row["training"] or row["test"]]
    counts = [
        Column("class", [_heading(row) for row in shown]),
        Column("training", [f"{row['training']:,}" for row in shown], is_right=True),
        Column("  test", [f"{row['test']:,}" for row in shown], is_right=True),
    ]
    result(table(counts, output_width()))
    if doubts:
        left = len(doubts) - kept
        where = one_line(output / DOUBTFUL_FILE)
        result_lines(f"doubtful  {kept:,} kept, {left:,} left out: {where}")
    result_lines(f"look at   {one_line(output / SHEET_FILE)}")
    name = os.path.join(".", output) if str(output) in NAMES else str(output)
    note_result(f"next      {command_line(['mlp', 'train', '--dataset', name])}")


def _counts(train: "Split", test: "Split", names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each label that has a name."""
    import numpy as np

    counts = [np.bincount(split.labels, minlength=len(names)) for split in (train, test)]
    return [
        {"label": label, "name": name, "training": int(trained), "test": int(tested)}
        for label, (name, trained, tested) in enumerate(zip(names, *counts, strict=True))
    ]


def _heading(row: dict[str, Any]) -> str:
    """Return a label with its name; the label alone where that is its name."""
    label, name = str(row["label"]), one_line(row["name"])
    return label if name == label else f"{label} {name}"
