"""The new network of `mlp explain --sizes`."""

from typing import TYPE_CHECKING

import click

from mlp_cli.nn.names import ActivationName, CostName

if TYPE_CHECKING:
    from mlp_cli.nn.network import Network

MAX_UNITS = 1_000_000
"""of a layer in --sizes"""


def parse_sizes(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """Return the units of every layer, input first, from text such as `4-3-2`."""
    if value is None:
        return None
    parts = value.split("-")
    is_count = [part.isascii() and part.isdecimal() and len(part) < 9 for part in parts]
    if len(parts) < 2 or not all(is_count):
        raise click.BadParameter(
            f"{value!r} is not two or more numbers of units, as in 4-3-2.", ctx, param
        )
    sizes = tuple(map(int, parts))
    for units in sizes:
        if not 1 <= units <= MAX_UNITS:
            raise click.BadParameter(
                f"{value!r}: {units:,} units, expected 1 to {MAX_UNITS:,} in a layer.", ctx, param
            )
    return sizes


def new_network(
    sizes: tuple[int, ...], seed: int, activation: ActivationName, cost: CostName
) -> "Network":
    """Return the network that `mlp train` would start with, in float64."""
    from mlp_cli.learning.streams import spawn_streams
    from mlp_cli.nn.network import Network

    rng = spawn_streams(seed).initialisation
    return Network.initialise(sizes, rng, "scaled", "float64", activation, cost)
