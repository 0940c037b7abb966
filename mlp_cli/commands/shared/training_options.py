"""The options of `mlp train` that make a run. Each has the name of a setting and may be preset."""

from collections.abc import Mapping
from typing import get_args

import click
from click.core import ParameterSource

from mlp_cli.commands.shared.options import Decorated, FiniteFloat, dataset_option
from mlp_cli.errors import OptionError
from mlp_cli.nn.names import ActivationName, CostName, InitName, ScheduleName
from mlp_cli.runs.settings import MOST, MOST_EPOCHS, OPTIONS, DistortName, DtypeName, Option

SHARE = FiniteFloat(min=0, max=1, max_open=True)
"""an option that is a share of something, and never all of it"""

DECLARATIONS = (
    dataset_option,
    click.option(
        "--hidden",
        type=click.IntRange(min=1, max=1_000_000),
        multiple=True,
        default=(30,),
        show_default=True,
        help="Units of a hidden layer. Repeat it for more layers.",
    ),
    click.option(
        "--activation",
        type=click.Choice(get_args(ActivationName)),
        default="sigmoid",
        show_default=True,
        help="Activation of the hidden layers.",
    ),
    click.option(
        "--cost",
        type=click.Choice(get_args(CostName)),
        default="quadratic",
        show_default=True,
        help="What is lowered. The outputs are sigmoids; with log-likelihood a softmax.",
    ),
    click.option(
        "--init",
        type=click.Choice(get_args(InitName)),
        default="scaled",
        show_default=True,
        help="Spread of the first weights: 1 / sqrt(inputs), or the book's 1.",
    ),
    click.option(
        "--epochs",
        type=click.IntRange(min=1, max=MOST_EPOCHS),
        default=30,
        show_default=True,
        help="How often to go through the training images.",
    ),
    click.option(
        "--eta",
        "--lr",
        "--learning-rate",
        "eta",
        type=FiniteFloat(min=0, min_open=True),
        default=3.0,
        show_default=True,
        help="The learning rate.",
    ),
    click.option(
        "--schedule",
        type=click.Choice(get_args(ScheduleName)),
        default="constant",
        show_default=True,
        help="How the learning rate moves: down a cosine, or halved, at steps or on plateaus.",
    ),
    click.option(
        "--schedule-every",
        type=click.IntRange(min=1, max=MOST),
        default=10,
        show_default=True,
        help="Epochs from one step to the next; or how long a plateau is.",
    ),
    click.option(
        "--warmup",
        type=click.IntRange(min=0, max=MOST),
        default=0,
        show_default=True,
        help="Epochs in which the learning rate rises to eta.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(min=1, max=MOST),
        default=10,
        show_default=True,
        help="Examples per update; 1 is the notes' Train to the letter.",
    ),
    click.option(
        "--momentum",
        type=SHARE,
        default=0.0,
        show_default=True,
        help="Share of the last update that the next one keeps.",
    ),
    click.option(
        "--l2",
        type=FiniteFloat(min=0),
        default=0.0,
        show_default=True,
        help="L2 regularisation, lambda: weights shrink by eta lambda / n at every update.",
    ),
    click.option(
        "--dropout",
        type=SHARE,
        default=0.0,
        show_default=True,
        help="Share of the hidden units, others every time, that a mini-batch does without.",
    ),
    click.option(
        "--distort",
        type=click.Choice(get_args(DistortName)),
        default="none",
        show_default=True,
        help="Train on distorted images, every epoch on new ones. Each kind includes those before.",
    ),
    click.option(
        "--distort-strength",
        type=FiniteFloat(min=0, max=10),
        default=1.0,
        show_default=True,
        help="How strongly.",
    ),
    click.option(
        "--validation",
        type=click.IntRange(min=0, max=MOST),
        default=10_000,
        show_default=True,
        help="How many training images, the last ones, to hold out.",
    ),
    click.option(
        "--patience",
        type=click.IntRange(min=0, max=MOST),
        default=0,
        show_default="to the last epoch",
        help="Stop after so many epochs without a better validation accuracy.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0, max=MOST),
        default=0,
        show_default=True,
        help="The same seed gives the same network, to the bit.",
    ),
    click.option(
        "--dtype",
        type=click.Choice(get_args(DtypeName)),
        default="float32",
        show_default=True,
        help="Precision of the parameters.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(min=1, max=1024),
        show_default="by the size of the network",
        help="Threads for the products of matrices.",
    ),
)


def training_options(function: Decorated) -> Decorated:
    """Add the options that make a run."""
    for option in reversed(DECLARATIONS):
        function = option(function)
    return function


def plain(value: object) -> Option:
    """Return an option's value as a preset has it."""
    return list(value) if isinstance(value, tuple) else value  # type: ignore[return-value]


def chosen_options(ctx: click.Context) -> dict[str, Option]:
    """Return the options that make a run and have a value, given or by default."""
    values = {name: ctx.params[name] for name in OPTIONS}
    return {name: plain(value) for name, value in values.items() if value is not None}


def given_options(ctx: click.Context) -> dict[str, Option]:
    """Return those that somebody gave: on the command line, in the environment or in a preset."""
    options = chosen_options(ctx)
    return {
        name: value
        for name, value in options.items()
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def check_combination(ctx: click.Context, options: Mapping[str, Option]) -> None:
    """Raise OptionError, with the reason, for options that make no sense together.

    options: those the run will have, wherever they are from.
    """
    epochs, warmup = options["epochs"], options["warmup"]
    assert isinstance(epochs, int)
    assert isinstance(warmup, int)
    if not options["validation"]:
        needs = "needs images held out to be judged by. Choose --validation above 0."
        if options["schedule"] == "halve-on-plateau":
            raise OptionError(f"schedule halve-on-plateau: {needs}")
        if options["patience"]:
            raise OptionError(f"patience {options['patience']}: {needs}")
    if warmup >= epochs:
        raise OptionError(
            f"warmup {warmup}: no epoch would be left of {epochs} in which "
            "the learning rate is eta. Choose a smaller warmup, or more epochs."
        )
    idle = {
        "schedule_every": ("schedule", options["schedule"] in ("constant", "cosine")),
        "distort_strength": ("distort", options["distort"] == "none"),
        "activation": ("hidden", not options["hidden"]),
        "dropout": ("hidden", not options["hidden"]),
    }
    for name, (other, is_idle) in idle.items():
        # A preset may well spell out defaults; whoever types an option expects it to do something.
        if is_idle and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise OptionError(
                f"{name.replace('_', '-')} {options[name]}: does nothing "
                f"with --{other} {options[other]}. Choose another --{other}, or leave it out."
            )
