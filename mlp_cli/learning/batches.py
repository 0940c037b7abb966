"""An epoch's mini-batches, by their size."""

from collections.abc import Iterator

from mlp_cli.nn.types import Indices


def by_size(order: Indices, batch_size: int) -> Iterator[tuple[Indices, int]]:
    """Yield the examples of all complete mini-batches, then those of a short last one, each with m.

    So an engine has arrays for two sizes at most, and drops no example.
    """
    end = len(order) // batch_size * batch_size
    if end:
        yield order[:end], batch_size
    if short := len(order) - end:
        yield order[end:], short
