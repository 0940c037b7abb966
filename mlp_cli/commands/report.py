"""mlp report: an HTML page about one run, several, or a sweep."""

from pathlib import Path

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.checkpoint import Checkpoint, choose_checkpoint, comparison_option
from mlp_cli.commands.shared.dataset import load_for_network, other_data
from mlp_cli.commands.shared.following import find_on_split, follow_run
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
@click.option(
    "--follow",
    is_flag=True,
    help="Write the page again after every epoch of a run, until it ends.",
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
    follow: bool,
    dataset: str | None,
    data_dir: Path | None,
) -> None:
    """Write one HTML page that needs no connection and no other file.

    It shows settings, learning curves, confusion matrix, figures per class, the most confident
    mistakes, the weights of the first layer, saturated or dead units, the time per epoch, and the
    command that repeats the run.

    With --follow, the page of a run that is being trained is up to date after every epoch, and
    the browser loads it by itself. It reads the images held out and, once the run has ended, the
    test images. Ctrl-C ends it, not the run.

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
    if follow and (folder or len(checkpoint) > 1):
        raise click.UsageError("--follow: one run can be followed. Name one with --checkpoint.")
    require_matplotlib()
    check_output(output)
    if follow:
        named = checkpoint[0] if checkpoint else None
        size = follow_run(named, output, dataset, data_dir)
        result_lines(_written(output, size))
        return
    page = _sweep_page(folder) if folder else _runs_page(checkpoint, dataset, data_dir)
    with writing(output) as file:
        file.write(page)
    result_lines(_written(output, len(page)))


def _written(output: Path, size: int) -> str:
    advice = "" if is_quiet() else " Open it in a browser."
    return f"{click.format_filename(output)}: {size:,} bytes.{advice}"


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
    from mlp_cli.pages.report import render_report
    from mlp_cli.runs.reading import load_trained

    findings = []
    for path in [choose_checkpoint(each) for each in checkpoint or (None,)]:
        run = load_trained(path)
        found = load_for_network(run.settings, path, dataset, data_dir)
        if other := other_data(found, run.settings):
            note(f"{path}: {other}")
        findings.append(find_on_split(path, run, found, found.dataset.test))
    return render_report(findings)
