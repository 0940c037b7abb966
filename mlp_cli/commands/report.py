"""mlp report: an HTML page about one run or several."""

from pathlib import Path

import click

from mlp_cli.commands.shared.checkpoint import choose_checkpoint
from mlp_cli.commands.shared.completion import complete_checkpoint
from mlp_cli.commands.shared.dataset import load_for_network
from mlp_cli.commands.shared.options import FilePath, common_options, run_data_dir_option
from mlp_cli.commands.shared.text import result


@click.command(short_help="Write an HTML page about one run or several.")
@click.option(
    "--checkpoint",
    type=FilePath,
    multiple=True,
    show_default="the newest under checkpoints/",
    shell_complete=complete_checkpoint,
    help="The trained network. Repeat the option to compare several.",
)
@click.option(
    "-o",
    "--output",
    type=FilePath,
    default=Path("report.html"),
    show_default=True,
    help="The page to write.",
)
@run_data_dir_option
@common_options
def report(checkpoint: tuple[Path, ...], output: Path, data_dir: Path | None) -> None:
    """Write one HTML page that needs no connection, no script and no other file.

    It shows settings, learning curves, confusion matrix, figures per class, the most confident
    mistakes, the weights of the first layer, saturated units and the time per epoch.
    """
    from mlp_cli.learning.threads import limit_threads_for_outputs
    from mlp_cli.pages.figures import require_matplotlib
    from mlp_cli.pages.findings import Findings
    from mlp_cli.pages.report import render_report
    from mlp_cli.runs.reading import load_checkpoint
    from mlp_cli.system.outputs import check_output, writing

    require_matplotlib()
    check_output(output)
    findings = []
    for path in checkpoint or [choose_checkpoint(None)]:
        run = load_checkpoint(path)
        data = load_for_network(run.settings, run.settings.dataset, data_dir)
        with limit_threads_for_outputs(run.settings.sizes):
            findings.append(Findings.of(path.name, run, data.test))
    page = render_report(findings)
    with writing(output) as file:
        file.write(page)
    result(f"{click.format_filename(output)}: {len(page):,} bytes. Open it in a browser.")
