"""mlp evaluate: how well a trained network classifies a split of a dataset."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.shared.checkpoint import checkpoint_option, choose_checkpoint
from mlp_cli.commands.shared.dataset import load_for_network, other_data
from mlp_cli.commands.shared.options import (
    common_options,
    run_data_dir_option,
    run_dataset_option,
)
from mlp_cli.commands.shared.plot import draw_confusion, plot_option
from mlp_cli.commands.shared.text import json_result, note, result, score
from mlp_cli.datasets.catalogue import find_source
from mlp_cli.errors import OptionError
from mlp_cli.measuring.percent import percent

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import SplitName
    from mlp_cli.measuring.scores import ClassFigures


@click.command(short_help="Measure how good a trained network is.")
@checkpoint_option
@click.option(
    "--split",
    type=click.Choice(["test", "validation", "train"]),
    default="test",
    show_default=True,
    help="Images to evaluate on: the test set, those held out of training, or those trained on.",
)
@run_dataset_option
@run_data_dir_option
@click.option("--json", is_flag=True, help="Print one JSON document.")
@plot_option(help="Draw the confusion matrix, as .png, .svg or .pdf.")
@common_options
def evaluate(
    checkpoint: Path | None,
    split: "SplitName",
    dataset: str | None,
    data_dir: Path | None,
    json: bool,
    plot: Path | None,
) -> None:
    """Print accuracy, cost, figures per class and the confusion matrix.

    The interval is the 95 % confidence interval of the accuracy (Wilson).
    """
    from mlp_cli.learning.threads import limit_threads_for_outputs
    from mlp_cli.measuring.evaluation import Evaluation
    from mlp_cli.runs.fairness import hold_out_stream
    from mlp_cli.runs.reading import load_trained

    path = choose_checkpoint(checkpoint)
    run = load_trained(path)
    settings = run.settings
    found = load_for_network(settings, path, dataset, data_dir)
    name, data = found.name, found.dataset
    other = other_data(found, settings)
    held_out = 0 if other else settings.validation
    if split == "validation" and not held_out:
        why = f"{other} None of its images were" if other else "none of the run's images were"
        raise OptionError(
            f"--split validation: {why} held out. Choose --split test or --split train."
        )
    if other:
        note(other)
    chosen = data.split(split, held_out, hold_out_stream(settings))

    with limit_threads_for_outputs(settings.sizes):
        evaluation = Evaluation.of(run.network, run.seen(chosen.images), chosen.labels)
    reached, figures = evaluation.score, evaluation.class_figures
    # The run's own data under another name have the classes of its own.
    source = find_source(settings.dataset if found.is_the_runs else name)
    if plot:
        draw_confusion(evaluation.confusion, plot)
    if json:
        json_result(
            {
                "checkpoint": str(path),
                "dataset": name,
                "split": split,
                "examples": reached.examples,
                "correct": reached.correct,
                "accuracy": reached.accuracy,
                "interval": reached.interval,
                "cost": evaluation.cost,
                "per_class": [
                    {**asdict(figure), "name": source.class_name(figure.label)}
                    for figure in figures
                ],
                "confusion": evaluation.confusion.tolist(),
            }
        )
        return
    low, high = reached.interval
    result(f"{name}, {split} images")
    result(f"accuracy   {score(reached.accuracy, reached.correct, reached.examples)}")
    result(f"interval   {percent(low)} to {percent(high)} (95 %)")
    result(f"mean cost  {evaluation.cost:.4f}\n")
    kind, rows = source.class_headings(len(figures))
    result(_figures_table(kind, rows, figures))
    result(f"\nCorrect {kind} down, prediction across:\n")
    result(_confusion_table(kind, rows, evaluation.confusion.tolist()))


def _figures_table(kind: str, rows: list[str], figures: "list[ClassFigures]") -> str:
    width = max(map(len, [kind, *rows]))
    lines = [f"{kind:<{width}}  precision    recall        F1  examples"]
    lines += [
        f"{row:{_side(kind)}{width}}  {percent(f.precision):>9}  {percent(f.recall):>8}"
        f"  {percent(f.f1):>8}  {f.examples:>8,}"
        for row, f in zip(rows, figures, strict=True)
    ]
    return "\n".join(lines)


def _confusion_table(kind: str, rows: list[str], confusion: list[list[int]]) -> str:
    """Return the matrix; rows have names, columns only labels, since names are too long there."""
    left, width = max(map(len, [kind, *rows])), max(len(str(n)) for row in confusion for n in row)
    lines = [f"{'':<{left}}" + "".join(f"  {label:>{width}}" for label in range(len(rows)))]
    lines += [
        f"{name:{_side(kind)}{left}}" + "".join(f"  {count or '.':>{width}}" for count in row)
        for name, row in zip(rows, confusion, strict=True)
    ]
    return "\n".join(lines)


def _side(kind: str) -> str:
    """Return the alignment of row headings: digits at the right, names at the left."""
    return ">" if kind == "digit" else "<"
