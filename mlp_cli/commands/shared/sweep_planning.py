"""The plan of a sweep, from its options or its folder, and the data of its runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.dataset import load_or_download
from mlp_cli.commands.shared.starting import named_start, options_of_new_run, say_fresh_layer
from mlp_cli.commands.shared.training_options import given_options, typed_options
from mlp_cli.errors import OptionError

if TYPE_CHECKING:
    from mlp_cli.runs.pretrained import Pretrained
    from mlp_cli.sweeps.plan import Plan


def read_options(
    ctx: click.Context,
    vary: tuple[str, ...],
    seeds: int,
    trials: int | None,
    prune: bool,
    output: Path,
) -> "tuple[Plan, Pretrained | None]":
    """Return the plan that the options make or, where there are none, the one in the folder.

    With it comes the trained network that --from names, if it does.
    """
    from mlp_cli.sweeps.plan import Plan, read_plan
    from mlp_cli.sweeps.variation import EXAMPLES

    own = ("vary", "seeds", "trials", "prune")
    is_given = {
        name for name in own if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if not is_given and not given_options(ctx) and named_start(ctx) is None:
        return read_plan(output), None
    if not vary and seeds == 1:
        raise OptionError(f"Nothing differs between the runs. Give {EXAMPLES}, or --seeds 5.")
    options, start = options_of_new_run(ctx)
    plan = Plan.read_options(
        options,
        typed_options(ctx),
        vary,
        seeds=seeds,
        trials=trials,
        prune=prune,
        start=start,
    )
    return plan, start


def bring_data(plan: "Plan", data_dir: Path, start: "Pretrained | None" = None) -> dict[str, str]:
    """Bring the data into the data folder where they are missing; return their fingerprints.

    start: the network that the runs begin with.
    Raises DataError where the images do not fit it, OptionError where there are too few to hold
    any out.
    """
    from mlp_cli.datasets.holding_out import choose_validation

    fingerprints = {}
    for name in map(str, plan.values_of("dataset")):
        data = load_or_download(name, data_dir)
        if not plan.values_of("validation") and not choose_validation(len(data.train)):
            raise OptionError(
                f"{name}: {len(data.train)} training images are few, and none is held out. A sweep "
                "compares its runs by images held out. Say how many with --validation."
            )
        if start is not None:
            start.require(data)
            say_fresh_layer(start, data.classes, data.class_names)
        fingerprints[name] = data.fingerprint()
    return fingerprints
