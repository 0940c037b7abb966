"""The compiled engine's passes: an extension module that `_kernel.c` builds."""

from mlp_cli.nn.types import Floats, Images, Indices, Labels

KernelLayerBuffers = tuple[int, Floats, Floats | None, Floats | None, Floats | None]

def variants() -> list[str]: ...
def learn(
    variant: str,
    layers: tuple[KernelLayerBuffers, ...],
    activation: int,
    is_softmax: bool,
    is_quadratic: bool,
    images: Images,
    labels: Labels,
    order: Indices,
    m: int,
    step: float,
    momentum: float,
    decay: float,
    masks: Floats | None,
    outputs: Floats,
    /,
) -> None: ...
def activate(variant: str, activation: int, z: Floats, a: Floats, /) -> None: ...
