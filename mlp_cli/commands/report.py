"""mlp report: an HTML page about one run, several, or a sweep."""

from pathlib import Path

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.checkpoint import Checkpoint, choose_checkpoint, comparison_option
from mlp_cli.commands.shared.dataset import load_for_network, other_data
from mlp_cli.commands.shared.options import (
    FilePath,
    UserPath,
    common_options,
    run_data_dir_option,
    run_dataset_option,
)
from mlp_cli.commands.shared.text import is_quiet, note, result_lines
from mlp_cli.errors import SweepError
from mlp_cli.runs.schema import as_typed
from mlp_cli.system.shell import command_line


@click.command(short_help="Write an HTML page about one run, several, or a sweep.")
@click.argument("folder", metavar="[FOLDER]", required=False, type=UserPath())
@comparison_option
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
@click.pass_context
def report(
    ctx: click.Context,
    folder: Path | None,
    checkpoint: tuple[Checkpoint, ...],
    output: Path,
    dataset: str | None,
    data_dir: Path | None,
) -> None:
    """Write one HTML page that needs no connection and no other file.

    It shows settings, learning curves, confusion matrix, figures per class, the most confident
    mistakes, the weights of the first layer, saturated units and the time per epoch.

    FOLDER is that of a sweep: the page then compares its runs, on the images held out. It reads
    no dataset.
    """
    from mlp_cli.charts.figures import require_matplotlib
    from mlp_cli.system.outputs import check_output, writing

    for name in ("checkpoint", "dataset", "data_dir"):
        if folder and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"FOLDER is a sweep, which is reported on without {as_typed(name)}. Leave it out."
            )
    require_matplotlib()
    check_output(output)
    page = _sweep_page(folder) if folder else _runs_page(checkpoint, dataset, data_dir)
    with writing(output) as file:
        file.write(page)
    advice = "" if is_quiet() else " Open it in a browser."
    result_lines(f"{click.format_filename(output)}: {len(page):,} bytes.{advice}")


def _sweep_page(folder: Path) -> bytes:
    """Return the page about the sweep in a folder."""
    from mlp_cli.pages.sweep_findings import SweepFindings
    from mlp_cli.pages.sweep_report import render_sweep

    if folder.is_file():
        named = command_line(["--checkpoint", str(folder)])
        raise SweepError(
            f"{folder}: a file, expected the folder of a sweep. Report on a run with: {named}"
        )
    return render_sweep(SweepFindings.of(folder))


def _runs_page(
    checkpoint: tuple[Checkpoint, ...], dataset: str | None, data_dir: Path | None
) -> bytes:
    """Return the page about the runs in these checkpoints, by default in the newest."""
    from mlp_cli.learning.threads import limit_threads_for_outputs
    from mlp_cli.pages.findings import Findings
    from mlp_cli.pages.report import render_report
    from mlp_cli.runs.reading import load_trained

    findings = []
    for path in [choose_checkpoint(each) for each in checkpoint or (None,)]:
        run = load_trained(path)
        found = load_for_network(run.settings, path, dataset, data_dir)
        if other := other_data(found, run.settings):
            note(f"{path}: {other}")
        tested_on = run.settings.dataset if found.is_the_runs else found.name
        with limit_threads_for_outputs(run.settings.sizes):
            classes = found.classes(run.settings)
            findings.append(Findings.of(path.name, run, found.dataset.test, tested_on, classes))
    return render_report(findings)
