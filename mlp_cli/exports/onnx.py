"""The network as an ONNX model, which most programs that run networks can read."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from mlp_cli.errors import ExportError, MissingPackageError
from mlp_cli.nn.activations import Elementwise, sigmoid, softmax
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.names import ActivationName
from mlp_cli.runs.checkpoint import Run
from mlp_cli.system.memory import has_room
from mlp_cli.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

# Versions of 2021: onnxruntime 1.7 and newer read them.
OPSET, IR_VERSION = 13, 7
MAX_MODEL_BYTES = 2_000_000_000
"""of the parameters: a file may have at most 2 GiB"""
ROOM_TO_LOAD = 64 << 20
"""bytes of address space for the package onnx"""
COPIES = 5
"""of the parameters, which the package holds at once: as bytes, tensors, a model, and the file"""

HIDDEN_OPERATORS: dict[ActivationName, str] = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}
OUTPUT_OPERATORS: dict[Elementwise, str] = {sigmoid: "Sigmoid", softmax: "Softmax"}


def write_onnx(run: Run, file: BinaryIO) -> None:
    """Write a model that takes `images`, grey levels 0..255, and returns `outputs`, A^L.

    images: uint8, (n, rows, columns).  outputs: (n, n_L), in the precision of the run.
    Raises MissingPackageError without the package onnx, ExportError for a network too large,
    MemoryError where there is not enough for it.
    """
    if find_spec("onnx") is None:
        raise MissingPackageError(
            "onnx is not installed; the export needs it. "
            'Install it with: pip install "mlp-cli[onnx]"'
        )
    size = sum(array.nbytes for array in run.network.parameters)
    if size > MAX_MODEL_BYTES:
        raise ExportError(f"{size:,} bytes of parameters, expected {MAX_MODEL_BYTES:,} at most.")
    if run.network.activation not in HIDDEN_OPERATORS:
        known = " and ".join(HIDDEN_OPERATORS)
        raise ExportError(f"activation {run.network.activation}: the export knows {known}.")
    # Where protobuf gets no memory it ends the process, and leaves the file half written.
    room = ROOM_TO_LOAD + COPIES * size
    if not has_room(room):
        raise MemoryError(f"the export to ONNX needs {room // 1_000_000:,} MB of address space")
    file.write(_model(run).SerializeToString())


def _model(run: Run) -> "ModelProto":
    """Return x = pixel / 255, then for every layer Z^l = A^{l-1} (W^l)^T + b^l, A^l = sigma(Z^l).

    Parameters and activations have the names of the derivation: W2, b2, z2, a2, ...
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    network, (rows, columns) = run.network, run.settings.image_shape
    kind = helper.np_dtype_to_tensor_dtype(network.dtype)
    nodes = [
        helper.make_node("Flatten", ["images"], ["bytes"]),
        helper.make_node("Cast", ["bytes"], ["levels"], to=kind),
        helper.make_node("Div", ["levels", "white"], ["a1"]),
    ]
    constants = [numpy_helper.from_array(np.array(255, network.dtype), "white")]
    last = len(network.sizes)
    for l, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), start=2):
        constants += [
            numpy_helper.from_array(np.ascontiguousarray(W), f"W{l}"),
            numpy_helper.from_array(np.ascontiguousarray(b), f"b{l}"),
        ]
        sigma = (
            HIDDEN_OPERATORS[network.activation]
            if l < last
            else OUTPUT_OPERATORS[COSTS[network.cost].output]
        )
        nodes += [
            helper.make_node("Gemm", [f"a{l - 1}", f"W{l}", f"b{l}"], [f"z{l}"], transB=1),
            helper.make_node(sigma, [f"z{l}"], [f"a{l}" if l < last else "outputs"]),
        ]
    graph = helper.make_graph(
        nodes,
        "multilayer perceptron",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", rows, columns])],
        [helper.make_tensor_value_info("outputs", kind, ["n", network.sizes[-1]])],
        constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="mlp",
        producer_version=__version__,
    )
    checker.check_model(model)
    return model
