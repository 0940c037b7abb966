"""Train a multilayer perceptron on MNIST with NumPy alone."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mlp_cli.version import __version__ as __version__

if TYPE_CHECKING:
    from mlp_cli.datasets.catalogue import load_dataset
    from mlp_cli.door.training import resume, train
    from mlp_cli.errors import MlpError
    from mlp_cli.images import normalise, read_picture
    from mlp_cli.learning.sgd import sgd
    from mlp_cli.nn.network import Network
    from mlp_cli.runs.checkpoint import Run
    from mlp_cli.runs.reading import load_checkpoint

__all__ = [
    "MlpError",
    "Network",
    "Run",
    "load_checkpoint",
    "load_dataset",
    "normalise",
    "read_picture",
    "resume",
    "sgd",
    "train",
]

_HOMES = {
    "MlpError": "errors",
    "Network": "nn.network",
    "Run": "runs.checkpoint",
    "load_checkpoint": "runs.reading",
    "load_dataset": "datasets.catalogue",
    "normalise": "images",
    "read_picture": "images",
    "resume": "door.training",
    "sgd": "learning.sgd",
    "train": "door.training",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  any of the public names
    # Loaded on first use, because the command line begins here and must not load NumPy.
    if name in _HOMES:
        return getattr(import_module(f"mlp_cli.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__", "__version__"]
