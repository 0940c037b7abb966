"""mlp report: an HTML page about one run or several."""

from pathlib import Path

import click

from mlp_cli.commands.shared.checkpoint import Checkpoint, CheckpointFile, choose_checkpoint
from mlp_cli.commands.shared.completion import complete_checkpoint
from mlp_cli.commands.shared.dataset import load_for_network, other_data
from mlp_cli.commands.shared.options import (
    FilePath,
    common_options,
    run_data_dir_option,
    run_dataset_option,
)
from mlp_cli.commands.shared.text import note, result


@click.command(short_help="Write an HTML page about one run or several.")
@click.option(
    "--checkpoint",
    type=CheckpointFile(),
    multiple=True,
    show_default="the newest under checkpoints/",
    shell_complete=complete_checkpoint,
    help="The trained network: a file, newest, or bundled (the one that comes with mlp). "
    "Repeat the option to compare several.",
)
@click.option(
    "-o",
    "--output",
    type=FilePath,
    default=Path("report.html"),
    show_default=True,
    help="The page to write.",
)
@run_dataset_option
@run_data_dir_option
@common_options
def report(
    checkpoint: tuple[Checkpoint, ...],
    output: Path,
    dataset: str | None,
    data_dir: Path | None,
) -> None:
    """Write one HTML page that needs no connection, no script and no other file.

    It shows settings, learning curves, confusion matrix, figures per class, the most confident
    mistakes, the weights of the first layer, saturated units and the time per epoch.
    """
    from mlp_cli.learning.threads import limit_threads_for_outputs
    from mlp_cli.pages.figures import require_matplotlib
    from mlp_cli.pages.findings import Findings
    from mlp_cli.pages.report import render_report
    from mlp_cli.runs.reading import load_trained
    from mlp_cli.system.outputs import check_output, writing

    require_matplotlib()
    check_output(output)
    findings = []
    for path in [choose_checkpoint(each) for each in checkpoint or (None,)]:
        run = load_trained(path)
        found = load_for_network(run.settings, path, dataset, data_dir)
        if other := other_data(found, run.settings):
            note(f"{path}: {other}")
        tested_on = run.settings.dataset if found.is_the_runs else found.name
        with limit_threads_for_outputs(run.settings.sizes):
            findings.append(Findings.of(path.name, run, found.dataset.test, tested_on))
    page = render_report(findings)
    with writing(output) as file:
        file.write(page)
    result(f"{click.format_filename(output)}: {len(page):,} bytes. Open it in a browser.")
