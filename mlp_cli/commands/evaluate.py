"""mlp evaluate: how well a trained network classifies a split of a dataset."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlp_cli.commands.shared.checkpoint import Checkpoint, choose_checkpoint, committee_option
from mlp_cli.commands.shared.columns import Column, table
from mlp_cli.commands.shared.committee import choose_split
from mlp_cli.commands.shared.dataset import load_for_network
from mlp_cli.commands.shared.options import (
    common_options,
    run_data_dir_option,
    run_dataset_option,
)
from mlp_cli.commands.shared.plot import draw_confusion, plot_option
from mlp_cli.commands.shared.tables import confusion_text, figures_table
from mlp_cli.commands.shared.text import json_result, output_width, result, result_lines, score
from mlp_cli.measuring.percent import percent
from mlp_cli.system.characters import one_line

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import SplitName
    from mlp_cli.measuring.scores import Disagreements, Score
    from mlp_cli.runs.committee import Committee, CommitteeEvaluation, MemberScore


@click.command(short_help="Measure how good a trained network is.")
@committee_option
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
    checkpoint: tuple[Checkpoint, ...],
    split: "SplitName",
    dataset: str | None,
    data_dir: Path | None,
    json: bool,
    plot: Path | None,
) -> None:
    """Print accuracy, cost, figures per class and the confusion matrix.

    The interval is the 95 % confidence interval of the accuracy (Wilson). With several
    checkpoints, the figures are those of the committee, whose outputs are the mean of its
    members' outputs. The accuracy of each member and the images that they disagree on come first.
    """
    from mlp_cli.runs.committee import Committee

    committee = Committee.open([choose_checkpoint(each) for each in checkpoint or (None,)])
    settings = committee.first.settings
    found = load_for_network(settings, committee.first.checkpoint, dataset, data_dir)
    chosen = choose_split(committee, found, split)
    evaluated = committee.evaluate(chosen.images, chosen.labels)
    evaluation = evaluated.together
    reached, figures = evaluation.score, evaluation.class_figures
    classes = found.classes(settings)
    kind, rows = classes.class_headings(len(figures))
    if plot:
        what = (
            f"{len(committee.members)} networks"
            if not committee.is_one
            else "-".join(map(str, settings.sizes))
        )
        title = f"{what} on {one_line(found.name)}, {split} images"
        draw_confusion(evaluation.confusion, rows, plot, title)
    paths = [str(member.checkpoint) for member in committee.members]
    if json:
        json_result(
            {
                **({"checkpoint": paths[0]} if committee.is_one else {"checkpoints": paths}),
                "dataset": found.name,
                "split": split,
                "examples": reached.examples,
                "correct": reached.correct,
                "accuracy": reached.accuracy,
                "interval": reached.interval,
                "cost": evaluation.cost,
                "per_class": [
                    {**asdict(figure), "name": classes.class_name(figure.label)}
                    for figure in figures
                ],
                "confusion": evaluation.confusion.tolist(),
                **({} if committee.is_one else _more(committee, evaluated)),
            }
        )
        return
    low, high = reached.interval
    width = output_width()
    result_lines(f"{found.name}, {split} images")
    if not committee.is_one:
        result(_members_table(evaluated.members, width))
        result(f"\ncommittee of {len(paths)}")
    result_lines(f"accuracy   {_score(reached)}")
    result_lines(f"interval   {percent(low)} to {percent(high)} (95 %)")
    if committee.is_one:
        result_lines(f"mean cost  {evaluation.cost:.4f}\n")
    else:
        result_lines(f"mean cost  {evaluation.cost:.4f} ({committee.cost})")
        result_lines(f"disagree   {_dispute(evaluated.disagreements, reached.examples)}\n")
    result(figures_table(kind, rows, figures, width))
    result(f"\n{confusion_text(classes, evaluation.confusion, width)}")


def _more(committee: "Committee", evaluated: "CommitteeEvaluation") -> dict[str, Any]:
    """Return what the JSON document has of a committee alone."""
    members = [
        {
            "checkpoint": str(member.checkpoint),
            "accuracy": member.score.accuracy,
            "correct": member.score.correct,
            "cost": member.cost,
        }
        for member in evaluated.members
    ]
    return {
        "cost_function": committee.cost,
        "members": members,
        "disagreements": asdict(evaluated.disagreements),
    }


def _members_table(members: "list[MemberScore]", width: int | None) -> str:
    names = [one_line(member.checkpoint) for member in members]
    return table(
        [Column("", names), Column("", [_score(member.score) for member in members])], width
    )


def _score(reached: "Score") -> str:
    return score(reached.accuracy, reached.correct, reached.examples)


def _dispute(found: "Disagreements", examples: int) -> str:
    """Return on how many images members disagree, and how often the committee is right there."""
    text = score(found.share, found.count, examples)
    if not found.count:
        return text
    return f"{text}, right on {score(found.correct / found.count, found.correct, found.count)}"
