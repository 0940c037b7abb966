"""mlp sweep: train many runs, and compare them."""

from functools import partial
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.config import config_option
from mlp_cli.commands.shared.dataset import load_or_download
from mlp_cli.commands.shared.grouped_help import GroupedCommand
from mlp_cli.commands.shared.options import (
    FolderPath,
    WholeNumber,
    common_options,
    data_dir_option,
)
from mlp_cli.commands.shared.plot import draw_sweep, plot_option
from mlp_cli.commands.shared.starting import from_option
from mlp_cli.commands.shared.sweep_output import document, finished_line, print_rows, wrapped
from mlp_cli.commands.shared.sweep_planning import bring_data, read_options
from mlp_cli.commands.shared.text import json_result, note, note_above, shows_bars
from mlp_cli.commands.shared.training_options import (
    training_options,
)
from mlp_cli.errors import InterruptedRunError, OptionError, OutputError, UnwritableError
from mlp_cli.system.shell import command_line
from mlp_cli.system.signals import interruption

if TYPE_CHECKING:
    from mlp_cli.sweeps.sweep import Sweep
    from mlp_cli.sweeps.testing import Tested
    from mlp_cli.sweeps.workers import Workers


@click.command(
    cls=GroupedCommand, short_help="Train many runs over settings and seeds, and compare them."
)
@config_option
@training_options
@data_dir_option
@from_option
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=VALUES",
    help="Vary a setting: eta=0.5,1,3 takes each value, hidden=100,256+128 each network; "
    "eta=0.01..1 is a range, eta=0.01..1:log one of equal factors. Repeat it for more settings.",
)
@click.option(
    "--seeds",
    type=WholeNumber(1, 100_000),
    default=1,
    show_default=True,
    help="Runs of every combination, with as many seeds, from --seed on.",
)
@click.option(
    "--trials",
    type=WholeNumber(1, 100_000),
    help="Combinations to draw from the ranges, by Optuna's TPE.",
)
@click.option("--prune", is_flag=True, help="End trials early that lag behind the median.")
@click.option(
    "--jobs",
    type=WholeNumber(1, 1024),
    show_default="the cores that mlp may use",
    help="Runs to train at a time, each in a process of its own.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Train on the workers of a Dask cluster: the address of its scheduler, such as "
    "tcp://127.0.0.1:8786.",
)
@click.option(
    "-o",
    "--output",
    type=FolderPath,
    required=True,
    help="Folder of the sweep. The same command resumes it, or this option alone.",
)
@click.option(
    "--test",
    is_flag=True,
    help="Read the test images, once: with the best run of the best settings or, where the seed "
    "alone differs, with every run.",
)
@plot_option("Draw the validation accuracy by what was varied: .png, .svg or .pdf.")
@click.option("--json", is_flag=True, help="Print one JSON document.")
@common_options
@click.pass_context
def sweep(
    ctx: click.Context,
    /,
    data_dir: Path,
    vary: tuple[str, ...],
    seeds: int,
    trials: int | None,
    prune: bool,
    jobs: int | None,
    scheduler: str | None,
    output: Path,
    test: bool,
    plot: Path | None,
    json: bool,
    **_: Any,  # noqa: ANN401  the options that make a run, which are read from the context
) -> None:
    """Train many runs, side by side, and print what they reached on the images held out.

    Every option of `mlp train` that makes a run can be given, or varied with --vary. Each run is
    a checkpoint in the folder of the sweep, which the other commands read. A run that cannot go
    on is a row of the table, with its reason.

    Ctrl-C stops the sweep. The same command resumes it, and ends in the same runs.
    """
    from mlp_cli.sweeps.folder import FolderClaim, find_plan, keep_start, require_same, with_data
    from mlp_cli.sweeps.search import require_optuna
    from mlp_cli.sweeps.sweep import Sweep
    from mlp_cli.sweeps.testing import read_test

    if jobs is not None and scheduler is not None:
        raise OptionError(
            "--jobs and --scheduler: either. The threads of the cluster say how many run at a time."
        )
    plan, start = read_options(ctx, vary, seeds, trials, prune, output)
    before = find_plan(output, plan)
    if plan.trials:
        require_optuna()
    plan = before or with_data(plan, bring_data(plan, data_dir, start))
    with interruption() as interrupted, FolderClaim.begin_or_take(output, plan) as claim:
        if start is not None:
            keep_start(output, start)
        going = Sweep(plan, output)
        if before and going.complete < plan.runs:
            require_same(output, plan, with_data(plan, bring_data(plan, data_dir)))
        try:
            with _workers(jobs, scheduler, data_dir) as workers:
                _introduce(going, workers, is_new=claim.is_new)
                _train(going, workers)
            tested = (
                read_test(going, partial(load_or_download, data_dir=data_dir)) if test else None
            )
        except KeyboardInterrupt as error:
            said = "\nInterrupted. " + _show(going, json, plot=plot)
            number = interrupted.signal or SIGINT
            raise InterruptedRunError(f"{said}\n{_advice(ctx, output)}", number) from error
        except (UnwritableError, OutputError) as error:
            said = f"{str(error).splitlines()[0]}\n{_show(going, json, writes=False)}"
            raise type(error)(f"{said}\n{_advice(ctx, output)}") from error
        _show(going, json, tested, plot=plot)
        if not any(row.mean is not None for row in going.rows()):
            ctx.exit(1)


def _workers(jobs: int | None, scheduler: str | None, data_dir: Path) -> "Workers":
    """Return what trains the runs."""
    if scheduler is not None:
        from mlp_cli.sweeps.cluster import Cluster

        return Cluster(scheduler, data_dir, say=note)
    from mlp_cli.sweeps.local import LocalWorkers
    from mlp_cli.system.cores import usable_cores

    return LocalWorkers(jobs or usable_cores(), data_dir)


def _introduce(going: "Sweep", workers: "Workers", is_new: bool) -> None:
    """Say how many runs there are, what they have in common, and how many are complete."""
    plan = going.plan
    varied = ", ".join(f"{name} {each}" for name, each in plan.varied.items())
    runs = f"{plan.runs} runs" if plan.runs > 1 else "1 run"
    note(f"{runs}, {workers.slots} at a time, in {going.folder}")
    if plan.start:
        note(f"every run begins with the parameters of {plan.start['checkpoint']}")
    note(wrapped(f"varied: {varied or 'the seed alone'}"))
    if not is_new:
        note(f"resumed: {going.complete} of {plan.runs} are complete")


def _train(going: "Sweep", workers: "Workers") -> None:
    """Train every run that is not complete, with a line for each and a bar of all epochs."""
    from tqdm import tqdm

    from mlp_cli.sweeps.workers import Progress

    had: dict[int, int] = {}
    most = max(int(str(epochs)) for epochs in going.plan.values_of("epochs"))
    bar = tqdm(
        total=going.plan.runs * most,
        initial=going.complete * most,
        unit="epoch",
        leave=False,
        disable=not shows_bars(),
    )
    with bar:
        for event in going.train(workers):
            if isinstance(event, Progress):
                before = had.setdefault(event.number, 0)
                had[event.number] = event.epoch
                bar.update(event.epoch - before)
            else:
                note_above(bar, finished_line(going, event))
                bar.update(most - had.pop(event.task.number, 0))


def _show(
    going: "Sweep",
    json: bool,
    tested: "Tested | None" = None,
    *,
    writes: bool = True,
    plot: Path | None = None,
) -> str:
    """Print the table so far, and write its files; return a sentence on what there is."""
    from mlp_cli.sweeps.table import write_table

    rows, plan = going.rows(), going.plan
    if writes:
        write_table(rows, list(plan.varied), going.folder)
    if json:
        json_result(document(plan, rows, tested))
    else:
        print_rows(plan, rows, tested)
    if plot:
        draw_sweep(rows, plan, plot)
    return f"{going.complete} of {plan.runs} runs are complete, in {going.folder}."


def _advice(ctx: click.Context, output: Path) -> str:
    """Return the line that resumes the sweep."""
    words = ["mlp", "sweep", "-o", str(output)]
    for name, option in (("data_dir", "--data-dir"), ("jobs", "--jobs"), ("plot", "--plot")):
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words += [option, str(ctx.params[name])]
    words += [f"--{name}" for name in ("test", "json") if ctx.params[name]]
    return f"Resume with: {command_line(words)}"
