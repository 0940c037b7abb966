"""A network or a committee as an ONNX model, which most programs that run networks can read."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from mlp_cli.errors import ExportError
from mlp_cli.exports.onnx_view import ViewNodes
from mlp_cli.learning.names import PLAIN
from mlp_cli.nn.activations import Elementwise, sigmoid, softmax
from mlp_cli.nn.costs import COSTS
from mlp_cli.nn.names import ActivationName
from mlp_cli.runs.checkpoint import Run
from mlp_cli.runs.naming import names_of
from mlp_cli.system.memory import has_room
from mlp_cli.system.packages import import_extra
from mlp_cli.version import __version__

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

# Versions of 2021: onnxruntime 1.7 and newer read them.
OPSET, IR_VERSION = 13, 7
MAX_MODEL_BYTES = 2_000_000_000
"""of the parameters: a file may have at most 2 GiB"""
ROOM_TO_LOAD = 64 << 20
"""bytes of address space for the package onnx"""
COPIES = 5
"""of the parameters, which the package holds at once: as bytes, tensors, a model, and the file"""

NEED = "the export needs it"
CLASSES_KEY = "class_names"
"""of the model's metadata: a list as JSON, with the name of each output's class"""

HIDDEN_OPERATORS: dict[ActivationName, str] = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}
OUTPUT_OPERATORS: dict[Elementwise, str] = {sigmoid: "Sigmoid", softmax: "Softmax"}


def require_onnx() -> None:
    """Import onnx. Raises MissingPackageError where it is missing or broken."""
    modules = ("checker", "compose", "helper", "numpy_helper")
    import_extra(["onnx", *(f"onnx.{module}" for module in modules)], "onnx", NEED)


def write_onnx(run: Run, file: BinaryIO, *others: Run) -> None:
    """Write a model that takes `images`, grey levels 0..255, and returns `outputs`, A^L.

    images: uint8, (n, rows, columns).  outputs: (n, n_L), in the precision of the run.
    others: further members of a committee: `outputs` is the mean over all, in the highest
    precision among them.
    Raises MissingPackageError without a working package onnx, ExportError for a network too large,
    MemoryError where there is not enough for it.
    """
    require_onnx()
    runs = (run, *others)
    size = sum(array.nbytes for each in runs for array in each.network.parameters)
    if size > MAX_MODEL_BYTES:
        raise ExportError(f"{size:,} bytes of parameters, expected {MAX_MODEL_BYTES:,} at most.")
    for each in runs:
        if each.network.activation not in HIDDEN_OPERATORS:
            known = " and ".join(HIDDEN_OPERATORS)
            raise ExportError(f"activation {each.network.activation}: the export knows {known}.")
    # Where protobuf gets no memory it ends the process, and leaves the file half written.
    room = ROOM_TO_LOAD + COPIES * size
    if not has_room(room):
        raise MemoryError(f"the export to ONNX needs {room // 1_000_000:,} MB of address space")
    model = _committee_model(runs) if others else _model(run)
    classes = names_of(run.settings).all(run.settings.sizes[-1])
    entry = model.metadata_props.add()
    entry.key, entry.value = CLASSES_KEY, json.dumps(classes, ensure_ascii=False)
    file.write(model.SerializeToString())


def _model(run: Run) -> "ModelProto":
    """Return x = pixel / 255, then for every layer Z^l = A^{l-1} (W^l)^T + b^l, A^l = sigma(Z^l).

    The pixels are those of the images by the run's view.
    Parameters and activations have the names of the derivation: W2, b2, z2, a2, ...
    """
    from onnx import TensorProto, helper, numpy_helper

    network, (rows, columns) = run.network, run.settings.image_shape
    kind = helper.np_dtype_to_tensor_dtype(network.dtype)
    seen, nodes = "images", []
    constants = [numpy_helper.from_array(np.array(255, network.dtype), "white")]
    if run.settings.view != PLAIN:
        view = ViewNodes(run.settings.view, (rows, columns))
        seen = view.take("grey")
        nodes = [helper.make_node("Cast", ["images"], ["grey"], to=TensorProto.DOUBLE), *view.nodes]
        constants += view.constants
    nodes += [
        helper.make_node("Flatten", [seen], ["bytes"]),
        helper.make_node("Cast", ["bytes"], ["levels"], to=kind),
        helper.make_node("Div", ["levels", "white"], ["a1"]),
    ]
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
    return _checked_model(graph)


def _committee_model(runs: Sequence[Run]) -> "ModelProto":
    """Return the members' models side by side, and the mean of their outputs, taken in float64.

    What is in the model of member k has `member<k>_` before its name.
    """
    from onnx import TensorProto, compose, helper, numpy_helper

    kind = helper.np_dtype_to_tensor_dtype(np.result_type(*(run.network.dtype for run in runs)))
    nodes, constants, outputs = (
        [],
        [numpy_helper.from_array(np.array(len(runs), np.float64), "count")],
        [],
    )
    for number, run in enumerate(runs, start=1):
        prefix = f"member{number}_"
        graph = compose.add_prefix_graph(_model(run).graph, prefix, inplace=True)
        nodes += [
            helper.make_node("Identity", ["images"], [f"{prefix}images"]),
            *graph.node,
            helper.make_node(
                "Cast", [f"{prefix}outputs"], [f"{prefix}double"], to=TensorProto.DOUBLE
            ),
        ]
        constants += graph.initializer
        outputs.append(f"{prefix}double")
    nodes += [
        helper.make_node("Sum", outputs, ["sum"]),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("Cast", ["mean"], ["outputs"], to=kind),
    ]
    (rows, columns), classes = runs[0].settings.image_shape, runs[0].network.sizes[-1]
    graph = helper.make_graph(
        nodes,
        "committee of multilayer perceptrons",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", rows, columns])],
        [helper.make_tensor_value_info("outputs", kind, ["n", classes])],
        constants,
    )
    return _checked_model(graph)


def _checked_model(graph: "GraphProto") -> "ModelProto":
    from onnx import checker, helper

    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="mlp",
        producer_version=__version__,
    )
    checker.check_model(model)
    return model
