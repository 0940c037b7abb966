"""The page of a run that is being trained, written again after every epoch."""

import time
from datetime import datetime
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING

import click

from mlp_cli.commands.shared.checkpoint import Checkpoint, Named, choose_checkpoint
from mlp_cli.commands.shared.dataset import load_for_network, other_data
from mlp_cli.commands.shared.text import note
from mlp_cli.errors import CheckpointError, InterruptedRunError
from mlp_cli.runs.places import FOLDER, newest_checkpoints
from mlp_cli.system.signals import interruption

if TYPE_CHECKING:
    from mlp_cli.datasets.loading import Split
    from mlp_cli.pages.findings import Findings
    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.runs.known_data import KnownData

POLL_SECONDS = 0.5
"""between two looks at the checkpoint"""
MOST_PRODUCTS = 5_000_000_000
"""of a weight and an activation, in all, for the images held out: about a second"""


def follow_run(
    checkpoint: Checkpoint | None, output: Path, dataset: str | None, data_dir: Path | None
) -> int:
    """Write the page of a run after every epoch until the run ends; return its size in bytes.

    checkpoint: by default the newest, even if it has had no epoch yet.
    A signal ends it, and so does a checkpoint that cannot be read any more. The page is then whole
    and no longer loads itself again.
    Raises InterruptedRunError or CheckpointError, which say so.
    """
    from mlp_cli.runs.glance import read_mark
    from mlp_cli.runs.reading import load_checkpoint

    path = _choose(checkpoint)
    run = load_checkpoint(path)
    found = load_for_network(run.settings, path, dataset, data_dir)
    if other := other_data(found, run.settings):
        note(f"{path}: {other}")
    shown = None
    with interruption() as interrupted:
        try:
            while not run.has_ended:
                mark = read_mark(path)
                if shown is None or mark != shown:
                    run = load_checkpoint(path)
                    if run.has_ended:
                        break
                    _write(path, run, found, output, is_followed=True)
                    if shown is None:
                        name = click.format_filename(output)
                        note(f"{name} follows {path}: open it in a browser. Ctrl-C ends this.")
                    shown = mark
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt as error:
            _write(path, run, found, output, is_followed=False)
            epochs = f"{len(run.history)} of {run.settings.epochs} epochs"
            name = click.format_filename(output)
            raise InterruptedRunError(
                f"\nNo longer following. {name} shows {epochs}.", interrupted.signal or SIGINT
            ) from error
        except CheckpointError:
            _write(path, run, found, output, is_followed=False)
            raise
        return _write(path, run, found, output, is_followed=False)


def _choose(checkpoint: Checkpoint | None) -> Path:
    """Return the checkpoint to follow: by default the newest, which may have had no epoch."""
    if checkpoint not in (None, Named.NEWEST):
        return choose_checkpoint(checkpoint)
    path = newest_checkpoints(FOLDER)[0]
    note(f"Using {path}, the newest.")
    return path


def _write(path: Path, run: "Run", found: "KnownData", output: Path, *, is_followed: bool) -> int:
    """Write the page of a run as it is now; return its size in bytes."""
    from mlp_cli.pages.findings import HELD_OUT, TEST_IMAGES
    from mlp_cli.pages.report import render_report
    from mlp_cli.system.outputs import writing

    if run.has_ended:
        findings = find_on_split(path, run, found, found.dataset.test, TEST_IMAGES)
    else:
        findings = find_on_split(path, run, found, _held_out(run, found), HELD_OUT)
    page = render_report([findings], is_followed=is_followed)
    with writing(output) as file:
        file.write(page)
    return len(page)


def _held_out(run: "Run", found: "KnownData") -> "Split | None":
    """Return images held out, as many as are read in a moment; None where there are none."""
    from mlp_cli.datasets.loading import Split
    from mlp_cli.runs.fairness import hold_out_stream

    settings = run.settings
    if run.awaits_its_first_epoch or not (settings.validation and found.is_the_runs):
        return None
    split = found.dataset.split("validation", settings.validation, hold_out_stream(settings))
    weights = sum(W.size for W in run.network.weights)
    most = max(1, MOST_PRODUCTS // weights)
    step = -(-len(split) // most)  # every so many of them: a set may be sorted by class
    return Split(split.images[::step], split.labels[::step])


def find_on_split(
    path: Path, run: "Run", found: "KnownData", split: "Split | None", images: str = "test images"
) -> "Findings":
    """Return what a page shows of a run: its network on a split, and where its file comes from."""
    from mlp_cli.learning.threads import limit_threads_for_outputs
    from mlp_cli.pages.findings import Findings, Origins
    from mlp_cli.runs.reading import read_facts

    tested_on = run.settings.dataset if found.is_the_runs else found.name
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        origins = Origins(written, read_facts(path).versions)
    except (OSError, CheckpointError):  # removed since
        origins = Origins()
    with limit_threads_for_outputs(run.settings.sizes):
        classes = found.classes(run.settings)
        return Findings.of(path.name, run, split, tested_on, classes, images, origins)
