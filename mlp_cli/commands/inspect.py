"""mlp inspect: the contents of a checkpoint."""

import textwrap
from dataclasses import asdict

import click

from mlp_cli.commands.shared.checkpoint import (
    Checkpoint,
    CheckpointFile,
    checkpoint_option,
    choose_checkpoint,
)
from mlp_cli.commands.shared.completion import complete_checkpoint
from mlp_cli.commands.shared.options import common_options
from mlp_cli.commands.shared.text import json_result, output_width, result_lines
from mlp_cli.measuring.percent import percent
from mlp_cli.system.characters import one_line

LEAST_PIECE = 16
"""characters of a fingerprint on a line"""


@click.command(short_help="Show what a checkpoint holds.")
@click.argument(
    "file",
    metavar="[CHECKPOINT]",
    required=False,
    type=CheckpointFile(),
    shell_complete=complete_checkpoint,
)
@checkpoint_option
@click.option("--json", is_flag=True, help="Print one JSON document.")
@common_options
def inspect(file: Checkpoint | None, checkpoint: Checkpoint | None, json: bool) -> None:
    """Print what a checkpoint holds: network, training and settings, and facts about the file.

    The command reads no dataset and computes nothing.
    """
    from mlp_cli.runs.checkpoint import KNOWN_ELSEWHERE
    from mlp_cli.runs.reading import load_checkpoint, read_facts

    if file and checkpoint:
        raise click.UsageError("CHECKPOINT and --checkpoint mean the same. Give only one of them.")
    path = choose_checkpoint(file or checkpoint)
    run = load_checkpoint(path)
    facts = read_facts(path)
    settings = asdict(run.settings)
    parameters = sum(array.size for array in run.network.parameters)
    if json:
        json_result(
            {
                "checkpoint": str(path),
                "parameters": parameters,
                "settings": settings,
                "epochs": len(run.history),
                "best_epoch": run.best_epoch,
                "best_accuracy": run.best_accuracy,
                "test_accuracy": run.test_accuracy,
                "engine_variant": run.engine_variant,
                "arithmetic": run.arithmetic,
                "from": run.origin._asdict() if run.origin else None,
                "training_seconds": run.training_seconds,
                "resumable": run.resume is not None,
                "file": asdict(facts),
            }
        )
        return
    result_lines(f"checkpoint     {path}")
    result_lines(
        f"network        {'-'.join(map(str, run.settings.sizes))}, {parameters:,} parameters"
    )
    if run.origin:
        result_lines(f"began with     {run.origin.describe(run.settings.sizes)}")
    if run.history:
        first, last = run.history[0], run.history[-1]
        result_lines(f"history        {len(run.history)} epochs, {run.training_seconds:.1f} s")
        result_lines(
            f"cost           {first['cost']:.4f} in the first epoch, {last['cost']:.4f} in the last"
        )
        result_lines(
            f"best epoch     {run.best_epoch}, {percent(run.best_accuracy)} on the images held out"
        )
        result_lines(f"test accuracy  {percent(run.test_accuracy)}")
    elif run.awaits_its_first_epoch:
        result_lines("history        0 epochs: the network has learned nothing yet")
    else:
        result_lines("history        none: the network was trained elsewhere")
    result_lines(f"resume         {'yes' if run.resume else 'no, it holds only the network'}")
    result_lines(
        f"file           format {facts.format_version}, {facts.size:,} bytes, {facts.stored_dtype}"
    )
    written_by = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    result_lines(f"written by     {one_line(written_by) or 'unknown'}\n")
    known = settings
    if run.is_imported:
        known = {name: settings[name] for name in KNOWN_ELSEWHERE if settings[name] != ()}
    width = max(map(len, known))
    for name, value in known.items():
        separator = ", " if name == "class_names" else " "
        text = separator.join(map(str, value)) if isinstance(value, tuple) else value
        if name == "fingerprint":
            text = _beside(str(text), width + 2)
        result_lines(f"{name:<{width}}  {'unknown' if value == () else text}")


def _beside(text: str, start: int) -> str:
    """Return a word in pieces that fit a terminal, from this column on; else as it is."""
    columns = output_width()
    if columns is None or start + len(text) <= columns or columns - start < LEAST_PIECE:
        return text
    return " ".join(textwrap.wrap(text, columns - start))
