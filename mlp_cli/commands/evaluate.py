"""mlp evaluate: how well a trained network reads a split of its dataset."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.checkpoint import checkpoint_option, choose_checkpoint
from mlp_cli.commands.dataset import load_first
from mlp_cli.commands.options import DEFAULT_DATA_DIR, FolderPath, common_options
from mlp_cli.commands.text import json_result, percent, result, score

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import SplitName
    from mlp_cli.metrics import ClassFigures


@click.command(short_help="Measure a trained network.")
@checkpoint_option
@click.option(
    "--split",
    type=click.Choice(["test", "validation", "train"]),
    default="test",
    show_default=True,
    help="Which images: the test set, or the part held out of, or used in, training.",
)
@click.option(
    "--data-dir",
    type=FolderPath,
    envvar="MLP_DATA_DIR",
    show_envvar=True,
    show_default="where the network was trained from, then data",
    help="The folder that holds the datasets.",
)
@click.option("--json", is_flag=True, help="Print one JSON document.")
@common_options
def evaluate(
    checkpoint: Path | None, split: "SplitName", data_dir: Path | None, json: bool
) -> None:
    """Print accuracy, cost, figures per digit and the confusion matrix.

    The interval is Wilson's at 95 %: where the accuracy of this network on endless images of the
    same kind may well lie.
    """
    from mlp_cli.checkpoint import load_checkpoint
    from mlp_cli.metrics import Score, class_figures, confusion_matrix
    from mlp_cli.nn.costs import mean_cost

    path = choose_checkpoint(checkpoint)
    run = load_checkpoint(path)
    settings = run.settings
    data_dirs = [data_dir] if data_dir else [Path(settings.data_dir), DEFAULT_DATA_DIR]
    dataset = load_first(settings.dataset, data_dirs)
    dataset.require(settings.image_shape, classes=settings.sizes[-1])
    chosen = dataset.split(split, settings.validation)

    outputs = run.network.outputs(chosen.images)
    confusion = confusion_matrix(chosen.labels, outputs.argmax(axis=1), settings.sizes[-1])
    whole = Score.of(confusion)
    cost = mean_cost(outputs, chosen.labels, run.network.cost)
    figures = class_figures(confusion)
    if json:
        json_result(
            {
                "checkpoint": str(path),
                "dataset": settings.dataset,
                "split": split,
                "examples": whole.examples,
                "correct": whole.correct,
                "accuracy": whole.accuracy,
                "interval": whole.interval,
                "cost": cost,
                "per_class": [asdict(figure) for figure in figures],
                "confusion": confusion.tolist(),
            }
        )
        return
    low, high = whole.interval
    result(f"{settings.dataset}, {split} images")
    result(f"accuracy   {score(whole.accuracy, whole.correct, whole.examples)}")
    result(f"interval   {percent(low)} to {percent(high)} (95 %)")
    result(f"mean cost  {cost:.4f}\n")
    result(_figures_table(figures))
    result("\nTrue digit down, answer across:\n")
    result(_confusion_table(confusion.tolist()))


def _figures_table(figures: "list[ClassFigures]") -> str:
    lines = ["digit  precision    recall        F1  examples"]
    lines += [
        f"{f.label:>5}  {percent(f.precision):>9}  {percent(f.recall):>8}  {percent(f.f1):>8}"
        f"  {f.examples:>8,}"
        for f in figures
    ]
    return "\n".join(lines)


def _confusion_table(confusion: list[list[int]]) -> str:
    width = max(len(str(count)) for row in confusion for count in row)
    labels = range(len(confusion))
    lines = ["     " + "".join(f"  {label:>{width}}" for label in labels)]
    lines += [
        f"{label:>5}" + "".join(f"  {count or '.':>{width}}" for count in row)
        for label, row in zip(labels, confusion, strict=True)
    ]
    return "\n".join(lines)
