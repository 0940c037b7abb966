"""Which options make no sense together."""

from collections.abc import Collection, Mapping

from mlp_cli.errors import OptionError
from mlp_cli.runs.schema import Option, show_option
from mlp_cli.runs.settings import SETTINGS


def check_combination(options: Mapping[str, Option], typed: Collection[str]) -> None:
    """Raise OptionError, with the reason, for options that make no sense together.

    options: those the run will have, wherever they are from.  typed: the names of those that
    somebody typed. A preset may well spell out defaults; whoever types an option expects it to
    have an effect.
    """
    epochs, warmup = options["epochs"], options["warmup"]
    assert isinstance(epochs, int)
    assert isinstance(warmup, int)
    if not options["validation"]:
        needs = "needs validation images. Leave it out, or train with --validation above 0."
        if options["schedule"] == "halve-on-plateau":
            raise OptionError(f"--schedule halve-on-plateau: {needs}")
        if options["patience"]:
            raise OptionError(f"--patience {options['patience']}: {needs}")
    if warmup >= epochs:
        raise OptionError(
            f"--warmup {warmup}: leaves no epoch of {epochs} at the full learning rate. "
            "Choose a smaller --warmup, or more --epochs."
        )
    has_no_effect = {
        "schedule_every": ("schedule", options["schedule"] in ("constant", "cosine")),
        "distort_strength": ("distort", options["distort"] == "none"),
        "activation": ("hidden", not options["hidden"]),
        "dropout": ("hidden", not options["hidden"]),
    }
    for name, (other, is_idle) in has_no_effect.items():
        if is_idle and name in typed:
            raise OptionError(
                f"{SETTINGS[name].spelling} {options[name]}: has no effect with "
                f"--{other} {show_option(options[other])}. Choose another --{other}, or leave it "
                "out."
            )
