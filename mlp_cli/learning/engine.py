"""The engines: what takes a network through an epoch. They share one protocol and one test."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

from mlp_cli.errors import OptionError
from mlp_cli.learning.compiled import CompiledEngine, variants
from mlp_cli.learning.groups import GroupedEngine, grouping_pays
from mlp_cli.learning.learner import NumpyEngine
from mlp_cli.learning.names import EngineName
from mlp_cli.learning.plain import PlainEngine
from mlp_cli.learning.progress import LearnedBlock
from mlp_cli.learning.update_rule import GRADIENT_DESCENT, UpdateRule
from mlp_cli.nn.checks import MOST_LABELS, is_grey
from mlp_cli.nn.network import Network
from mlp_cli.nn.types import Floats, ImagesOrX, Indices, Labels


class BatchLimits(NamedTuple):
    """The largest mini-batches for which the compiled engine is the fastest, by network."""

    of_narrow: int
    """layer 2 has few units"""
    of_wide: int
    of_deep: int
    """the layers above have more than a quarter of the work of layer 2"""


UNITS_OF_A_NARROW_LAYER = 64
LARGEST_BATCHES = {
    "avx512": BatchLimits(of_narrow=1000, of_wide=1000, of_deep=20),
    "avx2": BatchLimits(of_narrow=100, of_wide=40, of_deep=10),
    "baseline": BatchLimits(of_narrow=10, of_wide=2, of_deep=1),
    "loops": BatchLimits(of_narrow=2, of_wide=1, of_deep=0),
}
"""by the processors' versions of the kernel; the measurements are in `choose`"""


class Engine(Protocol):
    """Trains a network, in place, and keeps from epoch to epoch what its update rule remembers."""

    network: Network
    velocities: list[Floats]
    """V^l of momentum, each of the shape of (W^l | b^l), l = 2..L; empty without momentum"""
    variant: str | None
    """the processor's version of the code, which rounds in its own way; None if there is but one"""

    def learn(self, images: ImagesOrX, labels: Labels, order: Indices, eta: float) -> float:
        """Learn from every example once, in this order, and return the sum of their costs.

        It is what `blocks` does, at once.
        """

    def blocks(
        self, images: ImagesOrX, labels: Labels, order: Indices, eta: float
    ) -> Iterator[LearnedBlock]:
        """Learn from every example once, in this order, and yield each part that was learned from.

        The examples come in mini-batches of the engine's size m. The last mini-batch may be
        smaller: its own length is its m, and no example is dropped. Each cost is taken from the
        activations that are learned from, just before the update, which `UpdateRule` has. The
        network has what was learned when the iteration ends.

        images: (n, rows, columns) or (n, pixels), grey levels of type uint8; or floats, which are
        x, of any range, for all engines but the compiled one.  labels: (n,), below n_L.
        order: indices of images.
        """


def choose(
    sizes: Sequence[int], batch_size: int, versions: Sequence[str] | None = None
) -> EngineName:
    """Return the engine that is fastest for a network of these sizes: what `--engine auto` means.

    versions: those of the kernel, the fastest first, or none; by default the ones of this machine.

    Measured on one core of an AMD EPYC, float32: how many times as fast the compiled engine is as
    the NumPy engine, on MNIST's images, and in brackets on elastic ones, which have more ink.

                             avx512, BLAS too   avx2, BLAS too   baseline, BLAS with AVX2
        784-30-10, m = 1     21                 13               8
        784-30-10, m = 10    5.4                3.0 (2.6)        1.7 (1.4)
        784-800-10, m = 10   3.5                1.6 (1.3)        0.8 (0.7)
        784-100-10, m = 40                      1.2 (1.0)        0.6 (0.5)
        784-256-10, m = 100  1.4 (1.2)          1.0 (0.8)        0.6 (0.4)
        784-320-160-10, 100  1.2 (1.1)          0.9 (0.7)        0.5 (0.4)
        784-1000-500-10, 10  2.1 (2.1)          1.1 (1.1)        0.5 (0.5)
        784-1000-500-10, 100 0.8 (0.8)          0.7 (0.6)        0.4 (0.4)

    In plain loops, as from MSVC, BLAS with AVX-512: 784-30-10 3.1, 1.5, 1.1 and 0.7 for m = 1, 2,
    4 and 10; 784-800-10 1.2 and 0.5 for m = 1 and 2; 784-300-100-10 0.6 for m = 1.
    """
    versions = variants() if versions is None else versions
    if not versions:
        return "numpy"
    layer_2, *above = (n_in * n_out for n_in, n_out in pairwise(sizes))
    limits = LARGEST_BATCHES[versions[0]]
    limit = limits.of_deep if sum(above) > layer_2 / 4 else limits.of_wide
    if layer_2 < UNITS_OF_A_NARROW_LAYER * sizes[0]:
        limit = max(limit, limits.of_narrow)
    return "compiled" if batch_size <= limit else "numpy"


def choose_for(images: ImagesOrX, sizes: Sequence[int], batch_size: int) -> EngineName:
    """Return the fastest engine that learns from these images: see `choose`."""
    return choose(sizes, batch_size, None if takes("compiled", images, sizes) else [])


def takes(name: str, images: ImagesOrX, sizes: Sequence[int]) -> bool:
    """Return whether an engine learns from these images, in as many classes.

    The compiled engine looks for inked pixels among bytes, and its labels are bytes.
    """
    return name != "compiled" or (is_grey(images) and sizes[-1] <= MOST_LABELS)


def check_takes(name: str, images: ImagesOrX, sizes: Sequence[int]) -> None:
    """Raise OptionError where an engine does not learn from these images: see `takes`."""
    if not takes(name, images, sizes):
        raise OptionError(
            f"--engine {name}: learns from grey levels, and the images are floats between them. "
            "Choose --engine numpy, or leave it out."
        )


def available(name: EngineName) -> EngineName:
    """Return this engine or, where it is not there, the NumPy engine."""
    return "numpy" if name == "compiled" and not variants() else name


def check_engine(name: str) -> None:
    """Raise OptionError where an engine that was asked for by name is not there."""
    if name == "compiled" and not variants():
        raise OptionError(
            "--engine compiled: mlp was installed without it, because there was no C compiler. "
            "Choose --engine numpy, or install a C compiler and then mlp again."
        )


def make_engine(
    name: EngineName,
    network: Network,
    batch_size: int,
    rule: UpdateRule = GRADIENT_DESCENT,
) -> Engine:
    """Return the engine of this name for a network."""
    if name == "plain":
        return PlainEngine(network, batch_size, rule)
    if name == "compiled":
        return CompiledEngine(network, batch_size, rule)
    if rule.is_gradient_alone and grouping_pays(network.sizes[1], batch_size):
        return GroupedEngine(network, batch_size, rule.dropout)
    return NumpyEngine(network, batch_size, rule)
